//! Streamable HTTP of 2026-07-28: what headers and `_meta` must say, and what is gone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::{Probe, service};
use crate::harness::Host;
use crate::messages::{
    MODERN, Request, initialize, meta, modern, modern_body, modern_call, request,
};

const HEADER_MISMATCH: i32 = -32020;
const UNSUPPORTED_VERSION: i32 = -32022;

async fn start() -> (Host, Probe) {
    let (service, probe) = service();
    (Host::start(service, Options::new()).await, probe)
}

fn count() -> Request {
    modern_call(1, "count", json!({}))
}

fn encoded(text: &str) -> String {
    format!("=?base64?{}?=", STANDARD.encode(text))
}

#[tokio::test]
async fn headers_that_do_not_say_what_the_body_says_are_refused() {
    let (host, probe) = start().await;
    let refused = [
        count().without("MCP-Protocol-Version"),
        count().with("MCP-Protocol-Version", "2025-11-25"),
        count().with("MCP-Protocol-Version", "2099-01-01"),
        count().with("MCP-Protocol-Version", ""),
        count().header("MCP-Protocol-Version", MODERN),
        count().without("Mcp-Method"),
        count().with("Mcp-Method", "tools/list"),
        count().with("Mcp-Method", "TOOLS/CALL"),
        count().with("Mcp-Method", encoded("tools/call")),
        count().with("Mcp-Method", ""),
        count().header("Mcp-Method", "tools/call"),
        count().without("Mcp-Name"),
        count().with("Mcp-Name", "echo"),
        count().with("Mcp-Name", "COUNT"),
        count().with("Mcp-Name", ""),
        count().with("Mcp-Name", encoded("echo")),
        count().with("Mcp-Name", "=?base64?Y291bnQ?="),
        count().with("Mcp-Name", "=?base64?!!!?="),
        count().with("Mcp-Name", "=?base64?/w==?="),
        count().with("Mcp-Name", "=?BASE64?Y291bnQ=?="),
        count().with("Mcp-Name", b"co\xffunt"),
        count().header("Mcp-Name", "count"),
        count().header("Mcp-Name", "echo"),
    ];
    for request in refused {
        let response = host.ask(&request).await;
        response.assert_error(400, 1, HEADER_MISMATCH);
    }
    assert_eq!(probe.runs(), 0);
    let accepted = [
        count().with("Mcp-Name", encoded("count")),
        count()
            .without("Mcp-Method")
            .header("mCP-mETHOD", "tools/call"),
        count().session("ignored").header("Last-Event-ID", "7"),
    ];
    for request in accepted {
        let response = host.ask(&request).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert!(response.header("mcp-session-id").is_none());
    }
    assert_eq!(probe.runs(), 3);
}

