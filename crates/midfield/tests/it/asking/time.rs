//! How long a question may stay open, who may end it, and how many there may be.

use std::time::Duration;

use midfield::Service;
use midfield::prelude::*;
use serde_json::{Value, json};

use super::{Effects, Peer, ask_name, assert_error, named, text};
use crate::messages::MODERN;

const CALL: Duration = Duration::from_mins(1);
const QUESTION: Duration = Duration::from_mins(10);

async fn two(cx: Context) -> Result<String> {
    let first = ask_name(&cx, "first").await?;
    Ok(format!("{first} {}", ask_name(&cx, "second").await?))
}

async fn slow(cx: Context) -> Result<String> {
    let name = ask_name(&cx, "name").await?;
    tokio::time::sleep(CALL * 2).await;
    Ok(name)
}

/// Says when it was dropped.
struct Dropped(State<Effects>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add("dropped");
    }
}

async fn watched(cx: Context, effects: State<Effects>) -> Result<String> {
    let _watch = Dropped(effects);
    ask_name(&cx, "name").await
}

#[derive(Deserialize, JsonSchema)]
struct Count {
    count: u32,
}

async fn many(cx: Context, Args(Count { count }): Args<Count>) -> Result<String> {
    let asked = (0..count).map(|number| {
        let cx = &cx;
        async move { ask_name(cx, &format!("q{number}")).await }
    });
    let answers = futures_util::future::join_all(asked).await;
    let answers = answers.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(answers.len().to_string())
}

async fn impatient(cx: Context) -> Result<String> {
    tokio::select! {
        biased;
        name = ask_name(&cx, "name") => name,
        () = cx.sleep("patience", Duration::from_secs(5)) => Ok("gave up".to_owned()),
    }
}

fn server() -> (Service, Effects) {
    let effects = Effects::default();
    let service = Server::new("asking", "1")
        .call_timeout(Some(CALL))
        .question_timeout(QUESTION)
        .travelling_journal(1 << 20, Duration::from_hours(1))
        .state(effects.clone())
        .tool(Tool::new("two", two))
        .tool(Tool::new("slow", slow))
        .tool(Tool::new("watched", watched))
        .tool(Tool::new("many", many))
        .tool(Tool::new("impatient", impatient))
        .build()
        .expect("a server");
    (service, effects)
}

async fn session() -> (Peer, Effects) {
    let (service, effects) = server();
    (Peer::able(&service, "2025-11-25").await, effects)
}

/// Begins a call in a session and hears its first question.
async fn asked(peer: &mut Peer, tool: &str) -> (Value, Value) {
    let call = peer.request("tools/call", &json!({"name": tool}), &json!({}));
    peer.say(&call).await;
    let asked = peer.hear().await;
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    (call["id"].clone(), asked)
}

async fn answer(peer: &mut Peer, asked: &Value) {
    let answer = json!({"jsonrpc": "2.0", "id": asked["id"], "result": named(asked)});
    peer.say(&answer).await;
}

/// A while later, as the clock of these tests goes.
async fn later(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_call_does_not_run_while_the_client_is_asked() {
    let (mut peer, _) = session().await;
    let (_, asked) = asked(&mut peer, "watched").await;
    later(CALL * 5).await;
    answer(&mut peer, &asked).await;
    assert_eq!(text(&peer.hear().await), "<name?>");
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_call_runs_again_once_the_client_has_answered() {
    let (mut peer, _) = session().await;
    let (_, asked) = asked(&mut peer, "slow").await;
    later(CALL * 5).await;
    answer(&mut peer, &asked).await;
    let response = peer.hear_however_late().await;
    assert_eq!(response["result"]["isError"], true, "{response}");
    assert!(text(&response).contains("60 s"), "{response}");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_answers_ends_the_call_and_is_taken_back() {
    let (mut peer, effects) = session().await;
    let (id, asked) = asked(&mut peer, "watched").await;
    let withdrawn = peer.hear_however_late().await;
    assert_eq!(
        withdrawn["method"], "notifications/cancelled",
        "{withdrawn}"
    );
    assert_eq!(withdrawn["params"]["requestId"], asked["id"]);
    let response = peer.hear().await;
    assert_eq!(response["id"], id);
    assert!(text(&response).contains("600 s"), "{response}");
    assert_eq!(effects.take(), ["dropped"]);
    // An answer that comes too late is passed over.
    answer(&mut peer, &asked).await;
    peer.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn each_question_has_its_own_time() {
    let (mut peer, _) = session().await;
    let (_, first) = asked(&mut peer, "two").await;
    later(QUESTION / 3 * 2).await;
    answer(&mut peer, &first).await;
    let second = peer.hear().await;
    later(QUESTION / 3 * 2).await;
    answer(&mut peer, &second).await;
    assert_eq!(text(&peer.hear().await), "<first?> <second?>");
}

#[tokio::test]
async fn a_call_that_is_cancelled_while_a_question_is_open_ends_and_is_not_answered() {
    let (mut peer, effects) = session().await;
    let (id, asked) = asked(&mut peer, "watched").await;
    peer.say(&json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id},
    }))
    .await;
    answer(&mut peer, &asked).await;
    while effects.0.lock().expect("no panic").is_empty() {
        tokio::task::yield_now().await;
    }
    peer.assert_silent().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_it_is_asked_leaves_no_handler_behind() {
    let (mut peer, effects) = session().await;
    asked(&mut peer, "watched").await;
    peer.leave().await;
    assert_eq!(effects.take(), ["dropped"]);
}

#[tokio::test]
async fn a_question_that_the_handler_gives_up_is_taken_back() {
    let (service, _) = server();
    tokio::time::pause();
    let mut peer = Peer::able(&service, "2025-11-25").await;
    let (_, asked) = asked(&mut peer, "impatient").await;
    let withdrawn = peer.hear_however_late().await;
    let response = peer.hear_however_late().await;
    // Which of the two is said first is no matter.
    let (withdrawn, response) = if withdrawn.get("method").is_some() {
        (withdrawn, response)
    } else {
        (response, withdrawn)
    };
    assert_eq!(withdrawn["params"]["requestId"], asked["id"], "{withdrawn}");
    assert_eq!(text(&response), "gave up");
}

#[tokio::test]
async fn a_thousand_questions_at_once_are_answered_in_both_eras() {
    let (service, _) = server();
    let params = json!({"name": "many", "arguments": {"count": 1000}});
    for (revision, rounds) in [("2025-11-25", 1000), (MODERN, 1)] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.run("tools/call", &params, named).await;
        assert_eq!(text(&response), "1000", "{revision}");
        assert_eq!(peer.rounds.len(), rounds, "{revision}");
    }
}

#[tokio::test]
async fn there_is_an_end_to_the_questions_of_one_call() {
    let (service, _) = server();
    let params = json!({"name": "many", "arguments": {"count": 20_000}});
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.once("tools/call", &params, &json!({})).await;
        assert_error(&response, -32603, &["10000 entries"]);
    }
}
