//! The servers that the clients talk to, each running while its plan is carried out.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use super::plans;
use crate::server::{Server, free_port};
use crate::workspace::build;

/// Starts each target in turn and hands its name and its plan to `drive`.
pub(super) fn each(folder: &Path, drive: &mut dyn FnMut(&str, &Value) -> Result<()>) -> Result<()> {
    library(folder, drive)
}

/// A server on the library, with one tool for each thing that a client must get right.
fn library(folder: &Path, drive: &mut dyn FnMut(&str, &Value) -> Result<()>) -> Result<()> {
    let program = build(&["--package", "xtask", "--example", "interop"])?;
    drive(
        "library over stdio",
        &plans::library(&json!({"command": [program, "--stdio"]})),
    )?;
    let port = free_port()?;
    let mut command = Command::new(&program);
    let mut server = Server::start(
        command.args(["--port", &port.to_string()]),
        port,
        &folder.join("library.log"),
    )?;
    drive(
        "library over HTTP",
        &plans::library(&json!({"url": server.mcp_url()})),
    )?;
    server.must_be_running()
}
