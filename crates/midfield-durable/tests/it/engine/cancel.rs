//! Ending a task from outside: at once for all who look, and with time to clean up for its handler.

use std::sync::Arc;

use midfield_durable::task::State;

use super::done;
use super::support::line::{Fate, Verb};
use super::support::{OWNER, STRANGER, World, call, milliseconds, options, seconds};

fn world() -> World {
    World::new()
        .handler("careful", async |cx| {
            let call = cx.call.clone();
            tokio::select! {
                () = call.cancelled() => {
                    tokio::time::sleep(seconds(2)).await;
                    cx.effect("clean up", "").await;
                    done("too late")
                }
                _ = cx.slow_step("long", seconds(100)) => done("long"),
            }
        })
        .handler("careful in steps", async |cx| {
            let walking = async {
                loop {
                    cx.slow_step("walk", milliseconds(70)).await;
                }
            };
            tokio::select! {
                () = cx.call.cancelled() => {}
                () = walking => {}
            }
            tokio::time::sleep(seconds(1)).await;
            cx.effect("clean up", "").await;
            done("too late")
        })
        .handler("careless", async |cx| {
            cx.slow_step("long", seconds(100)).await;
            done("long")
        })
        .handler("asks", async |cx| done(cx.ask("confirm").await.unwrap()))
        .handler("late", async |cx| {
            cx.call.cancelled().await;
            done("a result that does not count")
        })
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_told_and_cleans_up() {
    let world = world();
    let site = world.site();
    let task = site.create(call("careful")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    let view = site.cancel(OWNER, task.id).await.unwrap().unwrap();
    assert_eq!(view.state, State::Cancelled);
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(world.deeds(), ["clean up"]);
    assert_eq!(site.see(task.id).await, view);
    assert_eq!(site.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_listen_is_dropped_after_the_grace() {
    let world = world();
    let site = world.site();
    let task = site.create(call("careless")).await.unwrap();
    tokio::time::sleep(seconds(1)).await;
    site.cancel(OWNER, task.id).await.unwrap();
    assert_eq!(site.running(), 1);
    tokio::time::sleep(seconds(6)).await;
    assert_eq!(site.running(), 0);
    tokio::time::sleep(seconds(200)).await;
    assert!(world.deeds().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_result_that_comes_later_does_not_count() {
    let site = world().site();
    let task = site.create(call("late")).await.unwrap();
    let view = site.cancel(OWNER, task.id).await.unwrap().unwrap();
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(site.see(task.id).await, view);
    assert_eq!((view.state, view.result), (State::Cancelled, None));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_put_away_is_cancelled_where_it_is() {
    let site = world().site();
    let task = site.create(call("asks")).await.unwrap();
    site.until_asked(task.id, 1).await;
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(site.running(), 0);
    let view = site.cancel(OWNER, task.id).await.unwrap().unwrap();
    assert_eq!((view.state, view.questions.len()), (State::Cancelled, 0));
    let answered = site.say_to(task.id, "confirm", "yes").await;
    assert_eq!(answered, view);
}

#[tokio::test(start_paused = true)]
async fn what_runs_in_another_process_is_told_too() {
    for what in ["careful", "careful in steps"] {
        let world = world();
        let site = world.site();
        let task = site.create(call(what)).await.unwrap();
        tokio::time::sleep(milliseconds(1_010)).await;
        let other = world.site();
        let view = other.cancel(OWNER, task.id).await.unwrap().unwrap();
        assert_eq!(view.state, State::Cancelled);
        tokio::time::sleep(seconds(10)).await;
        assert_eq!(world.deeds().last().unwrap(), "clean up", "{what}");
        assert_eq!(site.see(task.id).await, view);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_whose_write_is_refused_cleans_up_all_the_same() {
    let world = world();
    // Its process hears of the other one's doings late.
    let fates = |verb: Verb| match verb.name {
        "has_changed_elsewhere" => Fate::Fails,
        _ => Fate::Happens,
    };
    let site = world.site_of(options(), Arc::new(fates));
    let other = world.site();
    let task = other.create(call("careful in steps")).await.unwrap();
    other.gate.kill();
    let site_runs = site.wait(OWNER, task.id, |_| true).await.unwrap();
    assert!(site_runs.is_some());
    let third = world.site();
    tokio::time::sleep(seconds(20)).await;
    third.cancel(OWNER, task.id).await.unwrap();
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(world.deeds().last().unwrap(), "clean up");
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_not_cancelled_and_of_a_stranger_nothing_is() {
    let world = World::new().handler("step", async |cx| done(cx.step("one").await));
    let site = world.site();
    let task = site.create(call("step")).await.unwrap();
    let end = site.until_ended(task.id).await;
    assert_eq!(
        site.cancel(OWNER, task.id).await.unwrap(),
        Some(end.clone())
    );
    assert_eq!(site.cancel(STRANGER, task.id).await.unwrap(), None);
    assert_eq!(site.see(task.id).await, end);
}
