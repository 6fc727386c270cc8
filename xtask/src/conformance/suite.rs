//! Running the suite and reading what it saved: one folder with a `checks.json` for each scenario.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::install::{self, Npm};
use crate::process;

/// How long one leg may take. A healthy one takes seconds, but a scenario may hang for 30 s before it fails.
const LEG_LIMIT: Duration = Duration::from_mins(10);

/// The check that the newer suite adds to every scenario. A server that answers nothing passes it, so it shows nothing.
const SCHEMA_CHECK: &str = "wire-schema-valid";

/// `-YYYY-MM-DDTHH-MM-SS-mmmZ`, which the suite puts behind a scenario's name.
const TIMESTAMP_LENGTH: usize = 25;

/// One run of the suite: a version of it, and which of its scenarios at which protocol revision.
#[derive(Debug)]
pub(crate) struct Leg {
    /// The name used in tables, in `expected.toml` and for the folder of results.
    pub(crate) name: String,
    package: &'static str,
    choice: Choice,
}

/// Which scenarios of the suite.
#[derive(Clone, Copy, Debug)]
enum Choice {
    /// All, each at the revision that the suite gives it. Only so do those of extensions run at all.
    All,
    /// All that exist in this revision.
    Revision(&'static str),
    /// What this revision is scored by, and what the suite runs with it.
    Requirements(&'static str),
}

/// All legs, or those of one version of the suite.
pub(crate) fn legs(version: Option<&str>) -> Result<Vec<Leg>> {
    let leg = |version: &str, package, choice| {
        let name = match choice {
            Choice::All => version.to_owned(),
            Choice::Revision(revision) => format!("{version}@{revision}"),
            Choice::Requirements(revision) => format!("{version}-requirements@{revision}"),
        };
        Leg {
            name,
            package,
            choice,
        }
    };
    let mut legs = Vec::new();
    if version.is_none_or(|version| version == OLD) {
        legs.push(leg(OLD, "conformance-016", Choice::All));
    }
    if version.is_none_or(|version| version == NEW) {
        let revisions = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
        let scored = ["2025-11-25", "2026-07-28"];
        let choices = revisions
            .map(Choice::Revision)
            .into_iter()
            .chain(scored.map(Choice::Requirements))
            .chain([Choice::All]);
        legs.extend(choices.map(|choice| leg(NEW, "conformance-020", choice)));
    }
    if legs.is_empty() {
        bail!(
            "unknown version {} of the suite: it is {OLD} or {NEW}",
            version.unwrap_or_default()
        );
    }
    Ok(legs)
}

/// The version that `npm install` gives.
pub(super) const OLD: &str = "0.1.16";

/// The newest version, the only one that knows revision 2026-07-28.
pub(super) const NEW: &str = "0.2.0-alpha.12";

/// What a scenario came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No failure, no warning, and at least one check that says something.
    Passed,
    /// At least one failure.
    Failed,
    /// No failure, but a warning.
    Warned,
    /// Nothing was tested.
    Skipped,
}

impl Outcome {
    /// One word for a table.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Warned => "warned",
            Self::Skipped => "skipped",
        }
    }
}

/// One scenario of a leg.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name in the suite.
    pub(crate) name: String,
    /// What it came to.
    pub(crate) outcome: Outcome,
    /// What the suite said of its failures and warnings.
    pub(crate) messages: Vec<String>,
}

/// How many checks of a leg ended in each status, counted as the suite counts them.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) success: usize,
    pub(crate) failure: usize,
    pub(crate) warning: usize,
    pub(crate) skipped: usize,
}

/// All scenarios of a leg.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Sorted by name.
    pub(crate) scenarios: Vec<Scenario>,
    /// Over all scenarios.
    pub(crate) checks: Counts,
}

/// Runs one leg against a server that listens already, and reads what the suite saved into `folder`.
///
/// The report is empty when the one `scenario` that was asked for does not belong to the leg.
pub(crate) fn run(leg: &Leg, url: &str, scenario: Option<&str>, folder: &Path) -> Result<Report> {
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    let mut command = Command::new(install::node()?);
    command.arg(Npm::Tests.package(leg.package).join("dist/index.js"));
    command
        .args(["server", "--url", url, "--output-dir"])
        .arg(folder);
    match (leg.choice, scenario) {
        // The suite takes requirements whole; the scenario is run at the same revision by another leg.
        (Choice::Requirements(_), Some(_)) => return Ok(Report::default()),
        (Choice::Requirements(revision), None) => command.args(["--requirements", revision]),
        (_, Some(name)) => command.args(["--scenario", name]),
        (_, None) => command.args(["--suite", "all"]),
    };
    if let Choice::Revision(revision) = leg.choice {
        command.args(["--spec-version", revision]);
    }
    println!("$ {}", process::line_of(&command));
    let log = folder.with_file_name(format!("{}.log", leg.name));
    // Its exit code is 1 as soon as one scenario fails, so what counts are the results. It is 1 as well when it ran
    // nothing at all: then there are no results.
    let status = process::run_into(&log, &mut command, LEG_LIMIT)?;
    let report = read(folder)?;
    if report.scenarios.is_empty() && scenario.is_none() {
        bail!(
            "the suite ran no scenario and ended with {status}; the end of its output:\n{}",
            process::tail(&log, 15)
        );
    }
    if report.checks.failure == 0 && !status.success() && scenario.is_none() {
        bail!(
            "the suite reports no failure but ended with {status}; the end of its output:\n{}",
            process::tail(&log, 15)
        );
    }
    Ok(report)
}

