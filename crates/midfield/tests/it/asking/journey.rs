//! One handler, unchanged, in a legacy session and in revision 2026-07-28.

use midfield::prelude::*;
use midfield::types::{PromptResult, ReadResult};
use midfield::{Error, Service};
use serde_json::json;

use super::{Effects, Peer, ask_name, named, text};
use crate::messages::{LEGACY, MODERN};

/// Two questions, a step between them, and two more questions at once.
async fn order(cx: Context, effects: State<Effects>) -> Result<String> {
    let who = ask_name(&cx, "who").await?;
    let number: u32 = cx
        .step("count", async || {
            effects.add("count");
            Ok::<_, Error>(7)
        })
        .await?;
    let what = ask_name(&cx, "what").await?;
    let (left, right) = tokio::join!(ask_name(&cx, "left"), ask_name(&cx, "right"));
    Ok(format!("{who} {number} {what} {} {}", left?, right?))
}

async fn ask_prompt(cx: Context, effects: State<Effects>) -> Result<PromptResult> {
    let text = order(cx, effects).await?;
    Ok(PromptResult::new(vec![PromptMessage::user(Content::text(
        text,
    ))]))
}

async fn ask_resource(cx: Context, effects: State<Effects>) -> Result<ReadResult> {
    let text = order(cx, effects).await?;
    Ok(ReadResult::new(vec![ResourceContents::text(
        "test://order",
        text,
    )]))
}

fn server() -> (Service, Effects) {
    let effects = Effects::default();
    let service = Server::new("asking", "1.0.0")
        .state(effects.clone())
        .tool(Tool::new("order", order))
        .prompt(Prompt::new("order", ask_prompt))
        .resource(Resource::new("test://order", "order", ask_resource))
        .build()
        .expect("a server");
    (service, effects)
}

const RESULT: &str = "<who?> 7 <what?> <left?> <right?>";

#[tokio::test]
async fn one_handler_asks_in_both_eras_and_does_its_step_once() {
    let (service, effects) = server();
    for revision in ["2025-06-18", "2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("order", named).await;
        assert_eq!(text(&response), RESULT, "{revision}");
        assert_eq!(effects.take(), ["count"], "{revision}");
    }
}

#[tokio::test]
async fn questions_that_are_asked_at_once_go_out_in_one_round_trip() {
    let (service, _) = server();
    let mut peer = Peer::able(&service, MODERN).await;
    peer.call("order", named).await;
    let counts: Vec<usize> = peer.rounds.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 1, 2]);
}

#[tokio::test]
async fn questions_that_are_asked_at_once_are_open_at_once_in_a_session() {
    let (service, _) = server();
    let mut peer = Peer::able(&service, "2025-11-25").await;
    let call = peer.request("tools/call", &json!({"name": "order"}), &json!({}));
    peer.say(&call).await;
    for _ in ["who", "what"] {
        let asked = peer.hear().await;
        peer.say(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": named(&asked)}))
            .await;
    }
    let open = [peer.hear().await, peer.hear().await];
    // The second is answered first.
    for asked in open.iter().rev() {
        peer.say(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": named(asked)}))
            .await;
    }
    assert_eq!(text(&peer.hear().await), RESULT);
}

#[tokio::test]
async fn prompts_and_resources_ask_as_tools_do() {
    let (service, effects) = server();
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let prompt = peer
            .run("prompts/get", &json!({"name": "order"}), named)
            .await;
        let message = &prompt["result"]["messages"][0]["content"]["text"];
        assert_eq!(message, RESULT, "{prompt}");
        let read = json!({"uri": "test://order"});
        let resource = peer.run("resources/read", &read, named).await;
        assert_eq!(resource["result"]["contents"][0]["text"], RESULT);
        assert_eq!(effects.take(), ["count", "count"]);
    }
}

#[tokio::test]
async fn a_call_that_asks_nothing_is_answered_in_every_revision() {
    let service = Server::new("asking", "1.0.0")
        .tool(Tool::new("quiet", async || "quiet"))
        .build()
        .expect("a server");
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let mut peer = Peer::new(&service, revision, json!({})).await;
        let response = peer.call("quiet", named).await;
        assert_eq!(text(&response), "quiet");
        assert!(peer.rounds.is_empty());
    }
}
