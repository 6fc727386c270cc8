//! Tasks that kill their process: not for ever.

use midfield_durable::task::{Reason, State};

use super::done;
use super::support::cx::Cx;
use super::support::site::result;
use super::support::{World, call, seconds};

/// What ends the process that comes to it.
async fn die(cx: &Cx) {
    cx.gate.kill();
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn a_task_that_kills_its_process_five_times_fails() {
    let world = World::new().handler("deadly", async |cx| {
        cx.effect("begin", "").await;
        die(&cx).await;
        done("never")
    });
    let mut site = world.site();
    let task = site.create(call("deadly")).await.unwrap();
    for _ in 0..10 {
        tokio::time::sleep(seconds(10)).await;
        if site.gate.is_dead() {
            site = world.site();
        }
    }
    let view = site.see(task.id).await;
    assert_eq!(
        (view.state, view.reason),
        (State::Failed, Some(Reason::Undeliverable))
    );
    assert_eq!(world.deeds().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_gets_somewhere_each_time_does_not_fail() {
    let world = World::new().handler("slow", async |cx| {
        for _ in 0..12 {
            let before = world_steps(&cx);
            cx.step("step").await;
            if world_steps(&cx) > before {
                // Its record must be kept first.
                cx.sleep("moment", seconds(1)).await;
                die(&cx).await;
            }
            cx.sleep("moment", seconds(1)).await;
        }
        done("come through")
    });
    let mut site = world.site();
    let task = site.create(call("slow")).await.unwrap();
    for _ in 0..60 {
        tokio::time::sleep(seconds(10)).await;
        if site.gate.is_dead() {
            site = world.site();
        }
    }
    assert_eq!(result(&site.until_ended(task.id).await), "come through");
}

fn world_steps(cx: &Cx) -> usize {
    cx.world.deeds().len()
}
