//! A store that fails: work goes on when it is back, and nothing that was said is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use midfield_durable::engine::KeptAnswer;
use midfield_durable::task::State;

use super::done;
use super::support::cx::Cx;
use super::support::line::{Fate, Verb};
use super::support::site::{Site, result};
use super::support::{OWNER, World, call, milliseconds, options, raw, seconds};

async fn work(cx: Cx) -> midfield_durable::engine::Ended {
    let one = cx.step("one").await;
    let answer = cx.ask("confirm").await.unwrap();
    cx.sleep("nap", seconds(3)).await;
    let paid = match cx.once("pay", milliseconds(50)).await {
        Ok(paid) => paid,
        Err(error) if error.is_outcome_unknown => "unknown".to_owned(),
        Err(error) => error.message,
    };
    let two = cx.step("two").await;
    done(format!("{one} {answer} {paid} {two}"))
}

/// Answers what is asked until the task has ended.
async fn attend(site: &Site, id: midfield_durable::task::TaskId) -> String {
    for _ in 0..20_000 {
        tokio::time::sleep(milliseconds(50)).await;
        let Ok(Some(view)) = site.view(OWNER, id).await else {
            continue;
        };
        if view.state.has_ended() {
            assert_eq!(view.state, State::Completed);
            return result(&view);
        }
        for question in view.questions {
            let answer = vec![(question.key, KeptAnswer::Result(raw("yes")))];
            let _ = site.answer(OWNER, id, answer).await;
        }
    }
    panic!("the task does not end");
}

/// Each verb fails at its N-th use, for every N there is.
#[tokio::test(start_paused = true)]
async fn a_task_ends_as_ever_whichever_use_of_the_store_fails() {
    let verbs = [
        "create",
        "claim",
        "renew",
        "write",
        "answer",
        "get",
        "next_due",
        "has_changed_elsewhere",
        "expire",
    ];
    let fates = [
        Fate::Fails,
        Fate::Unknown { happens: true },
        Fate::Unknown { happens: false },
    ];
    for name in verbs {
        for fate in fates {
            for nth in 1.. {
                if !ends_as_ever(name, fate, nth).await || nth > 40 {
                    break;
                }
            }
        }
    }
}

/// Whether the verb was used as often.
async fn ends_as_ever(name: &'static str, fate: Fate, nth: u64) -> bool {
    let world = World::new().handler("work", work);
    let uses = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&uses);
    let fates = move |verb: Verb| {
        if verb.name == name && counted.fetch_add(1, Ordering::SeqCst) + 1 == nth {
            fate
        } else {
            Fate::Happens
        }
    };
    let site = world.site_of(options(), Arc::new(fates));
    let mut new = call("work");
    new.idempotency_key = Some("key".to_owned());
    let task = match site.create(new.clone()).await {
        Ok(task) => task,
        Err(_) => site.create(new).await.unwrap(),
    };
    let result = attend(&site, task.id).await;
    let context = format!("{name} {nth} {fate:?}");
    let is_unknown = result == "one yes unknown two";
    assert!(
        is_unknown || result == "one yes pay two",
        "{context}: {result}"
    );
    let deeds = world.deeds();
    let paid = deeds.iter().filter(|it| *it == "pay").count();
    assert!(paid == 1 || is_unknown && paid == 0, "{context}: {deeds:?}");
    if matches!(fate, Fate::Fails) {
        assert!(!is_unknown, "{context}: nothing was lost");
        assert_eq!(deeds, ["one", "pay", "two"], "{context}");
    }
    let mut keys = world.effects();
    keys.retain(|it| it.name != "pay");
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    keys.dedup();
    assert_eq!(
        keys.len(),
        2,
        "{context}: each step has one idempotency key"
    );
    site.gate.kill();
    uses.load(Ordering::SeqCst) >= nth
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_while_costs_nothing_but_time() {
    for away in [1, 4, 8, 600] {
        let world = World::new().handler("work", work);
        let until = Arc::new(AtomicU64::new(0));
        let begun = tokio::time::Instant::now();
        let end = Arc::clone(&until);
        let fates = move |_: Verb| {
            let is_away = begun.elapsed().as_secs() < end.load(Ordering::SeqCst);
            if is_away { Fate::Fails } else { Fate::Happens }
        };
        let site = world.site_of(options(), Arc::new(fates));
        let task = site.create(call("work")).await.unwrap();
        until.store(away, Ordering::SeqCst);
        assert_eq!(attend(&site, task.id).await, "one yes pay two", "{away}");
        site.gate.kill();
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_elsewhere_is_not_missed_because_looking_at_it_failed() {
    let world = World::new().handler("careful", async |cx| {
        cx.call.cancelled().await;
        cx.effect("clean up", "").await;
        done("too late")
    });
    let fails = Arc::new(AtomicU64::new(0));
    let left = Arc::clone(&fails);
    let fates = move |verb: Verb| {
        let one_less = |left: u64| left.checked_sub(1);
        if verb.name == "get"
            && left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
                .is_ok()
        {
            Fate::Fails
        } else {
            Fate::Happens
        }
    };
    let site = world.site_of(options(), Arc::new(fates));
    let task = site.create(call("careful")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    fails.store(1, Ordering::SeqCst);
    world.site().cancel(OWNER, task.id).await.unwrap();
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(world.deeds(), ["clean up"]);
}
