//! `Context::agent`: a model that uses tools until it has an answer.

use std::num::NonZeroU32;

use midfield::prelude::*;
use midfield::server::Agent;
use midfield::{Error, Service};
use serde_json::{Value, json};

use super::{Effects, Peer, ask_name, assert_error, named, said, text};
use crate::messages::MODERN;

#[derive(Deserialize, JsonSchema)]
struct Word {
    word: String,
}

async fn look_up(Args(Word { word }): Args<Word>, effects: State<Effects>) -> String {
    effects.add(format!("look_up {word}"));
    tokio::task::yield_now().await;
    format!("{word} is a word")
}

fn tools() -> Vec<Tool> {
    vec![
        Tool::new("look_up", look_up),
        Tool::new("fail", async || Err::<String, _>(Error::tool("no luck"))),
        Tool::new("ask", async |cx: Context| ask_name(&cx, "inner").await),
        Tool::new("panic", async || -> String {
            panic!("a panic on purpose, in a tool")
        }),
    ]
}

/// Runs an agent, then asks the user; tells what the agent came to.
async fn work(cx: Context) -> Result<String> {
    let agent = Agent::new(100)
        .system("Be brief.")
        .user("What is a journal?")
        .tools(tools())
        .rounds(NonZeroU32::new(4).unwrap_or(NonZeroU32::MIN));
    let result = cx.agent("agent", agent).await?;
    let name = ask_name(&cx, "name").await?;
    Ok(format!("{} {} {name}", result.text, result.rounds))
}

fn server() -> (Service, Effects) {
    let effects = Effects::default();
    let service = Server::new("asking", "1")
        .state(effects.clone())
        .tool(Tool::new("work", work))
        .build()
        .expect("a server");
    (service, effects)
}

fn tool_use(id: &str, name: &str, input: Value) -> Value {
    let mut used = json!({"type": "tool_use", "id": id, "name": name});
    used["input"] = input;
    used
}

/// A model that does `rounds`, one after the other, and then has an answer. Keeps what it was asked.
fn model(rounds: Vec<Value>, asked: &mut Vec<Value>) -> impl FnMut(&Value) -> Value {
    let mut rounds = rounds.into_iter();
    move |question| {
        if question["method"] != "sampling/createMessage" {
            return named(question);
        }
        asked.push(question["params"].clone());
        match rounds.next() {
            Some(content) => said(&content),
            None => said(&json!({"type": "text", "text": "It is a book."})),
        }
    }
}

/// What the last message of a question to the model holds.
fn results(asked: &Value) -> Vec<Value> {
    let message = asked["messages"]
        .as_array()
        .and_then(|all| all.last())
        .expect("a message");
    assert_eq!(message["role"], "user");
    let content = message["content"].as_array().expect("several").clone();
    for result in &content {
        assert_eq!(
            result["type"], "tool_result",
            "nothing but results: {message}"
        );
    }
    content
}

const BOTH: [&str; 2] = ["2025-11-25", MODERN];

#[tokio::test]
async fn every_use_of_a_tool_is_answered_in_one_message_of_nothing_but_results() {
    let (service, effects) = server();
    for revision in BOTH {
        let mut peer = Peer::able(&service, revision).await;
        let mut asked = Vec::new();
        let uses = json!([
            {"type": "text", "text": "Let me see."},
            tool_use("1", "look_up", json!({"word": "a"})),
            tool_use("2", "look_up", json!({"word": "b"})),
            tool_use("3", "look_up", json!({"wrong": 1})),
            tool_use("4", "fail", json!({})),
            tool_use("5", "nowhere", json!({})),
            tool_use("6", "no#name", json!({})),
            tool_use("7", &"x".repeat(1000), json!({})),
            tool_use("8", "", json!({})),
        ]);
        let response = peer.call("work", model(vec![uses], &mut asked)).await;
        assert_eq!(text(&response), "It is a book. 2 <name?>", "{revision}");
        let results = results(&asked[1]);
        let ids: Vec<&str> = results
            .iter()
            .filter_map(|one| one["toolUseId"].as_str())
            .collect();
        assert_eq!(ids, ["1", "2", "3", "4", "5", "6", "7", "8"]);
        let text_of = |at: usize| results[at]["content"][0]["text"].as_str().expect("a text");
        assert_eq!(text_of(0), "a is a word");
        assert_eq!(text_of(1), "b is a word");
        assert!(text_of(2).contains("invalid arguments"), "{results:?}");
        assert_eq!(text_of(3), "no luck");
        assert_eq!(text_of(4), "there is no tool \"nowhere\"");
        for (at, result) in results.iter().enumerate() {
            assert_eq!(result["isError"] == true, at > 1, "{result}");
        }
        assert_eq!(effects.take(), ["look_up a", "look_up b"], "{revision}");
    }
}

#[tokio::test]
async fn rounds_and_results_are_replayed_and_no_tool_runs_twice() {
    let (service, effects) = server();
    let mut peer = Peer::able(&service, MODERN).await;
    let mut asked = Vec::new();
    let rounds = ["a", "b"].map(|word| json!([tool_use(word, "look_up", json!({"word": word}))]));
    let response = peer.call("work", model(rounds.into(), &mut asked)).await;
    assert_eq!(text(&response), "It is a book. 3 <name?>");
    assert_eq!(effects.take(), ["look_up a", "look_up b"]);
    assert_eq!(peer.rounds.len(), 4);
    let counts: Vec<_> = asked
        .iter()
        .map(|one| one["messages"].as_array().map(Vec::len))
        .collect();
    assert_eq!(counts, [Some(1), Some(3), Some(5)]);
    // What was said before is said again as it was.
    assert_eq!(asked[2]["messages"][1], asked[1]["messages"][1]);
    assert_eq!(asked[2]["systemPrompt"], "Be brief.");
}

