//! The tools, with the names that the servers in other languages give them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CreateTaskResult, InputRequest,
    LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam, ProtocolVersion,
    ResourceUpdatedNotificationParam, Tool,
};
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskContext, TaskExit, TaskOptions};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};

use crate::questions::{ask, ask_twice, blocks, greeting, name_form, roots, sample};
use crate::server::{COUNTER, Change, PIXEL, Peer, complete, from_json, lock};

const SILENCE: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";
/// The severities, the least first.
const LEVELS: [LoggingLevel; 8] = [
    LoggingLevel::Debug,
    LoggingLevel::Info,
    LoggingLevel::Notice,
    LoggingLevel::Warning,
    LoggingLevel::Error,
    LoggingLevel::Critical,
    LoggingLevel::Alert,
    LoggingLevel::Emergency,
];

/// Whether a request is of the modern era.
pub(crate) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    context
        .protocol_version()
        .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// All tools, with those that were added at run time.
pub(crate) fn list(peer: &Peer) -> Result<Vec<Tool>, ErrorData> {
    let text = json!({"type": "string"});
    let number = json!({"type": "number"});
    let count = json!({"type": "integer", "minimum": 0, "maximum": 100_000});
    let none = json!({});
    let mut listed = vec![
        tool("echo", "Says the text again", &json!({"text": text})),
        tool(
            "add",
            "Adds two numbers",
            &json!({"a": number, "b": number}),
        ),
        tool("contents", "Every kind of content", &none),
        tool("fail", "Fails", &none),
        tool("slow", "Takes its time", &json!({"ms": count})),
        tool("progress", "Reports progress", &json!({"steps": count})),
        tool(
            "log",
            "Writes a line to the client's log",
            &json!({"level": text, "text": text}),
        ),
        tool(
            "region",
            "Names the region, which is sent in a header too",
            &json!({"region": {"type": "string", "x-mcp-header": "Region"}}),
        ),
        tool("ask_name", "Asks for a name", &none),
        tool("ask_page", "Asks to open a page", &none),
        tool("ask_twice", "Asks for a name, then for a colour", &none),
        tool("ask_model", "Asks the client's model", &none),
        tool(
            "ask_model_with_tools",
            "Asks the client's model, which may use a tool",
            &none,
        ),
        tool("list_roots", "Lists the client's roots", &none),
        tool("add_tool", "Adds a tool", &json!({"name": text})),
        tool("touch", "Changes memo://counter", &none),
        tool(
            "task_work",
            "Works, as a task where the client has tasks",
            &json!({"ms": count}),
        ),
        tool("task_ask", "Asks for a name in the middle of a task", &none),
        tool("task_fail", "Fails as a task", &none),
    ];
    listed[1]["outputSchema"] = object(&json!({"total": number}));
    listed[1]["annotations"] = json!({"readOnlyHint": true, "idempotentHint": true});
    for name in lock(&peer.shared.added).iter() {
        listed.push(tool(name, "Was added at run time", &none));
    }
    from_json(Value::Array(listed))
}

pub(crate) fn tool(name: &str, description: &str, properties: &Value) -> Value {
    json!({"name": name, "description": description, "inputSchema": object(properties)})
}

pub(crate) fn object(properties: &Value) -> Value {
    let required: Vec<&String> = properties
        .as_object()
        .into_iter()
        .flat_map(|it| it.keys())
        .collect();
    json!({"type": "object", "properties": properties, "required": required})
}

pub(crate) fn text(text: &str) -> Result<CallToolResponse, ErrorData> {
    result(json!({"content": [{"type": "text", "text": text}], "isError": false}))
}

fn result(result: Value) -> Result<CallToolResponse, ErrorData> {
    Ok(complete::<CallToolResult>(result)?.into())
}

/// A result that says what went wrong.
fn failure(text: &str) -> Result<CallToolResponse, ErrorData> {
    result(json!({"content": [{"type": "text", "text": text}], "isError": true}))
}

