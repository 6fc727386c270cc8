//! `cargo xtask conformance`: the official conformance suite, both published versions, against this project.
//!
//! The suite's own exit code says only that something failed. Here each scenario is judged from its `checks.json` and
//! compared with `tests/conformance/expected.toml`, which lists what is not passed yet and why.

mod expected;
mod suite;

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::expected::Expected;
use self::suite::{Leg, Outcome, Report};
use crate::server::{Server, free_port};
use crate::table::Table;
use crate::workspace::{build, empty_state};

/// What the suite can test.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Part {
    /// Our server library, through a fixture server.
    Server,
    /// Our client library, through a fixture client.
    Client,
    /// The authorization scenarios.
    Auth,
}

/// Which scenarios to run.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Filter {
    /// Only this version of the suite: 0.1.16 or 0.2.0-alpha.12.
    #[arg(long)]
    version: Option<String>,
    /// Only this scenario, by its name in the suite.
    #[arg(long)]
    scenario: Option<String>,
}

/// Runs one part of the suite; fails unless everything is as `expected.toml` says.
pub(crate) fn conformance(part: Part, filter: &Filter) -> Result<()> {
    match part {
        Part::Server => server(filter),
        Part::Client => {
            bail!("no client fixture in this project yet: the client scenarios cannot be run")
        }
        Part::Auth => bail!(
            "no client fixture in this project yet: the authorization scenarios cannot be run"
        ),
    }
}

fn server(filter: &Filter) -> Result<()> {
    let legs = suite::legs(filter.version.as_deref())?;
    let expected = Expected::read()?;
    let fixture = build(&["--package", "midfield", "--example", "conformance"])?;
    let port = free_port()?;
    let folder = empty_state("conformance")?;
    let mut command = Command::new(fixture);
    command.args(["--port", &port.to_string()]);
    let mut server = Server::start(&mut command, port, &folder.join("server.log"))?;

    let mut summary = Table::new(&[
        "leg",
        "scenarios:",
        "passed:",
        "failed:",
        "warned:",
        "skipped:",
        "SUCCESS:",
        "FAILURE:",
        "WARNING:",
        "SKIPPED:",
    ]);
    let mut complaints = Vec::new();
    let mut count = 0;
    for leg in legs {
        let report = suite::run(
            &leg,
            &server.mcp_url(),
            filter.scenario.as_deref(),
            &folder.join(&leg.name),
        )?;
        server
            .must_be_running()
            .with_context(|| format!("the fixture server did not survive leg {}", leg.name))?;
        count += report.scenarios.len();
        print_open(&report, &expected, &leg);
        summarize(&mut summary, &leg, &report);
        complaints.extend(match filter.scenario {
            None => expected.compare(&leg.name, &report),
            Some(_) => expected.compare_one(&leg.name, &report),
        });
    }
    println!("\n{summary}\nresults: {}", folder.display());
    if count == 0 {
        bail!(
            "no leg has the scenario {}: a run without --scenario shows their names",
            filter.scenario.as_deref().unwrap_or("asked for")
        );
    }
    if complaints.is_empty() {
        println!("conformance: as expected");
        return Ok(());
    }
    bail!(
        "conformance is not as expected:\n  {}",
        complaints.join("\n  ")
    )
}

/// Prints each scenario that is not passed, with what the suite said.
fn print_open(report: &Report, expected: &Expected, leg: &Leg) {
    let open: Vec<_> = report
        .scenarios
        .iter()
        .filter(|scenario| scenario.outcome != Outcome::Passed)
        .collect();
    if open.is_empty() {
        return;
    }
    println!("\nnot passed in {}:", leg.name);
    for scenario in open {
        let listed = expected.reason(&leg.name, &scenario.name);
        println!(
            "  {:<8} {}  ({})",
            scenario.outcome.word(),
            scenario.name,
            listed.unwrap_or("not on the list")
        );
        if listed.is_none() {
            for message in &scenario.messages {
                println!("           {message}");
            }
        }
    }
}

fn summarize(summary: &mut Table, leg: &Leg, report: &Report) {
    let of = |outcome| {
        report
            .scenarios
            .iter()
            .filter(|scenario| scenario.outcome == outcome)
            .count()
            .to_string()
    };
    let checks = &report.checks;
    summary.row([
        leg.name.clone(),
        report.scenarios.len().to_string(),
        of(Outcome::Passed),
        of(Outcome::Failed),
        of(Outcome::Warned),
        of(Outcome::Skipped),
        checks.success.to_string(),
        checks.failure.to_string(),
        checks.warning.to_string(),
        checks.skipped.to_string(),
    ]);
}
