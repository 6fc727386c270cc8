//! The benchmark's calls by the client of the published `rmcp` crate, with the settings that every user gets.

use std::process::ExitCode;

use anyhow::{Context, Result};
use client::{Caller, Era, Target};
use rmcp::model::{CallToolRequestParams, CallToolResult, ProtocolVersion};
use rmcp::service::RunningService;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};

struct Rmcp(RunningService<RoleClient, ()>);

impl Rmcp {
    async fn call(&self, tool: &'static str, arguments: Value) -> Result<CallToolResult> {
        let mut request = CallToolRequestParams::new(tool);
        if let Value::Object(arguments) = arguments {
            request = request.with_arguments(arguments);
        }
        Ok(self.0.call_tool(request).await?)
    }
}

impl Caller for Rmcp {
    async fn connect(target: Target, era: Era) -> Result<(Self, usize)> {
        let lifecycle = match era {
            Era::Legacy => ClientLifecycleMode::Initialize,
            Era::Modern => ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            },
        };
        let client = match target {
            Target::Url(url) => {
                let transport = StreamableHttpClientTransport::from_uri(url);
                ().serve_with_lifecycle(transport, lifecycle).await?
            }
            Target::Command(words) => {
                let (program, arguments) = words.split_first().context("no command was given")?;
                let mut command = tokio::process::Command::new(program);
                command.args(arguments);
                let transport = TokioChildProcess::new(command)?;
                ().serve_with_lifecycle(transport, lifecycle).await?
            }
        };
        let tools = client.list_all_tools().await?.len();
        Ok((Self(client), tools))
    }

    async fn echo(&self, text: &str) -> Result<String> {
        let result = self.call("echo", json!({"text": text})).await?;
        let content = result.content.first().and_then(|content| content.as_text());
        Ok(content
            .context("`echo` answered without a text")?
            .text
            .clone())
    }

    async fn add(&self, a: i64, b: i64) -> Result<i64> {
        let result = self.call("add", json!({"a": a, "b": b})).await?;
        let structured = result.structured_content;
        let structured = structured.context("`add` answered with nothing structured")?;
        structured["sum"].as_i64().context("`add` answered no sum")
    }

    async fn close(self) -> Result<()> {
        self.0.cancel().await?;
        Ok(())
    }
}

fn main() -> ExitCode {
    client::main::<Rmcp>()
}
