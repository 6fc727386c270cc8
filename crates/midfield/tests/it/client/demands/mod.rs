//! What the specification demands of clients, looked at from the other side of the wire.

mod base;
mod http;
mod questions;
mod stdio;
mod tasks;

use midfield::Client;
use serde_json::json;

use super::scripted::{Reply, Scripted, Seen, discovery, handshake};

/// A server of the modern era whose other answers are these.
async fn modern(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Scripted, Client) {
    let server = Scripted::start(move |seen| match seen.method() {
        "server/discover" => Reply::Result(discovery()),
        _ => script(seen),
    })
    .await;
    let client = Client::connect(server.url.as_str())
        .await
        .expect("a connection");
    (server, client)
}

/// A server with sessions whose other answers are these.
async fn legacy(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Scripted, Client) {
    let server = Scripted::start(move |seen| match seen.method() {
        "server/discover" => Reply::Error(400, json!({"code": -32600, "message": "no session"})),
        "initialize" => Reply::Result(handshake()),
        "notifications/initialized" | "notifications/cancelled" => Reply::Status(202),
        "GET" => Reply::Status(405),
        "DELETE" => Reply::Status(200),
        _ => script(seen),
    })
    .await;
    let client = Client::connect(server.url.as_str())
        .await
        .expect("a connection");
    (server, client)
}
