//! The MCP Inspector's command line: a client of its own, in both eras and on both transports, with a strict reading of
//! tool schemas, and a short load.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Subject;
use crate::install::{self, Npm};
use crate::process::{self, line_of};

/// How long one run of it may take.
const LIMIT: Duration = Duration::from_mins(1);

/// How it begins: `initialize`, the modern revision at once, or asking first.
const ERAS: [&str; 3] = ["legacy", "modern", "auto"];

/// The load: how many calls, how many of them at once, and for how many seconds at most.
const LOAD: [&str; 6] = [
    "--load-requests",
    "500",
    "--load-concurrency",
    "10",
    "--load-duration",
    "5",
];

/// Lists, calls and loads.
pub(super) fn run(subject: &Subject<'_>) -> Result<String> {
    let inspector = Inspector {
        node: install::node()?,
        script: Npm::Tests
            .package("@modelcontextprotocol/inspector/clients/launcher/build/index.js"),
        subject,
    };
    let mut runs = 0;
    for connection in [Connection::Http, Connection::Stdio] {
        for era in ERAS {
            for list in subject.target.lists {
                inspector.list(connection, era, list)?;
                runs += 1;
            }
            for (tool, arguments) in subject.target.calls {
                inspector.call(connection, era, tool, arguments)?;
                runs += 1;
            }
        }
    }
    let mut loads = Vec::new();
    for era in ["legacy", "modern"] {
        loads.push(inspector.load(era)?);
    }
    Ok(format!("{runs} runs; {}", loads.join("; ")))
}

#[derive(Clone, Copy)]
enum Connection {
    Http,
    Stdio,
}

struct Inspector<'a> {
    node: PathBuf,
    script: PathBuf,
    subject: &'a Subject<'a>,
}

impl Inspector<'_> {
    fn list(&self, connection: Connection, era: &str, method: &str) -> Result<()> {
        // Only tools have schemas to be strict about.
        let strict: &[&str] = if method == "tools/list" {
            &["--strict"]
        } else {
            &[]
        };
        let result = self.ask(connection, era, &[&["--method", method], strict].concat())?;
        must_list(method, &result)
    }

    fn call(&self, connection: Connection, era: &str, tool: &str, arguments: &str) -> Result<()> {
        let call = [
            "--method",
            "tools/call",
            "--tool-name",
            tool,
            "--tool-args-json",
            arguments,
        ];
        let result = self.ask(connection, era, &call)?;
        let content = result.get("content").and_then(Value::as_array);
        if content.is_none_or(Vec::is_empty) || result.get("isError") == Some(&Value::Bool(true)) {
            bail!("the call of {tool} gave {result}");
        }
        Ok(())
    }

    /// Many calls at once; the text tells how fast they were, and nobody is judged by that here.
    fn load(&self, era: &str) -> Result<String> {
        let (tool, arguments) = self
            .subject
            .target
            .calls
            .first()
            .context("the target has no tool to call")?;
        let call = [
            "--method",
            "tools/call",
            "--tool-name",
            tool,
            "--tool-args-json",
            arguments,
            "--load",
        ];
        let result = self.ask(Connection::Http, era, &[&call[..], &LOAD].concat())?;
        judge_load(era, &result)
    }

    /// Runs it once, fails unless it exits with 0, and returns the result that it printed.
    fn ask(&self, connection: Connection, era: &str, arguments: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.node);
        command
            .arg(&self.script)
            .args([
                "--cli",
                "--protocol-era",
                era,
                "--format",
                "json",
                "--quiet",
            ])
            .args(arguments)
            // It keeps a catalogue and tokens in the home folder.
            .env("HOME", self.subject.folder);
        match connection {
            Connection::Http => {
                command.args(["--transport", "http", "--server-url", self.subject.url])
            }
            Connection::Stdio => command
                .args(["--transport", "stdio", "--"])
                .arg(self.subject.program)
                .arg("--stdio"),
        };
        println!("$ {}", line_of(&command));
        let text = process::output_of(&mut command, LIMIT)?;
        let mut envelope: Value = serde_json::from_str(&text)
            .with_context(|| format!("it printed something that is not JSON: {text}"))?;
        match envelope.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => bail!("it printed no result: {text}"),
        }
    }
}

/// Fails when a list is missing or empty.
fn must_list(method: &str, result: &Value) -> Result<()> {
    let member = match method {
        "resources/templates/list" => "resourceTemplates",
        other => other.trim_end_matches("/list"),
    };
    let list = result.get(member).and_then(Value::as_array);
    if list.is_none_or(Vec::is_empty) {
        bail!("{method} gave nothing: {result}");
    }
    Ok(())
}

/// Fails unless all calls of a load were answered, and without an error.
fn judge_load(era: &str, result: &Value) -> Result<String> {
    let count = |name: &str| result.get(name).and_then(Value::as_u64);
    let answered = count("ok").unwrap_or_default();
    if answered == 0 || count("requests") != Some(answered) {
        bail!("not every call of the load was answered: {result}");
    }
    let number = |pointer: &str| {
        result
            .pointer(pointer)
            .and_then(Value::as_f64)
            .unwrap_or_default()
    };
    Ok(format!(
        "{era} load {answered} calls, {:.0}/s, p99 {:.0} ms",
        number("/throughput"),
        number("/latencyMs/p99")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_list_is_a_fault() {
        assert!(must_list("tools/list", &json!({"tools": [{"name": "a"}]})).is_ok());
        assert!(must_list("tools/list", &json!({"tools": []})).is_err());
        assert!(
            must_list(
                "resources/templates/list",
                &json!({"resourceTemplates": [{}]})
            )
            .is_ok()
        );
        assert!(must_list("prompts/list", &json!({"tools": [{}]})).is_err());
    }

    #[test]
    fn a_load_in_which_one_call_failed_is_a_fault() {
        assert!(judge_load("modern", &json!({"requests": 500, "ok": 500})).is_ok());
        assert!(judge_load("modern", &json!({"requests": 500, "ok": 499})).is_err());
        assert!(judge_load("modern", &json!({"requests": 0, "ok": 0})).is_err());
    }
}
