//! `midfield call`: calls a tool.

use std::io::IsTerminal as _;

use clap::Args;
use midfield::client::{self, Request, TaskHandle};
use midfield::types::{Tool, ToolResult};
use serde_json::{Map, Value};

use super::unknown;
use crate::cli::arguments::{self, Files};
use crate::cli::connect::{Session, Via};
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::{line, word};
use crate::cli::{Verdict, content, note};

/// The arguments of `midfield call`.
#[derive(Debug, Args)]
#[command(
    after_help = Exit::help(),
    override_usage = "midfield call [OPTIONS] SERVER TOOL [NAME=VALUE]...\n       \
                      midfield call [OPTIONS] TOOL [NAME=VALUE]... -- COMMAND [ARG]..."
)]
pub(in crate::cli) struct Call {
    /// The server, the tool, and its arguments: `count=3`, `tags=a tags=b`, `name=@FILE`, `list:=[1, 2]`. SERVER is left out where
    /// a command follows after `--`.
    #[arg(value_name = "SERVER TOOL NAME=VALUE", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    how: Manner,

    #[command(flatten)]
    via: Via,
}

/// What is called, where the server is known.
#[derive(Debug, Args)]
pub(in crate::cli) struct What {
    /// The tool, and its arguments: `count=3`, `tags=a tags=b`, `name=@FILE`, `list:=[1, 2]`.
    #[arg(value_name = "TOOL NAME=VALUE", required = true)]
    words: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) how: Manner,
}

/// How a tool is called.
#[derive(Debug, Args)]
pub(in crate::cli) struct Manner {
    /// The arguments as a JSON object, `@FILE` with one, or `-` for stdin. `NAME=VALUE` goes before what stands there.
    #[arg(long, value_name = "JSON")]
    args: Option<String>,

    /// Run it as a task, where tool and server can, and wait for its end. Ctrl-C leaves the task alone.
    #[arg(long)]
    task: bool,

    /// Run it as a task, print what finds it again, and do not wait.
    #[arg(long, conflicts_with = "task")]
    detach: bool,

    /// Names the call: 1 to 256 bytes, which no other call has. A server that heeds the name works once, however often the call is
    /// made; it is sent again when the connection breaks.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,

    /// Print the whole result as JSON, for programs.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl Call {
    pub(in crate::cli) fn run(&self) -> anyhow::Result<Verdict> {
        let (server, words) = self.via.split(&self.words)?;
        check(words)?;
        let stopped = if self.how.task {
            "a task that was begun goes on"
        } else {
            "the call was cancelled"
        };
        // Before anything is asked of the server.
        let given = self.how.given(words);
        self.via
            .run_after(given, server, stopped, async |session, given| {
                Box::pin(self.how.run(session, words, given)).await
            })
    }
}

impl What {
    pub(in crate::cli) async fn run(&self, session: &Session) -> anyhow::Result<Verdict> {
        check(&self.words)?;
        let given = self.how.given(&self.words).await?;
        Box::pin(self.how.run(session, &self.words, given)).await
    }
}

impl Manner {
    /// What `words` read of files, and the arguments that are given all at once.
    async fn given(&self, words: &[String]) -> anyhow::Result<(Files, Map<String, Value>)> {
        let text = self.args.as_deref();
        let words = words.get(1..).unwrap_or_default();
        let files = Files::of(words, text).await.map_err(Ended::usage)?;
        let base = text.map(|text| arguments::base("--args", text, &mut files.reader()));
        let base = base.transpose().map_err(Ended::usage)?.unwrap_or_default();
        Ok((files, base))
    }

    async fn run(
        &self,
        session: &Session,
        words: &[String],
        (files, base): (Files, Map<String, Value>),
    ) -> anyhow::Result<Verdict> {
        let [name, words @ ..] = words else {
            return Err(Ended::usage("say which tool").into());
        };
        let tools = session.client.tools().await?;
        let tool = tools.iter().find(|tool| tool.name == *name);
        let names = tools.iter().map(|tool| tool.name.as_str());
        let tool = tool.ok_or_else(|| unknown("tool", name, names))?;
        let schema = tool.input_schema.to_value();
        let given = arguments::read(words, base, &schema, &mut files.reader());
        let given = given.map_err(|told| usage(tool, &told))?;
        let given = Value::Object(given);
        if self.task || self.detach {
            return Box::pin(self.begin(session, name, given)).await;
        }
        let bar = session.bar.clone();
        let call = self.named(session.client.call_tool(name, given));
        let result = call.on_progress(move |step| bar.show(&step)).await?;
        self.tell(session, &result)
    }

    /// Calls it as a task.
    async fn begin(&self, session: &Session, name: &str, given: Value) -> anyhow::Result<Verdict> {
        let bar = session.bar.clone();
        let call = self.named(session.client.call_task(name, given));
        let handle = call.on_progress(move |step| bar.show(&step)).await?;
        if let Some(result) = handle.answered() {
            note("the tool answered at once: there is no task");
            return self.tell(session, result);
        }
        if self.detach {
            return self.tell_handle(session, &handle);
        }
        note(&format!("task {}", word(&handle.to_string())));
        match Box::pin(handle.result()).await {
            Ok(result) => self.tell(session, &result),
            Err(error @ client::Error::Refused(_)) => {
                Err(anyhow::Error::from(error).context("the task failed"))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn named<T: 'static>(&self, call: Request<T>) -> Request<T> {
        match &self.idempotency_key {
            Some(key) => call.idempotency_key(key),
            None => call,
        }
    }

    fn tell_handle(&self, session: &Session, handle: &TaskHandle) -> anyhow::Result<Verdict> {
        if let Some(told) = handle.immediate_response() {
            note(&line(told));
        }
        let written = handle.to_string();
        if self.json {
            let told = serde_json::json!({"task": written, "taskId": handle.id()});
            session.print_json(&told)?;
        } else if std::io::stdout().is_terminal() {
            // From there it is copied into another command.
            session.print(&format!("{}\n", word(&written)))?;
        } else {
            session.print(&format!("{}\n", line(&written)))?;
        }
        Ok(Verdict::Fine)
    }

    fn tell(&self, session: &Session, result: &ToolResult) -> anyhow::Result<Verdict> {
        if self.json {
            session.print_json(result)?;
        } else {
            session.print(&content::result(result))?;
        }
        Ok(if result.is_error {
            Verdict::Wrong
        } else {
            Verdict::Fine
        })
    }
}

/// Whether `words` name a tool.
fn check(words: &[String]) -> Result<(), Ended> {
    if words.is_empty() {
        let told = "say which tool: `midfield list` shows what there is";
        return Err(Ended::usage(told));
    }
    Ok(())
}

/// Arguments that do not fit, with what would.
fn usage(tool: &Tool, told: &str) -> Ended {
    let signature = crate::cli::signature::signature(tool);
    Ended::usage(format!("{told}\nthe tool is {signature}"))
}
