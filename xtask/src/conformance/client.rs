//! The suite's client scenarios, against the fixture client `examples/conformance_client.rs` of the library.
//!
//! Here the suite is the server, and a client that does nothing passes some of its scenarios. So each is run by itself, must bring at
//! least one check that says something, and each leg a number of successes. The authorization scenarios are not among them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::suite::{NEW, OLD, Report, read};
use crate::install::{self, Npm};
use crate::process;

/// How long one scenario may take. The suite gives the client 60 s.
const LIMIT: Duration = Duration::from_mins(2);

/// Scenarios that are run in one version of the suite at one revision.
#[derive(Debug)]
pub(super) struct Leg {
    /// The name used in tables, in `expected.toml` and for the folder of results.
    pub(super) name: String,
    package: &'static str,
    revision: Option<&'static str>,
    pub(super) scenarios: &'static [&'static str],
}

/// All legs, or those of one version of the suite.
pub(super) fn legs(version: Option<&str>) -> Vec<Leg> {
    let legs = [
        (OLD, None, OLDER),
        (NEW, Some("2025-06-18"), &OLDER[..2]),
        (NEW, Some("2025-11-25"), SESSIONS),
        (NEW, Some("2026-07-28"), MODERN),
        (NEW, None, SKILLS),
    ];
    let wanted = legs
        .into_iter()
        .filter(|(known, ..)| version.is_none_or(|version| version == *known));
    wanted
        .map(|(version, revision, scenarios)| Leg {
            name: match revision {
                Some(revision) => format!("client-{version}@{revision}"),
                None => format!("client-{version}"),
            },
            package: if version == OLD {
                "conformance-016"
            } else {
                "conformance-020"
            },
            revision,
            scenarios,
        })
        .collect()
}

const OLDER: &[&str] = &[
    "initialize",
    "tools_call",
    "elicitation-sep1034-client-defaults",
    "sse-retry",
];

const SESSIONS: &[&str] = &[
    "initialize",
    "tools_call",
    "elicitation-sep1034-client-defaults",
    "sse-retry",
    "json-schema-2020-12-preservation",
];

const MODERN: &[&str] = &[
    "tools_call",
    "request-metadata",
    "sep-2322-client-request-state",
    "http-standard-headers",
    "http-custom-headers",
    "http-invalid-tool-headers",
    "json-schema-ref-no-deref",
    "json-schema-2020-12-preservation",
];

const SKILLS: &[&str] = &[
    "sep-2640-client-no-prefetch",
    "sep-2640-client-verify-digest",
    "sep-2640-client-verify-size",
    "sep-2640-client-verify-frontmatter",
];

/// Runs one leg, one scenario after the other, and reads what the suite saved into `folder`.
pub(super) fn run(
    leg: &Leg,
    fixture: &Path,
    scenario: Option<&str>,
    folder: &Path,
) -> Result<Report> {
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))?;
    let wanted = leg
        .scenarios
        .iter()
        .filter(|name| scenario.is_none_or(|scenario| scenario == **name));
    for name in wanted {
        let mut command = Command::new(install::node()?);
        command
            .arg(Npm::Tests.package(leg.package).join("dist/index.js"))
            .arg("client")
            .arg("--command")
            .arg(fixture)
            .args(["--scenario", name, "--timeout", "60000", "--output-dir"])
            .arg(folder);
        if let Some(revision) = leg.revision {
            command.args(["--spec-version", revision]);
        }
        let log = folder.with_file_name(format!("{}-{name}.log", leg.name));
        // What counts are the checks; its exit code is 1 as soon as one fails.
        process::run_into(&log, &mut command, LIMIT)?;
    }
    let report = read(folder)?;
    if scenario.is_none() && report.scenarios.len() != leg.scenarios.len() {
        bail!(
            "leg {} has {} scenarios, and the suite saved {}: see the logs beside {}",
            leg.name,
            leg.scenarios.len(),
            report.scenarios.len(),
            folder.display()
        );
    }
    Ok(report)
}
