//! The tools whose calls run as tasks here.

use std::time::Duration;

use midfield::Raw;
use midfield::prelude::*;
use midfield::types::{CreateMessage, Progress, SamplingMessage, TaskSupport};
use serde_json::json;

use crate::fixture::{Probe, typed, verbatim, wait};

#[derive(Deserialize, JsonSchema)]
pub(super) struct Name {
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Text {
    #[serde(default)]
    text: String,
}

/// A server with every tool of these tests, without tasks yet.
pub(super) fn server(probe: &Probe) -> Server {
    let may = |tool: Tool| tool.task(TaskSupport::Optional);
    Server::new("tasks", "1.0.0")
        .state(probe.clone())
        .tool(may(typed("echo", async |Args(Text { text })| text)))
        .tool(may(typed("echo_too", async |Args(Text { text })| text)))
        .tool(may(verbatim(
            "verbatim",
            json!({"type": "object", "properties": {"text": {"type": "string"}}}),
        )))
        .tool(may(typed("wait", wait)))
        .tool(
            typed("wait_too", wait)
                .task(TaskSupport::Required)
                .immediate_response("It is being waited for."),
        )
        .tool(typed("never", async || "at once"))
        .tool(typed("forbidden", async || "at once").task(TaskSupport::Forbidden))
        .tool(may(typed("structured", structured)))
        .tool(may(typed("fail", async || -> Result<String> {
            Err(Error::tool("it is not to be"))
        })))
        .tool(may(typed("refuse", async || -> Result<String> {
            Err(Error::resource_not_found("test:gone"))
        })))
        .tool(may(typed("panic", async || -> String {
            tokio::task::yield_now().await;
            panic!("a panic on purpose, in a task")
        })))
        .tool(may(typed("ask", ask)))
        .tool(may(typed("ask_twice", ask_twice)))
        .tool(may(typed("ask_both", ask_both)))
        .tool(may(typed("ask_model", ask_model)))
        .tool(may(typed("speak", speak)))
        .tool(may(typed("clean_up", clean_up)))
        .tool(may(typed("steps", steps)))
        .tool(may(typed("brief", wait)).timeout(Duration::from_millis(50)))
        .tool(may(typed("become", ask_first)).becomes_task())
        .tool(
            typed("must_become", ask_first)
                .task(TaskSupport::Required)
                .becomes_task(),
        )
}

async fn structured() -> Result<ToolResult> {
    Ok(ToolResult::structured(&Raw::of(&json!({"a": 1}))?))
}

fn name_of(answer: Answer<Name>) -> String {
    match answer {
        Answer::Accepted(answer) => answer.name,
        Answer::Declined => "declined".to_owned(),
        Answer::Cancelled => "cancelled".to_owned(),
    }
}

async fn ask(cx: Context) -> Result<String> {
    let answer = cx.elicit::<Name>("who", "Who are you?").await;
    Ok(name_of(answer?))
}

async fn ask_twice(cx: Context) -> Result<String> {
    let first = cx.elicit::<Name>("who", "Who are you?").await?;
    let second = cx.elicit::<Name>("who", "And who are you?").await?;
    Ok(format!("{} {}", name_of(first), name_of(second)))
}

async fn ask_both(cx: Context) -> Result<String> {
    let (left, right) = tokio::join!(
        cx.elicit::<Name>("left", "Who is on the left?"),
        cx.elicit::<Name>("right", "Who is on the right?"),
    );
    Ok(format!("{} {}", name_of(left?), name_of(right?)))
}

async fn ask_model(cx: Context) -> Result<String> {
    let question = CreateMessage::new(16).message(SamplingMessage::user("Which model are you?"));
    Ok(cx.sample("model", question).await?.model)
}

/// Says that it is half way and logs, waits, says that it is done and logs.
async fn speak(cx: Context, probe: State<Probe>) -> &'static str {
    cx.report(Progress::new(1.0).total(2.0).message("half way"))
        .await;
    cx.log(LogLevel::Warning, "half way").await;
    cx.log(LogLevel::Debug, "nobody wants this").await;
    let answer = wait(probe).await;
    cx.progress(2, 2).await;
    cx.log(LogLevel::Warning, "all the way").await;
    answer
}

/// Waits until it is cancelled, then for the test's signal.
async fn clean_up(cx: Context, probe: State<Probe>) -> &'static str {
    cx.cancelled().await;
    wait(probe).await
}

/// Counts in a step, waits outside of it, and counts in another.
async fn steps(cx: Context, probe: State<Probe>) -> Result<String> {
    let count = async |name: &str| {
        cx.step(name, async || {
            probe.count();
            Ok::<_, Error>(probe.runs())
        })
        .await
    };
    let first = count("first").await?;
    wait(probe.clone()).await;
    let second = count("second").await?;
    Ok(format!("{first} {second}"))
}

/// Asks its client, then works as a task.
async fn ask_first(cx: Context, probe: State<Probe>) -> Result<String> {
    let name = name_of(cx.elicit::<Name>("who", "Who are you?").await?);
    if name == "nobody" {
        return Ok("at once".to_owned());
    }
    let counted: usize = cx
        .step("count", async || {
            probe.count();
            Ok::<_, Error>(probe.runs())
        })
        .await?;
    cx.become_task().await;
    let is_task = cx.task_id().is_some();
    wait(probe.clone()).await;
    Ok(format!("{name} {counted} {is_task}"))
}
