//! A server that uses every feature of the `midfield` crate: a notebook of a laboratory.
//!
//! Run it over HTTP by `cargo run -p everything -- --port 7430`, which also serves clients of revision
//! 2024-11-05 at `/sse`, or over stdio by `--stdio`. With `--token SECRET` only those who bring that
//! bearer token are served, and with `--tasks` there are tools that run as tasks. What it logs, by the level in `RUST_LOG`, goes to standard error.

mod extensions;
mod notebook;
mod prompts;
mod resources;
mod tasks;
mod tools;

use std::error::Error;

use midfield::auth::StaticTokens;
use midfield::prelude::*;
use midfield::transport::{Stop, http, stdio};
use midfield::types::Icon;
use midfield::{Identity, KeyRing};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use notebook::Notebook;

fn main() -> Result<(), Box<dyn Error>> {
    // Standard output belongs to the protocol: over stdio, any other line on it is a broken message.
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(&arguments))
}

async fn serve(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut server = server()?;
    if let Some(path) = &arguments.keys {
        server = server.keys(KeyRing::in_file(path)?);
    }
    if arguments.tasks {
        server = server.tasks(tasks::kept()).tools(tasks::all());
    }
    let service = server.build()?;
    let mut stop = Stop::listen()?;
    let Some(port) = arguments.port else {
        return Ok(stdio::serve_until(service, stop.asked()).await?);
    };
    let mut options = http::Options::new().legacy_sse("/sse");
    if let Some(token) = &arguments.token {
        let owner = Identity::new("everything", "owner").client("command line");
        options = options.authenticate(StaticTokens::new().token(token, owner));
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(http::serve(listener, service, options, stop.asked()).await?)
}

/// The server, with all that it has.
fn server() -> Result<Server, Box<dyn Error>> {
    Ok(Server::new("everything", env!("CARGO_PKG_VERSION"))
        .title("Notebook of a laboratory")
        .description("Shows every feature of the midfield crate.")
        .website_url("https://example.com/notebook")
        .icon(Icon::new(notebook::ICON))
        .instructions("Read notebook://index first; write by `note`.")
        .state(Notebook::default())
        .tools(tools::all())
        .resources(resources::all())
        .resources(resources::templates()?)
        .resources(resources![resources::rules])
        .prompts(prompts![prompts::greeting, prompts::report])
        .prompt(prompts::interview())
        .extension(extensions::views())
        .extension(extensions::skills()?))
}

/// What was said on the command line.
#[derive(Debug, Default)]
struct Arguments {
    /// The port to serve HTTP on; stdio without.
    port: Option<u16>,
    token: Option<String>,
    /// Whether there are tools that run as tasks.
    tasks: bool,
    /// Where the keys are kept that seal what clients carry.
    keys: Option<String>,
}

impl Arguments {
    fn read(mut given: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut arguments = Self {
            port: Some(7430),
            ..Self::default()
        };
        while let Some(name) = given.next() {
            let mut value = || given.next().ok_or_else(|| format!("{name} needs a value"));
            match name.as_str() {
                "--stdio" => arguments.port = None,
                "--port" => arguments.port = Some(value()?.parse()?),
                "--tasks" => arguments.tasks = true,
                "--token" => arguments.token = Some(value()?),
                "--keys" => arguments.keys = Some(value()?),
                _ => {
                    return Err(format!(
                        "unknown argument {name}; there are --stdio, --port, --tasks, --token and --keys"
                    )
                    .into());
                }
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_one() {
        let built = server().map(Server::build);
        assert!(matches!(built, Ok(Ok(_))), "{built:?}");
        let built = server().map(|server| server.tasks(tasks::kept()).tools(tasks::all()).build());
        assert!(matches!(built, Ok(Ok(_))), "{built:?}");
    }
}
