//! `cargo xtask interop`: the official TypeScript, Python and Rust clients against our servers, in both eras, over HTTP
//! and stdio.
//!
//! Each target is a running server with a plan of what it must do; the clients are the scripts in `tests/interop` and
//! the program in `tests/rust-clients`. Tasks have clients of their own, see `tasks.rs`. The other way round, our client
//! is driven against servers that others wrote, see `peers`, and an agent of ours uses their tools, see `agents.rs`.

mod agents;
mod plans;
mod targets;
mod tasks;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::install;
use crate::peers;
use crate::process;
use crate::table::Table;
use crate::workspace::{BUILD_LIMIT, cargo, empty_state, root, state};

/// How long one client may take with one plan.
const CLIENT_LIMIT: Duration = Duration::from_mins(2);

/// How a client begins: `initialize`, the modern revision at once, or asking first.
const MODES: [&str; 3] = ["legacy", "modern", "auto"];

/// What to run.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Only the clients that have tasks, against the server that has some.
    #[arg(long)]
    tasks: bool,
}

/// Runs every client in every mode against every target; fails when one check of one of them fails.
pub(crate) fn interop(options: Options) -> Result<()> {
    let of_tasks = tasks::clients()?;
    let mut runs = Runs {
        folder: empty_state("interop")?,
        table: Table::new(&["target", "client", "mode", "result"]),
        failures: 0,
    };
    let folder = runs.folder.clone();
    tasks::each(&folder, &mut |target, plan| {
        runs.drive(&of_tasks, target, plan)
    })?;
    if !options.tasks {
        let clients = Client::all()?;
        targets::each(&folder, &mut |target, plan| {
            runs.drive(&clients, target, plan)
        })?;
        agents::each(&mut runs)?;
    }
    println!("\n{}", runs.table);
    let ours = if options.tasks {
        Ok(())
    } else {
        peers::drive()
    };
    if runs.failures > 0 {
        if let Err(error) = ours {
            println!("{error:#}");
        }
        bail!("{} interop runs failed", runs.failures);
    }
    ours
}

/// What came of the runs so far.
struct Runs {
    folder: PathBuf,
    table: Table,
    failures: usize,
}

impl Runs {
    /// Carries out a plan with each client in each of its modes.
    fn drive(&mut self, clients: &[Client], target: &str, plan: &Value) -> Result<()> {
        let file = write_plan(&self.folder, target, plan)?;
        for client in clients {
            for &mode in client.modes {
                println!("\n── {target}, {} client, {mode}", client.name);
                let outcome = process::run(&mut client.command(&file, mode), CLIENT_LIMIT);
                self.record(target, client.name, mode, outcome);
            }
        }
        Ok(())
    }

    fn record(&mut self, target: &str, client: &str, mode: &str, outcome: Result<()>) {
        let result = match outcome {
            Ok(()) => "passed",
            Err(error) => {
                println!("{error:#}");
                self.failures += 1;
                "FAILED"
            }
        };
        self.table
            .row([target, client, mode, result].map(str::to_owned));
    }
}

/// A program that drives a server through a client that others wrote.
struct Client {
    name: &'static str,
    program: PathBuf,
    /// The script, when the program is an interpreter.
    script: Option<PathBuf>,
    modes: &'static [&'static str],
}

impl Client {
    fn all() -> Result<[Self; 3]> {
        let scripts = root().join("tests/interop");
        Ok([
            Self {
                name: "TypeScript",
                program: install::node()?,
                script: Some(scripts.join("typescript.mjs")),
                modes: &MODES,
            },
            Self {
                name: "Python",
                program: install::python()?,
                script: Some(scripts.join("python_client.py")),
                modes: &MODES,
            },
            Self {
                name: "Rust (rmcp)",
                program: rmcp()?,
                script: None,
                modes: &MODES,
            },
        ])
    }

    fn command(&self, plan: &Path, mode: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.script).arg(plan).arg(mode);
        command
    }
}

/// Tests and builds the client on rmcp.
fn rmcp() -> Result<PathBuf> {
    rust_program("test", "interop-rmcp")?;
    rust_program("build", "interop-rmcp")
}

/// Builds or tests a package of the workspace for programs on others' crates; gives where its program is.
///
/// It is a workspace of its own: its dependencies stay out of our lock file, and its build away from ours.
pub(crate) fn rust_program(action: &str, package: &str) -> Result<PathBuf> {
    let build = state("rust-clients")?;
    let mut command = cargo();
    command
        .args([action, "--locked", "--quiet", "--package", package])
        .arg("--target-dir")
        .arg(&build)
        .current_dir(root().join("tests/rust-clients"));
    process::run(&mut command, BUILD_LIMIT)?;
    Ok(build.join("debug").join(package))
}

fn write_plan(folder: &Path, target: &str, plan: &Value) -> Result<PathBuf> {
    let file = folder.join(format!("{}.json", target.replace(' ', "-")));
    std::fs::write(&file, plan.to_string())
        .with_context(|| format!("could not write {}", file.display()))?;
    Ok(file)
}
