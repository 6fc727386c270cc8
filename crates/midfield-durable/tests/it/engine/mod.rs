//! Tasks from their making to their end, over a store in memory, in time that is not real.

mod answers;
mod broken;
mod cancel;
mod crashes;
mod create;
mod deliveries;
mod expiry;
mod failing_store;
mod leases;
mod limits;
mod messages;
mod once;
mod order;
mod panics;
mod shutdown;
mod simulation;
mod sleeps;
mod support;
mod views;

use support::site::result;
use support::{World, call, raw, seconds};

use midfield_durable::engine::Ended;
use midfield_durable::task::State;

fn done(text: impl AsRef<str>) -> Ended {
    Ended::Completed(raw(text.as_ref()))
}

#[tokio::test(start_paused = true)]
async fn a_task_runs_asks_is_answered_and_ends() {
    let world = World::new().handler("ask", async |cx| {
        let rows = cx.step("count").await;
        let answer = cx.ask("confirm").await.unwrap();
        done(format!("{rows} {answer}"))
    });
    let site = world.site();
    let task = site.create(call("ask")).await.unwrap();
    assert_eq!(task.state, State::Working);
    assert_eq!(site.until_asked(task.id, 1).await, ["confirm"]);
    // It is put away meanwhile.
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(site.running(), 0);
    site.say_to(task.id, "confirm", "yes").await;
    let end = site.until_ended(task.id).await;
    assert_eq!(end.state, State::Completed);
    assert_eq!(result(&end), "count yes");
    assert_eq!(world.deeds(), ["count"]);
    site.shut_down().await;
}
