//! One measurement: a row, a server, a run. The server has one processor to itself and the load generator another.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::machine::{self, QUIET, Snapshot};
use super::rows::{Http, Kind, Row};
use super::{Program, instructions};
use crate::process;
use crate::server::{Server, free_port};

/// The processor of the server.
pub(super) const SERVER_PROCESSOR: &str = "0";
/// The processor of whoever asks it.
pub(super) const LOAD_PROCESSOR: &str = "1";

/// How often a measurement is tried until the machine was quiet.
const TRIES: u32 = 3;

/// How long to wait for the machine to become quiet.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the load generator may take, beyond the seconds that it was told.
const LOAD_LIMIT: Duration = Duration::from_mins(2);

/// What all measurements need.
#[derive(Debug)]
pub(super) struct Bench {
    /// The load generator.
    pub(super) load: PathBuf,
    /// Where logs go.
    pub(super) folder: PathBuf,
    /// Timed seconds of each measurement.
    pub(super) seconds: f64,
}

/// What a measurement found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// Requests per second, milliseconds or instructions, as the row says.
    pub(super) value: f64,
    /// Resident memory of the server, in MiB.
    pub(super) memory: f64,
    /// Median latency in microseconds.
    pub(super) latency: f64,
    /// Processor time of the server for each request, in microseconds.
    pub(super) cpu: f64,
    /// Processors that other processes took meanwhile.
    pub(super) others: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>12.1}  p50 {:>8.1} µs  cpu {:>7.1} µs  {:>5.1} MiB  others {:.2}",
            self.value, self.latency, self.cpu, self.memory, self.others
        )
    }
}

/// What the load generator prints.
#[derive(Debug, Deserialize)]
pub(super) struct Figures {
    pub(super) done: u32,
    per_second: f64,
    median_microseconds: f64,
    cpu_microseconds: f64,
    memory_kib: u32,
}

impl Bench {
    /// Measures once; again, when others disturbed it, and then keeps the quietest.
    pub(super) fn measure(&self, row: &Row, program: &Program, run: u32) -> Result<Sample> {
        let log = self
            .folder
            .join(format!("{}-{}-{run}.log", row.key, program.name));
        if let Kind::Instructions(http) = &row.kind {
            return self.count_instructions(http, program, &log);
        }
        let mut best: Option<Sample> = None;
        for _ in 0..TRIES {
            machine::wait_until_quiet(PATIENCE)?;
            let before = Snapshot::now()?;
            let mut sample = self.once(row, program, &log)?;
            sample.others = Snapshot::now()?.others_since(before);
            if best.is_none_or(|best| sample.others < best.others) {
                best = Some(sample);
            }
            if sample.others < QUIET {
                break;
            }
        }
        best.context("nothing was measured")
    }

    fn once(&self, row: &Row, program: &Program, log: &Path) -> Result<Sample> {
        match &row.kind {
            Kind::Http(http) | Kind::Instructions(http) => {
                let port = free_port()?;
                let server = Server::start(
                    on_processor(SERVER_PROCESSOR, &program.path).args(served(http, port)),
                    port,
                    log,
                )?;
                let seconds = self.seconds.to_string();
                let pid = server.pid().to_string();
                let timed = ["--seconds", &seconds, "--pid", &pid];
                let figures =
                    self.figures(&["http", "--url", &server.mcp_url()], http.load, &timed)?;
                Ok(Sample::of(&figures, figures.per_second))
            }
            Kind::Tasks { clients, in_file } => {
                let port = free_port()?;
                let file = log.with_extension("db");
                if file.exists() {
                    std::fs::remove_file(&file)?;
                }
                let place = if *in_file {
                    &*file
                } else {
                    Path::new("memory")
                };
                let mut command = on_processor(SERVER_PROCESSOR, &program.path);
                command.args(["--port", &port.to_string(), "--mode", "modern"]);
                command.arg("--resp").arg("json").arg("--tasks").arg(place);
                let server = Server::start(&mut command, port, log)?;
                let seconds = self.seconds.to_string();
                let pid = server.pid().to_string();
                let load = [
                    "--revision",
                    "2026-07-28",
                    "--work",
                    "task",
                    "--connections",
                    clients,
                ];
                let timed = ["--seconds", &seconds, "--pid", &pid];
                let figures = self.figures(&["http", "--url", &server.mcp_url()], &load, &timed)?;
                Ok(Sample::of(&figures, figures.per_second))
            }
            Kind::Stdio { window } => {
                let figures =
                    self.figures(&["stdio", "--window", window], &[], &stdio_server(program)?)?;
                Ok(Sample::of(&figures, figures.per_second))
            }
            Kind::Start => {
                let figures =
                    self.figures(&["start", "--count", "5"], &[], &stdio_server(program)?)?;
                Ok(Sample::of(&figures, figures.median_microseconds / 1000.0))
            }
        }
    }

    fn count_instructions(&self, http: &Http, program: &Program, log: &Path) -> Result<Sample> {
        let port = free_port()?;
        let server = instructions::Counter::start(&program.path, &served(http, port), port, log)?;
        let url = server.mcp_url();
        let ask = |count: &str| {
            let figures = self.figures(
                &["http", "--url", &url],
                http.load,
                &["--connections", "1", "--count", count],
            )?;
            ensure!(
                count == figures.done.to_string(),
                "{} requests were answered instead of {count}",
                figures.done
            );
            Ok(figures)
        };
        ask(instructions::WARMUP)?;
        let (figures, value) = server.count(|| ask(instructions::COUNT))?;
        Ok(Sample {
            value,
            others: 0.0,
            ..Sample::of(&figures, value)
        })
    }

    /// Runs the load generator and reads what it prints.
    fn figures(&self, begin: &[&str], middle: &[&str], end: &[&str]) -> Result<Figures> {
        let mut command = on_processor(LOAD_PROCESSOR, &self.load);
        command.args(begin).args(middle).args(end);
        let limit = LOAD_LIMIT + Duration::from_secs_f64(self.seconds);
        let line = process::output_of(&mut command, limit)?;
        serde_json::from_str(&line)
            .with_context(|| format!("could not understand the load generator: {line}"))
    }
}

impl Sample {
    fn of(figures: &Figures, value: f64) -> Self {
        Self {
            value,
            memory: f64::from(figures.memory_kib) / 1024.0,
            latency: figures.median_microseconds,
            cpu: figures.cpu_microseconds,
            others: 0.0,
        }
    }
}

/// The flags of a server that listens on a port.
fn served(http: &Http, port: u16) -> Vec<String> {
    let port = ["--port".to_owned(), port.to_string()];
    port.into_iter()
        .chain(http.server.iter().map(ToString::to_string))
        .collect()
}

/// The command of a stdio server for the load generator, which starts it by itself.
pub(super) fn stdio_server(program: &Program) -> Result<[&str; 6]> {
    let path = program
        .path
        .to_str()
        .with_context(|| format!("{} is not UTF-8", program.path.display()))?;
    Ok([
        "--",
        "taskset",
        "--cpu-list",
        SERVER_PROCESSOR,
        path,
        "--stdio",
    ])
}

/// A command that has one processor.
pub(super) fn on_processor(processor: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", processor]).arg(program);
    command
}