#[tokio::test]
async fn a_body_of_a_legacy_version_under_a_modern_header_is_a_mismatch() {
    let (host, probe) = start().await;
    let mut body = modern_body(1, "tools/call", json!({"name": "count"}));
    body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2025-11-25".into();
    let request = Request::post(body)
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", "count");
    host.ask(&request)
        .await
        .assert_error(400, 1, HEADER_MISMATCH);
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_request_that_lacks_a_required_key_of_meta_is_refused() {
    let (host, probe) = start().await;
    let meta = meta();
    let without = |key: &str| {
        let mut meta = meta.clone();
        meta.as_object_mut().expect("an object").remove(key);
        meta
    };
    let with = |key: &str, value: Value| {
        let mut meta = meta.clone();
        meta[key] = value;
        meta
    };
    let malformed = [
        json!({}),
        Value::Null,
        json!([]),
        json!("meta"),
        without("io.modelcontextprotocol/protocolVersion"),
        without("io.modelcontextprotocol/clientCapabilities"),
        with("io.modelcontextprotocol/protocolVersion", json!(7)),
        with("io.modelcontextprotocol/clientCapabilities", json!([])),
        with("io.modelcontextprotocol/clientCapabilities", Value::Null),
        with("io.modelcontextprotocol/clientInfo", json!("me")),
        with("io.modelcontextprotocol/clientInfo", json!(["me", "1"])),
        with("io.modelcontextprotocol/logLevel", json!("loud")),
        with("io.modelcontextprotocol/logLevel", json!(1)),
        with("progressToken", json!(1.5)),
        with("progressToken", json!({})),
    ];
    for meta in malformed {
        let body = request(1, "tools/call", json!({"name": "count", "_meta": meta}));
        let request = Request::post(body)
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", "count");
        host.ask(&request).await.assert_error(400, 1, -32602);
    }
    // Whose `_meta` speaks of the modern era is no legacy client, header or not.
    let meta = without("io.modelcontextprotocol/protocolVersion");
    let body = request(1, "tools/call", json!({"name": "count", "_meta": meta}));
    host.ask(&Request::post(body))
        .await
        .assert_error(400, 1, -32602);
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn an_unknown_version_is_told_which_are_supported() {
    let (host, probe) = start().await;
    for version in ["2099-01-01", "1900-01-01", "2026-07-28 ", "DRAFT-2026", ""] {
        let mut body = modern_body(1, "tools/call", json!({"name": "count"}));
        body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = version.into();
        let request = Request::post(body)
            .header("MCP-Protocol-Version", version)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", "count");
        let response = host.ask(&request).await;
        if version.trim() == version {
            response.assert_error(400, 1, UNSUPPORTED_VERSION);
            let data = &response.json()["error"]["data"];
            assert_eq!(data["requested"], version);
            let supported = data["supported"].as_array().expect("a list");
            assert!(supported.contains(&json!(MODERN)), "{data}");
        } else {
            // White space around a header's value is not part of it.
            response.assert_error(400, 1, HEADER_MISMATCH);
        }
    }
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn methods_of_the_legacy_era_are_not_found() {
    let (host, _) = start().await;
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "notifications/initialized",
        "sampling/createMessage",
        "roots/list",
        "tasks/list",
    ] {
        let response = host.ask(&modern(1, method, json!({"level": "info"}))).await;
        response.assert_error(404, 1, -32601);
        assert!(response.header("mcp-session-id").is_none());
    }
    // As the official client of the era before would open.
    let opened = host
        .ask(&Request::post(initialize("2025-11-25")).header("MCP-Protocol-Version", MODERN))
        .await;
    assert_eq!(opened.status, 400);
}

#[tokio::test]
async fn notifications_are_accepted_and_responses_are_not() {
    let (host, _) = start().await;
    for told in [
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
        json!({"jsonrpc": "2.0", "method": "com.example/told", "params": {"_meta": meta()}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ] {
        let method = told["method"].as_str().expect("a method").to_owned();
        let request = Request::post(told)
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", method);
        let response = host.ask(&request).await;
        assert_eq!((response.status, &response.body[..]), (202, &b""[..]));
        assert_eq!(response.header("content-type"), None);
    }
    for answer in [
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "m"}}),
    ] {
        let request = Request::post(answer).header("MCP-Protocol-Version", MODERN);
        host.ask(&request).await.assert_refused(400, -32600);
    }
}

#[tokio::test]
async fn streams_to_get_and_sessions_to_delete_are_no_more() {
    let (host, _) = start().await;
    for method in ["GET", "DELETE"] {
        let request = count().method(method);
        host.ask(&request).await.assert_refused(405, -32600);
        let with_session = request.session("whatever").header("Last-Event-ID", "1");
        host.ask(&with_session).await.assert_refused(405, -32600);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_request() {
    let (host, probe) = start().await;
    let params = json!({"name": "wait_and_say", "_meta": {"progressToken": "t"}});
    let mut silent = host.connect().await;
    silent
        .send(&modern_call(1, "wait", json!({})).bytes())
        .await;
    probe.started().await;
    let mut streaming = host.connect().await;
    streaming
        .send(&modern(2, "tools/call", params).bytes())
        .await;
    assert_eq!(streaming.response_head().await.status, 200);
    assert_eq!(streaming.event().await["method"], "notifications/progress");
    probe.started().await;
    drop(silent);
    probe.stopped().await;
    drop(streaming);
    probe.stopped().await;
    // A notification does not: there is no session in which the id would name one request.
    let mut client = host.connect().await;
    client
        .send(&modern_call(3, "wait", json!({})).bytes())
        .await;
    probe.started().await;
    let told =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 3}});
    host.ask(&Request::post(told).header("MCP-Protocol-Version", MODERN))
        .await;
    host.assert_healthy().await;
    assert!(probe.none_stopped());
    probe.release();
    assert_eq!(client.response().await.tool_text().0, "released");
}

#[tokio::test]
async fn one_id_on_many_connections_names_as_many_requests() {
    let (host, probe) = start().await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = host.connect().await;
        client
            .send(&modern_call("same", "wait", json!({})).bytes())
            .await;
        probe.started().await;
        clients.push(client);
    }
    for _ in &clients {
        probe.release();
    }
    for mut client in clients {
        let response = client.response().await;
        assert_eq!(response.json()["id"], "same");
        assert_eq!(response.tool_text().0, "released");
    }
}

#[tokio::test]
async fn log_messages_come_from_the_level_that_a_request_names() {
    let (host, _) = start().await;
    let log = |level: Option<&str>| {
        let meta = level.map_or_else(
            || json!({}),
            |level| json!({"io.modelcontextprotocol/logLevel": level}),
        );
        modern(1, "tools/call", json!({"name": "log", "_meta": meta}))
    };
    assert_eq!(host.ask(&log(None)).await.tool_text().0, "logged");
    for (level, heard) in [("debug", 8), ("notice", 6), ("emergency", 1)] {
        let events = host.ask(&log(Some(level))).await.events();
        assert_eq!(events.len(), heard + 1);
        assert_eq!(events[0]["method"], "notifications/message");
        assert_eq!(events[0]["params"]["level"], level);
        assert_eq!(events[heard]["id"], 1);
    }
    assert_eq!(
        host.ask(&log(None)).await.tool_text().0,
        "logged",
        "nothing is remembered"
    );
}
