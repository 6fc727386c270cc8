//! A library with an assistant, which is the client's own model with the tools of this server. `README.md` beside it shows a
//! session.
//!
//! `cargo run -p agent -- [--port 7450 | --stdio] [--state DIRECTORY]`

mod advise;
mod library;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use midfield::KeyRing;
use midfield::prelude::*;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Standard output belongs to the protocol.
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::read(std::env::args().skip(1))?;
    std::fs::create_dir_all(&arguments.state)?;
    let server = server(&arguments.state)?;
    match arguments.port {
        Some(port) => server.serve_http(("127.0.0.1", port)).await?,
        None => server.serve_stdio().await?,
    }
    Ok(())
}

/// The server, whose reservations, tasks and keys lie in `state`.
fn server(state: &Path) -> Result<Server, Box<dyn Error>> {
    let tasks = Tasks::sqlite(state.join("tasks.db"))?.poll_interval(POLL_INTERVAL);
    Ok(Server::new("library", env!("CARGO_PKG_VERSION"))
        .title("Library")
        .instructions("`advise` asks the assistant, who has the other tools.")
        .state(library::Library::new(state))
        .tools(library::tools())
        .tools(tools![advise::advise])
        // What is kept is sealed: without the same keys nothing of it can be read after a restart.
        .keys(KeyRing::in_file(state.join("keys"))?)
        .tasks(tasks))
}

/// How soon clients look again: a model answers within seconds.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What was said on the command line.
#[derive(Debug)]
struct Arguments {
    /// The port to serve HTTP on; stdio without.
    port: Option<u16>,
    state: PathBuf,
}

impl Arguments {
    fn read(mut given: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut arguments = Self {
            port: Some(7450),
            state: PathBuf::from("agent-state"),
        };
        while let Some(name) = given.next() {
            let mut value = || given.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--stdio" => arguments.port = None,
                "--port" => arguments.port = Some(value()?.parse()?),
                "--state" => arguments.state = value()?.into(),
                _ => {
                    return Err(format!(
                        "unknown argument {name}; there are --stdio, --port and --state"
                    )
                    .into());
                }
            }
        }
        Ok(arguments)
    }
}
