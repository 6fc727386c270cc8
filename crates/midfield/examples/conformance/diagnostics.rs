//! Tools by which the suite looks at what the server does around a call: refusals, changes of lists, headers.

use midfield::prelude::*;
use midfield::types::{CreateMessage, SamplingMessage, Schema};

use crate::questions::text_of;

#[derive(Deserialize, JsonSchema)]
struct Mirrored {
    /// Repeated in a header.
    #[schemars(extend("x-mcp-header" = "Value"))]
    value: String,
}

#[derive(Deserialize, JsonSchema)]
struct Ready {
    /// Whether the user is ready.
    ready: bool,
}

pub(crate) fn tools() -> Result<Vec<Tool>, serde_json::Error> {
    let rich: Schema = serde_json::from_str(include_str!("schema.json"))?;
    Ok(vec![
        Tool::new("json_schema_2020_12_tool", async || "ok")
            .input_schema(rich)
            .description("Takes arguments that fit a rich schema."),
        Tool::new("test_missing_capability", sample)
            .asks(Asks::sampling())
            .description("Needs a client that has a model."),
        Tool::new("test_streaming_elicitation", elicit)
            .asks(Asks::form())
            .form::<Ready>()
            .description("Asks the user."),
        Tool::new("test_logging_tool", log)
            .description("Sends a log message to a client that wants it."),
        Tool::new("test_trigger_tool_change", change_tools)
            .description("Adds a tool and takes it away."),
        Tool::new("test_trigger_prompt_change", change_prompts)
            .description("Adds a prompt and takes it away."),
        Tool::new(
            "test_custom_header",
            async |Args(mirrored): Args<Mirrored>| format!("the value is {:?}", mirrored.value),
        )
        .description("Takes an argument that a header repeats."),
    ])
}

async fn sample(cx: Context) -> Result<String> {
    let request = CreateMessage::new(50).message(SamplingMessage::user("Say something"));
    Ok(text_of(&cx.sample("something", request).await?))
}

async fn elicit(cx: Context) -> Result<&'static str> {
    let answer = cx.elicit::<Ready>("ready", "Are you ready?").await?;
    Ok(match answer.accepted() {
        Some(Ready { ready: true }) => "ready",
        _ => "not ready",
    })
}

async fn log(cx: Context) -> &'static str {
    cx.log(LogLevel::Info, "only for those who asked").await;
    "done"
}

async fn change_tools(cx: Context) -> Result<&'static str> {
    let tool = Tool::new("passing_tool", async || "gone soon").description("Is gone soon.");
    cx.service().add_tool(tool)?;
    cx.service().remove_tool("passing_tool");
    Ok("the tools have changed")
}

async fn change_prompts(cx: Context) -> Result<&'static str> {
    let prompt = Prompt::new("passing_prompt", async || "gone soon").description("Is gone soon.");
    cx.service().add_prompt(prompt)?;
    cx.service().remove_prompt("passing_prompt");
    Ok("the prompts have changed")
}
