//! `jbt-mcpcheck`: what revision 2026-07-28 asks of a server over HTTP, from the outside.
//!
//! It calls every tool with arguments that its schema refuses, and looks at how the refusal reads. Its warnings are
//! advice, and are shown; a failed or inconclusive check is a fault.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Subject;
use crate::install;
use crate::process::{self, line_of};

/// How long all checks may take; each request has ten seconds.
const LIMIT: Duration = Duration::from_mins(3);

/// How many checks this version has: a run that leaves one out must not pass.
const CHECKS: usize = 8;

/// How many warnings of one check are shown; the report has all of them.
const SHOWN: usize = 4;

#[derive(Debug, Deserialize)]
struct Report {
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    status: String,
    #[serde(default)]
    failures: Vec<Issue>,
    #[serde(default)]
    warnings: Vec<Issue>,
    error: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Issue {
    level: String,
    subject: String,
    message: String,
}

/// Runs all checks.
pub(super) fn run(subject: &Subject<'_>) -> Result<String> {
    let program = install::python()?.with_file_name("jbt-mcpcheck");
    let file = subject.folder.join("mcpcheck.json");
    let log = subject.folder.join("mcpcheck.log");
    let mut command = Command::new(program);
    command
        .arg(subject.url)
        .args([
            "--probe",
            "all",
            "--max-tools",
            "60",
            "--legacy-probes",
            "--output",
        ])
        .arg(&file);
    println!("$ {}", line_of(&command));
    let status = process::run_into(&log, &mut command, LIMIT)?;
    let report = read(&file).with_context(|| {
        format!(
            "it ended with {status} and said:\n{}",
            process::tail(&log, 15)
        )
    })?;
    judge(&report)
}

fn read(file: &Path) -> Result<Report> {
    let text = std::fs::read(file).context("it wrote no report")?;
    serde_json::from_slice(&text).context("its report is of another form")
}

/// Fails unless all checks passed, with or without a warning; the text counts them.
fn judge(report: &Report) -> Result<String> {
    let mut faults = Vec::new();
    let mut warnings = 0;
    for check in &report.checks {
        println!("{:<5} {}", check.status, check.name);
        warnings += check.warnings.len();
        for warning in check.warnings.iter().take(SHOWN) {
            println!(
                "      [{}] {}: {}",
                warning.level, warning.subject, warning.message
            );
        }
        if check.warnings.len() > SHOWN {
            println!("      and {} more", check.warnings.len() - SHOWN);
        }
        if check.failures.is_empty() && matches!(check.status.as_str(), "pass" | "warn") {
            continue;
        }
        faults.push(format!("{} is {:?}, not passed", check.name, check.status));
        faults.extend(check.error.iter().map(|error| format!("  {error}")));
        faults.extend(check.failures.iter().map(|failure| {
            format!(
                "  [{}] {}: {}",
                failure.level, failure.subject, failure.message
            )
        }));
    }
    if report.checks.len() != CHECKS {
        faults.push(format!(
            "{} checks were made, not {CHECKS}",
            report.checks.len()
        ));
    }
    if faults.is_empty() {
        return Ok(format!(
            "{CHECKS} checks passed, {warnings} pieces of advice"
        ));
    }
    bail!("{}", faults.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(status: &str, count: usize) -> Report {
        let check = json!({"name": "origin", "status": status, "failures": [], "warnings": [], "error": null});
        serde_json::from_value(json!({"checks": vec![check; count]})).unwrap()
    }

    #[test]
    fn a_check_that_came_to_no_conclusion_is_a_fault() {
        assert!(judge(&report("pass", CHECKS)).is_ok());
        assert!(judge(&report("warn", CHECKS)).is_ok());
        assert!(judge(&report("fail", CHECKS)).is_err());
        assert!(judge(&report("inconclusive", CHECKS)).is_err());
    }

    #[test]
    fn a_run_that_left_a_check_out_is_a_fault() {
        assert!(judge(&report("pass", CHECKS - 1)).is_err());
    }
}
