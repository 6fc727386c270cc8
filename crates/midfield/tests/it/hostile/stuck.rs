//! Handlers that never end: each is stopped at its limit, its client is told, and its place is free.

use std::time::{Duration, Instant};

use midfield::prelude::*;
use midfield::transport::http::Options;
use serde_json::json;

use super::in_era;
use crate::harness::Host;
use crate::messages::{Request, call, modern_call};

async fn forever() -> String {
    loop {
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
}

/// Does not even wait.
async fn busy() -> String {
    loop {
        tokio::task::yield_now().await;
    }
}

/// Begins anew whenever it is told to end.
async fn deaf(cx: Context) -> String {
    loop {
        cx.progress(1, 2).await;
        tokio::select! {
            text = forever() => return text,
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
    }
}

/// Something that is never read.
#[resource("stuck://{path}", complete(path = endless))]
async fn stuck(path: String) -> String {
    path + &forever().await
}

async fn endless(_: Typing, _: Context) -> Vec<String> {
    vec![forever().await]
}

#[tokio::test]
async fn a_handler_that_never_ends_is_stopped_whatever_was_asked() {
    let limit = Duration::from_millis(100);
    let service = Server::new("stuck", "1")
        .call_timeout(Some(limit))
        .tool(Tool::new("plain", async || "plain"))
        .tool(Tool::new("forever", forever))
        .tool(Tool::new("busy", busy))
        .tool(Tool::new("deaf", deaf))
        .prompt(Prompt::new("forever", forever))
        .resource(stuck::resource())
        .build()
        .expect("a server");
    let host = Host::start(service, Options::new().max_calls(1)).await;
    let session = host.open("2025-11-25").await;
    let completed = json!({"ref": {"type": "ref/resource", "uri": "stuck://{path}"},
        "argument": {"name": "path", "value": ""}});
    let asked = [
        ("tools/call", json!({"name": "forever"})),
        ("tools/call", json!({"name": "busy"})),
        ("tools/call", json!({"name": "deaf"})),
        ("prompts/get", json!({"name": "forever"})),
        ("resources/read", json!({"uri": "stuck://a"})),
        ("completion/complete", completed),
    ];
    for (method, params) in asked {
        for session in [Some(&session[..]), None] {
            let begun = Instant::now();
            let answer = host.ask(&in_era(session, method, params.clone())).await;
            assert!(begun.elapsed() >= limit && begun.elapsed() < Duration::from_secs(5));
            let json = answer.json();
            if method == "tools/call" {
                let (text, is_error) = answer.tool_text();
                assert!(is_error && text.contains("0.1 s"), "{text}");
            } else {
                assert_eq!(json["error"]["code"], -32603, "{json}");
            }
            // There is one place, and it is free.
            let plain = host.ask(&modern_call(1, "plain", json!({}))).await;
            assert_eq!(plain.tool_text().0, "plain", "after {method}");
        }
    }
    // Nor does a cancelled one keep it.
    let mut client = host.connect().await;
    let waiting = Request::post(call(7, "busy", json!({}))).session(&session);
    client.send(&waiting.bytes()).await;
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 7}});
    host.ask(&Request::post(cancelled).session(&session)).await;
    client.response().await;
    let plain = host.ask(&modern_call(1, "plain", json!({}))).await;
    assert_eq!(plain.tool_text().0, "plain");
}
