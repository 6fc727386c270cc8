//! Our client against each server: `crates/midfield/examples/peers` uses what the manifest says that the server has.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::manifest::Peer;
use super::probe::{Era, Transport};
use super::start::Ready;
use crate::process;
use crate::table::Table;
use crate::workspace::{build, empty_state};

/// How long one run may take, most of which a loaded machine needs for starting processes.
const LIMIT: Duration = Duration::from_mins(2);

/// Which revisions the client speaks: what it finds out by itself, and in a server of both eras what it would not choose.
const ASKED: [Option<Era>; 2] = [None, Some(Era::Legacy)];

/// Drives each server over both transports in each of its eras; fails when a check of one of them fails.
pub(super) fn drive(peers: &[&Peer]) -> Result<()> {
    let driver = build(&["--package", "midfield", "--example", "peers"])?;
    let folder = empty_state("drive")?;
    let mut table = Table::new(&[
        "server",
        "transport",
        "era",
        "revision",
        "passed:",
        "deviate:",
        "failed:",
        "seconds:",
    ]);
    let mut failures = Vec::new();
    let begin = Instant::now();
    for peer in peers {
        let ready = Ready::new(peer)?;
        for transport in [Transport::Stdio, Transport::Http] {
            for asked in ASKED {
                if asked.is_some() && peer.eras.len() == 1 {
                    continue;
                }
                let era = asked.map_or("auto".to_owned(), |era| era.to_string());
                let run = format!("{}-{transport}-{era}", peer.name);
                let log = folder.join(format!("{run}.log"));
                let begin = Instant::now();
                let total = run_driver(&driver, &ready, transport, &era, &log);
                let total = total.and_then(|total| total.must_fit(peer, asked));
                let total = total.unwrap_or_else(|error| {
                    let lines = failed_lines(&log);
                    failures.push(format!("{run}: {error:#}{lines}"));
                    Total::default()
                });
                table.row([
                    peer.name.clone(),
                    transport.to_string(),
                    era,
                    total.revision,
                    total.passed,
                    total.deviating,
                    total.failed,
                    format!("{:.1}", begin.elapsed().as_secs_f64()),
                ]);
            }
        }
    }
    println!(
        "\n{table}\n{:.0} s; logs: {}",
        begin.elapsed().as_secs_f64(),
        folder.display()
    );
    if failures.is_empty() {
        return Ok(());
    }
    bail!(
        "{} runs of our client against others' servers failed:\n{}",
        failures.len(),
        failures.join("\n")
    )
}

/// The last line of a run.
#[derive(Debug, Default)]
struct Total {
    revision: String,
    passed: String,
    deviating: String,
    failed: String,
}

impl Total {
    /// `total: 2026-07-28, 40 passed, 1 deviate, 0 failed`.
    fn read(output: &str) -> Option<Self> {
        let line = output.lines().next_back()?.strip_prefix("total: ")?;
        let mut parts = line.split(", ");
        let revision = parts.next()?.to_owned();
        let mut count = |what| Some(parts.next()?.strip_suffix(what)?.to_owned());
        Some(Self {
            revision,
            passed: count(" passed")?,
            deviating: count(" deviate")?,
            failed: count(" failed")?,
        })
    }

    /// Fails unless the newest revision was spoken that both know.
    fn must_fit(self, peer: &Peer, asked: Option<Era>) -> Result<Self> {
        let newest = if peer.eras.contains(&Era::Modern) {
            Era::Modern
        } else {
            Era::Legacy
        };
        let expected = asked.unwrap_or(newest).revision();
        if self.revision != expected {
            bail!("{} was spoken instead of {expected}", self.revision);
        }
        Ok(self)
    }
}

/// Runs the driver once; what it prints goes to `log`.
fn run_driver(
    driver: &Path,
    ready: &Ready<'_>,
    transport: Transport,
    era: &str,
    log: &Path,
) -> Result<Total> {
    let peer = ready.peer;
    let deviations: Vec<&str> = peer.deviations.keys().map(String::as_str).collect();
    let mut command = Command::new(driver);
    command
        .args(["--server", &peer.name, "--era", era])
        .args(["--features", &peer.features.join(",")])
        .args(["--deviations", &deviations.join(",")]);
    let mut server = None;
    match transport {
        Transport::Stdio => {
            let stdio = ready.stdio();
            command
                .arg("--")
                .arg(stdio.get_program())
                .args(stdio.get_args());
        }
        Transport::Http => {
            let started = ready.http(&log.with_extension("server.log"))?;
            command.args(["--url", &started.mcp_url()]);
            server = Some(started);
        }
    }
    let status = process::run_into(log, &mut command, LIMIT)?;
    if let Some(server) = &mut server {
        server.must_be_running()?;
    }
    let output = std::fs::read_to_string(log)
        .with_context(|| format!("could not read {}", log.display()))?;
    if !status.success() {
        bail!("the driver ended with {status}");
    }
    Total::read(&output).context("the driver printed no total")
}

/// What a log says of checks that failed, or else its end.
fn failed_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let failed: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("FAILED"))
        .collect();
    let lines = if failed.is_empty() {
        process::tail(log, 3)
    } else {
        failed.join("\n")
    };
    lines.lines().map(|line| format!("\n  {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_read() {
        let total =
            Total::read("ok it is\ntotal: 2026-07-28, 40 passed, 1 deviate, 0 failed\n").unwrap();
        assert_eq!(total.revision, "2026-07-28");
        assert_eq!(
            (total.passed.as_str(), total.deviating.as_str()),
            ("40", "1")
        );
    }

    #[test]
    fn what_is_no_total_is_not_taken_for_one() {
        assert!(Total::read("total: 40 passed").is_none());
        assert!(Total::read("").is_none());
    }
}
