//! The loop of an agent in a host: a model of each provider's API uses tools of a server that others wrote, several at once,
//! until it has an answer; in both eras.
//!
//! `cargo run -p midfield --example agent_loop -- PROGRAM [ARGUMENTS…]`, where the program serves MCP over stdio and has the
//! tools that `tests/interop/servers/manifest.toml` describes. The providers are on this machine, and refuse what their APIs do
//! not take. `cargo xtask interop` runs it.

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/it/host/model/fake.rs"]
mod fake;
#[path = "../../tests/it/host/model/strict.rs"]
mod strict;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::future::try_join_all;
use midfield::Client;
use midfield::client::{Asker, Command, Sample, Speak};
use midfield::types::{CreateMessage, Role, SamplingContent, SamplingMessage, ToolAnswer, ToolUse};
use serde_json::{Value, json};

use crate::fake::{Api, BOTH, Fake, Reply};

#[tokio::main]
async fn main() -> ExitCode {
    let command: Vec<String> = std::env::args().skip(1).collect();
    match check_all(&command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agent_loop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn check_all(command: &[String]) -> Result<()> {
    let (program, arguments) = command
        .split_first()
        .context("say what serves MCP over stdio")?;
    for speak in [Speak::Modern, Speak::Legacy] {
        let command = Command::new(program).args(arguments);
        let client = Client::builder().speak(speak).connect(command).await?;
        for api in BOTH {
            let checked = check(&client, api).await;
            checked.with_context(|| format!("{speak:?}, {api:?}"))?;
        }
        client.close().await;
    }
    Ok(())
}

/// Runs an agent by a model that says what it is told to, and looks whether everybody got what they should.
async fn check(client: &Client, api: Api) -> Result<()> {
    let fake = Fake::start(api, [uses(api), text(api)]).await;
    let question = CreateMessage::new(1_000).message(SamplingMessage::user("What is 19 and 23?"));
    let begun = Instant::now();
    let said = run(client, &fake.models(), question).await?;
    let took = begun.elapsed();
    ensure!(said == ANSWER, "the agent came to {said:?}");
    ensure!(
        took < SLOW * 2,
        "tools that take {SLOW:?} took {took:?}, one after the other"
    );
    let asked = fake.asked();
    let [first, second] = asked.as_slice() else {
        bail!("the model was asked {} times", asked.len());
    };
    let offered = first["tools"].as_array().map_or(0, Vec::len);
    let listed = client.tools().await?.len();
    ensure!(
        offered == listed,
        "the model was offered {offered} of {listed} tools"
    );
    let second = second.to_string();
    for result in ["42", SAID] {
        ensure!(
            second.contains(result),
            "the model was not told {result:?}: {second}"
        );
    }
    Ok(())
}

/// Asks the model until it uses no tool any more; what it says in the end.
async fn run(client: &Client, model: &impl Sample, mut request: CreateMessage) -> Result<String> {
    request.tools = client.tools().await?.to_vec();
    for _ in 0..MOST_ROUNDS {
        let answer = model.sample(request.clone(), Asker::new("agent")).await?;
        let uses = answer.content.iter().filter_map(|content| match content {
            SamplingContent::ToolUse(tool_use) => Some(tool_use.clone()),
            _ => None,
        });
        let results = try_join_all(uses.map(|tool_use| use_tool(client, tool_use))).await?;
        if results.is_empty() {
            let texts = answer.content.iter().filter_map(|content| match content {
                SamplingContent::Text(text) => Some(text.text.as_str()),
                _ => None,
            });
            return Ok(texts.collect());
        }
        request = request
            .message(SamplingMessage::new(Role::Assistant, answer.content))
            .message(SamplingMessage::new(Role::User, results));
    }
    bail!("the model has no answer after {MOST_ROUNDS} rounds")
}

async fn use_tool(client: &Client, tool_use: ToolUse) -> Result<SamplingContent> {
    let result = client.call_tool(&tool_use.name, &tool_use.input).await?;
    let mut answer = ToolAnswer::new(&tool_use.id, result.content);
    answer.structured_content = result.structured_content;
    answer.is_error = result.is_error.then_some(true);
    Ok(SamplingContent::ToolResult(answer))
}

/// The model's first answer, in the words of its provider.
fn uses(api: Api) -> Reply {
    let slow = json!({"ms": u64::try_from(SLOW.as_millis()).unwrap_or(u64::MAX)});
    let uses = [
        ("u1", "add", json!({"a": 19, "b": 23})),
        ("u2", "echo", json!({"text": SAID})),
        ("u3", "slow", slow.clone()),
        ("u4", "slow", slow),
    ];
    let body = match api {
        Api::Anthropic => {
            let uses = uses.map(|(id, name, input)| {
                json!({"type": "tool_use", "id": id, "name": name, "input": input})
            });
            json!({"model": "m", "content": uses, "stop_reason": "tool_use"})
        }
        Api::OpenAi => {
            let calls = uses.map(|(id, name, input)| {
                let function = json!({"name": name, "arguments": input.to_string()});
                json!({"id": id, "type": "function", "function": function})
            });
            let message = json!({"content": null, "tool_calls": calls});
            choice(&message, "tool_calls")
        }
    };
    Reply::json(body.to_string())
}

/// The model's last answer.
fn text(api: Api) -> Reply {
    let body = match api {
        Api::Anthropic => {
            let content = json!([{"type": "text", "text": ANSWER}]);
            json!({"model": "m", "content": content, "stop_reason": "end_turn"})
        }
        Api::OpenAi => choice(&json!({"content": ANSWER}), "stop"),
    };
    Reply::json(body.to_string())
}

fn choice(message: &Value, finish_reason: &str) -> Value {
    json!({"model": "m", "choices": [{"message": message, "finish_reason": finish_reason}]})
}

const SAID: &str = "said while the others work";

const ANSWER: &str = "It is 42.";

/// How long each of two slow tools takes.
const SLOW: Duration = Duration::from_secs(2);

const MOST_ROUNDS: usize = 10;
