//! The server that the official conformance suite is run against: every tool, resource and prompt that its
//! scenarios look up by name. `cargo xtask conformance server` starts it as `conformance --port 8101`.
//!
//! It is written as any server would be, with the public interface alone.

mod contents;
mod diagnostics;
mod prompts;
mod questions;
mod resources;
mod retries;
mod skills;
mod tasks;

use midfield::prelude::*;
use midfield::server::Tasks;
use midfield::transport::{http, stdio};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        arguments
            .iter()
            .position(|argument| argument == name)
            .and_then(|at| arguments.get(at + 1))
    };
    let service = server()?.build()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if arguments.iter().any(|argument| argument == "--stdio") {
            return Ok(stdio::serve(service).await?);
        }
        let port: u16 = value("--port")
            .and_then(|port| port.parse().ok())
            .unwrap_or(8101);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        http::serve(
            listener,
            service,
            http::Options::new(),
            std::future::pending(),
        )
        .await?;
        Ok(())
    })
}

/// The suite calls the first tool of the list without arguments: it is `test_simple_text`.
fn server() -> Result<Server, Box<dyn std::error::Error>> {
    Ok(
        Server::new("midfield-conformance", env!("CARGO_PKG_VERSION"))
            .tools(contents::tools()?)
            .tools(questions::tools()?)
            .tools(retries::tools())
            .tools(diagnostics::tools()?)
            .tools(tasks::tools())
            .tasks(Tasks::in_memory())
            .resources(resources::resources()?)
            .resource(resources::template()?)
            .prompts(prompts::prompts()?)
            .extension(skills::skills()?),
    )
}
