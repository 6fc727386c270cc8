//! `cargo xtask conformance`: the official conformance suite, both published versions, against this project.
//!
//! The suite's own exit code says only that something failed. Here each scenario is judged from its `checks.json` and
//! compared with `tests/conformance/expected.toml`, which lists what is not passed yet and why.

mod client;
mod expected;
mod suite;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::expected::Expected;
use self::suite::{Outcome, Report};
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
        Part::Client => client(filter),
        Part::Auth => bail!(
            "the client does not authorize itself yet: the authorization scenarios cannot be run"
        ),
    }
}

fn server(filter: &Filter) -> Result<()> {
    let legs = suite::legs(filter.version.as_deref())?;
    let fixture = build(&["--package", "midfield", "--example", "conformance"])?;
    let port = free_port()?;
    let folder = empty_state("conformance")?;
    let mut command = Command::new(fixture);
    command.args(["--port", &port.to_string()]);
    let mut server = Server::start(&mut command, port, &folder.join("server.log"))?;
    let mut verdict = Verdict::new(filter)?;
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
        verdict.add(&leg.name, &report);
    }
    verdict.end(&folder)
}

fn client(filter: &Filter) -> Result<()> {
    let fixture = build(&["--package", "midfield", "--example", "conformance_client"])?;
    let folder = empty_state("conformance-client")?;
    let mut verdict = Verdict::new(filter)?;
    for leg in client::legs(filter.version.as_deref()) {
        let results = folder.join(&leg.name);
        let report = client::run(&leg, &fixture, filter.scenario.as_deref(), &results)?;
        verdict.add(&leg.name, &report);
    }
    verdict.end(&folder)
}

/// What all legs came to, beside what was expected.
struct Verdict<'a> {
    filter: &'a Filter,
    expected: Expected,
    summary: Table,
    complaints: Vec<String>,
    count: usize,
}

impl<'a> Verdict<'a> {
    fn new(filter: &'a Filter) -> Result<Self> {
        Ok(Self {
            filter,
            expected: Expected::read()?,
            summary: Table::new(&[
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
            ]),
            complaints: Vec::new(),
            count: 0,
        })
    }

    fn add(&mut self, leg: &str, report: &Report) {
        self.count += report.scenarios.len();
        print_open(report, &self.expected, leg);
        summarize(&mut self.summary, leg, report);
        self.complaints.extend(match self.filter.scenario {
            None => self.expected.compare(leg, report),
            Some(_) => self.expected.compare_one(leg, report),
        });
    }

    fn end(self, folder: &Path) -> Result<()> {
        println!("\n{}\nresults: {}", self.summary, folder.display());
        if self.count == 0 {
            bail!(
                "no leg has the scenario {}: a run without --scenario shows their names",
                self.filter.scenario.as_deref().unwrap_or("asked for")
            );
        }
        if self.complaints.is_empty() {
            println!("conformance: as expected");
            return Ok(());
        }
        bail!(
            "conformance is not as expected:\n  {}",
            self.complaints.join("\n  ")
        )
    }
}

/// Prints each scenario that is not passed, with what the suite said.
fn print_open(report: &Report, expected: &Expected, leg: &str) {
    let open: Vec<_> = report
        .scenarios
        .iter()
        .filter(|scenario| scenario.outcome != Outcome::Passed)
        .collect();
    if open.is_empty() {
        return;
    }
    println!("\nnot passed in {leg}:");
    for scenario in open {
        let listed = expected.reason(leg, &scenario.name);
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

fn summarize(summary: &mut Table, leg: &str, report: &Report) {
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
        leg.to_owned(),
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
