//! The limit server: the least work that an HTTP or stdio server can do and still give a right-looking MCP answer.
//!
//! It parses the JSON-RPC body into typed structures, matches on the method and serializes a fixed typed result. It
//! keeps no sessions, checks no headers and runs no lifecycle. It is a yardstick, not a server to copy.

mod answer;
mod http;
mod stdio;
mod wire;

use anyhow::Result;
use clap::{Parser, ValueEnum};

/// The limit server of the benchmark.
#[derive(Debug, Parser)]
struct Arguments {
    /// Serve HTTP on this port of 127.0.0.1.
    #[arg(long, default_value_t = 9001)]
    port: u16,
    /// How to answer over HTTP.
    #[arg(long, default_value = "json")]
    resp: Responses,
    /// Accepted, because every server of the benchmark takes it; this one has no modes.
    #[arg(long)]
    mode: Option<String>,
    /// Serve stdio instead of HTTP.
    #[arg(long)]
    stdio: bool,
}

/// The form of HTTP answers.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Responses {
    /// A JSON body.
    Json,
    /// A stream of server-sent events with one event.
    Sse,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.stdio {
        return Ok(stdio::serve()?);
    }
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(http::serve(arguments.port, arguments.resp))
}
