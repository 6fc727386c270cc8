//! `cargo xtask bench`: this project's server beside rmcp and a bare limit server, on the same machine in one run.
//!
//! Requests per second say little by themselves; the ratio to the limit server, taken in the same minute, holds. The
//! programs are a workspace of their own in `bench/`, so that the peer's dependencies stay out of our lock file.

mod cell;
mod clients;
mod instructions;
mod machine;
mod memory;
mod report;
mod rows;

use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};

use self::report::Report;
use self::rows::{ROWS, Row};
use crate::install;
use crate::process;
use crate::workspace::{BUILD_LIMIT, cargo, empty_state, root, target};

/// How much to measure.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    part: Option<Part>,
    /// How often each row is measured; the tables show medians.
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Timed seconds of each measurement.
    #[arg(long, default_value_t = 1.5)]
    secs: f64,
    /// Only rows whose key contains one of these, with commas between them: call, list, read, cold, stdio, progress,
    /// tasks, start, instructions.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// One more server beside the others, as NAME=PROGRAM; it takes the flags that `bench/midfield-server` takes.
    #[arg(long)]
    server: Vec<String>,
}

/// The bare server.
const LIMIT: &str = "limit";

/// A part that is measured by itself.
#[derive(Debug, clap::Subcommand)]
enum Part {
    /// What idle sessions and open streams cost in memory, and how soon all streams hear of a change.
    Memory(memory::Options),
    /// Midfield's client beside rmcp's, both against midfield's server.
    Clients(clients::Options),
}

/// A server that is compared.
#[derive(Clone, Debug)]
struct Program {
    name: String,
    path: PathBuf,
}

/// Builds everything, measures and prints the tables.
pub(crate) fn bench(options: &Options) -> Result<()> {
    match &options.part {
        Some(Part::Memory(options)) => return memory::memory(options),
        Some(Part::Clients(options)) => return clients::clients(options),
        None => {}
    }
    let rows: Vec<&Row> = ROWS
        .iter()
        .filter(|row| is_wanted(row.key, &options.only))
        .collect();
    if rows.is_empty() {
        bail!(
            "no row has a key like {}: the keys are {}",
            options.only.join(", "),
            rows::keys()
        );
    }
    must_be_able_to_pin()?;
    if rows.iter().any(|row| row.needs_valgrind()) {
        install::program("valgrind", "valgrind")?;
    }
    let binaries = build(&["load", "limit", "peer-rmcp", "midfield-server"])?;
    let mut programs: Vec<Program> = [
        (LIMIT, "limit"),
        ("rmcp", "peer-rmcp"),
        ("midfield", "midfield-server"),
    ]
    .map(|(name, file)| Program {
        name: name.to_owned(),
        path: binaries.join(file),
    })
    .into();
    for server in &options.server {
        let (name, path) = server
            .split_once('=')
            .with_context(|| format!("{server} is not NAME=PROGRAM"))?;
        programs.push(Program {
            name: name.to_owned(),
            path: path.into(),
        });
    }
    let bench = cell::Bench {
        load: binaries.join("load"),
        folder: empty_state("bench")?,
        seconds: options.secs,
    };
    let mut report = Report::new(
        programs
            .iter()
            .map(|program| program.name.clone())
            .collect(),
    );
    for run in 0..options.runs {
        for row in &rows {
            // Another server begins each time, so that none always has the machine at its warmest.
            let first = usize::try_from(run).unwrap_or_default() % programs.len();
            for program in programs.iter().cycle().skip(first).take(programs.len()) {
                if program.name == LIMIT && !row.has_limit() {
                    continue;
                }
                let sample = bench.measure(row, program, run).with_context(|| {
                    format!("could not measure {} with {}", row.key, program.name)
                })?;
                println!(
                    "run {} {:<22} {:<9} {sample}",
                    run + 1,
                    row.key,
                    program.name
                );
                report.add(run, row.key, &program.name, sample);
            }
        }
    }
    println!("\n{}", report.tables(&rows, options.runs));
    Ok(())
}

fn is_wanted(key: &str, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|part| key.contains(part.as_str()))
}

/// Whoever asks and whoever answers need a processor each.
fn must_be_able_to_pin() -> Result<()> {
    if thread::available_parallelism()?.get() < 2 {
        bail!("this machine has one processor: the server and who measures it need one each");
    }
    install::program("taskset", "util-linux")
}

/// Builds the programs of the benchmark; returns the folder that they are in.
fn build(packages: &[&str]) -> Result<PathBuf> {
    let folder = target().join("bench");
    // One by one: built together, each would get the features that any of them asks of a shared dependency, and
    // midfield keeps the order of JSON members, which would cost the others a tenth of their speed.
    for package in packages {
        let mut command: Command = cargo();
        command.args(["build", "--release", "--locked", "--package", package]);
        command
            .arg("--manifest-path")
            .arg(root().join("bench/Cargo.toml"))
            .arg("--target-dir")
            .arg(&folder);
        process::run(&mut command, BUILD_LIMIT)?;
    }
    Ok(folder.join("release"))
}
