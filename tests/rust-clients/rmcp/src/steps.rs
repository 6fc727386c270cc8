//! Calls of tools, reads of resources, prompts and completions.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rmcp::ServiceError;
use rmcp::model::{CallToolRequest, ClientRequest};
use rmcp::service::PeerRequestOptions;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::checks::Checks;
use crate::compare::{holds, must_contain, must_equal, must_hold};
use crate::plan::{Call, Completion, Expect, Plan, PromptGet, Question, Read, Step};
use crate::{Client, Mode};

/// How long one request may take.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_secs(20);
/// How long a notification may arrive after the response that it belongs to.
const LATE: Duration = Duration::from_secs(2);

/// Carries out every step that is for this mode.
pub(crate) async fn check(client: &Client, plan: &Plan, mode: Mode, checks: &mut Checks) {
    for step in plan.calls.iter().filter(|step| step.is_for(mode)) {
        let outcome = within(call(client, step)).await;
        checks.record(
            &format!("tools/call {}: {}", step.tool, kind(&step.expect)),
            outcome,
        );
    }
    let alone: Vec<&Call> = plan
        .calls
        .iter()
        .filter(|step| step.is_for(mode) && step.answers.is_none() && step.expect.asked.is_none())
        .collect();
    if !alone.is_empty() {
        checks.record("all these calls at once", at_once(client, &alone).await);
    }
    for step in plan.reads.iter().filter(|step| step.is_for(mode)) {
        let outcome = within(read(client, step)).await;
        checks.record(
            &format!("resources/read {}: {}", step.uri, kind(&step.expect)),
            outcome,
        );
    }
    for step in plan.prompt_gets.iter().filter(|step| step.is_for(mode)) {
        let outcome = within(prompt(client, step)).await;
        checks.record(
            &format!("prompts/get {}: {}", step.prompt, kind(&step.expect)),
            outcome,
        );
    }
    for step in plan.completions.iter().filter(|step| step.is_for(mode)) {
        let outcome = within(complete(client, step)).await;
        checks.record(
            &format!(
                "completion/complete {}: {}",
                step.argument,
                kind(&step.expect)
            ),
            outcome,
        );
    }
}