/// Reads the results of a leg.
pub(super) fn read(folder: &Path) -> Result<Report> {
    let mut report = Report::default();
    for entry in
        fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))?
    {
        let entry = entry?;
        let file = entry.path().join("checks.json");
        if !file.is_file() {
            continue;
        }
        let bytes =
            fs::read(&file).with_context(|| format!("could not read {}", file.display()))?;
        let checks: Vec<Check> = serde_json::from_slice(&bytes)
            .with_context(|| format!("could not understand {}", file.display()))?;
        let folder = entry.file_name().to_string_lossy().into_owned();
        report
            .scenarios
            .push(judge(scenario_name(&folder), &checks, &mut report.checks));
    }
    report.scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(report)
}

/// The scenario's name out of the name of its folder.
fn scenario_name(folder: &str) -> &str {
    let name = folder.strip_prefix("server-").unwrap_or(folder);
    let end = name.len().saturating_sub(TIMESTAMP_LENGTH);
    name.get(..end)
        .filter(|name| !name.is_empty())
        .unwrap_or(name)
}

fn judge(name: &str, checks: &[Check], counts: &mut Counts) -> Scenario {
    let (mut telling, mut failed, mut warned) = (false, false, false);
    let mut messages = Vec::new();
    for check in checks {
        match check.status {
            Status::Success => {
                counts.success += 1;
                telling |= check.id != SCHEMA_CHECK;
            }
            Status::Failure => {
                counts.failure += 1;
                failed = true;
            }
            Status::Warning => {
                counts.warning += 1;
                warned = true;
            }
            Status::Skipped => counts.skipped += 1,
            Status::Info => {}
        }
        if matches!(check.status, Status::Failure | Status::Warning) {
            messages.push(format!(
                "{}: {}",
                check.id,
                check.error_message.as_deref().unwrap_or(&check.description)
            ));
        }
    }
    let outcome = match (failed, warned, telling) {
        (true, _, _) => Outcome::Failed,
        (_, true, _) => Outcome::Warned,
        (_, _, true) => Outcome::Passed,
        _ => Outcome::Skipped,
    };
    Scenario {
        name: name.to_owned(),
        outcome,
        messages,
    }
}

/// A check, as the suite writes it down.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    id: String,
    #[serde(default)]
    description: String,
    status: Status,
    error_message: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Success,
    Failure,
    Warning,
    Skipped,
    Info,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(checks: &str) -> Outcome {
        judge(
            "x",
            &serde_json::from_str::<Vec<Check>>(checks).unwrap(),
            &mut Counts::default(),
        )
        .outcome
    }

    #[test]
    fn a_name_is_read_out_of_its_folder() {
        assert_eq!(
            scenario_name("server-tools-list-2026-11-22T08-43-39-424Z"),
            "tools-list"
        );
        assert_eq!(
            scenario_name("server-server-initialize-2026-11-22T08-43-39-349Z"),
            "server-initialize"
        );
        assert_eq!(scenario_name("short"), "short");
    }

    #[test]
    fn a_scenario_that_tests_nothing_is_not_passed() {
        assert_eq!(outcome("[]"), Outcome::Skipped);
        assert_eq!(
            outcome(r#"[{"id":"a","status":"SKIPPED"},{"id":"b","status":"INFO"}]"#),
            Outcome::Skipped
        );
        assert_eq!(
            outcome(r#"[{"id":"wire-schema-valid","status":"SUCCESS"}]"#),
            Outcome::Skipped
        );
    }

    #[test]
    fn the_worst_check_decides() {
        assert_eq!(
            outcome(r#"[{"id":"a","status":"SUCCESS"}]"#),
            Outcome::Passed
        );
        assert_eq!(
            outcome(r#"[{"id":"a","status":"SUCCESS"},{"id":"b","status":"WARNING"}]"#),
            Outcome::Warned
        );
        assert_eq!(
            outcome(r#"[{"id":"b","status":"WARNING"},{"id":"c","status":"FAILURE"}]"#),
            Outcome::Failed
        );
    }
}
