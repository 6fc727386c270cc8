//! `mcp-wallfacer`: a fuzzer that makes arguments from the tools' input schemas, half of them against the schema.
//!
//! It calls every protocol error a finding. One that says "invalid params" is how a server refuses arguments, and the
//! status 413 how it refuses a body of many megabytes, and it declares no capability that a tool may ask for, so those
//! are counted and let pass; a crash, a hang, another error or a tool that it could not try is a fault.
//!
//! Its client does not come back to a stream that the server closes while it works, as the specification has it
//! (2025-11-25, basic/transports, "Sending Messages to the Server"); tools that do so wait for ever there.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::Subject;
use crate::install;
use crate::process::{self, line_of};

/// The version of the program, which its package fixes together with those of its dependencies.
const VERSION: &str = "0.8.1";

/// How long the whole run may take.
const LIMIT: Duration = Duration::from_mins(5);

/// How long one call may take before it is a hang, in milliseconds.
const CALL_LIMIT: u32 = 10_000;

/// How the client inside it begins to tell of a JSON-RPC error that refuses the arguments.
const REFUSAL: &str = "-32602";

/// How it tells of a client that lacks what a tool asks for.
const UNASKABLE: &str = "does not declare a capability that this request requires";

/// How it tells of a tool that runs only as a task, which it never asks for
/// (2025-11-25, basic/utilities/tasks, "Tool-Level Negotiation").
const TASK_ONLY: &str = "runs only as a task: send `task`";

/// How it tells of a body that the server does not read to its end.
const TOO_LARGE: &str = "413";

/// Arguments that a server may find too large; it likes to send strings of 10 MB.
const LARGE: usize = 1 << 20;

#[derive(Debug, Deserialize)]
struct Report {
    findings: Vec<Finding>,
    #[serde(default)]
    skipped: Vec<Skipped>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    kind: Kind,
    tool: String,
    details: String,
    repro: Reproduction,
}

impl Finding {
    /// Whether the server refused the arguments, a body that is larger than it reads, a client that cannot be asked, or a
    /// call that would have to be a task.
    fn is_refusal(&self) -> bool {
        let too_large =
            || self.details.contains(TOO_LARGE) && self.repro.tool_call.to_string().len() > LARGE;
        let refusals = [REFUSAL, UNASKABLE, TASK_ONLY];
        let is_refused = refusals.iter().any(|text| self.details.contains(text));
        self.kind.name == "protocol_error" && (is_refused || too_large())
    }

    /// Whether its client waits for a stream that it should have come back to, or for what takes long.
    fn is_left(&self, lets_go: &[&str]) -> bool {
        self.kind.name == "hang" && lets_go.contains(&self.tool.as_str())
    }
}

#[derive(Debug, Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    name: String,
}

#[derive(Debug, Deserialize)]
struct Reproduction {
    tool_call: Value,
}

#[derive(Debug, Deserialize)]
struct Skipped {
    tool: String,
    reason: String,
}

/// Fuzzes every tool, always with the same arguments.
pub(super) fn run(subject: &Subject<'_>) -> Result<String> {
    let program = install()?;
    let config = configuration(subject)?;
    let log = subject.folder.join("wallfacer.log");
    let mut command = Command::new(program);
    command
        .arg("--config")
        .arg(config)
        .args([
            "fuzz",
            "--seed",
            "1",
            "--iterations",
            "20",
            "--format",
            "json",
        ])
        .current_dir(subject.folder);
    println!("$ {}", line_of(&command));
    let status = process::run_into(&log, &mut command, LIMIT)?;
    let text = std::fs::read_to_string(&log)
        .with_context(|| format!("could not read {}", log.display()))?;
    let report = parse(&text).with_context(|| {
        format!(
            "it ended with {status} and said:\n{}",
            process::tail(&log, 15)
        )
    })?;
    judge(&report, subject.target.lets_go)
}

