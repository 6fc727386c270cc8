//! `midfield prompt`: what a prompt becomes.

use std::fmt::Write as _;

use clap::Args;
use midfield::types::{Prompt, PromptResult, Role};
use serde_json::{Map, Value, json};

use super::unknown;
use crate::cli::arguments::{self, Files};
use crate::cli::connect::{Session, Via};
use crate::cli::exit::{Ended, Exit};
use crate::cli::{Verdict, content};

/// The arguments of `midfield prompt`.
#[derive(Debug, Args)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield prompt [OPTIONS] SERVER PROMPT [NAME=VALUE]...\n       \
                      midfield prompt [OPTIONS] PROMPT [NAME=VALUE]... -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct Ask {
    /// The server, the prompt, and its arguments: `style=short`, `code=@FILE`. SERVER is left out where a command follows after
    /// `--`.
    #[arg(value_name = "SERVER PROMPT NAME=VALUE", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    how: Manner,

    #[command(flatten)]
    via: Via,
}

/// What is asked for, where the server is known.
#[derive(Debug, Args)]
pub(in crate::cli) struct What {
    /// The prompt, and its arguments: `style=short`, `code=@FILE`.
    #[arg(value_name = "PROMPT NAME=VALUE", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) how: Manner,
}

/// How it is printed.
#[derive(Debug, Args)]
pub(in crate::cli) struct Manner {
    /// Print the whole result as JSON, for programs.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl Ask {
    pub(in crate::cli) fn run(&self) -> anyhow::Result<Verdict> {
        let (server, words) = self.via.split(&self.words)?;
        let stopped = "nothing was changed";
        self.via
            .run_after(files(words), server, stopped, async |session, files| {
                self.how.run(session, words, &files).await
            })
    }
}

impl What {
    pub(in crate::cli) async fn run(&self, session: &Session) -> anyhow::Result<Verdict> {
        let files = files(&self.words).await?;
        self.how.run(session, &self.words, &files).await
    }
}

impl Manner {
    async fn run(
        &self,
        session: &Session,
        words: &[String],
        files: &Files,
    ) -> anyhow::Result<Verdict> {
        let [name, words @ ..] = words else {
            return Err(Ended::usage(
                "say which prompt: `midfield list --prompts` shows what there is",
            )
            .into());
        };
        let prompts = session.client.prompts().await?;
        let prompt = prompts.iter().find(|prompt| prompt.name == *name);
        let names = prompts.iter().map(|prompt| prompt.name.as_str());
        let prompt = prompt.ok_or_else(|| unknown("prompt", name, names))?;
        let schema = schema(prompt);
        let given = arguments::read(words, Map::new(), &schema, &mut files.reader());
        let given = given.map_err(Ended::usage)?;
        let given = given.into_iter().map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        });
        let result = session.client.get_prompt_with(name, given).await?;
        if self.json {
            session.print_json(&result)?;
        } else {
            session.print(&text(&result))?;
        }
        Ok(Verdict::Fine)
    }
}

/// What `words` read of files.
async fn files(words: &[String]) -> anyhow::Result<Files> {
    let words = words.get(1..).unwrap_or_default();
    Ok(Files::of(words, None).await.map_err(Ended::usage)?)
}

/// The arguments of a prompt, which are texts, as a schema.
fn schema(prompt: &Prompt) -> Value {
    let names = prompt.arguments.iter().map(|argument| {
        let schema = json!({"type": "string"});
        (argument.name.clone(), schema)
    });
    let required = prompt
        .arguments
        .iter()
        .filter(|it| it.required == Some(true));
    let required: Vec<&str> = required.map(|argument| argument.name.as_str()).collect();
    json!({
        "type": "object",
        "properties": names.collect::<Map<_, _>>(),
        "required": required,
        "additionalProperties": false,
    })
}

/// The messages, each behind who says it.
fn text(result: &PromptResult) -> String {
    let mut text = String::new();
    for message in &result.messages {
        let who = match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let gap = if text.is_empty() { "" } else { "\n" };
        let said = content::block(&message.content);
        let _ = writeln!(text, "{gap}{who}:\n{}", said.trim_end_matches('\n'));
    }
    text
}
