//! Sleeps: in no memory, and no longer than they were meant to be.

use midfield_durable::task::State;
use tokio::time::Instant;

use super::done;
use super::support::line::Fate;
use super::support::site::result;
use super::support::{World, call, milliseconds, options, seconds};

fn world() -> World {
    World::new()
        .handler("nap", async |cx| {
            cx.step("before").await;
            cx.sleep("nap", seconds(3_600)).await;
            done(cx.step("after").await)
        })
        .handler("short naps", async |cx| {
            for _ in 0..20 {
                cx.sleep("nap", milliseconds(900)).await;
            }
            done("awake")
        })
        .handler("patient", async |cx| {
            tokio::select! {
                biased;
                answer = cx.ask("confirm") => done(answer.unwrap()),
                () = cx.sleep("patience", seconds(60)) => done("nobody"),
            }
        })
}

#[tokio::test(start_paused = true)]
async fn a_task_that_sleeps_is_put_away_and_wakes_in_time() {
    let world = world();
    let site = world.site();
    let begun = Instant::now();
    let task = site.create(call("nap")).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    assert_eq!(
        (site.running(), site.see(task.id).await.state),
        (0, State::Working)
    );
    site.until_ended_within(task.id, seconds(7_200)).await;
    let slept = begun.elapsed();
    assert!(
        slept >= seconds(3_600) && slept < seconds(3_601),
        "{slept:?}"
    );
    assert_eq!(world.deeds(), ["before", "after"]);
}

#[tokio::test(start_paused = true)]
async fn a_restart_makes_no_sleep_longer() {
    let world = world();
    let begun = Instant::now();
    let mut site = world.site();
    let task = site.create(call("nap")).await.unwrap();
    for pause in [1, 10, 300, 600] {
        tokio::time::sleep(seconds(pause)).await;
        site.gate.kill();
        site = world.site();
    }
    site.until_ended_within(task.id, seconds(7_200)).await;
    let slept = begun.elapsed();
    assert!(
        slept >= seconds(3_600) && slept < seconds(3_601),
        "{slept:?}"
    );
    // Also one that was over while nothing ran.
    let task = site.create(call("nap")).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    site.gate.kill();
    tokio::time::sleep(seconds(9_000)).await;
    let late = world.site();
    let begun = Instant::now();
    late.until_ended(task.id).await;
    assert!(begun.elapsed() < seconds(1));
}

#[tokio::test(start_paused = true)]
async fn a_short_sleep_stays_in_memory() {
    let site = world().site();
    let begun = Instant::now();
    let task = site.create(call("short naps")).await.unwrap();
    assert_eq!(result(&site.until_ended(task.id).await), "awake");
    assert!(
        begun.elapsed() < milliseconds(20 * 900 + 200),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_with_a_time_for_its_answer_ends_either_way() {
    let site = world().site();
    let unanswered = site.create(call("patient")).await.unwrap();
    assert_eq!(result(&site.until_ended(unanswered.id).await), "nobody");
    let answered = site.create(call("patient")).await.unwrap();
    tokio::time::sleep(seconds(30)).await;
    site.say_to(answered.id, "confirm", "yes").await;
    assert_eq!(result(&site.until_ended(answered.id).await), "yes");
}

/// The answer is kept before the time is over, and the process comes back after.
#[tokio::test(start_paused = true)]
async fn an_answer_in_time_counts_however_late_it_is_heard() {
    let world = world();
    let first = world.site();
    let task = first.create(call("patient")).await.unwrap();
    tokio::time::sleep(seconds(30)).await;
    // What runs no tasks takes the answer.
    let fates = |verb: super::support::line::Verb| match verb.name {
        "claim" => Fate::Fails,
        _ => Fate::Happens,
    };
    let desk = world.site_of(options(), std::sync::Arc::new(fates));
    first.gate.kill();
    desk.say_to(task.id, "confirm", "yes").await;
    tokio::time::sleep(seconds(300)).await;
    let second = world.site();
    assert_eq!(result(&second.until_ended(task.id).await), "yes");
}