#[tokio::test]
async fn a_model_that_never_ends_is_told_to_use_no_tool_in_the_last_round() {
    let (service, effects) = server();
    for revision in BOTH {
        let mut peer = Peer::able(&service, revision).await;
        let mut asked = Vec::new();
        let round = json!([
            {"type": "text", "text": "More."},
            tool_use("1", "look_up", json!({"word": "a"})),
        ]);
        let response = peer.call("work", model(vec![round; 9], &mut asked)).await;
        assert_eq!(text(&response), "More. 4 <name?>", "{revision}");
        let modes: Vec<_> = asked
            .iter()
            .map(|one| one["toolChoice"]["mode"].clone())
            .collect();
        assert_eq!(modes, ["auto", "auto", "auto", "none"]);
        assert_eq!(effects.take().len(), 3);
    }
}

#[tokio::test]
async fn a_tool_of_an_agent_that_asks_ends_the_call_with_the_reason() {
    let (service, _) = server();
    for revision in BOTH {
        let mut peer = Peer::able(&service, revision).await;
        let mut asked = Vec::new();
        let round = json!([tool_use("1", "ask", json!({}))]);
        let response = peer.call("work", model(vec![round], &mut asked)).await;
        assert_error(&response, -32603, &["`inner`", "step"]);
    }
}

#[tokio::test]
async fn a_tool_of_an_agent_that_panics_ends_the_call() {
    let (service, _) = server();
    for revision in BOTH {
        let mut peer = Peer::able(&service, revision).await;
        let mut asked = Vec::new();
        let round = json!([tool_use("1", "panic", json!({}))]);
        let response = peer.call("work", model(vec![round], &mut asked)).await;
        assert_error(&response, -32603, &["internal error"]);
        let mut asked = Vec::new();
        let response = peer.call("work", model(Vec::new(), &mut asked)).await;
        assert_eq!(text(&response), "It is a book. 1 <name?>");
    }
}

#[tokio::test]
async fn an_agent_is_not_run_by_a_client_whose_model_uses_no_tools() {
    let (service, _) = server();
    for (revision, code) in [("2025-11-25", -32600), (MODERN, -32021)] {
        let mut peer = Peer::new(&service, revision, json!({"sampling": {}})).await;
        let response = peer.call("work", named).await;
        assert_error(&response, code, &["capability"]);
        assert!(peer.rounds.is_empty());
    }
}

/// Uses of tools that no client can match with their results, and results where there can be none.
fn unanswerable() -> Vec<Value> {
    let used = |id: &str| tool_use(id, "look_up", json!({"word": "a"}));
    let result = json!({"type": "tool_result", "toolUseId": "1", "content": []});
    let mut as_user = said(&json!([used("1")]));
    as_user["role"] = "user".into();
    vec![
        said(&json!([used("1"), used("1")])),
        said(&json!([used("1"), {"type": "text", "text": "x"}, used("2"), used("1")])),
        said(&json!([used("1"), result])),
        said(&result),
        as_user,
    ]
}

#[tokio::test]
async fn uses_of_tools_that_cannot_be_told_apart_run_no_tool() {
    let (service, effects) = server();
    let mut peer = Peer::able(&service, "2025-11-25").await;
    for answer in unanswerable() {
        let response = peer.call("work", |_| answer.clone()).await;
        assert_eq!(response["result"]["isError"], true, "{answer}: {response}");
        assert!(text(&response).contains("does not fit"), "{response}");
    }
    let mut peer = Peer::able(&service, MODERN).await;
    let mut answers = unanswerable();
    let count = answers.len();
    let response = peer
        .call("work", |asked| match answers.pop() {
            Some(answer) => answer,
            None if asked["method"] == "sampling/createMessage" => {
                said(&json!({"type": "text", "text": "It is a book."}))
            }
            None => named(asked),
        })
        .await;
    assert_eq!(text(&response), "It is a book. 1 <name?>");
    // Each was asked for again.
    assert_eq!(peer.rounds.len(), count + 2);
    assert!(effects.take().is_empty());
}

#[tokio::test]
async fn a_conversation_that_mixes_results_with_other_content_is_never_sent() {
    async fn mixed(cx: Context) -> Result<String> {
        let conversation = json!([
            {"role": "user", "content": {"type": "text", "text": "What is it?"}},
            {"role": "assistant", "content": tool_use("1", "look_up", json!({}))},
            {"role": "user", "content": [
                {"type": "tool_result", "toolUseId": "1", "content": []},
                {"type": "text", "text": "and more"},
            ]},
        ]);
        let mut asked = super::prompt_of("");
        asked.messages = serde_json::from_value(conversation)?;
        Ok(cx.sample("sample", asked).await?.model)
    }
    let service = Server::new("asking", "1").tool(Tool::new("mixed", mixed));
    let service = service.build().expect("a server");
    for revision in BOTH {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("mixed", named).await;
        assert_error(&response, -32603, &["`sample`", "must hold nothing else"]);
        assert!(peer.rounds.is_empty());
    }
}
