//! `cargo xtask bench clients`: midfield's client beside rmcp's, both against midfield's server, in one run.
//!
//! The server has one processor to itself and the client another. Both clients of a pair are measured one after the other, which
//! of them first turns with each run, and a ratio is always taken inside a pair.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::cell::{LOAD_PROCESSOR, SERVER_PROCESSOR, on_processor, stdio_server};
use super::machine::{self, QUIET, Snapshot};
use super::report::{median, whole};
use super::{Program, build};
use crate::process;
use crate::server::{Server, free_port};
use crate::table::Table;
use crate::workspace::empty_state;

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// How often each row is measured; the tables show medians.
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Calls of each measurement; a fifth as many go before them.
    #[arg(long, default_value_t = 10_000)]
    calls: u32,
    /// Only rows whose key contains one of these, with commas between them: stdio, http, 2025, 2026, 1, 16.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Seconds to wait for other processes to become quiet before each pair.
    #[arg(long, default_value_t = 20)]
    patience: u64,
}

/// One row of the tables.
#[derive(Clone, Copy, Debug)]
struct Row {
    key: &'static str,
    title: &'static str,
    over_http: bool,
    era: &'static str,
    in_flight: &'static str,
}

/// What a client prints.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Figures {
    done: u32,
    per_second: f64,
    median_microseconds: f64,
    p99_microseconds: f64,
    cpu_microseconds: f64,
}

/// What was found of both clients: ours, and rmcp's.
type Pair = [Figures; 2];

/// Builds, measures and prints the tables.
pub(super) fn clients(options: &Options) -> Result<()> {
    let is_wanted = |row: &&Row| super::is_wanted(row.key, &options.only);
    let rows: Vec<&Row> = ROWS.iter().filter(is_wanted).collect();
    if rows.is_empty() {
        let keys: Vec<&str> = ROWS.iter().map(|row| row.key).collect();
        bail!(
            "no row has a key like {}: the keys are {}",
            options.only.join(", "),
            keys.join(", ")
        );
    }
    super::must_be_able_to_pin()?;
    let [ours, theirs] = CLIENTS;
    let binaries = build(&[ours, theirs, "midfield-server"])?;
    let bench = Bench {
        clients: CLIENTS.map(|name| binaries.join(name)),
        server: Program {
            name: "midfield".to_owned(),
            path: binaries.join("midfield-server"),
        },
        folder: empty_state("bench-clients")?,
        calls: options.calls,
    };
    let mut found: Vec<Vec<Pair>> = vec![Vec::new(); rows.len()];
    let mut disturbed = 0;
    for run in 0..options.runs.max(1) {
        for (row, pairs) in rows.iter().zip(&mut found) {
            machine::wait_until_quiet(Duration::from_secs(options.patience))?;
            let before = Snapshot::now()?;
            let pair = bench.pair(row, !run.is_multiple_of(2))?;
            let others = Snapshot::now()?.others_since(before);
            disturbed += u32::from(others > QUIET);
            println!(
                "run {} {:<13} midfield {:>9.1}/s {:>6.1} µs cpu, rmcp {:>9.1}/s {:>6.1} µs cpu, others {others:.2}",
                run + 1,
                row.key,
                pair[0].per_second,
                pair[0].cpu_microseconds,
                pair[1].per_second,
                pair[1].cpu_microseconds,
            );
            pairs.push(pair);
        }
    }
    println!(
        "\nMedians of {} interleaved runs of {} calls; ratios are taken inside a run.\n",
        options.runs.max(1),
        options.calls
    );
    println!("{}", tables(&rows, &found));
    let all = found.iter().map(Vec::len).sum::<usize>();
    println!("{disturbed} of {all} pairs were disturbed by other processes.");
    Ok(())
}

struct Bench {
    clients: [PathBuf; 2],
    server: Program,
    folder: PathBuf,
    calls: u32,
}

impl Bench {
    /// Measures both clients, rmcp's first where that is its turn.
    fn pair(&self, row: &Row, theirs_first: bool) -> Result<Pair> {
        let [ours, theirs] = &self.clients;
        let early = theirs_first.then(|| self.once(row, theirs)).transpose()?;
        let first = self.once(row, ours)?;
        let second = early.map_or_else(|| self.once(row, theirs), Ok)?;
        Ok([first, second])
    }

