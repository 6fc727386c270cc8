//! Handlers that are not what the journal needs, and answers that are not what was asked for.

use std::sync::atomic::{AtomicUsize, Ordering};

use midfield::prelude::*;
use midfield::types::ReadResult;
use midfield::{Error, Service};
use serde_json::{Value, json};

use super::{Effects, Name, Peer, ask_name, assert_error, named, text};
use crate::messages::MODERN;

#[derive(Default)]
struct Runs(AtomicUsize);

impl Runs {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// Asks its second question as another kind once it is run again after an answer.
async fn fickle(cx: Context, runs: State<Runs>) -> Result<String> {
    let run = runs.next();
    if run < 2 {
        // The journal holds an elicitation of this name.
        let asked = ask_name(&cx, "thing").await?;
        return Ok(format!("{asked} {}", ask_name(&cx, "more").await?));
    }
    // Whatever a handler does with its errors, this one is not its own.
    tokio::select! {
        biased;
        answer = cx.roots("thing") => match answer {
            Ok(_) => Ok("roots".to_owned()),
            Err(_) => Ok("swallowed".to_owned()),
        },
        () = tokio::task::yield_now() => Ok("went on".to_owned()),
    }
}

/// Asks for something else under the same name.
async fn reworded(cx: Context, runs: State<Runs>) -> Result<String> {
    let message = if runs.next() < 2 { "Old?" } else { "New?" };
    let _ = cx.elicit::<Name>("thing", message).await;
    let _ = ask_name(&cx, "more").await;
    Ok("swallowed".to_owned())
}

/// Panics when it is run again.
async fn shaky(cx: Context, runs: State<Runs>) -> Result<String> {
    let run = runs.next();
    let name = ask_name(&cx, "name").await?;
    assert_eq!(run, 0, "a panic on purpose, in a replay");
    Ok(name)
}

async fn prompt(cx: Context, runs: State<Runs>) -> Result<String> {
    fickle(cx, runs).await
}

async fn resource(cx: Context, runs: State<Runs>) -> Result<ReadResult> {
    let text = fickle(cx, runs).await?;
    Ok(ReadResult::new(vec![ResourceContents::text(
        "test://a", text,
    )]))
}

async fn decided(cx: Context) -> Result<String> {
    ask_name(&cx, "name").await
}

async fn within_step(cx: Context, effects: State<Effects>) -> Result<String> {
    let inner = cx.clone();
    let asked: Result<String> = cx
        .step("outer", async || ask_name(&inner, "name").await)
        .await;
    effects.add("went on");
    asked
}

async fn nested(cx: Context, effects: State<Effects>) -> Result<String> {
    let inner = cx.clone();
    let number: u32 = cx
        .step("outer", async || {
            effects.add("outer");
            inner
                .sleep("pause", std::time::Duration::from_millis(1))
                .await;
            inner
                .step("inner", async || {
                    effects.add("inner");
                    Ok::<u32, Error>(3)
                })
                .await
        })
        .await?;
    let name = ask_name(&cx, "name").await?;
    let again: u32 = cx.step("inner", async || Ok::<u32, Error>(4)).await?;
    Ok(format!("{number} {name} {again}"))
}

async fn misnamed(cx: Context) -> Result<String> {
    let _ = ask_name(&cx, "a#b").await;
    Ok("swallowed".to_owned())
}

fn server() -> (Service, Effects) {
    let effects = Effects::default();
    let service = Server::new("asking", "1")
        .state(effects.clone())
        .state(Runs::default())
        .tool(Tool::new("fickle", fickle))
        .tool(Tool::new("reworded", reworded))
        .tool(Tool::new("shaky", shaky))
        .tool(Tool::new("decided", decided))
        .tool(Tool::new("within_step", within_step))
        .tool(Tool::new("nested", nested))
        .tool(Tool::new("misnamed", misnamed))
        .prompt(Prompt::new("fickle", prompt))
        .resource(Resource::new("test://a", "fickle", resource))
        .build()
        .expect("a server");
    (service, effects)
}

#[tokio::test]
async fn a_handler_that_asks_for_another_kind_of_thing_ends_with_an_error_that_names_both() {
    for (method, params) in [
        ("tools/call", json!({"name": "fickle"})),
        ("prompts/get", json!({"name": "fickle"})),
        ("resources/read", json!({"uri": "test://a"})),
    ] {
        let (service, _) = server();
        let mut peer = Peer::able(&service, MODERN).await;
        let response = peer.run(method, &params, named).await;
        let words = ["`thing`", "an elicitation", "a list of roots"];
        assert_error(&response, -32603, &words);
    }
}

#[tokio::test]
async fn a_handler_that_rewords_an_answered_question_ends_with_an_error() {
    let (service, _) = server();
    let mut peer = Peer::able(&service, MODERN).await;
    let response = peer.call("reworded", named).await;
    assert_error(&response, -32603, &["`thing`", "another question"]);
}

#[tokio::test]
async fn a_panic_in_a_replay_is_an_internal_error_and_the_server_goes_on() {
    let (service, _) = server();
    let mut peer = Peer::able(&service, MODERN).await;
    let response = peer.call("shaky", named).await;
    assert_error(&response, -32603, &["internal error"]);
    assert_eq!(text(&peer.call("decided", named).await), "<name?>");
}

#[tokio::test]
async fn a_decline_and_a_closed_question_are_told_apart() {
    let (service, _) = server();
    for revision in ["2025-06-18", "2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        for (action, expected) in [("decline", "declined"), ("cancel", "cancelled")] {
            // What is sent along with it does not count.
            let answer = json!({"action": action, "content": {"name": "Eve"}});
            let response = peer.call("decided", |_| answer.clone()).await;
            assert_eq!(text(&response), expected, "{revision}");
        }
    }
}