/// The program, built where it is missing, which takes some minutes.
pub(super) fn install() -> Result<PathBuf> {
    install::crate_program("mcp-wallfacer", VERSION, "wallfacer")
}

/// Writes its configuration; all tools may be tried, because the targets harm nobody.
fn configuration(subject: &Subject<'_>) -> Result<PathBuf> {
    let file = subject.folder.join("wallfacer.toml");
    let text = format!(
        "[target]\nkind = \"http\"\nurl = \"{}\"\ntimeout_ms = {CALL_LIMIT}\n\n[output]\ncorpus_dir = \"{}\"\n\n\
         [allow_destructive]\ntools = [\".*\"]\n",
        subject.url,
        subject.folder.join("wallfacer-corpus").display(),
    );
    std::fs::write(&file, text).with_context(|| format!("could not write {}", file.display()))?;
    Ok(file)
}

/// The report among the lines of its log, which begin elsewhere.
fn parse(log: &str) -> Result<Report> {
    let begin = log.find("{\n").context("it printed no report")?;
    let mut values = serde_json::Deserializer::from_str(&log[begin..]).into_iter::<Report>();
    values
        .next()
        .context("it printed no report")?
        .context("its report is of another form")
}

/// Fails unless every finding is a refusal, or its client's own; the text counts them.
fn judge(report: &Report, lets_go: &[&str]) -> Result<String> {
    let mut faults: Vec<String> = report
        .skipped
        .iter()
        .map(|skipped| format!("{} was not tried: {}", skipped.tool, skipped.reason))
        .collect();
    let mut refusals = 0;
    for finding in &report.findings {
        if finding.is_refusal() || finding.is_left(lets_go) {
            refusals += 1;
            let details: String = finding.details.chars().take(200).collect();
            println!("ok    {}: {details}", finding.tool);
            continue;
        }
        faults.push(format!(
            "{} of {}: {}, with the arguments {}",
            finding.kind.name,
            finding.tool,
            finding.details,
            begin(&finding.repro.tool_call)
        ));
    }
    if faults.is_empty() {
        return Ok(format!("no fault; {refusals} calls were refused"));
    }
    bail!("{}", faults.join("\n"))
}

/// The arguments, or as much of them as somebody will read; the log has the rest.
fn begin(arguments: &Value) -> String {
    arguments.to_string().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: &str, details: &str) -> Result<String> {
        outcome_of("a", kind, details)
    }

    fn outcome_of(tool: &str, kind: &str, details: &str) -> Result<String> {
        let log = format!(
            "INFO starting\n{{\n \"findings\": [{{\"kind\": {{\"type\": \"{kind}\"}}, \"tool\": \"{tool}\", \
             \"details\": \"{details}\", \"repro\": {{\"tool_call\": {{}}}}}}]\n}}\nINFO done\n"
        );
        judge(&parse(&log)?, &["lets_go"])
    }

    #[test]
    fn only_refused_arguments_are_no_fault() {
        assert!(outcome("protocol_error", "Mcp error: -32602: invalid arguments").is_ok());
        assert!(outcome("protocol_error", "Mcp error: -32603: internal error").is_err());
        assert!(outcome("protocol_error", "Unexpected response type").is_err());
        // These arguments are small.
        assert!(outcome("protocol_error", "HTTP 413 Payload Too Large").is_err());
        assert!(outcome("hang", "timeout exceeded, -32602").is_err());
        assert!(outcome("crash", "Transport closed").is_err());
        let lacks = "Mcp error: -32600: the client does not declare a capability that this request requires: roots";
        assert!(outcome("protocol_error", lacks).is_ok());
        assert!(outcome("protocol_error", "Mcp error: -32600: something else").is_err());
        assert!(outcome_of("lets_go", "hang", "timeout exceeded").is_ok());
        assert!(outcome_of("lets_go", "crash", "Transport closed").is_err());
    }

    #[test]
    fn a_log_without_a_report_is_a_fault() {
        assert!(parse("error: could not connect\n").is_err());
    }
}
