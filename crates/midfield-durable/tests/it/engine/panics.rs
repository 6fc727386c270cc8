//! Handlers that panic end their task and nothing else.

use midfield_durable::task::State;
use midfield_durable::{Attempt, Kind, Retry};

use super::done;
use super::support::site::result;
use super::support::{World, call, raw, seconds};

fn world() -> World {
    World::new()
        .handler("panics", async |_| panic!("it happens"))
        .handler("panics in a step", async |cx| {
            let work = async |_: Attempt| -> Result<u32, String> { panic!("it happens") };
            let _ = cx.execution.step("work", &Retry::once(), work).await;
            done("not come to")
        })
        .handler("panics when it looks at an answer", async |cx| {
            let panics = |_: &midfield_protocol::Raw| panic!("it happens");
            let request = raw("?");
            let answer = cx
                .execution
                .ask(Kind::Elicitation, "confirm", request, panics);
            let _ = answer.await;
            done("not come to")
        })
        .handler("panics when it is dropped", async |cx| {
            let _bomb = Bomb;
            cx.ask("confirm").await.unwrap();
            done("come to")
        })
        .handler("step", async |cx| done(cx.step("one").await))
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "it happens");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_fails() {
    let world = world();
    let site = world.site();
    for what in ["panics", "panics in a step"] {
        let task = site.create(call(what)).await.unwrap();
        let end = site.until_ended(task.id).await;
        assert_eq!(end.state, State::Failed);
        assert_eq!(result(&end), "the handler panicked");
    }
    assert_eq!(site.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_cannot_even_begin_fails() {
    let world = world();
    let site = world.site();
    // The runner of these tests panics when it does not know a task.
    let task = site.create(call("unheard of")).await.unwrap();
    let end = site.until_ended(task.id).await;
    assert_eq!(end.state, State::Failed);
    assert_eq!(site.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_at_an_answer_fails() {
    let world = world();
    let site = world.site();
    let what = "panics when it looks at an answer";
    for waits in [0, 10] {
        let task = site.create(call(what)).await.unwrap();
        site.until_asked(task.id, 1).await;
        // In memory, and from the store.
        tokio::time::sleep(seconds(waits)).await;
        site.say_to(task.id, "confirm", "yes").await;
        assert_eq!(site.until_ended(task.id).await.state, State::Failed);
        assert_eq!(site.running(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_when_it_is_dropped_keeps_no_place() {
    let world = world();
    let site = world.site();
    let what = "panics when it is dropped";
    let task = site.create(call(what)).await.unwrap();
    site.until_asked(task.id, 1).await;
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(site.running(), 0);
    site.say_to(task.id, "confirm", "yes").await;
    let end = site.until_ended(task.id).await;
    assert!(end.state.has_ended());
    let next = site.create(call("step")).await.unwrap();
    assert_eq!(site.until_ended(next.id).await.state, State::Completed);
    tokio::time::timeout(seconds(60), site.shut_down())
        .await
        .unwrap();
}
