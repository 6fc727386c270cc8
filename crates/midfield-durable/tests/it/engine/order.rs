//! Branches that use one name: a replay gives each of them what it had.

use midfield_durable::{Attempt, Retry};
use tokio::time::Duration;

use super::done;
use super::support::site::result;
use super::support::{World, call, milliseconds, seconds};

#[tokio::test(start_paused = true)]
async fn branches_that_share_a_name_keep_their_results_also_when_one_is_done_at_once() {
    let world = World::new().handler("branches", async |cx| {
        let step = async |value: u32, time: Duration| {
            let work = async |_: Attempt| {
                if !time.is_zero() {
                    tokio::time::sleep(time).await;
                }
                Ok::<u32, String>(value)
            };
            let done = cx.execution.step("step", &Retry::once(), work).await;
            done.unwrap()
        };
        let one = async { (step(1, Duration::ZERO).await, step(2, seconds(2)).await) };
        let two = step(3, milliseconds(500));
        let (one, two) = futures_util::join!(one, two);
        cx.slow_step("last", seconds(60)).await;
        done(format!("{one:?} {two}"))
    });
    let first = world.site();
    let task = first.create(call("branches")).await.unwrap();
    tokio::time::sleep(seconds(5)).await;
    first.gate.kill();
    let second = world.site();
    assert_eq!(result(&second.until_ended(task.id).await), "(1, 2) 3");
}
