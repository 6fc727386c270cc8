//! `cargo xtask`: the project's own commands. What continuous integration runs is `cargo xtask test`, nothing else.

#![allow(
    clippy::print_stdout,
    reason = "the terminal is where these commands report to"
)]

mod bench;
mod checkers;
mod conformance;
mod crash;
mod http;
mod install;
mod interop;
mod peers;
mod process;
mod server;
mod setup;
mod sweep;
mod table;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the tests need, from npm, the Python index, crates.io and, where something is missing, Debian.
    Setup,
    /// Run everything that must pass before a change goes in.
    Test(test::Options),
    /// Run the official conformance suite.
    Conformance {
        /// What to test.
        part: conformance::Part,
        #[command(flatten)]
        filter: conformance::Filter,
    },
    /// Let testers that others wrote loose on our servers.
    CheckServer(checkers::Options),
    /// Measure this project's server beside rmcp and a bare limit server.
    Bench(bench::Options),
    /// Kill servers at every point of their work, and see that nothing is lost.
    Crash(crash::Options),
    /// Call our servers with the official TypeScript, Python and Rust clients, and FastMCP's.
    Interop(interop::Options),
    /// Start servers that others wrote, for our client to be driven against.
    Peers(peers::Options),
    /// Load thousands of published `OpenAPI` documents and print what became of them.
    OpenapiSweep(sweep::Options),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Setup => setup::setup(),
        Command::Test(options) => test::test(&options),
        Command::Crash(options) => crash::crash(&options),
        Command::Conformance { part, filter } => conformance::conformance(part, &filter),
        Command::CheckServer(options) => checkers::check_server(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Interop(options) => interop::interop(options),
        Command::Peers(options) => peers::peers(&options),
        Command::OpenapiSweep(options) => sweep::sweep(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
