//! What the two APIs take, stricter than they are: a schema, and what no schema can say.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use super::fake::{Api, Asked, KEY};

static ANTHROPIC: LazyLock<Validator> =
    LazyLock::new(|| validator(include_str!("fixtures/anthropic_request.json")));
static OPEN_AI: LazyLock<Validator> =
    LazyLock::new(|| validator(include_str!("fixtures/open_ai_request.json")));

fn validator(schema: &str) -> Validator {
    let schema = serde_json::from_str(schema).expect("JSON");
    jsonschema::validator_for(&schema).expect("a schema")
}

/// The body of a request that is in order.
pub(super) fn check(api: Api, asked: &Asked) -> Result<Value, String> {
    let header = |name: &str| -> Option<&str> {
        let mut found = asked.headers.iter().filter(|(it, _)| it == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} comes twice");
        value
    };
    let is = |name: &str, value: &str| match header(name) {
        Some(it) if it == value => Ok(()),
        other => Err(format!("the header {name} is {other:?}")),
    };
    is("content-type", "application/json")?;
    let (path, validator) = match api {
        Api::Anthropic => {
            is("anthropic-version", "2023-06-01")?;
            is("x-api-key", KEY)?;
            ("/v1/messages", &ANTHROPIC)
        }
        Api::OpenAi => {
            is("authorization", &format!("Bearer {KEY}"))?;
            ("/v1/chat/completions", &OPEN_AI)
        }
    };
    if asked.path != path {
        return Err(format!("the path is {}", asked.path));
    }
    let body: Value = serde_json::from_slice(&asked.body).map_err(|error| error.to_string())?;
    validator
        .validate(&body)
        .map_err(|error| format!("{}: {error}", error.instance_path()))?;
    let messages = body["messages"].as_array().expect("by the schema");
    match api {
        Api::Anthropic => alternates(messages)?,
        Api::OpenAi => is_answered(messages)?,
    }
    Ok(body)
}

/// Roles alternate, the user begins, and every use has its result at the beginning of the next message. Ids are used once.
fn alternates(messages: &[Value]) -> Result<(), String> {
    let (mut open, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (index, message) in messages.iter().enumerate() {
        let role = if index % 2 == 0 { "user" } else { "assistant" };
        if message["role"] != role {
            return Err(format!("message {index} is not by the {role}"));
        }
        let blocks = message["content"].as_array().expect("by the schema");
        let results = blocks.iter().take_while(|it| it["type"] == "tool_result");
        let answered: Vec<&str> = results
            .filter_map(|it| it["tool_use_id"].as_str())
            .collect();
        let later = blocks[answered.len()..].iter();
        if later.clone().any(|it| it["type"] == "tool_result") {
            return Err(format!("message {index} has a result after other content"));
        }
        if answered.len() != open.len() || !answered.iter().all(|id| open.remove(id)) {
            return Err(format!(
                "message {index} has other results than uses before it"
            ));
        }
        for id in later.filter_map(|it| it["id"].as_str()) {
            if !seen.insert(id) {
                return Err(format!("the id {id} is used twice"));
            }
            open.insert(id);
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err("the last uses have no results".to_owned())
    }
}

/// Every call has its result right after the message that makes it. Ids are used once.
fn is_answered(messages: &[Value]) -> Result<(), String> {
    let (mut open, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for (index, message) in messages.iter().enumerate() {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().expect("by the schema");
            if !open.remove(id) {
                return Err(format!("message {index} answers no call"));
            }
            continue;
        }
        if !open.is_empty() {
            return Err(format!(
                "message {index} comes before all calls are answered"
            ));
        }
        if message["role"] == "system" && index > 0 {
            return Err(format!("message {index} is the system's"));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let id = call["id"].as_str().expect("by the schema");
            if !seen.insert(id) {
                return Err(format!("the id {id} is used twice"));
            }
            open.insert(id);
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err("the last calls have no results".to_owned())
    }
}
