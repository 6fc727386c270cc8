//! What a client writes is in the log as one value of one line, if at all.

use midfield::Identity;
use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use serde_json::json;

use crate::harness::Host;
use crate::http_asking::authorized;
use crate::log::Log;
use crate::messages::{MODERN, Request, modern, modern_call, request};

/// What would be a line of its own, or speak to a terminal.
const FORGED: [&str; 5] = [
    "x\n2026-01-01T00:00:00Z ERROR midfield: forged",
    "x\r\n2026-01-01T00:00:00Z ERROR midfield: forged",
    "x\u{1b}[2K\u{1b}]0;forged\u{7}",
    "x\u{9b}2Kforged",
    "x\u{202e}\u{2028}forged",
];

/// Requests with a forged line wherever a client can write text.
fn requests(session: &str, forged: &str) -> Vec<Request> {
    let mut all = Vec::new();
    for (method, params) in [
        ("tools/call", json!({"name": forged, "arguments": {}})),
        (
            "tools/call",
            json!({"name": "panic", "arguments": {"x": forged}}),
        ),
        (
            "tools/call",
            json!({"name": "echo", "arguments": {"text": forged}}),
        ),
        ("tools/list", json!({"cursor": forged})),
        ("resources/read", json!({"uri": forged})),
        ("resources/read", json!({"uri": "test:panic", "x": forged})),
        ("prompts/get", json!({"name": forged})),
        (forged, json!({"x": forged})),
    ] {
        all.push(Request::post(request(forged, method, params.clone())).session(session));
        let name = params.get("name").or_else(|| params.get("uri"));
        let body = crate::messages::modern_body(1, method, params.clone());
        let mut modern = Request::post(body).header("MCP-Protocol-Version", MODERN);
        modern = modern.header("Mcp-Method", super::sentinel(method));
        if let Some(name) = name.and_then(|name| name.as_str()) {
            modern = modern.header("Mcp-Name", super::sentinel(name));
        }
        all.push(modern);
    }
    let mut introduced = crate::messages::initialize("2025-11-25");
    introduced["params"]["clientInfo"] = json!({"name": forged, "version": forged});
    all.push(Request::post(introduced));
    all
}

#[tokio::test]
async fn no_text_of_a_client_forges_a_line_or_speaks_to_the_terminal() {
    let (log, _guard) = Log::start();
    let (host, _) = super::start(Options::new().legacy_sse("/sse")).await;
    let session = host.open("2025-11-25").await;
    for forged in FORGED {
        for request in requests(&session, forged) {
            let answer = host.ask(&request).await;
            assert!(answer.status < 500, "{request:?}: {answer:?}");
        }
    }
    let ping = Request::post(request(1, "ping", json!({})));
    let long = "%0d%0aERROR forged ".repeat(640);
    let ids: [&[u8]; 5] = [
        b"%0d%0aERROR forged",
        b"a\x7fforged",
        b"\x1b[2Kforged",
        b"a\tforged",
        long.as_bytes(),
    ];
    for id in ids {
        for name in [
            "Mcp-Session-Id",
            "Last-Event-ID",
            "MCP-Protocol-Version",
            "Origin",
            "X-Any",
        ] {
            for method in ["POST", "GET", "DELETE"] {
                let sent = ping.clone().session(&session).method(method).with(name, id);
                let mut client = host.connect().await;
                client.send(&sent.bytes()).await;
                let status = client.response_head().await.status;
                let expected = match name {
                    "Mcp-Session-Id" | "Origin" | "MCP-Protocol-Version" => 400..=404,
                    _ => 200..=404,
                };
                assert!(expected.contains(&status), "{name} {method}: {status}");
            }
        }
    }
    let target = modern(1, "tools/list", json!({})).target("/mcp%0d%0aERROR%20forged");
    assert_eq!(host.ask(&target).await.status, 404);
    host.ask(&modern_call(1, "panic", json!({}))).await;
    let text = log.text();
    assert!(text.contains("a handler panicked"), "{text}");
    for line in text.lines() {
        assert!(
            line.starts_with("20") && !line.starts_with("2026-01-01"),
            "{line:?}"
        );
    }
    let is_plain =
        |sign: char| sign == '\n' || !sign.is_control() && !"\u{202e}\u{2028}".contains(sign);
    assert!(text.chars().all(is_plain), "{text:?}");
}

#[tokio::test]
async fn a_name_that_a_token_stands_for_forges_no_line_either() {
    let (log, _guard) = Log::start();
    let tokens = StaticTokens::new().token("a", Identity::new(FORGED[0], FORGED[2]));
    let (service, _) = super::service();
    let host = Host::start(service, Options::new().authenticate(tokens)).await;
    let panics = authorized(modern_call(1, "panic", json!({})), Some("Bearer a"));
    host.ask(&panics).await;
    let text = log.text();
    assert!(text.contains("a handler panicked"), "{text}");
    assert!(
        !text.contains('\u{1b}') && !text.contains("\n2026-01-01"),
        "{text:?}"
    );
}
