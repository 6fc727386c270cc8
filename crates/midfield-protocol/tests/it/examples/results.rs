//! Results of the examples, read into their parts and written by the encoder of a server that says of
//! itself what the example says.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{
    Completion, Prompt, PromptResult, ReadResult, Resource, ResourceTemplate, Tool, ToolResult,
};
use midfield_protocol::wire::List;
use midfield_protocol::{Answer, Revision};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{MODERN, SERVER_INFO, encoder, value};

pub(super) fn tool(text: &str) -> Value {
    let answer = Answer::Tool(serde_json::from_str::<ToolResult>(text).expect("a tool result"));
    let encoder = encoder(&json!({}));
    written(text, encoder.answer(MODERN, &RequestId::from(1), &answer))
}

pub(super) fn tools(text: &str) -> Value {
    let items: Vec<Tool> = items(text, "tools");
    page(text, List::Tools(&items))
}

pub(super) fn resources(text: &str) -> Value {
    let items: Vec<Resource> = items(text, "resources");
    page(text, List::Resources(&items))
}

pub(super) fn templates(text: &str) -> Value {
    let items: Vec<ResourceTemplate> = items(text, "resourceTemplates");
    page(text, List::ResourceTemplates(&items))
}

pub(super) fn prompts(text: &str) -> Value {
    let items: Vec<Prompt> = items(text, "prompts");
    page(text, List::Prompts(&items))
}

fn items<T: DeserializeOwned>(text: &str, key: &str) -> Vec<T> {
    serde_json::from_value(value(text)[key].clone()).expect("a list")
}

fn page(text: &str, list: List<'_>) -> Value {
    let example = value(text);
    let page = encoder(&example)
        .page(MODERN, list, example["nextCursor"].as_str())
        .expect("JSON");
    answer(text, &Answer::Page(page))
}

pub(super) fn resource(text: &str) -> Value {
    let example = value(text);
    let result: ReadResult = serde_json::from_str(text).expect("contents");
    // The encoder of the tests reads the example's lifetime as a server's own.
    let freshness = encoder(&example).description().freshness;
    let mut written = answer(text, &Answer::Resource(result.freshness(freshness)));
    if example.get("ttlMs").is_none() {
        // The schema requires both members; the example of the whole response has neither.
        let members = written.as_object_mut().expect("an object");
        assert_eq!(members.shift_remove("ttlMs"), Some(json!(0)));
        assert_eq!(members.shift_remove("cacheScope"), Some(json!("private")));
    }
    written
}

pub(super) fn prompt(text: &str) -> Value {
    let result: PromptResult = serde_json::from_str(text).expect("messages");
    answer(text, &Answer::Prompt(result))
}

pub(super) fn completion(text: &str) -> Value {
    let completion: Completion =
        serde_json::from_value(value(text)["completion"].clone()).expect("a completion");
    answer(text, &Answer::Completion(completion))
}

pub(super) fn listened(text: &str) -> Value {
    let id = value(text)["_meta"]["io.modelcontextprotocol/subscriptionId"].clone();
    let subscription = serde_json::from_value(id).expect("an id");
    let mut result = answer(text, &Answer::ListenEnded { subscription });
    // A server should give its identity with every result, and ours does; the example's does not.
    let meta = result["_meta"].as_object_mut().expect("a `_meta`");
    assert!(meta.shift_remove(SERVER_INFO).is_some());
    result
}

pub(super) fn answer(text: &str, answer: &Answer) -> Value {
    let encoder = encoder(&json!({}));
    written(text, encoder.answer(MODERN, &RequestId::from(1), answer))
}

pub(super) fn discovery(text: &str) -> Value {
    let mut example = value(text);
    example["implementation"] = example["_meta"][SERVER_INFO].clone();
    let answer = encoder(&example).answer(MODERN, &RequestId::from(1), &Answer::Discovery);
    let mut result = written(text, answer);
    // The example's server speaks one revision, ours all of them.
    let ours = result["supportedVersions"]
        .as_array()
        .expect("a list")
        .clone();
    let theirs = example["supportedVersions"].as_array().expect("a list");
    assert!(theirs.iter().all(|version| ours.contains(version)));
    assert_eq!(ours.len(), Revision::ALL.len());
    result["supportedVersions"] = example["supportedVersions"].clone();
    result
}

/// The result in the response `bytes`, without the server's identity where `example` leaves that out: a
/// server should give it with every result, and ours does.
fn written(example: &str, bytes: Result<Vec<u8>, serde_json::Error>) -> Value {
    let mut result = value(bytes.expect("JSON"))["result"].take();
    let meta = result["_meta"].as_object_mut().expect("a `_meta`");
    assert!(meta.contains_key(SERVER_INFO));
    if value(example).get("_meta").is_none() {
        meta.shift_remove(SERVER_INFO);
        assert!(meta.is_empty(), "nothing else is added: {meta:?}");
        result
            .as_object_mut()
            .expect("an object")
            .shift_remove("_meta");
    }
    result
}
