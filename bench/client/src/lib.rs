//! The calls of `echo` and `add` that a client makes to be measured. It prints one JSON object, and nothing when an answer
//! was wrong.
//!
//! Who makes the calls is a [`Caller`]: each client of the comparison is a program of its own, since built into one they would
//! share the features of their dependencies.

#![allow(
    clippy::print_stdout,
    reason = "standard output is where the figures go"
)]

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use figures::{Figures, Usage};
use tokio::task::JoinSet;

/// A client that is connected to the benchmark's server.
pub trait Caller: Sized + Send + Sync + 'static {
    /// Connects, and lists the tools as every host does; returns how many there are.
    fn connect(target: Target, era: Era) -> impl Future<Output = Result<(Self, usize)>> + Send;

    /// Calls `echo`.
    fn echo(&self, text: &str) -> impl Future<Output = Result<String>> + Send;

    /// Calls `add`.
    fn add(&self, a: i64, b: i64) -> impl Future<Output = Result<i64>> + Send;

    /// Ends the connection, and the server where it was started for it.
    fn close(self) -> impl Future<Output = Result<()>> + Send;
}

/// Where the server is.
#[derive(Clone, Debug)]
pub enum Target {
    /// It listens there.
    Url(String),
    /// It is started by this command, which has at least one word.
    Command(Vec<String>),
}

/// Which protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Era {
    /// 2025-11-25, in a session.
    Legacy,
    /// 2026-07-28, without.
    Modern,
}

/// Calls `echo` and `add` in turn through one client.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which protocol is spoken.
    #[arg(long)]
    era: Era,
    /// Calls that count; a fifth as many go before them.
    #[arg(long, default_value_t = 20_000)]
    count: u32,
    /// Calls that are in flight at a time.
    #[arg(long, default_value_t = 1)]
    in_flight: u32,
    /// The server's address; without it the server is started over stdio.
    #[arg(long, required_unless_present = "command")]
    url: Option<String>,
    /// The server's command.
    #[arg(last = true, conflicts_with = "url")]
    command: Vec<String>,
}

/// What a program of the comparison does.
pub fn main<C: Caller>() -> ExitCode {
    match measure::<C>(Arguments::parse()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("client: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure<C: Caller>(arguments: Arguments) -> Result<String> {
    let target = match arguments.url {
        Some(url) => Target::Url(url),
        None => Target::Command(arguments.command),
    };
    // The runtime that `#[tokio::main]` gives to users.
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(async {
        let (caller, tools) = C::connect(target, arguments.era).await?;
        ensure!(tools == TOOLS, "the server has {tools} tools, not {TOOLS}");
        let caller = Arc::new(caller);
        calls(&caller, arguments.count.div_ceil(5), arguments.in_flight).await?;
        let before = Usage::of(std::process::id());
        let begin = Instant::now();
        let latencies = calls(&caller, arguments.count, arguments.in_flight).await?;
        let time = begin.elapsed();
        let after = Usage::of(std::process::id());
        let caller = Arc::into_inner(caller).context("a call has not ended")?;
        caller.close().await?;
        anyhow::Ok(Figures::new(latencies, time, before, after))
    })?;
    Ok(serde_json::to_string(&figures)?)
}

/// Makes so many calls; how long each took.
async fn calls<C: Caller>(caller: &Arc<C>, count: u32, in_flight: u32) -> Result<Vec<Duration>> {
    let in_flight = in_flight.max(1);
    let mut rows = JoinSet::new();
    for row in 0..in_flight {
        let caller = caller.clone();
        rows.spawn(async move {
            let share = count / in_flight + u32::from(row < count % in_flight);
            let mut latencies = Vec::with_capacity(usize::try_from(share)?);
            for number in 0..share {
                let begin = Instant::now();
                call(&*caller, number).await?;
                latencies.push(begin.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(row) = rows.join_next().await {
        latencies.extend(row??);
    }
    Ok(latencies)
}

async fn call(caller: &impl Caller, number: u32) -> Result<()> {
    if number.is_multiple_of(2) {
        let said = caller.echo(TEXT).await?;
        ensure!(said == TEXT, "`echo` answered {said:?}");
    } else {
        let sum = caller.add(number.into(), 2).await?;
        ensure!(sum == i64::from(number) + 2, "`add` answered {sum}");
    }
    Ok(())
}

const TEXT: &str = "The quick brown fox jumps over the lazy dog.";

/// How many tools every server of the benchmark has.
const TOOLS: usize = 50;
