//! Tasks from their making to their end, over a store in memory.

mod support;

use std::time::Duration;

use midfield_durable::engine::KeptAnswer;
use midfield_durable::task::State;
use midfield_protocol::Raw;

use support::{OWNER, raw, world};

#[tokio::test(start_paused = true)]
async fn a_task_runs_asks_is_answered_and_ends() {
    let world = world();
    let engine = world.engine();
    let task = engine.create(support::call("ask")).await.expect("created");
    assert_eq!(task.state, State::Working);
    let asks = engine
        .wait(OWNER, task.id, |view| view.state == State::InputRequired)
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(asks.questions.len(), 1);
    assert_eq!(asks.questions[0].key, "confirm");
    // It is put away meanwhile.
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(engine.running(), 0);
    let answer = KeptAnswer::Result(raw("yes"));
    let answers = vec![("confirm".to_owned(), answer)];
    engine
        .answer(OWNER, task.id, answers)
        .await
        .expect("kept")
        .expect("there");
    let end = engine
        .wait(OWNER, task.id, |view| view.state.has_ended())
        .await
        .expect("readable")
        .expect("there");
    assert_eq!(end.state, State::Completed);
    assert_eq!(end.result.as_ref().map(Raw::as_str), Some("\"3 yes\""));
    assert_eq!(world.effects(), ["count"]);
    engine.shut_down().await;
}
