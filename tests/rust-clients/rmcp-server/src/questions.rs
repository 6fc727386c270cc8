//! What the tools ask the client: in the legacy era in the middle of the call, in the modern one with a result that says
//! so, after which the call is made again.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, InputRequests, InputRequiredResult, ServerRequest,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use crate::server::from_json;
use crate::tools::{is_modern, not_sent, object, text};

pub(crate) fn name_form() -> Value {
    let schema = object(&json!({"name": {"type": "string"}}));
    json!({"method": "elicitation/create", "params": {"mode": "form", "message": "What is your name?", "requestedSchema": schema}})
}

pub(crate) fn sample(more: &Value) -> Value {
    let question = json!({"role": "user", "content": {"type": "text", "text": "What is the capital of France?"}});
    let mut params = json!({"messages": [question], "maxTokens": 100});
    for (name, value) in more.as_object().into_iter().flatten() {
        params[name] = value.clone();
    }
    json!({"method": "sampling/createMessage", "params": params})
}

pub(crate) fn greeting(answer: &Value) -> String {
    match answer["action"].as_str() {
        Some("accept") => format!(
            "hello {}",
            answer["content"]["name"].as_str().unwrap_or_default()
        ),
        action => action.unwrap_or_default().to_owned(),
    }
}

pub(crate) fn blocks(answer: &Value) -> String {
    let content = match &answer["content"] {
        Value::Array(blocks) => blocks.clone(),
        block => vec![block.clone()],
    };
    let names = content.iter().map(|it| {
        it["name"]
            .as_str()
            .or(it["type"].as_str())
            .unwrap_or_default()
    });
    format!(
        "{} {}",
        answer["stopReason"].as_str().unwrap_or_default(),
        names.collect::<Vec<_>>().join(",")
    )
}

pub(crate) fn roots(answer: &Value) -> String {
    let uris = answer["roots"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|root| root["uri"].as_str());
    uris.collect::<Vec<_>>().join(",")
}

/// What a question came to: an answer, or in the modern era first a result that asks.
enum Asked {
    Answer(Value),
    First(CallToolResponse),
}

async fn question(
    answer: Option<&Value>,
    context: &RequestContext<RoleServer>,
    question: Value,
    state: Option<String>,
) -> Result<Asked, ErrorData> {
    if let Some(answer) = answer {
        return Ok(Asked::Answer(answer.clone()));
    }
    if is_modern(context) {
        let requests = InputRequests::from([("answer".to_owned(), from_json(question)?)]);
        let first = InputRequiredResult::new(Some(requests), state);
        return Ok(Asked::First(first.into()));
    }
    let request: ServerRequest = from_json(question)?;
    let answer = context
        .peer
        .send_request(request)
        .await
        .map_err(|error| not_sent(&error))?;
    let answer = serde_json::to_value(answer);
    answer
        .map(Asked::Answer)
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

fn given(request: &CallToolRequestParams) -> Option<&Value> {
    request.input_responses.as_ref()?.get("answer")
}

pub(crate) async fn ask(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
    it: Value,
    show: impl Fn(&Value) -> String,
) -> Result<CallToolResponse, ErrorData> {
    match question(given(request), context, it, None).await? {
        Asked::Answer(answer) => text(&show(&answer)),
        Asked::First(first) => Ok(first),
    }
}

/// The state is not sealed: it goes through the client as it is, with all that JSON must escape.
pub(crate) async fn ask_twice(
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let (name, answer) = match &request.request_state {
        Some(state) => (state.trim_matches('"').to_owned(), given(request)),
        None => match question(given(request), context, name_form(), None).await? {
            Asked::Answer(answer) => (
                answer["content"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                None,
            ),
            Asked::First(first) => return Ok(first),
        },
    };
    let schema = object(&json!({"colour": {"type": "string", "enum": ["red", "blue"]}}));
    let form = json!({"mode": "form", "message": "Which colour?", "requestedSchema": schema});
    let colour = json!({"method": "elicitation/create", "params": form});
    match question(answer, context, colour, Some(format!("\"{name}\""))).await? {
        Asked::Answer(answer) => text(&format!(
            "{name} likes {}",
            answer["content"]["colour"].as_str().unwrap_or_default()
        )),
        Asked::First(first) => Ok(first),
    }
}
