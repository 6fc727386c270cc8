//! Our client against each server: `crates/midfield/examples/peers` uses what the manifest says that the server has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
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

/// How many runs go on at once: most of the time they wait.
const AT_ONCE: usize = 3;

/// One run of the driver.
struct Run<'a> {
    ready: &'a Ready<'a>,
    transport: Transport,
    /// The era that is asked for; otherwise the client finds out by itself.
    asked: Option<Era>,
}

/// What a run came to, and how long it took.
type Outcome = (Result<Total>, Duration);

/// Drives each server over both transports in each of its eras; fails when a check of one of them fails.
pub(super) fn drive(peers: &[&Peer]) -> Result<()> {
    let driver = build(&["--package", "midfield", "--example", "peers"])?;
    let folder = empty_state("drive")?;
    let ready: Vec<Ready<'_>> = peers
        .iter()
        .map(|peer| Ready::new(peer))
        .collect::<Result<_>>()?;
    let runs: Vec<Run<'_>> = ready.iter().flat_map(Run::all).collect();
    let begin = Instant::now();
    let outcomes = carry_out(&runs, &driver, &folder);
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
    for (run, (total, time)) in runs.iter().zip(outcomes) {
        let total = total.unwrap_or_else(|error| {
            let lines = failed_lines(&run.log(&folder));
            failures.push(format!("{}: {error:#}{lines}", run.name()));
            Total::default()
        });
        table.row([
            run.ready.peer.name.clone(),
            run.transport.to_string(),
            run.era(),
            total.revision,
            total.passed,
            total.deviating,
            total.failed,
            format!("{:.1}", time.as_secs_f64()),
        ]);
    }
    let seconds = begin.elapsed().as_secs();
    println!("\n{table}\n{seconds} s; logs: {}", folder.display());
    if failures.is_empty() {
        return Ok(());
    }
    bail!(
        "{} runs of our client against the servers of others failed:\n{}",
        failures.len(),
        failures.join("\n")
    )
}

/// Carries out the runs, some at once; their outcomes in the order of the runs.
fn carry_out(runs: &[Run<'_>], driver: &Path, folder: &Path) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(run) = runs.get(index) else {
                return done;
            };
            let begin = Instant::now();
            let total = run.carry_out(driver, &run.log(folder));
            done.push((index, (total, begin.elapsed())));
        }
    };
    let mut done: Vec<(usize, Outcome)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        let done = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        done.flatten().collect()
    });
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

impl<'a> Run<'a> {
    fn all(ready: &'a Ready<'a>) -> Vec<Self> {
        let mut runs = Vec::new();
        for transport in [Transport::Stdio, Transport::Http] {
            for asked in ASKED {
                // A server of one era has no other that could be asked for.
                if asked.is_none() || ready.peer.eras.len() > 1 {
                    runs.push(Self {
                        ready,
                        transport,
                        asked,
                    });
                }
            }
        }
        runs
    }

    fn era(&self) -> String {
        self.asked
            .map_or_else(|| "auto".to_owned(), |era| era.to_string())
    }

    fn name(&self) -> String {
        format!("{}-{}-{}", self.ready.peer.name, self.transport, self.era())
    }

    fn log(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.log", self.name()))
    }

    /// Runs the driver once; what it prints goes to `log`.
    fn carry_out(&self, driver: &Path, log: &Path) -> Result<Total> {
        let peer = self.ready.peer;
        let deviations: Vec<&str> = peer.deviations.keys().map(String::as_str).collect();
        let mut command = Command::new(driver);
        command
            .args(["--server", &peer.name, "--era", &self.era()])
            .args(["--features", &peer.features.join(",")])
            .args(["--deviations", &deviations.join(",")]);
        let mut server = None;
        match self.transport {
            Transport::Stdio => {
                let stdio = self.ready.stdio();
                command
                    .arg("--")
                    .arg(stdio.get_program())
                    .args(stdio.get_args());
            }
            Transport::Http => {
                let started = self.ready.http(&log.with_extension("server.log"))?;
                command.args(["--url", &started.mcp_url()]);
                server = Some(started);
            }
        }
        let status = process::run_into(log, &mut command, LIMIT)?;
        if let Some(server) = &mut server {
            server.must_be_running()?;
        }
        if !status.success() {
            bail!("the driver ended with {status}");
        }
        let output =
            fs::read_to_string(log).with_context(|| format!("could not read {}", log.display()))?;
        let total = Total::read(&output).context("the driver printed no total")?;
        total.must_fit(peer, self.asked)
    }
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

/// What a log says of checks that failed, or else its end.
fn failed_lines(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let failed: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("FAILED"))
        .collect();
    let lines = if failed.is_empty() {
        process::tail(log, 3)
    } else {
        failed.join("\n")
    };
    let mut indented = String::new();
    for line in lines.lines() {
        indented.push_str("\n  ");
        indented.push_str(line);
    }
    indented
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