/// Carries out a call.
pub(crate) async fn call(
    peer: &Peer,
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let arguments = Value::Object(request.arguments.clone().unwrap_or_default());
    if let Some(name) = missing(peer, &request.name, &arguments) {
        return failure(&format!("`{name}` is required"));
    }
    let said = arguments["text"].as_str().unwrap_or_default();
    let wait = Duration::from_millis(arguments["ms"].as_u64().unwrap_or_default().min(100_000));
    match request.name.as_ref() {
        "echo" => text(said),
        "add" => {
            let total = arguments["a"]
                .as_f64()
                .zip(arguments["b"].as_f64())
                .map(|(a, b)| a + b);
            let total =
                total.ok_or_else(|| ErrorData::invalid_params("`a` and `b` are numbers", None))?;
            let total = json!({"total": total});
            result(
                json!({"content": [{"type": "text", "text": total.to_string()}], "structuredContent": total}),
            )
        }
        "contents" => result(json!({"content": every_kind()})),
        "fail" => failure("this tool always fails"),
        "slow" => tokio::select! {
            () = tokio::time::sleep(wait) => text("done"),
            () = context.ct.cancelled() => Err(ErrorData::internal_error("cancelled", None)),
        },
        "progress" => progress(&context, arguments["steps"].as_u64().unwrap_or_default()).await,
        "log" => log(peer, &context, &arguments["level"], said).await,
        "region" => text(&format!(
            "region {}",
            arguments["region"].as_str().unwrap_or_default()
        )),
        "ask_page" => {
            let mut page = json!({"mode": "url", "message": "Please sign in", "url": "https://example.com/sign-in"});
            if !is_modern(&context) {
                page["elicitationId"] = "page".into();
            }
            let question = json!({"method": "elicitation/create", "params": page});
            ask(&request, &context, question, |answer| {
                answer["action"].as_str().unwrap_or_default().to_owned()
            })
            .await
        }
        "ask_twice" => ask_twice(&request, &context).await,
        "ask_model" => {
            ask(&request, &context, sample(&json!({})), |answer| {
                answer["content"]["text"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .await
        }
        "ask_model_with_tools" => {
            let look_up = tool(
                "look_up",
                "Looks it up",
                &json!({"what": {"type": "string"}}),
            );
            let question = sample(&json!({"tools": [look_up], "toolChoice": {"mode": "auto"}}));
            ask(&request, &context, question, blocks).await
        }
        "list_roots" => ask(&request, &context, json!({"method": "roots/list"}), roots).await,
        "add_tool" => {
            add_tool(
                peer,
                &context,
                arguments["name"].as_str().unwrap_or_default(),
            )
            .await
        }
        "touch" => touch(peer, &context).await,
        "task_work" if !has_tasks(&context) => {
            tokio::time::sleep(wait).await;
            text(&worked(wait))
        }
        "task_work" => Ok(as_task(peer, move |task| async move {
            tokio::select! {
                () = tokio::time::sleep(wait) => Ok(json!({"content": [{"type": "text", "text": worked(wait)}]})),
                () = task.cancelled() => Err(TaskExit::Cancelled),
            }
        })),
        "task_ask" if has_tasks(&context) => Ok(as_task(peer, |task| async move {
            let question = from_json::<InputRequest>(name_form())?;
            let answer = task.request_input("name", question).await?;
            Ok(json!({"content": [{"type": "text", "text": greeting(&answer)}]}))
        })),
        "ask_name" | "task_ask" => ask(&request, &context, name_form(), greeting).await,
        "task_fail" if !has_tasks(&context) => Err(always_fails()),
        "task_fail" => Ok(as_task(peer, |_| async {
            Err(TaskExit::Error(always_fails()))
        })),
        name if lock(&peer.shared.added).iter().any(|added| added == name) => text(name),
        name => Err(ErrorData::invalid_params(
            format!("unknown tool {name}"),
            None,
        )),
    }
}

/// The first argument that a tool needs and was not given.
fn missing(peer: &Peer, tool: &str, arguments: &Value) -> Option<String> {
    let tool = list(peer).ok()?.into_iter().find(|it| it.name == tool)?;
    let required = tool.input_schema.get("required")?.as_array()?;
    let missing = required
        .iter()
        .filter_map(Value::as_str)
        .find(|name| arguments.get(name).is_none())?;
    Some(missing.to_owned())
}

fn every_kind() -> Value {
    json!([
        {"type": "text", "text": "text", "annotations": {"audience": ["user"], "priority": 0.5}},
        {"type": "image", "data": PIXEL, "mimeType": "image/png"},
        {"type": "audio", "data": SILENCE, "mimeType": "audio/wav"},
        {"type": "resource_link", "uri": COUNTER, "name": "counter"},
        {"type": "resource", "resource": {"uri": "memo://note/embedded", "mimeType": "text/plain", "text": "embedded"}},
    ])
}

async fn progress(
    context: &RequestContext<RoleServer>,
    steps: u64,
) -> Result<CallToolResponse, ErrorData> {
    let Some(token) = context.meta.get_progress_token() else {
        return text("done");
    };
    let total = f64::from(u32::try_from(steps).unwrap_or(u32::MAX));
    let mut step = 0.0;
    while step < total {
        step += 1.0;
        let progress = ProgressNotificationParam::new(token.clone(), step)
            .with_total(total)
            .with_message(format!("step {step}"));
        context
            .peer
            .notify_progress(progress)
            .await
            .map_err(|error| not_sent(&error))?;
    }
    text("done")
}

pub(crate) fn not_sent(error: &rmcp::ServiceError) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}

/// Logs where the client wants it: in the modern era each request says so, in the legacy one the connection.
async fn log(
    peer: &Peer,
    context: &RequestContext<RoleServer>,
    level: &Value,
    line: &str,
) -> Result<CallToolResponse, ErrorData> {
    let level: LoggingLevel = serde_json::from_value(level.clone())
        .map_err(|error| ErrorData::invalid_params(error.to_string(), None))?;
    let rank = |level| LEVELS.iter().position(|it| *it == level);
    let least = if is_modern(context) {
        context.meta.log_level()
    } else {
        lock(&peer.level).or(Some(LoggingLevel::Debug))
    };
    if least.is_some_and(|least| rank(level) >= rank(least)) {
        let message =
            LoggingMessageNotificationParam::new(level, line.into()).with_logger("servers");
        context
            .peer
            .notify_logging_message(message)
            .await
            .map_err(|error| not_sent(&error))?;
    }
    text("logged")
}

async fn add_tool(
    peer: &Peer,
    context: &RequestContext<RoleServer>,
    name: &str,
) -> Result<CallToolResponse, ErrorData> {
    if list(peer)?.iter().any(|tool| tool.name == name) {
        return failure(&format!("there is a tool {name} already"));
    }
    lock(&peer.shared.added).push(name.to_owned());
    // Nobody may be listening.
    let _ = peer.shared.changes.send(Change::Tools);
    if !is_modern(context) {
        context
            .peer
            .notify_tool_list_changed()
            .await
            .map_err(|error| not_sent(&error))?;
    }
    text(&format!("added {name}"))
}

async fn touch(
    peer: &Peer,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let touched = peer.shared.touched.fetch_add(1, Ordering::Relaxed) + 1;
    let _ = peer.shared.changes.send(Change::Counter);
    let subscribed = lock(&peer.subscribed).contains(COUNTER);
    if !is_modern(context) && subscribed {
        let update = ResourceUpdatedNotificationParam::new(COUNTER);
        context
            .peer
            .notify_resource_updated(update)
            .await
            .map_err(|error| not_sent(&error))?;
    }
    text(&format!("touched {touched} times"))
}

fn has_tasks(context: &RequestContext<RoleServer>) -> bool {
    context
        .client_capabilities()
        .is_some_and(|capabilities| capabilities.supports_tasks())
}

fn worked(wait: Duration) -> String {
    format!("worked {} ms", wait.as_millis())
}

fn always_fails() -> ErrorData {
    ErrorData::internal_error("this task always fails", None)
}

/// Begins a task; only for clients that have tasks.
fn as_task<F, W>(peer: &Peer, work: F) -> CallToolResponse
where
    F: FnOnce(Arc<TaskContext>) -> W + Send + 'static,
    W: Future<Output = Result<Value, TaskExit>> + Send + 'static,
{
    let task = peer
        .shared
        .tasks
        .spawn(TaskOptions::new().with_poll_interval_ms(50), move |task| {
            Box::pin(async move {
                let mut result = work(Arc::new(task)).await?;
                result["resultType"] = "complete".into();
                Ok(from_json(result)?)
            })
        });
    CallToolResponse::Task(CreateTaskResult::new(task))
}
