//! `cargo xtask test`: everything that must pass before a change goes in. Continuous integration runs the same.
//!
//! A step that fails does not stop the others, so that one run shows all that is wrong.

mod evidence;
mod hygiene;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::checkers;
use crate::conformance::{self, Part};
use crate::crash;
use crate::install::{self, Npm};
use crate::interop;
use crate::process::{self, is_present, run};
use crate::setup;
use crate::sweep;
use crate::table::Table;
use crate::workspace::{BUILD_LIMIT, cargo, root, state};

/// How long the tests themselves may take, with their build.
const TEST_LIMIT: Duration = Duration::from_mins(30);

/// How long one look at a lock file may take, with what it fetches.
const LOCK_LIMIT: Duration = Duration::from_mins(5);

/// How long the comparison of requests may take.
const COMPARE_LIMIT: Duration = Duration::from_mins(5);

/// How much to test.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Leave out what needs packages from npm and the Python index.
    #[arg(long)]
    fast: bool,
}

/// A step: its name in the table, whether it needs packages that are not Rust's, and what it does.
struct Step {
    name: &'static str,
    needs_packages: bool,
    work: fn() -> Result<()>,
}

impl Step {
    const fn rust(name: &'static str, work: fn() -> Result<()>) -> Self {
        Self {
            name,
            needs_packages: false,
            work,
        }
    }

    const fn packages(name: &'static str, work: fn() -> Result<()>) -> Self {
        Self {
            name,
            needs_packages: true,
            work,
        }
    }
}

/// Cheap ones first.
const STEPS: &[Step] = &[
    Step::rust("format", format),
    Step::rust("tracked files", hygiene::check),
    Step::rust("tests that the documentation names", evidence::check),
    Step::rust("lock files", lock_files),
    Step::rust("clippy", clippy),
    Step::rust("unit and integration tests", tests),
    Step::rust("doc tests", doc_tests),
    Step::rust("documentation", documentation),
    Step::rust("crash matrix, short", crash::short),
    Step::packages("test tools from npm and PyPI", setup::setup),
    Step::packages("conformance, server", || {
        conformance::conformance(Part::Server, &conformance::Filter::default())
    }),
    Step::packages("conformance, client", || {
        conformance::conformance(Part::Client, &conformance::Filter::default())
    }),
    Step::packages("checkers of others", || {
        checkers::check_server(&checkers::Options::default())
    }),
    Step::packages("interop", || interop::interop(interop::Options::default())),
    Step::packages("OpenAPI requests against another client", requests),
    Step::packages("OpenAPI sweep", || sweep::sweep(&sweep::Options::default())),
];

/// Runs the steps; fails when one of them failed.
pub(crate) fn test(options: &Options) -> Result<()> {
    let steps: Vec<&Step> = STEPS
        .iter()
        .filter(|step| !(options.fast && step.needs_packages))
        .collect();
    let begin = Instant::now();
    let mut table = Table::new(&["step", "result", "time:"]);
    let mut failures = String::new();
    let mut failed = 0;
    for (index, step) in steps.iter().enumerate() {
        println!("\n══ {}/{} {}", index + 1, steps.len(), step.name);
        let begin = Instant::now();
        let result = match (step.work)() {
            Ok(()) => "passed",
            Err(error) => {
                println!("{} FAILED: {error:#}", step.name);
                let _ = writeln!(failures, "{}: {error:#}\n", step.name);
                failed += 1;
                "FAILED"
            }
        };
        table.row([
            step.name.to_owned(),
            result.to_owned(),
            clock(begin.elapsed()),
        ]);
    }
    table.row(["all".to_owned(), String::new(), clock(begin.elapsed())]);
    println!("\n══ result\n\n{failures}{table}");
    println!("{} passed, {failed} failed", steps.len() - failed);
    if failed > 0 {
        bail!("{failed} of {} steps failed", steps.len());
    }
    Ok(())
}

fn format() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]), BUILD_LIMIT)?;
    // Workspaces of their own.
    for folder in ["bench", "tests/rust-clients"] {
        run(
            cargo()
                .args(["fmt", "--all", "--check"])
                .current_dir(root().join(folder)),
            BUILD_LIMIT,
        )?;
    }
    Ok(())
}

/// The workspaces beside this one are locked to what this one's crates need now.
fn lock_files() -> Result<()> {
    for manifest in ["bench/Cargo.toml", "tests/rust-clients/Cargo.toml"] {
        let mut command = cargo();
        command
            .args([
                "metadata",
                "--locked",
                "--format-version",
                "1",
                "--manifest-path",
            ])
            .arg(root().join(manifest));
        process::output_of(&mut command, LOCK_LIMIT)?;
        println!("{manifest}: its lock file is up to date");
    }
    Ok(())
}

fn clippy() -> Result<()> {
    let lints = ["--", "--deny", "warnings"];
    run(
        cargo()
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(lints),
        BUILD_LIMIT,
    )
}

fn tests() -> Result<()> {
    let mut command = cargo();
    if is_present("cargo-nextest") {
        command.args(["nextest", "run"]);
    } else {
        command.args(["test", "--lib", "--bins", "--tests", "--examples"]);
    }
    run(command.args(["--workspace", "--locked"]), TEST_LIMIT)
}

fn doc_tests() -> Result<()> {
    run(
        cargo().args(["test", "--doc", "--workspace", "--locked"]),
        TEST_LIMIT,
    )
}

fn documentation() -> Result<()> {
    let doc = |packages: &[&str]| {
        let mut command = cargo();
        command
            .args(["doc", "--no-deps", "--locked"])
            .args(packages)
            .env("RUSTDOCFLAGS", "--deny warnings");
        run(&mut command, BUILD_LIMIT)
    };
    // The binary and the library are both called midfield, and cargo writes both to one folder: the library comes last.
    let binary = doc(&["--package", "midfield-gateway"]);
    doc(&["--workspace", "--exclude", "midfield-gateway"]).and(binary)
}

/// Our requests for a collection of documents against those of npm's `swagger-client`.
fn requests() -> Result<()> {
    let node = install::node()?;
    let mut command = cargo();
    command.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "midfield-openapi",
        "--example",
        "requests",
        "--",
    ]);
    command.arg(Npm::Tests.package("@readme/oas-examples"));
    println!("$ {}", process::line_of(&command));
    let cases = state("requests")?.join("cases.jsonl");
    std::fs::write(&cases, process::output_of(&mut command, BUILD_LIMIT)?)?;
    let mut compare = std::process::Command::new(node);
    compare.arg(root().join("crates/midfield-openapi/tests/differential/compare.mjs"));
    run(
        compare
            .arg(cases)
            .arg(Npm::Tests.folder())
            .current_dir(root()),
        COMPARE_LIMIT,
    )
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}
