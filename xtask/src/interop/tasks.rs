//! The clients that have tasks, and the server that they are run against: `examples/everything` with `--tasks`.
//!
//! A server lists tasks only for clients that it can tell apart: over stdio and with a bearer token, and for nobody who is
//! anonymous. In the extension of 2026-07-28 nobody lists.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::Client;
use super::targets::Drive;
use crate::install;
use crate::server::{Server, free_port};
use crate::workspace::{build, root};

/// The bearer token of the one client that is served where a token is needed.
const TOKEN: &str = "interop";

/// The clients, each with the protocols of tasks that it speaks.
pub(super) fn clients() -> Result<Vec<Client>> {
    let scripts = root().join("tests/interop");
    Ok(vec![
        Client {
            name: "TypeScript 1.x",
            program: install::node()?,
            script: Some(scripts.join("typescript_tasks_legacy.mjs")),
            modes: &["legacy"],
        },
        Client {
            name: "TypeScript ext-tasks",
            program: install::node()?,
            script: Some(scripts.join("typescript_tasks_extension.mjs")),
            modes: &["legacy", "modern"],
        },
        Client {
            name: "FastMCP",
            program: install::python()?,
            script: Some(scripts.join("fastmcp_client.py")),
            modes: &["modern"],
        },
    ])
}

/// Starts the server in each way and hands the name of the way and the plan to `drive`.
///
/// Logs go to `folder`.
pub(super) fn each(folder: &Path, drive: &mut Drive<'_>) -> Result<()> {
    let program = build(&["--package", "everything"])?;
    drive(
        "tasks over stdio",
        &json!({"server": {"command": [program, "--stdio", "--tasks"]}, "listed": true}),
    )?;
    let mut over_http = |target: &str, token: Option<&str>| {
        let port = free_port()?;
        let mut command = Command::new(&program);
        command.args(["--tasks", "--port", &port.to_string()]);
        if let Some(token) = token {
            command.args(["--token", token]);
        }
        let log = folder.join(target.replace(' ', "-")).with_extension("log");
        let mut server = Server::start(&mut command, port, &log)?;
        let mut address = json!({"url": server.mcp_url()});
        if let Some(token) = token {
            address["token"] = token.into();
        }
        drive(
            target,
            &json!({"server": address, "listed": token.is_some()}),
        )?;
        server.must_be_running()
    };
    over_http("tasks over HTTP", None)?;
    over_http("tasks over HTTP with a token", Some(TOKEN))
}
