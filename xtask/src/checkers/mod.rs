//! `cargo xtask check-server`: testers of MCP servers that others wrote, beside the official suite, against ours.
//!
//! Each is installed at a fixed version, runs against a server that is started for it, and is judged by what it
//! reports, not only by its exit code. What they look at and the suite does not: the Origin check, published schemas,
//! a second and third client implementation, arguments that no person would send.

mod inspector;
mod mcpcheck;
mod target;
mod wallfacer;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use self::target::{TARGETS, Target};
use crate::server::{Server, free_port};
use crate::table::Table;
use crate::workspace::{build, empty_state};

/// A tester.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Checker {
    /// `jbt-mcpcheck` from the Python index: revision 2026-07-28 over HTTP, and how errors read.
    Mcpcheck,
    /// The MCP Inspector's command line from npm: lists, calls and a short load, in both eras and on both transports.
    Inspector,
    /// `mcp-wallfacer` from crates.io: arguments made from the tools' schemas, right and wrong.
    Wallfacer,
}

/// What to check, and with what.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Only this target, by its name in the result.
    #[arg(long)]
    target: Option<String>,
    /// Only this tester.
    #[arg(long)]
    checker: Option<Checker>,
}

/// Runs every tester against every target; fails when one of them finds a fault.
pub(crate) fn check_server(options: &Options) -> Result<()> {
    let targets: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| {
            options
                .target
                .as_deref()
                .is_none_or(|name| name == target.name)
        })
        .collect();
    if targets.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        bail!("there is no such target; there are: {}", names.join(", "));
    }
    let folder = empty_state("checkers")?;
    let mut table = Table::new(&["target", "checker", "result"]);
    let mut failures = Vec::new();
    for target in targets {
        let built = Built::new(target, &folder)?;
        for checker in Checker::value_variants() {
            if options.checker.is_some_and(|only| only != *checker) {
                continue;
            }
            println!("\n── {}, {}", target.name, checker.name());
            let result = match checker.run(&built) {
                Ok(summary) => summary,
                Err(error) => {
                    println!("{error:#}");
                    failures.push(format!("{}, {}: {error:#}", target.name, checker.name()));
                    "FAILED".to_owned()
                }
            };
            table.row([target.name.to_owned(), checker.name().to_owned(), result]);
        }
    }
    println!("\n{table}\nresults: {}", folder.display());
    if failures.is_empty() {
        return Ok(());
    }
    bail!(
        "{} testers found faults:\n{}",
        failures.len(),
        failures.join("\n")
    )
}

/// Installs what is neither from npm nor from the Python index; returns where it is.
pub(crate) fn install() -> Result<PathBuf> {
    wallfacer::install()
}

impl Checker {
    fn name(self) -> &'static str {
        match self {
            Self::Mcpcheck => "mcpcheck",
            Self::Inspector => "MCP Inspector",
            Self::Wallfacer => "wallfacer",
        }
    }

    /// Installs the tester where it is missing and runs it; the text says what it looked at.
    ///
    /// Each run has a server of its own, so that what one tester leaves behind is not another's fault.
    fn run(self, built: &Built) -> Result<String> {
        let run: fn(&Subject<'_>) -> Result<String> = match self {
            Self::Mcpcheck => mcpcheck::run,
            Self::Inspector => inspector::run,
            Self::Wallfacer => wallfacer::run,
        };
        let (mut server, url) = built.serve(self.name())?;
        let summary = run(&Subject {
            target: built.target,
            program: &built.program,
            url: &url,
            folder: &built.folder,
        });
        // A fault of the tester's may be the consequence of a server that died: the latter is the one to report.
        server
            .must_be_running()
            .context("the server did not survive")?;
        summary
    }
}

/// What a tester is given.
struct Subject<'a> {
    target: &'a Target,
    /// The server's program, for testers that start it themselves and talk to it over stdio.
    program: &'a Path,
    /// The endpoint of the server that is running.
    url: &'a str,
    /// Where reports and logs go.
    folder: &'a Path,
}

/// A target that is built.
struct Built {
    target: &'static Target,
    program: PathBuf,
    folder: PathBuf,
}

impl Built {
    fn new(target: &'static Target, folder: &Path) -> Result<Self> {
        let folder = folder.join(target.name);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("could not create {}", folder.display()))?;
        Ok(Self {
            target,
            program: build(target.build)?,
            folder,
        })
    }

    fn serve(&self, name: &str) -> Result<(Server, String)> {
        let port = free_port()?;
        let mut command = Command::new(&self.program);
        let log = self
            .folder
            .join(format!("server-{}.log", name.replace(' ', "-")));
        let server = Server::start(command.args(["--port", &port.to_string()]), port, &log)?;
        let url = server.mcp_url();
        Ok((server, url))
    }
}
