//! Steps that must not be done twice.

use std::sync::Arc;

use super::done;
use super::support::line::{Fate, Verb};
use super::support::site::result;
use super::support::{OWNER, World, call, milliseconds, options, seconds};

/// What a task says of a step that must not be done twice.
fn world() -> World {
    World::new()
        .handler("pay", async |cx| match cx.once("pay", seconds(10)).await {
            Ok(done_it) => done(done_it),
            Err(error) if error.is_outcome_unknown => done("unknown"),
            Err(error) => done(error.message),
        })
        .handler("pay and ask", async |cx| {
            let (paid, said) = futures_util::join!(cx.once("pay", seconds(10)), cx.ask("confirm"));
            let paid = paid.unwrap_or_else(|_| "unknown".to_owned());
            done(format!("{paid} {}", said.unwrap()))
        })
}

#[tokio::test(start_paused = true)]
async fn what_was_at_work_when_its_process_died_is_unknown_and_not_repeated() {
    let world = world();
    let dying = world.site();
    let task = dying.create(call("pay")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    dying.gate.kill();
    let site = world.site();
    assert_eq!(result(&site.until_ended(task.id).await), "unknown");
    assert_eq!(world.deeds(), ["pay"]);
}

#[tokio::test(start_paused = true)]
async fn that_the_outcome_is_unknown_is_known_after_the_next_crash_too() {
    let world = World::new().handler("pay", async |cx| {
        let is_unknown = cx.once("pay", seconds(10)).await.is_err();
        done(format!(
            "{is_unknown} {}",
            cx.slow_step("next", seconds(10)).await
        ))
    });
    let first = world.site();
    let task = first.create(call("pay")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    first.gate.kill();
    let second = world.site();
    // It has learned that the outcome is unknown, and nothing else.
    tokio::time::sleep(seconds(8)).await;
    second.gate.kill();
    let third = world.site();
    assert_eq!(result(&third.until_ended(task.id).await), "true next");
    assert_eq!(world.deeds(), ["pay", "next"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_is_at_work() {
    let world = World::new().handler("pay", async |cx| {
        let paid = cx.once("pay", seconds(3)).await.unwrap();
        done(format!("{paid} {}", cx.ask("confirm").await.unwrap()))
    });
    let first = world.site();
    let task = first.create(call("pay")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    first.shut_down().await;
    let second = world.site();
    second.until_asked(task.id, 1).await;
    second.say_to(task.id, "confirm", "yes").await;
    assert_eq!(result(&second.until_ended(task.id).await), "pay yes");
    assert_eq!(world.deeds(), ["pay"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_cannot_wait_leaves_the_outcome_unknown() {
    let world = world();
    let first = world.site();
    let task = first.create(call("pay")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    let begun = tokio::time::Instant::now();
    first.shut_down().await;
    assert!(begun.elapsed() < seconds(6));
    let second = world.site();
    assert_eq!(result(&second.until_ended(task.id).await), "unknown");
}

#[tokio::test(start_paused = true)]
async fn an_answer_through_another_process_does_not_interrupt_what_is_at_work() {
    let world = world();
    let site = world.site();
    let task = site.create(call("pay and ask")).await.unwrap();
    site.until_asked(task.id, 1).await;
    let other = world.site();
    other.say_to(task.id, "confirm", "yes").await;
    assert_eq!(result(&site.until_ended(task.id).await), "pay yes");
    assert_eq!(world.deeds(), ["pay"]);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_was_kept_is_replayed() {
    let world = World::new().handler("pay", async |cx| {
        let paid = cx.once("pay", seconds(1)).await.unwrap();
        done(format!(
            "{paid} {}",
            cx.slow_step("next", seconds(10)).await
        ))
    });
    let first = world.site();
    let task = first.create(call("pay")).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    first.gate.kill();
    let second = world.site();
    assert_eq!(result(&second.until_ended(task.id).await), "pay next");
    assert_eq!(world.deeds(), ["pay", "next"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_before_its_beginning_is_kept() {
    let world = world();
    let fates = |verb: Verb| match verb.name {
        "write" => Fate::Fails,
        _ => Fate::Happens,
    };
    let site = world.site_of(options(), Arc::new(fates));
    site.create(call("pay")).await.unwrap();
    tokio::time::sleep(seconds(60)).await;
    assert!(world.deeds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_replay_does_not_begin_again_what_the_handler_had_dropped() {
    // One branch pays for as long as it sleeps, the other one goes on in steps.
    let world = World::new().handler("pay", async |cx| {
        let paying = async {
            tokio::select! {
                biased;
                paid = cx.once("pay", seconds(1_000)) => paid.is_ok(),
                () = cx.sleep("patience", seconds(2)) => false,
            }
        };
        let walking = async {
            cx.slow_step("one", seconds(1)).await;
            cx.slow_step("two", seconds(2)).await;
            cx.slow_step("three", seconds(60)).await;
        };
        let (is_paid, ()) = futures_util::join!(paying, walking);
        done(is_paid.to_string())
    });
    let first = world.site();
    let task = first.create(call("pay")).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    first.gate.kill();
    let second = world.site();
    assert_eq!(result(&second.until_ended(task.id).await), "false");
    assert_eq!(world.deeds(), ["pay", "one", "two", "three"]);
}

/// A process that was stopped comes back to a task that another one has run on, and that was cancelled then.
#[tokio::test(start_paused = true)]
async fn a_handler_that_cleans_up_begins_nothing_that_must_not_be_done_twice() {
    let world = World::new().handler("pay", async |cx| {
        cx.slow_step("before", seconds(1)).await;
        let paid = cx.once("pay", seconds(1)).await.unwrap();
        done(format!("{paid} {}", cx.ask("confirm").await.unwrap()))
    });
    let first = world.site();
    let task = first.create(call("pay")).await.unwrap();
    tokio::time::sleep(milliseconds(500)).await;
    first.gate.stop();
    let second = world.site();
    second.until_asked(task.id, 1).await;
    second.cancel(OWNER, task.id).await.unwrap();
    first.gate.go_on();
    tokio::time::sleep(seconds(60)).await;
    let deeds = world.deeds();
    assert_eq!(
        deeds.iter().filter(|it| *it == "pay").count(),
        1,
        "{deeds:?}"
    );
}

/// The handler has given up waiting by a clock that nobody knows of.
#[tokio::test(start_paused = true)]
async fn what_was_given_up_is_not_done_again_by_a_replay() {
    let world = World::new().handler("pay", async |cx| {
        let paying = tokio::time::timeout(seconds(2), cx.once("pay", seconds(1_000)));
        let is_paid = matches!(paying.await, Ok(Ok(_)));
        cx.slow_step("next", seconds(60)).await;
        done(is_paid.to_string())
    });
    let first = world.site();
    let task = first.create(call("pay")).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    first.gate.kill();
    let second = world.site();
    assert_eq!(result(&second.until_ended(task.id).await), "false");
    assert_eq!(world.deeds(), ["pay", "next"]);
}
