//! Answers: kept once, heard once, whenever and wherever they come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use midfield_durable::engine::KeptAnswer;
use midfield_durable::task::State;

use super::done;
use super::support::line::{Fate, Verb};
use super::support::site::result;
use super::support::{OWNER, World, call, milliseconds, options, raw, seconds};

fn world() -> World {
    World::new()
        .handler("asks", async |cx| match cx.ask("confirm").await {
            Ok(answer) => done(format!("{answer} {}", cx.ask("name").await.unwrap())),
            Err(refusal) => done(refusal.to_string()),
        })
        .handler("refused", async |cx| {
            let said = match cx.ask("confirm").await {
                Ok(answer) => answer,
                Err(refusal) => refusal.to_string(),
            };
            let walked = cx.slow_step("walk", seconds(20)).await;
            done(format!("{said} {walked}"))
        })
        .handler("asks two", async |cx| {
            let (one, two) = futures_util::join!(cx.ask("one"), cx.ask("two"));
            done(format!("{} {}", one.unwrap(), two.unwrap()))
        })
        .handler("asks after steps", async |cx| {
            cx.step("one").await;
            cx.sleep("a while", seconds(1)).await;
            cx.step("two").await;
            done(cx.ask("confirm").await.unwrap())
        })
        .handler("walks and asks", async |cx| {
            let (walked, answer) =
                futures_util::join!(cx.slow_step("walk", seconds(20)), cx.ask("confirm"));
            done(format!("{walked} {}", answer.unwrap()))
        })
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_is_asked_for_again_under_another_key() {
    // In memory, and when it was put away.
    for pause in [milliseconds(10), seconds(10)] {
        let world = world();
        let site = world.site();
        let task = site.create(call("asks")).await.unwrap();
        let mut keys = Vec::new();
        for _ in 0..4 {
            let key = site.until_asked(task.id, 1).await.remove(0);
            assert!(!keys.contains(&key), "{key} was used before");
            tokio::time::sleep(pause).await;
            site.give(task.id, &key, KeptAnswer::Result(raw(&5))).await;
            site.until(task.id, |view| {
                view.questions.iter().all(|it| it.key != key)
            })
            .await;
            // What is said to a former question is passed over.
            keys.push(key);
            for former in &keys {
                site.say_to(task.id, former, "no").await;
            }
        }
        let key = site.until_asked(task.id, 1).await.remove(0);
        site.say_to(task.id, &key, "yes").await;
        let next = site.until(task.id, |view| {
            view.questions.iter().any(|it| it.key == "name")
        });
        next.await;
        tokio::time::sleep(pause).await;
        site.say_to(task.id, "name", "me").await;
        assert_eq!(result(&site.until_ended(task.id).await), "yes me");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_once() {
    let world = world();
    let site = world.site();
    let task = site.create(call("asks")).await.unwrap();
    site.until_asked(task.id, 1).await;
    let both = vec![
        ("confirm".to_owned(), KeptAnswer::Result(raw("first"))),
        ("confirm".to_owned(), KeptAnswer::Result(raw("second"))),
        ("nothing".to_owned(), KeptAnswer::Result(raw("third"))),
    ];
    site.answer(OWNER, task.id, both).await.unwrap();
    site.say_to(task.id, "confirm", "fourth").await;
    site.until(task.id, |view| {
        view.questions.iter().any(|it| it.key == "name")
    })
    .await;
    site.say_to(task.id, "name", "me").await;
    assert_eq!(result(&site.until_ended(task.id).await), "first me");
}

#[tokio::test(start_paused = true)]
async fn two_questions_that_are_asked_together_are_seen_together() {
    for pause in [milliseconds(10), seconds(10)] {
        let world = world();
        let site = world.site();
        let task = site.create(call("asks two")).await.unwrap();
        assert_eq!(site.until_asked(task.id, 2).await, ["one", "two"]);
        tokio::time::sleep(pause).await;
        let half = site.say_to(task.id, "two", "2").await;
        assert_eq!(half.state, State::InputRequired);
        assert_eq!(half.questions.len(), 1);
        tokio::time::sleep(pause).await;
        let all = site.say_to(task.id, "one", "1").await;
        assert_eq!(all.state, State::Working);
        assert_eq!(result(&site.until_ended(task.id).await), "1 2");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_is_an_answer_also_after_a_restart() {
    for pause in [milliseconds(10), seconds(10)] {
        let world = world();
        let first = world.site();
        let task = first.create(call("refused")).await.unwrap();
        first.until_asked(task.id, 1).await;
        tokio::time::sleep(pause).await;
        let error = KeptAnswer::Error {
            code: -1,
            message: "no".to_owned(),
        };
        first.give(task.id, "confirm", error).await;
        tokio::time::sleep(seconds(1)).await;
        first.gate.kill();
        let second = world.site();
        assert_eq!(result(&second.until_ended(task.id).await), "no (-1) walk");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_a_replay_to_come_to_its_question() {
    let world = world();
    let first = world.site();
    let task = first.create(call("asks after steps")).await.unwrap();
    first.until_asked(task.id, 1).await;
    first.gate.kill();
    // It is answered where nothing runs, and while the replay has not begun.
    let second = world.site();
    second.say_to(task.id, "confirm", "yes").await;
    assert_eq!(result(&second.until_ended(task.id).await), "yes");
    assert_eq!(world.deeds(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_while_a_step_is_at_work_is_heard_after_it() {
    for is_elsewhere in [false, true] {
        let world = world();
        let site = world.site();
        let task = site.create(call("walks and asks")).await.unwrap();
        site.until_asked(task.id, 1).await;
        let other = if is_elsewhere {
            world.site()
        } else {
            site.clone()
        };
        let view = other.say_to(task.id, "confirm", "yes").await;
        assert_eq!(view.state, State::Working);
        assert_eq!(result(&site.until_ended(task.id).await), "walk yes");
        assert_eq!(world.deeds(), ["walk"]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_at_any_time_while_a_task_is_put_away_is_heard_soon() {
    for late in [0, 1, 7] {
        for at in (950..1_060).step_by(3) {
            let world = world();
            let fate = Fate::Late {
                before: milliseconds(late),
                after: milliseconds(late),
            };
            let site = world.site_of(options(), Arc::new(move |_| fate));
            let task = site.create(call("asks")).await.unwrap();
            tokio::time::sleep(milliseconds(at)).await;
            site.say_to(task.id, "confirm", "yes").await;
            let begun = tokio::time::Instant::now();
            site.until(task.id, |view| {
                view.questions.iter().any(|it| it.key == "name")
            })
            .await;
            assert!(begun.elapsed() < milliseconds(400), "{late} {at}");
            site.gate.kill();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_through_another_process_is_heard_while_it_runs_and_when_it_is_put_away() {
    for pause in [milliseconds(10), seconds(10)] {
        let world = world();
        let site = world.site();
        let other = world.site();
        let task = site.create(call("asks")).await.unwrap();
        other.until_asked(task.id, 1).await;
        tokio::time::sleep(pause).await;
        other.say_to(task.id, "confirm", "yes").await;
        other
            .until(task.id, |view| {
                view.questions.iter().any(|it| it.key == "name")
            })
            .await;
        tokio::time::sleep(pause).await;
        other.say_to(task.id, "name", "me").await;
        assert_eq!(result(&site.until_ended(task.id).await), "yes me");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_which_the_store_cannot_say_whether_it_is_kept_is_heard_or_asked_again() {
    for happens in [true, false] {
        let world = world();
        let is_on = Arc::new(AtomicBool::new(true));
        let switch = Arc::clone(&is_on);
        let fates = move |verb: Verb| match verb.name {
            "answer" if switch.load(Ordering::SeqCst) => Fate::Unknown { happens },
            _ => Fate::Happens,
        };
        let site = world.site_of(options(), Arc::new(fates));
        let task = site.create(call("asks")).await.unwrap();
        site.until_asked(task.id, 1).await;
        let answer = vec![("confirm".to_owned(), KeptAnswer::Result(raw("yes")))];
        let answered = site.answer(OWNER, task.id, answer.clone()).await;
        answered.expect_err("it is not known");
        is_on.store(false, Ordering::SeqCst);
        site.answer(OWNER, task.id, answer).await.unwrap();
        let begun = tokio::time::Instant::now();
        site.until(task.id, |view| {
            view.questions.iter().any(|it| it.key == "name")
        })
        .await;
        assert!(begun.elapsed() < milliseconds(400), "{happens}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_fit_counts_once_at_any_time() {
    for late in [0, 1, 7, 30] {
        for at in (950..1_060).step_by(3) {
            let world = world();
            let fate = Fate::Late {
                before: milliseconds(late),
                after: milliseconds(late),
            };
            let site = world.site_of(options(), Arc::new(move |_| fate));
            let task = site.create(call("asks")).await.unwrap();
            tokio::time::sleep(milliseconds(at)).await;
            site.give(task.id, "confirm", KeptAnswer::Result(raw(&5)))
                .await;
            assert_eq!(site.until_asked(task.id, 1).await, ["confirm#again1"]);
            let answered = site.say_to(task.id, "confirm#again1", "yes").await;
            assert_eq!(answered.questions.len(), 0);
            let next = site.until(task.id, |view| !view.questions.is_empty()).await;
            assert_eq!(next.questions[0].key, "name", "{late} {at}");
            site.gate.kill();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_not_lost_when_branches_come_in_another_order_than_before() {
    let world = World::new().handler("branches", async |cx| {
        let slow = async {
            // Nobody knows of this wait.
            tokio::time::sleep(milliseconds(200)).await;
            match cx.ask("one").await {
                Ok(answer) => answer,
                Err(refusal) => refusal.message,
            }
        };
        let fast = async {
            let two = cx.ask("two").await.unwrap();
            let _ = cx.once("pay", milliseconds(100)).await;
            two
        };
        let (one, two) = futures_util::join!(slow, fast);
        done(format!("{one} {two}"))
    });
    let answers = [
        KeptAnswer::Result(raw("1")),
        KeptAnswer::Error {
            code: -1,
            message: "1".to_owned(),
        },
    ];
    for answer in answers {
        let first = world.site();
        let task = first.create(call("branches")).await.unwrap();
        first.until_asked(task.id, 2).await;
        tokio::time::sleep(seconds(3)).await;
        let both = vec![
            ("one".to_owned(), answer),
            ("two".to_owned(), KeptAnswer::Result(raw("2"))),
        ];
        first.answer(OWNER, task.id, both).await.unwrap();
        tokio::time::sleep(milliseconds(150)).await;
        first.gate.kill();
        let second = world.site();
        assert_eq!(result(&second.until_ended(task.id).await), "1 2");
        second.gate.kill();
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_through_another_process_is_not_lost_before_a_replay_comes_to_its_question() {
    let world = World::new().handler("branches", async |cx| {
        let slow = async {
            // Nobody knows of this wait.
            tokio::time::sleep(milliseconds(900)).await;
            cx.ask("one").await.unwrap()
        };
        let fast = async {
            cx.ask("two").await.unwrap();
            for _ in 0..5 {
                cx.once("pay", milliseconds(100)).await.unwrap();
            }
        };
        let (one, ()) = futures_util::join!(slow, fast);
        done(one)
    });
    for pause in (0..1_000).step_by(50) {
        let site = world.site();
        let other = world.site_of(
            options(),
            Arc::new(|verb: Verb| match verb.name {
                "claim" => Fate::Fails,
                _ => Fate::Happens,
            }),
        );
        let task = site.create(call("branches")).await.unwrap();
        site.until_asked(task.id, 2).await;
        tokio::time::sleep(seconds(3)).await;
        site.say_to(task.id, "two", "2").await;
        tokio::time::sleep(milliseconds(pause)).await;
        // While the replay has not come to it, it may not be seen; what is taken counts.
        let view = other.see(task.id).await;
        if view.questions.iter().any(|it| it.key == "one") {
            other.say_to(task.id, "one", "first").await;
        }
        let asked = site.until(task.id, |view| {
            view.state.has_ended() || !view.questions.is_empty()
        });
        let asked = asked.await;
        if !asked.state.has_ended() {
            assert!(view.questions.is_empty(), "{pause}: it was answered");
            site.say_to(task.id, "one", "first").await;
        }
        assert_eq!(result(&site.until_ended(task.id).await), "first");
        site.gate.kill();
        other.gate.kill();
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_kept_while_a_claim_of_its_task_is_on_its_way_back_is_heard() {
    let world = world();
    let first = world.site();
    let task = first.create(call("asks")).await.unwrap();
    first.until_asked(task.id, 1).await;
    first.gate.kill();
    // The first claim that finds the task says so late; the answer is kept in between.
    let late = |verb: Verb| match verb.name {
        "claim" => Fate::Late {
            before: seconds(0),
            after: seconds(1),
        },
        _ => Fate::Happens,
    };
    let second = world.site_of(options(), Arc::new(late));
    tokio::time::sleep(seconds(5) + milliseconds(500)).await;
    assert_eq!(second.running(), 0);
    second.say_to(task.id, "confirm", "yes").await;
    second
        .until(task.id, |view| {
            view.questions.iter().any(|it| it.key == "name")
        })
        .await;
    second.say_to(task.id, "name", "me").await;
    assert_eq!(result(&second.until_ended(task.id).await), "yes me");
}