/// Answers that do not fit the form.
fn misfits() -> Vec<Value> {
    vec![
        json!({"action": "accept", "content": {"name": 1}}),
        json!({"action": "accept", "content": {"name": null}}),
        json!({"action": "accept", "content": {}}),
        json!({"action": "accept"}),
        json!({"action": "accept", "content": {"name": "Ada", "admin": true}}),
        json!({"action": "accept", "content": []}),
        json!({"action": "perhaps"}),
        json!({}),
        json!([]),
        json!("accept"),
        json!(null),
    ]
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_asked_for_again_in_the_modern_era() {
    let (service, _) = server();
    let mut peer = Peer::able(&service, MODERN).await;
    let mut wrong = misfits();
    let count = wrong.len();
    let response = peer
        .call("decided", |asked| {
            wrong.pop().unwrap_or_else(|| named(asked))
        })
        .await;
    assert_eq!(text(&response), "<name?>");
    assert_eq!(peer.rounds.len(), count + 1);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_never_reaches_the_handler_of_a_session() {
    let (service, _) = server();
    let mut peer = Peer::able(&service, "2025-11-25").await;
    for wrong in misfits() {
        let response = peer.call("decided", |_| wrong.clone()).await;
        assert_eq!(response["result"]["isError"], true, "{wrong}: {response}");
        assert!(text(&response).contains("does not fit"), "{response}");
    }
}

#[tokio::test]
async fn what_the_client_refuses_is_an_error_that_the_handler_sees() {
    let (service, _) = server();
    let mut peer = Peer::able(&service, "2025-11-25").await;
    let refused = json!({"refused": {"code": -1, "message": "the user is away"}});
    let response = peer.call("decided", |_| refused.clone()).await;
    assert_eq!(response["result"]["isError"], true, "{response}");
    assert!(text(&response).contains("the user is away"), "{response}");
}

#[tokio::test]
async fn a_question_within_a_step_ends_the_call_with_the_reason() {
    let (service, effects) = server();
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("within_step", named).await;
        assert_error(&response, -32603, &["`name`", "step"]);
        assert!(peer.rounds.is_empty());
        assert!(effects.take().is_empty());
    }
}

#[tokio::test]
async fn a_step_within_a_step_is_part_of_it() {
    let (service, effects) = server();
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("nested", named).await;
        assert_eq!(text(&response), "3 <name?> 4");
        assert_eq!(effects.take(), ["outer", "inner"], "{revision}");
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_one_ends_the_call_with_the_reason() {
    let (service, _) = server();
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("misnamed", named).await;
        assert_error(&response, -32603, &["a#b"]);
    }
}
