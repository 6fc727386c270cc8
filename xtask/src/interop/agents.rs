//! The loop of an agent in a host, by our client and our adapters of providers, over tools of servers that others wrote:
//! `examples/agent_loop` of the library.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{CLIENT_LIMIT, Runs, rust_program};
use crate::install;
use crate::process;
use crate::workspace::{build, root};

/// Runs the loop with each server.
pub(super) fn each(runs: &mut Runs) -> Result<()> {
    let program = build(&["--package", "midfield", "--example", "agent_loop"])?;
    for (name, server) in servers()? {
        println!("\n── an agent with tools of {name}");
        let mut command = Command::new(&program);
        command.args(server).arg("--stdio");
        let outcome = process::run(&mut command, CLIENT_LIMIT);
        runs.record(name, "agent loop", "both eras", outcome);
    }
    Ok(())
}

/// The servers, each with what starts it.
fn servers() -> Result<[(&'static str, Vec<PathBuf>); 3]> {
    let scripts = root().join("tests/interop/servers");
    Ok([
        (
            "server on rmcp",
            vec![rust_program("build", "interop-rmcp-server")?],
        ),
        (
            "server on the TypeScript SDK",
            vec![install::node()?, scripts.join("typescript.mjs")],
        ),
        (
            "server on the Python SDK",
            vec![install::python()?, scripts.join("python.py")],
        ),
    ])
}
