//! A server on rmcp that offers what the crate can, for a client to be driven against: both eras at one endpoint, the
//! legacy one in sessions.
//!
//! What it has is listed in `tests/interop/servers/manifest.toml`. It is no model of how a server is written: most of
//! its answers are JSON, so that they read like those of the servers in other languages.

#![allow(
    deprecated,
    reason = "logging, roots and sampling are on their way out of the protocol; until then a client must get them right"
)]

mod questions;
mod server;
mod tools;

use std::sync::Arc;

use anyhow::{Result, bail};
use axum::Router;
use clap::Parser;
use rmcp::ServiceExt;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;

use crate::server::{Peer, Shared};

/// A server on rmcp that offers what the crate can.
#[derive(Debug, Parser)]
struct Arguments {
    /// Serve HTTP on this port of 127.0.0.1, at `/mcp`.
    #[arg(long)]
    port: Option<u16>,
    /// Serve stdio.
    #[arg(long)]
    stdio: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let shared = Arc::new(Shared::default());
    if arguments.stdio {
        let service = Peer::new(shared).serve(rmcp::transport::stdio()).await?;
        service.waiting().await?;
        return Ok(());
    }
    let Some(port) = arguments.port else {
        bail!("say --stdio or --port N");
    };
    let service = StreamableHttpService::new(
        move || Ok(Peer::new(Arc::clone(&shared))),
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default().with_legacy_session_mode(true),
    );
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, Router::new().route_service("/mcp", service)).await?)
}
