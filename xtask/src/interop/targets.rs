//! The servers that the clients talk to, each running while its plan is carried out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::plans;
use crate::install;
use crate::server::{Server, free_port};
use crate::workspace::{build, root};

/// Carries out a plan with every client: the target's name, and the plan.
pub(super) type Drive<'a> = dyn FnMut(&str, &Value) -> Result<()> + 'a;

/// Starts each target in turn and hands its name and its plan to `drive`.
///
/// Logs go to `folder`.
pub(super) fn each(folder: &Path, drive: &mut Drive<'_>) -> Result<()> {
    library(folder, drive)?;
    everything(folder, drive)?;
    let midfield = build(&["--package", "midfield-gateway"])?;
    httpbin(&midfield, folder, drive)?;
    quickstart(&midfield, folder, drive)
}

/// A server on the library, with one tool for each thing that a client must get right.
fn library(folder: &Path, drive: &mut Drive<'_>) -> Result<()> {
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

/// The example that uses every feature.
fn everything(folder: &Path, drive: &mut Drive<'_>) -> Result<()> {
    let program = build(&["--package", "everything"])?;
    drive(
        "everything over stdio",
        &plans::everything(&json!({"command": [program, "--stdio"]}))?,
    )?;
    let port = free_port()?;
    let mut command = Command::new(&program);
    let mut server = Server::start(
        command.args(["--port", &port.to_string()]),
        port,
        &folder.join("everything.log"),
    )?;
    drive(
        "everything over HTTP",
        &plans::everything(&json!({"url": server.mcp_url()}))?,
    )?;
    server.must_be_running()
}

/// The gateway in front of a service that nobody here wrote: `httpbin`, run by a production server, on loopback.
fn httpbin(midfield: &Path, folder: &Path, drive: &mut Drive<'_>) -> Result<()> {
    let port = free_port()?;
    let mut command = Command::new(install::python()?);
    command.args([
        "-m",
        "waitress",
        &format!("--listen=127.0.0.1:{port}"),
        "httpbin:app",
    ]);
    let mut service = Server::start(&mut command, port, &folder.join("httpbin.log"))?;
    let origin = service.origin();
    let document = format!("{origin}/spec.json");

    // Without a configuration: the document alone, with the address that the document itself gets wrong.
    let stdio = json!({"command": [midfield, "serve", "--openapi", document, "--base-url", origin, "--stdio"]});
    drive(
        "httpbin over stdio",
        &plans::httpbin(&stdio, "127_0_0_1", &origin),
    )?;

    // With a configuration.
    let port = free_port()?;
    let config = folder.join("httpbin.toml");
    let text = format!(
        "name = \"httpbin\"\nlisten = \"127.0.0.1:{port}\"\n\n[sources.httpbin]\nopenapi = \"{document}\"\n\
         base_url = \"{origin}\"\n"
    );
    fs::write(&config, text).with_context(|| format!("could not write {}", config.display()))?;
    let mut gateway = gateway(midfield, &config, port, folder)?;
    drive(
        "httpbin over HTTP",
        &plans::httpbin(&json!({"url": gateway.mcp_url()}), "httpbin", &origin),
    )?;
    gateway.must_be_running()?;
    service.must_be_running()
}

/// The gateway as the README starts it, with the service that it brings.
fn quickstart(midfield: &Path, folder: &Path, drive: &mut Drive<'_>) -> Result<()> {
    let port = free_port()?;
    let mut gateway = gateway(
        midfield,
        &root().join("examples/quickstart.toml"),
        port,
        folder,
    )?;
    drive(
        "quickstart over HTTP",
        &plans::quickstart(&json!({"url": gateway.mcp_url()})),
    )?;
    gateway.must_be_running()
}

fn gateway(midfield: &Path, config: &Path, port: u16, folder: &Path) -> Result<Server> {
    let log: PathBuf = folder.join(
        config
            .with_extension("log")
            .file_name()
            .context("a configuration has a name")?,
    );
    let mut command = Command::new(midfield);
    command
        .arg("serve")
        .arg(config)
        .args(["--listen", &format!("127.0.0.1:{port}")]);
    Server::start(&mut command, port, &log)
}
