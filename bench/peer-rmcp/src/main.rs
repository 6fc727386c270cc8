//! The benchmark's tools on the published `rmcp` crate, tuned as well as its users can: one router shared by all
//! sessions, and `TCP_NODELAY` on its connections.

mod tools;

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::serve::ListenerExt;
use clap::{Parser, ValueEnum};
use rmcp::ServiceExt;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio::net::TcpListener;

use crate::tools::Bench;

/// The benchmark's tools on rmcp.
#[derive(Debug, Parser)]
struct Arguments {
    /// Serve HTTP on this port of 127.0.0.1.
    #[arg(long, default_value_t = 9002)]
    port: u16,
    /// Whether legacy clients get sessions; the modern revision has none in either mode.
    #[arg(long, default_value = "stateful")]
    mode: Mode,
    /// How to answer over HTTP.
    #[arg(long, default_value = "sse")]
    resp: Responses,
    /// Accepted, because every server of the benchmark takes it; this one keeps tasks in memory.
    #[arg(long)]
    tasks: Option<String>,
    /// Serve stdio instead of HTTP.
    #[arg(long)]
    stdio: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    Stateful,
    Stateless,
    Modern,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Responses {
    Json,
    Sse,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let bench = Bench::new();
    if arguments.stdio {
        bench
            .serve(rmcp::transport::stdio())
            .await?
            .waiting()
            .await?;
        return Ok(());
    }
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(arguments.mode == Mode::Stateful)
        .with_json_response(arguments.resp == Responses::Json);
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(bench.clone()), sessions, config);
    let app = Router::new().route_service("/mcp", service);
    let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
    Ok(axum::serve(
        listener.tap_io(|stream| drop(stream.set_nodelay(true))),
        app,
    )
    .await?)
}
