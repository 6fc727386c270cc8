//! The benchmark's calls by midfield's client, with the settings that every user gets.

use std::process::ExitCode;

use anyhow::{Context, Result};
use client::{Caller, Era, Target};
use midfield::Client;
use midfield::client::{Command, Speak};
use midfield::types::Content;
use serde::Deserialize;
use serde_json::json;

struct Midfield(Client);

#[derive(Deserialize)]
struct Sum {
    sum: i64,
}

impl Caller for Midfield {
    async fn connect(target: Target, era: Era) -> Result<(Self, usize)> {
        let builder = Client::builder().speak(match era {
            Era::Legacy => Speak::Legacy,
            Era::Modern => Speak::Modern,
        });
        let client = match target {
            Target::Url(url) => builder.connect(url.as_str()).await?,
            Target::Command(words) => {
                let (program, arguments) = words.split_first().context("no command was given")?;
                let command = Command::new(program).args(arguments);
                builder.connect(command).await?
            }
        };
        let tools = client.tools().await?.len();
        Ok((Self(client), tools))
    }

    async fn echo(&self, text: &str) -> Result<String> {
        let result = self.0.call_tool("echo", json!({"text": text})).await?;
        let [Content::Text(text)] = result.content.as_slice() else {
            anyhow::bail!("`echo` answered with something else than a text");
        };
        Ok(text.text.clone())
    }

    async fn add(&self, a: i64, b: i64) -> Result<i64> {
        let result = self.0.call_tool("add", json!({"a": a, "b": b})).await?;
        let structured = result.structured_content;
        let sum: Sum = structured
            .context("`add` answered with nothing structured")?
            .read()?;
        Ok(sum.sum)
    }

    async fn close(self) -> Result<()> {
        self.0.close().await;
        Ok(())
    }
}

fn main() -> ExitCode {
    client::main::<Midfield>()
}
