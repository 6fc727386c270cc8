//! A laboratory whose assays survive `kill -9`. `README.md` beside it shows a session.
//!
//! `cargo run -p lab -- [--port 7440] [--state DIRECTORY]`

mod assay;
mod bench;

use std::error::Error;
use std::path::{Path, PathBuf};

use midfield::KeyRing;
use midfield::prelude::*;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::read(std::env::args().skip(1))?;
    std::fs::create_dir_all(&arguments.state)?;
    Ok(server(&arguments.state)?
        .serve_http(("127.0.0.1", arguments.port))
        .await?)
}

/// The server, whose tasks and keys lie in `state`.
fn server(state: &Path) -> Result<Server, Box<dyn Error>> {
    Ok(Server::new("lab", env!("CARGO_PKG_VERSION"))
        .title("Laboratory")
        .instructions("run_assay takes minutes and asks a person in the middle: it runs as a task.")
        .state(bench::Bench)
        .tools(tools![assay::run_assay])
        // What is kept is sealed: without the same keys nothing of it can be read after a restart.
        .keys(KeyRing::in_file(state.join("keys"))?)
        .tasks(Tasks::sqlite(state.join("tasks.db"))?))
}

/// What was said on the command line.
#[derive(Debug)]
struct Arguments {
    port: u16,
    state: PathBuf,
}

impl Arguments {
    fn read(mut given: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut arguments = Self {
            port: 7440,
            state: PathBuf::from("lab-state"),
        };
        while let Some(name) = given.next() {
            let mut value = || given.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--port" => arguments.port = value()?.parse()?,
                "--state" => arguments.state = value()?.into(),
                _ => {
                    return Err(
                        format!("unknown argument {name}; there are --port and --state").into(),
                    );
                }
            }
        }
        Ok(arguments)
    }
}
