//! Shutting down: what runs is handed back, and goes on elsewhere at once.

use midfield_durable::task::State;
use tokio::time::Instant;

use super::done;
use super::support::site::result;
use super::support::{OWNER, World, call, milliseconds, seconds};

fn world() -> World {
    World::new()
        .handler("asks", async |cx| done(cx.ask("confirm").await.unwrap()))
        .handler("walks", async |cx| {
            for _ in 0..10 {
                cx.slow_step("walk", seconds(1)).await;
            }
            done("there")
        })
        .handler("dawdles", async |cx| {
            cx.step("one").await;
            tokio::time::sleep(seconds(30)).await;
            done(cx.step("two").await)
        })
}

#[tokio::test(start_paused = true)]
async fn another_process_goes_on_at_once_and_nothing_is_done_twice() {
    let world = world();
    let first = world.site();
    let task = first.create(call("walks")).await.unwrap();
    let second = world.site();
    tokio::time::sleep(milliseconds(4_500)).await;
    let begun = Instant::now();
    first.shut_down().await;
    assert!(begun.elapsed() < milliseconds(700), "{:?}", begun.elapsed());
    second.until_ended(task.id).await;
    assert!(
        begun.elapsed() < milliseconds(6_000),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(world.deeds().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_handed_back_at_once() {
    let world = world();
    let first = world.site();
    let mut tasks = Vec::new();
    for lane in ["asks", "dawdles"] {
        tasks.push(first.create(call(lane)).await.unwrap().id);
    }
    tokio::time::sleep(milliseconds(500)).await;
    let begun = Instant::now();
    first.shut_down().await;
    assert!(begun.elapsed() < milliseconds(100), "{:?}", begun.elapsed());
    let second = world.site();
    second.until_asked(tasks[0], 1).await;
    second.say_to(tasks[0], "confirm", "yes").await;
    assert_eq!(result(&second.until_ended(tasks[0]).await), "yes");
    assert_eq!(result(&second.until_ended(tasks[1]).await), "two");
    assert_eq!(world.deeds(), ["one", "two"]);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_shut_down_still_says_what_there_is() {
    let world = world();
    let site = world.site();
    let task = site.create(call("asks")).await.unwrap();
    site.until_asked(task.id, 1).await;
    site.shut_down().await;
    site.shut_down().await;
    assert_eq!(site.see(task.id).await.state, State::InputRequired);
    let view = site.cancel(OWNER, task.id).await.unwrap().unwrap();
    assert_eq!(view.state, State::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_cleans_up_delays_a_shutdown_no_longer_than_it_may() {
    let world = World::new().handler("careless", async |cx| {
        cx.call.cancelled().await;
        std::future::pending().await
    });
    let site = world.site();
    let task = site.create(call("careless")).await.unwrap();
    site.cancel(OWNER, task.id).await.unwrap();
    let begun = Instant::now();
    site.shut_down().await;
    assert!(begun.elapsed() <= seconds(6), "{:?}", begun.elapsed());
}
