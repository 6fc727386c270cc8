//! A closed-loop load generator for MCP servers: each connection has one request in flight.
//!
//! It speaks the session protocol of 2025-11-25 and the stateless one of 2026-07-28 over Streamable HTTP, and
//! newline-delimited JSON over stdio. One thread and a hand-written HTTP/1.1 client, so that it costs less than the
//! server that it measures. Every answer is checked. It prints one JSON object, and nothing when an answer was wrong.

#![allow(
    clippy::print_stdout,
    reason = "standard output is where the figures go"
)]

mod connection;
mod crowd;
mod http;
mod message;
mod start;
mod stdio;
mod task;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use serde::Serialize;

#[derive(Debug, Parser)]
#[command(about = "A closed-loop load generator for MCP servers")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load a server that listens already.
    Http(http::Options),
    /// Start a stdio server and load it.
    Stdio(stdio::Options),
    /// Open many sessions and leave them alone: what each costs in memory.
    Sessions(crowd::Sessions),
    /// Hold the streams of many sessions open: what each costs in memory, and how soon all hear of a change.
    Streams(crowd::Streams),
    /// Start a server again and again, and time it until its first answer.
    Start(start::Options),
}

fn main() -> ExitCode {
    let line = match Arguments::parse().command {
        Command::Http(options) => line(http::run(options)),
        Command::Stdio(options) => line(stdio::run(&options)),
        Command::Start(options) => line(start::run(&options)),
        Command::Sessions(options) => line(crowd::sessions(options)),
        Command::Streams(options) => line(crowd::streams(options)),
    };
    match line {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn line(figures: Result<impl Serialize>) -> Result<String> {
    Ok(serde_json::to_string(&figures?)?)
}
