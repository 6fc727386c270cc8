//! `cargo xtask bench memory`: what a server keeps for sessions that do nothing, and for streams that say nothing.
//!
//! Memory does not depend on how busy the machine is, so that nothing waits for quiet; the time in which all streams
//! hear of a change does.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::build;
use super::report::{median, whole};
use crate::process;
use crate::server::{Server, free_port};
use crate::table::Table;
use crate::workspace::empty_state;

/// How many sessions and streams.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Sessions that midfield keeps.
    #[arg(long, default_value_t = 100_000)]
    sessions: u32,
    /// Streams that midfield holds open.
    #[arg(long, default_value_t = 10_000)]
    streams: u32,
    /// How often everything is measured; the table shows medians.
    #[arg(long, default_value_t = 3)]
    runs: u32,
}

/// A server that is measured.
struct Peer {
    name: &'static str,
    path: PathBuf,
    flags: &'static [&'static str],
    sessions: u32,
    streams: u32,
    /// Whether it has the tool `grow`.
    tells: bool,
}

/// What the load generator prints of sessions.
#[derive(Debug, Deserialize)]
struct SessionFigures {
    opened: u32,
    bytes_each: f64,
    sampled: u32,
}

/// What the load generator prints of streams.
#[derive(Debug, Deserialize)]
struct StreamFigures {
    opened: u32,
    bytes_each: f64,
    heard: u32,
    heard_milliseconds: f64,
}

/// Builds, measures and prints the table.
pub(super) fn memory(options: &Options) -> Result<()> {
    raise_file_limit(options.streams)?;
    let binaries = build(&["load", "peer-rmcp", "midfield-server"])?;
    let folder = empty_state("bench-memory")?;
    let peers = [
        Peer {
            name: "midfield",
            path: binaries.join("midfield-server"),
            flags: &["--crowd"],
            sessions: options.sessions,
            streams: options.streams,
            tells: true,
        },
        // It keeps so much for each that fewer tell as much.
        Peer {
            name: "rmcp",
            path: binaries.join("peer-rmcp"),
            flags: &[],
            sessions: options.sessions.min(2_000),
            streams: options.streams.min(1_000),
            tells: false,
        },
    ];
    let mut figures: Vec<(Vec<SessionFigures>, Vec<StreamFigures>)> = Vec::new();
    for peer in &peers {
        let bench = Bench {
            load: binaries.join("load"),
            folder: &folder,
            peer,
        };
        let mut found = (Vec::new(), Vec::new());
        for run in 1..=options.runs.max(1) {
            let sessions = bench.sessions()?;
            let streams = bench.streams()?;
            println!(
                "run {run} {:<9} {:>8.1} bytes of each of {} sessions, {} of which were tried; \
                 {:>8.1} bytes of each of {} streams, {} of which heard of a change within {:.0} ms",
                peer.name,
                sessions.bytes_each,
                sessions.opened,
                sessions.sampled,
                streams.bytes_each,
                streams.opened,
                streams.heard,
                streams.heard_milliseconds
            );
            found.0.push(sessions);
            found.1.push(streams);
        }
        figures.push(found);
    }
    println!("\n{}", table(&peers, &figures));
    Ok(())
}

/// One server and what loads it.
struct Bench<'a> {
    load: PathBuf,
    folder: &'a Path,
    peer: &'a Peer,
}

impl Bench<'_> {
    fn sessions(&self) -> Result<SessionFigures> {
        let figures: SessionFigures = self.measure("sessions", self.peer.sessions, &[])?;
        ensure!(figures.opened == self.peer.sessions, "too few sessions");
        Ok(figures)
    }

    fn streams(&self) -> Result<StreamFigures> {
        let tell: &[&str] = if self.peer.tells { &["--tell"] } else { &[] };
        let figures: StreamFigures = self.measure("streams", self.peer.streams, tell)?;
        ensure!(figures.opened == self.peer.streams, "too few streams");
        ensure!(
            !self.peer.tells || figures.heard == figures.opened,
            "{} of {} streams heard of a change",
            figures.heard,
            figures.opened
        );
        Ok(figures)
    }

    /// Starts the server anew, so that nothing is left over from before.
    fn measure<T: DeserializeOwned>(&self, part: &str, count: u32, more: &[&str]) -> Result<T> {
        let peer = self.peer;
        let port = free_port()?;
        let log = self.folder.join(format!("{}-{part}.log", peer.name));
        let mut command = Command::new(&peer.path);
        command.args(["--port", &port.to_string(), "--mode", "stateful"]);
        let server = Server::start(command.args(peer.flags), port, &log)?;
        let mut load = Command::new(&self.load);
        load.args([part, "--url", &server.mcp_url()]);
        load.args(["--pid", &server.pid().to_string()]);
        load.args(["--count", &count.to_string()]).args(more);
        let line = process::output_of(&mut load, LOAD_LIMIT)
            .with_context(|| format!("could not measure the {part} of {}", peer.name))?;
        serde_json::from_str(&line)
            .with_context(|| format!("could not understand the load generator: {line}"))
    }
}

fn table(peers: &[Peer], figures: &[(Vec<SessionFigures>, Vec<StreamFigures>)]) -> Table {
    let mut head = vec!["figure".to_owned()];
    head.extend(peers.iter().map(|peer| format!("{}:", peer.name)));
    let mut table = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
    let cell = |values: Vec<f64>| median(values).map_or_else(String::new, whole);
    let sessions = figures
        .iter()
        .map(|(sessions, _)| cell(sessions.iter().map(|figures| figures.bytes_each).collect()));
    let streams = figures
        .iter()
        .map(|(_, streams)| cell(streams.iter().map(|figures| figures.bytes_each).collect()));
    let heard = figures.iter().map(|(_, streams)| {
        let told = streams.iter().filter(|figures| figures.heard > 0);
        cell(told.map(|figures| figures.heard_milliseconds).collect())
    });
    let mut row = |title: &str, cells: Vec<String>| {
        table.push([title.to_owned()].into_iter().chain(cells).collect());
    };
    row("bytes for each idle session", sessions.collect());
    row(
        "bytes for each session with an open stream",
        streams.collect(),
    );
    row(
        "until all streams have heard of a change, ms",
        heard.collect(),
    );
    table
}

/// Raises the limit of open files, which the programs that are started inherit, as far as the streams need.
fn raise_file_limit(streams: u32) -> Result<()> {
    let needed = u64::from(streams) + SPARE_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if let Some(most) = limit.maximum.filter(|most| *most < needed) {
        bail!(
            "{streams} streams need {needed} open files in one process and the hard limit is {most}: \
             raise it (`ulimit -Hn {needed}`) or take fewer (`--streams`)"
        );
    }
    let raised = Rlimit {
        current: Some(needed),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).context("could not raise the limit of open files")
}

/// Files that a server and the load generator open beside the streams.
const SPARE_FILES: u64 = 200;

/// How long one measurement may take.
const LOAD_LIMIT: Duration = Duration::from_mins(5);
