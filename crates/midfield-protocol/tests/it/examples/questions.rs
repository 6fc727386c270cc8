//! Questions of the examples to the client, and its answers.

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{
    CreateMessage, Elicitation, InputReply, InputRequest, InputRequired, Schema,
};
use midfield_protocol::wire::{self, Codec};
use midfield_protocol::{Answer, Call, Raw, Revision};
use serde_json::{Map, Value, json};

use super::{plain, results};
use crate::support::{MODERN, request, value};

/// A field, as the only one of a form.
pub(super) fn field(text: &str) -> Value {
    let form = json!({
        "mode": "form",
        "message": "Please fill in.",
        "requestedSchema": {"type": "object", "properties": {"field": value(text)}},
    });
    plain::<Elicitation>(&form.to_string())["requestedSchema"]["properties"]["field"].take()
}

/// An answer, whose question is known by the answer's members.
pub(super) fn reply(text: &str) -> Value {
    let example = value(text);
    let question = if example.get("action").is_some() {
        InputRequest::Elicit(Elicitation::form("Please fill in.", Schema::default()))
    } else if example.get("roots").is_some() {
        InputRequest::ListRoots
    } else {
        InputRequest::Sample(Box::new(CreateMessage::new(100)))
    };
    let raw = Raw::of(&example).expect("JSON");
    match wire::read_reply(&question, &raw).expect("an answer that fits") {
        InputReply::Elicit(result) => json!(result),
        InputReply::Sample(result) => json!(result),
        InputReply::Roots(roots) => json!(roots),
        other => panic!("no example answers {other:?}"),
    }
}

/// Several answers, as a client brings them when it asks again.
pub(super) fn replies(text: &str) -> Value {
    let frame = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "greet",
        "inputResponses": value(text),
        "requestState": "s-1",
    }})
    .to_string();
    let request = request(&frame);
    let Ok(Call::CallTool(call)) = MODERN.decode(&request) else {
        panic!("no call of a tool: {frame}");
    };
    assert_eq!(call.retry.state.as_deref(), Some("s-1"));
    let responses = call.retry.responses.expect("answers");
    let responses: Map<String, Value> = serde_json::from_str(responses.get()).expect("an object");
    let read = responses
        .into_iter()
        .map(|(key, answer)| (key, reply(&answer.to_string())));
    Value::Object(read.collect())
}

/// Several questions.
pub(super) fn several(text: &str) -> Value {
    let example = json!({"resultType": "input_required", "inputRequests": value(text)});
    required(&example.to_string())["inputRequests"].take()
}

/// A result that asks.
pub(super) fn required(text: &str) -> Value {
    let example = value(text);
    let requests = example.get("inputRequests").and_then(Value::as_object);
    let read = |(key, request): (&String, &Value)| {
        let request: InputRequest = serde_json::from_value(request.clone()).expect("a question");
        (key.clone(), request)
    };
    let mut required =
        InputRequired::new(requests.into_iter().flatten().map(read).collect::<Vec<_>>());
    required.state = example["requestState"].as_str().map(String::from);
    let mut result = results::answer(text, &Answer::InputRequired(required));
    for (key, request) in requests.into_iter().flatten() {
        if request["method"] == "elicitation/create" && request["params"].get("mode").is_none() {
            // A mode may be left out where it is a form; we write it.
            let params = result["inputRequests"][key]["params"].as_object_mut();
            let mode = params.and_then(|params| params.shift_remove("mode"));
            assert_eq!(mode, Some(json!("form")));
        }
    }
    result
}

/// The one question whose example has an id: it is a request of its own, as legacy revisions ask.
pub(super) fn roots(text: &str) -> Value {
    let id: RequestId = serde_json::from_value(value(text)["id"].clone()).expect("an id");
    let codec = Codec::new(Revision::NEWEST_LEGACY);
    let written = wire::question(codec, &id, &InputRequest::ListRoots).expect("a request");
    let mut written = value(written);
    written
        .as_object_mut()
        .expect("an object")
        .shift_remove("jsonrpc");
    written
}
