//! What becomes of tasks whose time is over.

use std::time::Duration;

use midfield_durable::engine::{EngineOptions, NewCall};
use midfield_durable::task::{Reason, State};

use super::done;
use super::support::site::result;
use super::support::{OWNER, World, call, options, seconds};

fn world() -> World {
    World::new()
        .handler("asks", async |cx| done(cx.ask("confirm").await.unwrap()))
        .handler("step", async |cx| done(cx.step("one").await))
        .handler("careful", async |cx| {
            cx.call.cancelled().await;
            cx.effect("clean up", "").await;
            done("too late")
        })
        .handler("limit 60", async |cx| {
            cx.step("before").await;
            let answer = cx.ask("confirm").await.unwrap();
            cx.slow_step("after", seconds(600)).await;
            done(answer)
        })
}

fn short(lane: &str) -> NewCall {
    let mut call = call(lane);
    call.lifetime = Some(seconds(60));
    call
}

fn hour_of_grace() -> EngineOptions {
    let mut options = options();
    options.expired_grace = Duration::from_hours(1);
    options
}

#[tokio::test(start_paused = true)]
async fn what_had_not_ended_fails_is_seen_for_a_while_and_is_gone() {
    for lane in ["asks", "careful"] {
        let world = world();
        let site = world.site_with(hour_of_grace());
        let task = site.create(short(lane)).await.unwrap();
        assert_eq!(task.lifetime, Some(seconds(60)));
        tokio::time::sleep(seconds(59)).await;
        assert!(!site.see(task.id).await.state.has_ended());
        let end = site.until_ended(task.id).await;
        assert_eq!(
            (end.state, end.reason),
            (State::Failed, Some(Reason::Expired))
        );
        assert_eq!(end.questions, []);
        // What it is told when it answers late.
        let late = site.say_to(task.id, "confirm", "yes").await;
        assert_eq!(late, end);
        tokio::time::sleep(seconds(3_500)).await;
        assert_eq!(site.see(task.id).await, end);
        tokio::time::sleep(seconds(200)).await;
        assert_eq!(site.view(OWNER, task.id).await.unwrap(), None);
        assert_eq!(site.running(), 0);
        let cleaned_up = usize::from(lane == "careful");
        assert_eq!(world.deeds().len(), cleaned_up);
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_gone_when_its_time_is_over() {
    let site = world().site();
    let task = site.create(short("step")).await.unwrap();
    site.until_ended(task.id).await;
    tokio::time::sleep(seconds(58)).await;
    assert_eq!(result(&site.see(task.id).await), "one");
    tokio::time::sleep(seconds(3)).await;
    assert_eq!(site.view(OWNER, task.id).await.unwrap(), None);
    assert_eq!(site.list(OWNER, 0, 10).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_task_that_goes_is_told() {
    let site = world().site();
    let task = site.create(short("step")).await.unwrap();
    let waiting = site.wait(OWNER, task.id, |view| view.state == State::Cancelled);
    let waited = tokio::time::timeout(seconds(100), waiting).await;
    assert_eq!(waited.expect("it is told").unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_is_cut_to_the_longest() {
    let site = world().site();
    let mut long = call("step");
    long.lifetime = Some(Duration::MAX);
    let task = site.create(long).await.unwrap();
    assert_eq!(task.lifetime, Some(Duration::from_hours(24 * 30)));
}

#[tokio::test(start_paused = true)]
async fn a_task_ends_when_it_took_longer_than_it_may_also_while_it_is_put_away() {
    let world = world();
    let site = world.site();
    let task = site.create(call("limit 60")).await.unwrap();
    tokio::time::sleep(seconds(30)).await;
    assert_eq!(site.running(), 0);
    let begun = tokio::time::Instant::now();
    let end = site.until_ended(task.id).await;
    assert!(begun.elapsed() < seconds(32), "{:?}", begun.elapsed());
    assert_eq!(end.state, State::Failed);
    assert_eq!(result(&end), "it took longer than it may");
    assert_eq!(world.deeds(), ["before"]);
}

#[tokio::test(start_paused = true)]
async fn a_task_ends_when_it_took_longer_than_it_may_amid_a_step() {
    let world = world();
    let site = world.site();
    let task = site.create(call("limit 60")).await.unwrap();
    site.until_asked(task.id, 1).await;
    site.say_to(task.id, "confirm", "yes").await;
    let begun = tokio::time::Instant::now();
    let end = site.until_ended(task.id).await;
    assert!(begun.elapsed() < seconds(62), "{:?}", begun.elapsed());
    assert_eq!(result(&end), "it took longer than it may");
}

/// Nothing more is done for a task whose time was over while no process ran.
#[tokio::test(start_paused = true)]
async fn a_task_that_took_longer_than_it_may_is_not_run_again() {
    let world = World::new().handler("limit 60", async |cx| {
        cx.sleep("nap", seconds(30)).await;
        cx.step("after").await;
        done("awake")
    });
    let first = world.site();
    let task = first.create(call("limit 60")).await.unwrap();
    tokio::time::sleep(seconds(10)).await;
    first.gate.kill();
    tokio::time::sleep(seconds(100)).await;
    let second = world.site();
    let end = second.until_ended(task.id).await;
    assert_eq!(result(&end), "it took longer than it may");
    assert!(world.deeds().is_empty());
}