    /// Measures a client on a server that was started anew.
    fn once(&self, row: &Row, client: &Path) -> Result<Figures> {
        let mut command = on_processor(LOAD_PROCESSOR, client);
        command.args(["--era", row.era, "--in-flight", row.in_flight]);
        command.args(["--count", &self.calls.to_string()]);
        let mut listening = None;
        if row.over_http {
            let mode = if row.era == MODERN {
                "modern"
            } else {
                "stateful"
            };
            let port = free_port()?;
            let mut server = on_processor(SERVER_PROCESSOR, &self.server.path);
            server.args(["--port", &port.to_string(), "--mode", mode]);
            let server = Server::start(&mut server, port, &self.folder.join("server.log"))?;
            command.args(["--url", &server.mcp_url()]);
            listening = Some(server);
        } else {
            command.args(stdio_server(&self.server)?);
        }
        let line = process::output_of(&mut command, LIMIT)
            .with_context(|| format!("could not measure {}", row.key))?;
        // It has to run until the client has done its work.
        drop(listening);
        let figures: Figures = serde_json::from_str(&line)
            .with_context(|| format!("could not understand the client: {line}"))?;
        ensure!(
            figures.done == self.calls,
            "{} calls were answered instead of {}",
            figures.done,
            self.calls
        );
        Ok(figures)
    }
}

/// A way to read one of a client's figures.
type Figure = fn(&Figures) -> f64;

fn tables(rows: &[&Row], found: &[Vec<Pair>]) -> String {
    let figures: [(&str, Figure); 4] = [
        ("Calls per second", |figures| figures.per_second),
        ("Median time of a call, µs", |figures| {
            figures.median_microseconds
        }),
        ("Time that 99 of 100 calls take at most, µs", |figures| {
            figures.p99_microseconds
        }),
        (
            "Processor time of the client for each call, µs",
            |figures| figures.cpu_microseconds,
        ),
    ];
    let tables = figures
        .iter()
        .map(|(title, figure)| format!("{title}\n\n{}", table(rows, found, *figure)));
    tables.collect::<Vec<_>>().join("\n")
}

fn table(rows: &[&Row], found: &[Vec<Pair>], figure: Figure) -> Table {
    let mut table = Table::new(&["work", "midfield:", "rmcp:", "midfield/rmcp:"]);
    for (row, pairs) in rows.iter().zip(found) {
        let of = |client: usize| median(pairs.iter().map(|pair| figure(&pair[client])).collect());
        let ratio = median(
            pairs
                .iter()
                .map(|[ours, theirs]| figure(ours) / figure(theirs))
                .collect(),
        );
        table.row([
            row.title.to_owned(),
            of(0).map_or_else(String::new, short),
            of(1).map_or_else(String::new, short),
            ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        ]);
    }
    table
}

/// A number with as many decimals as say something.
fn short(number: f64) -> String {
    if number < 1_000.0 {
        format!("{number:.1}")
    } else {
        whole(number)
    }
}

/// The programs that are compared.
const CLIENTS: [&str; 2] = ["client-midfield", "client-rmcp"];

const LEGACY: &str = "legacy";
const MODERN: &str = "modern";

/// How long one client may take.
const LIMIT: Duration = Duration::from_mins(2);

const fn row(
    key: &'static str,
    title: &'static str,
    over_http: bool,
    era: &'static str,
    in_flight: &'static str,
) -> Row {
    Row {
        key,
        title,
        over_http,
        era,
        in_flight,
    }
}

/// All rows, in the order of the tables.
const ROWS: &[Row] = &[
    row(
        "stdio-2025-1",
        "stdio, 2025-11-25, one at a time",
        false,
        LEGACY,
        "1",
    ),
    row(
        "stdio-2025-16",
        "stdio, 2025-11-25, 16 in flight",
        false,
        LEGACY,
        "16",
    ),
    row(
        "stdio-2026-1",
        "stdio, 2026-07-28, one at a time",
        false,
        MODERN,
        "1",
    ),
    row(
        "stdio-2026-16",
        "stdio, 2026-07-28, 16 in flight",
        false,
        MODERN,
        "16",
    ),
    row(
        "http-2025-1",
        "HTTP, 2025-11-25 session, one at a time",
        true,
        LEGACY,
        "1",
    ),
    row(
        "http-2025-16",
        "HTTP, 2025-11-25 session, 16 in flight",
        true,
        LEGACY,
        "16",
    ),
    row(
        "http-2026-1",
        "HTTP, 2026-07-28, one at a time",
        true,
        MODERN,
        "1",
    ),
    row(
        "http-2026-16",
        "HTTP, 2026-07-28, 16 in flight",
        true,
        MODERN,
        "16",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_inside_a_pair() {
        let figures = |per_second| Figures {
            done: 1,
            per_second,
            median_microseconds: 1.0,
            p99_microseconds: 1.0,
            cpu_microseconds: 1.0,
        };
        let pairs = [(50.0, 100.0), (1800.0, 1000.0), (7.0, 10.0)]
            .map(|(ours, theirs)| [figures(ours), figures(theirs)]);
        let text = table(&[&ROWS[0]], &[pairs.to_vec()], |it| it.per_second).to_string();
        assert!(
            text.contains("|     50.0 | 100.0 |          0.70 |"),
            "{text}"
        );
    }
}
