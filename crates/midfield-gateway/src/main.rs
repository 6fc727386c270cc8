//! The `midfield` binary: puts APIs behind one MCP endpoint.
//!
//! [`cli`] reads the command line and runs a command; [`config`] reads the configuration; [`source`]
//! turns the operations of a service into tools; [`gateway`] puts the sources together; [`metrics`] and [`audit`] tell an operator
//! what happens.

mod audit;
mod cli;
mod config;
mod gateway;
mod metrics;
mod source;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
