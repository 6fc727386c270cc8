//! From the start of a server's process to its first answer, and what it occupies when it then does nothing.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use figures::{Figures, Usage};

use crate::connection::{Connection, Endpoint};
use crate::http::CONNECT_LIMIT;
use crate::message::{FIRST_ID, Message, Revision, Template, answer};
use crate::stdio::StdioServer;

/// How long a server is left alone before its memory is read.
const IDLE: Duration = Duration::from_millis(300);

/// What to start, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often.
    #[arg(long, default_value_t = 10)]
    count: u32,
    /// Ask over HTTP at this address; without it over the server's pipes.
    #[arg(long)]
    url: Option<String>,
    /// The server's command.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Starts the server again and again.
pub(crate) fn run(options: &Options) -> Result<Figures> {
    let begin = Instant::now();
    let mut latencies = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..options.count {
        let from = Instant::now();
        let mut server = StdioServer::start(&options.command)?;
        match &options.url {
            Some(url) => greet_over_http(url)?,
            None => server.greet()?,
        }
        latencies.push(from.elapsed());
        thread::sleep(IDLE);
        memory.push(Usage::of(server.pid()).memory_kib);
        if options.url.is_none() {
            server.stop();
        }
    }
    memory.sort_unstable();
    let memory_kib = memory
        .get(memory.len() / 2)
        .copied()
        .context("the server was never started")?;
    let idle = Usage {
        memory_kib,
        cpu: Duration::ZERO,
    };
    Ok(Figures::new(
        latencies,
        begin.elapsed(),
        Usage::default(),
        idle,
    ))
}

fn greet_over_http(url: &str) -> Result<()> {
    let endpoint = Endpoint::parse(url)?;
    let greeting = Message::greeting(Revision::Legacy);
    let mut request = Template::new(&endpoint.post("", greeting.json().len()), &greeting);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut connection = Connection::open_within(&endpoint, CONNECT_LIMIT).await?;
        let status = connection.exchange(request.with_id(FIRST_ID)).await?;
        answer(&connection.body, FIRST_ID).with_context(|| format!("status {status}"))?;
        Ok(())
    })
}