/// The result of a request, or nothing when it was the protocol error that the plan expects.
pub(crate) fn settle<T: serde::Serialize>(
    outcome: Result<T, ServiceError>,
    expect: &Expect,
) -> Result<Option<Value>> {
    match (outcome, expect.code) {
        (Ok(result), None) => Ok(Some(serde_json::to_value(&result)?)),
        (Ok(result), Some(code)) => {
            let result = serde_json::to_string(&result)?;
            bail!("a result instead of protocol error {code}: {result:.300}")
        }
        (Err(ServiceError::McpError(error)), Some(code)) => {
            must_equal(
                &error.code.0.into(),
                &code.into(),
                "the code of the protocol error",
            )?;
            Ok(None)
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// What rmcp reads from JSON, so that this program need not know how it builds its types.
pub(crate) fn params<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).context("rmcp refused the parameters")
}

async fn within(step: impl Future<Output = Result<()>>) -> Result<()> {
    timeout(REQUEST_LIMIT, step)
        .await
        .context("it took too long")?
}

/// The calls that need no partner are made all at once; all are waited for.
async fn at_once(client: &Client, steps: &[&Call]) -> Result<()> {
    let calls = steps.iter().map(|step| within(call(client, step)));
    for outcome in futures::future::join_all(calls).await {
        outcome?;
    }
    Ok(())
}

async fn call(client: &Client, step: &Call) -> Result<()> {
    let partner = client.service();
    let before = step.answers.clone().map(|answers| partner.answer(answers));
    if step.expect.asked.is_some() {
        partner.take_asked();
    }
    let outcome = call_once(client, step).await;
    if let Some(before) = before {
        partner.answer(before);
    }
    outcome?;
    match &step.expect.asked {
        Some(expected) => must_be_asked(&partner.take_asked(), expected),
        None => Ok(()),
    }
}

async fn call_once(client: &Client, step: &Call) -> Result<()> {
    let request =
        json!({"name": step.tool, "arguments": step.arguments.clone().unwrap_or_default()});
    let expect = &step.expect;
    let outcome = match &expect.progress {
        // Only this way tells which notifications belong to the request; it answers no questions of modern servers.
        Some(progress) => {
            let request = ClientRequest::CallToolRequest(CallToolRequest::new(params(request)?));
            let handle = client
                .send_cancellable_request(request, PeerRequestOptions::no_options())
                .await?;
            let token = handle.progress_token.clone();
            let outcome = handle.await_response().await;
            let waiting = client.service().progress(&token, progress.len());
            let heard = match timeout(LATE, waiting).await {
                Ok(heard) => heard,
                Err(_) => client.service().heard(&token),
            };
            must_equal(&json!(heard), &json!(progress), "the progress")?;
            settle(outcome, expect)?
        }
        None => settle(client.call_tool(params(request)?).await, expect)?,
    };
    match outcome {
        Some(result) => judge_call(&result, expect),
        None => Ok(()),
    }
}

fn judge_call(result: &Value, expect: &Expect) -> Result<()> {
    let is_error = result
        .get("isError")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    must_equal(&is_error.into(), &expect.is_error.into(), "isError")?;
    let content = members(result, "content");
    judge_text(&content.iter().collect::<Vec<_>>(), expect)?;
    if let Some(types) = &expect.types {
        must_equal(&each(&content, "type"), types, "the types of the content")?;
    }
    match &expect.structured {
        Some(structured) => {
            let found = result.get("structuredContent").unwrap_or(&Value::Null);
            must_hold(found, structured, "structuredContent")
        }
        None => Ok(()),
    }
}

/// Every expected question was asked, in any order, and no other.
fn must_be_asked(asked: &[(String, Value)], expected: &[Question]) -> Result<()> {
    let methods = |names: Vec<&str>| json!(names);
    let mut left: Vec<&(String, Value)> = asked.iter().collect();
    for question in expected {
        let fits = |(method, params): &&(String, Value)| {
            *method == question.method && holds(params, &question.params)
        };
        let Some(at) = left.iter().position(fits) else {
            bail!(
                "{} with {} was not among {}",
                question.method,
                question.params,
                json!(asked)
            );
        };
        left.remove(at);
    }
    let left = left.iter().map(|(method, _)| method.as_str()).collect();
    must_equal(
        &methods(left),
        &methods(Vec::new()),
        "the list of further questions",
    )
}

async fn read(client: &Client, step: &Read) -> Result<()> {
    let outcome = client
        .read_resource(params(json!({"uri": step.uri}))?)
        .await;
    let Some(result) = settle(outcome, &step.expect)? else {
        return Ok(());
    };
    let contents = members(&result, "contents");
    if contents.is_empty() {
        bail!("the resource has no contents");
    }
    judge_text(&contents.iter().collect::<Vec<_>>(), &step.expect)?;
    if let Some(mime_types) = &step.expect.mime_types {
        must_equal(&each(&contents, "mimeType"), mime_types, "the MIME types")?;
    }
    match &step.expect.blobs {
        Some(blobs) => {
            let found: Vec<&Value> = contents
                .iter()
                .filter_map(|part| part.get("blob"))
                .collect();
            must_equal(&json!(found), blobs, "the blobs")
        }
        None => Ok(()),
    }
}

async fn prompt(client: &Client, step: &PromptGet) -> Result<()> {
    let request = json!({"name": step.prompt, "arguments": step.arguments});
    let outcome = client.get_prompt(params(request)?).await;
    let Some(result) = settle(outcome, &step.expect)? else {
        return Ok(());
    };
    let messages = members(&result, "messages");
    let content: Vec<&Value> = messages
        .iter()
        .filter_map(|message| message.get("content"))
        .collect();
    judge_text(&content, &step.expect)?;
    if let Some(types) = &step.expect.types {
        let found: Vec<&Value> = content
            .iter()
            .filter_map(|content| content.get("type"))
            .collect();
        must_equal(&json!(found), types, "the types of the content")?;
    }
    match &step.expect.roles {
        Some(roles) => must_equal(&each(&messages, "role"), roles, "the roles"),
        None => Ok(()),
    }
}

async fn complete(client: &Client, step: &Completion) -> Result<()> {
    let context = step
        .context
        .clone()
        .map(|arguments| params(json!({"arguments": arguments})));
    let context = context.transpose()?;
    let (argument, value) = (step.argument.as_str(), step.value.as_str());
    let outcome = match (&step.prompt, &step.template) {
        (Some(prompt), _) => {
            client
                .complete_prompt_argument(prompt, argument, value, context)
                .await
        }
        (None, Some(template)) => {
            client
                .complete_resource_argument(template, argument, value, context)
                .await
        }
        (None, None) => bail!("the completion names neither a prompt nor a template"),
    };
    let Some(result) = settle(outcome, &step.expect)? else {
        return Ok(());
    };
    match &step.expect.values {
        Some(values) => must_equal(
            result.get("values").unwrap_or(&Value::Null),
            values,
            "the values",
        ),
        None => Ok(()),
    }
}

fn judge_text(parts: &[&Value], expect: &Expect) -> Result<()> {
    let text: Vec<&str> = parts
        .iter()
        .map(|part| part.get("text").and_then(Value::as_str).unwrap_or_default())
        .collect();
    let text = text.join("\n");
    if let Some(expected) = &expect.text {
        must_equal(&text.as_str().into(), &expected.as_str().into(), "the text")?;
    }
    must_contain(&text, &expect.contains)
}

/// The array of this name, or an empty one.
fn members(result: &Value, name: &str) -> Vec<Value> {
    result
        .get(name)
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default()
}

/// This member of each part.
fn each(parts: &[Value], name: &str) -> Value {
    parts
        .iter()
        .map(|part| part.get(name).cloned().unwrap_or_default())
        .collect()
}

fn kind(expect: &Expect) -> String {
    let kind = match (expect.code, expect.is_error) {
        (Some(_), _) => "protocol error",
        (None, true) => "tool error",
        (None, false) => "result",
    };
    let mut words = vec![kind.to_owned()];
    words.extend(expect.structured.iter().map(|_| "structured".to_owned()));
    words.extend(expect.progress.iter().map(|_| "progress".to_owned()));
    for question in expect.asked.iter().flatten() {
        words.push(question.method.clone());
    }
    words.join(", ")
}
