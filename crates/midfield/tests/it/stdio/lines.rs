//! Line by line: what is refused, what is answered, and in the words of which revision.

use serde_json::json;

use super::{Pipes, assert_error};
use crate::harness::tool_text;
use crate::messages::{call, initialize, meta, modern_body, request};

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_next_line_is_answered() {
    let mut pipes = Pipes::open("2025-11-25").await;
    let deep = "[".repeat(100_000);
    let cases: [(&[u8], i32); 9] = [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"a\":\"\xc3\"}",
            -32700,
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"a\":\"\\ud800\"}",
            -32700,
        ),
        (deep.as_bytes(), -32600),
        (b"[]", -32600),
        (
            b"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]",
            -32600,
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}",
            -32600,
        ),
        (
            b"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":1,\"method\":\"ping\"}",
            -32600,
        ),
    ];
    for (line, code) in cases {
        pipes.write(&[line, b"\n"].concat()).await;
        let answer = pipes.hear().await.expect("an answer");
        assert_eq!(answer["error"]["code"], code, "{answer}");
        assert!(answer.get("id").is_none(), "{answer}");
        pipes.assert_silent().await;
    }
    pipes.write(b"\n  \r\n\t\n").await;
    pipes.assert_silent().await;
    pipes
        .write(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n")
        .await;
    assert_eq!(pipes.hear().await.expect("an answer")["result"], json!({}));
    // No answer to a notification, nor to an answer.
    pipes
        .say(&json!({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "count"}}))
        .await;
    pipes
        .say(&json!({"jsonrpc": "2.0", "id": 1, "result": {}}))
        .await;
    pipes.assert_silent().await;
    assert_eq!(pipes.probe.runs(), 0);
}

#[tokio::test]
async fn a_line_without_end_is_dropped_and_the_one_after_it_is_answered() {
    let mut pipes = Pipes::open("2025-11-25").await;
    let piece = vec![b'x'; 64 << 10];
    for _ in 0..800 {
        pipes.write(&piece).await;
    }
    pipes.write(b"\n").await;
    let answer = pipes.hear().await.expect("an answer");
    assert_eq!(answer["error"]["code"], -32600);
    pipes.assert_silent().await;
}

#[tokio::test]
async fn only_ping_and_modern_requests_are_answered_before_initialize() {
    let mut pipes = Pipes::start();
    for method in ["tools/list", "tools/call", "logging/setLevel", "no/such"] {
        let answer = pipes
            .ask(&request(1, method, json!({"name": "count"})))
            .await;
        assert_error(&answer, 1, -32600);
    }
    assert_eq!(
        pipes.ask(&request(2, "ping", json!({}))).await["result"],
        json!({})
    );
    let modern = modern_body(3, "tools/call", json!({"name": "count"}));
    assert_eq!(tool_text(&pipes.ask(&modern).await).0, "counted");
    assert_eq!(pipes.probe.runs(), 1);
    assert!(
        pipes
            .ask(&initialize("2025-06-18"))
            .await
            .get("result")
            .is_some()
    );
    let again = pipes.ask(&initialize("2025-11-25")).await;
    assert_error(&again, 0, -32600);
    // The session goes on as it was.
    let listed = pipes.ask(&request(4, "tools/list", json!({}))).await;
    assert!(listed["result"]["tools"].is_array());
    let modern = modern_body(5, "tools/list", json!({}));
    assert_eq!(pipes.ask(&modern).await["result"]["resultType"], "complete");
}

#[tokio::test]
async fn a_malformed_modern_request_gets_the_error_of_its_era() {
    let mut pipes = Pipes::start();
    for version in ["1900-01-01", "2099-01-01", ""] {
        let mut body = modern_body(1, "server/discover", json!({}));
        body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = version.into();
        let answer = pipes.ask(&body).await;
        assert_error(&answer, 1, -32022);
        assert_eq!(answer["error"]["data"]["requested"], version);
        assert!(answer["error"]["data"]["supported"].is_array());
    }
    for key in ["protocolVersion", "clientCapabilities"] {
        let mut meta = meta();
        let meta_keys = meta.as_object_mut().expect("an object");
        meta_keys.remove(&format!("io.modelcontextprotocol/{key}"));
        let body = request(2, "tools/list", json!({"_meta": meta}));
        assert_error(&pipes.ask(&body).await, 2, -32602);
    }
    let unknown = pipes.ask(&modern_body(3, "ping", json!({}))).await;
    assert_error(&unknown, 3, -32601);
}

#[tokio::test]
async fn progress_and_logs_are_told_as_in_the_session_or_the_request_that_asks() {
    let mut pipes = Pipes::open("2025-11-25").await;
    let params =
        json!({"name": "talk", "arguments": {"steps": [1, 1, 2]}, "_meta": {"progressToken": "t"}});
    pipes.say(&request(1, "tools/call", params)).await;
    for step in [1, 2] {
        let event = pipes.hear().await.expect("an event");
        assert_eq!(
            event["params"],
            json!({"progressToken": "t", "progress": step})
        );
    }
    assert_eq!(pipes.hear().await.expect("an answer")["id"], 1);
    assert_eq!(
        tool_text(&pipes.ask(&call(2, "log", json!({}))).await).0,
        "logged"
    );
    let set = request(3, "logging/setLevel", json!({"level": "alert"}));
    assert_eq!(pipes.ask(&set).await["result"], json!({}));
    pipes.say(&call(4, "log", json!({}))).await;
    for level in ["alert", "emergency"] {
        assert_eq!(
            pipes.hear().await.expect("an event")["params"]["level"],
            level
        );
    }
    assert_eq!(pipes.hear().await.expect("an answer")["id"], 4);
    // A modern request says itself what it wants to hear.
    let quiet = modern_body(5, "tools/call", json!({"name": "log"}));
    assert_eq!(tool_text(&pipes.ask(&quiet).await).0, "logged");
}

#[tokio::test]
async fn a_message_is_one_line_however_its_json_was_written() {
    let mut pipes = Pipes::start();
    let meta = json!({"io.modelcontextprotocol/logLevel": "debug"});
    let params = json!({"name": "pretty", "_meta": meta});
    let logged = pipes.ask(&modern_body(1, "tools/call", params)).await;
    assert_eq!(logged["params"]["data"], json!({"a": [1]}));
    let answer = pipes.hear().await.expect("an answer");
    assert_eq!(answer["result"]["structuredContent"], json!({"a": [1]}));
    pipes.assert_silent().await;
}

#[tokio::test]
async fn batches_are_answered_in_their_revision_and_refused_in_others() {
    let batch = json!([
        call("a", "count", json!({})),
        {"jsonrpc": "2.0", "method": "notifications/x"},
        {"jsonrpc": "2.0", "id": 9, "method": 7},
        request("b", "ping", json!({})),
    ]);
    let mut pipes = Pipes::open("2025-03-26").await;
    let answers = pipes.ask(&batch).await;
    let answers = answers.as_array().expect("an array");
    let mut ids: Vec<String> = answers
        .iter()
        .map(|answer| answer["id"].to_string())
        .collect();
    ids.sort();
    assert_eq!(ids, ["\"a\"", "\"b\"", "9"]);
    pipes
        .say(&json!([{"jsonrpc": "2.0", "method": "notifications/x"}]))
        .await;
    pipes.assert_silent().await;
    let talk = json!({"name": "talk", "arguments": {"steps": [1]}, "_meta": {"progressToken": 1}});
    let told = pipes.ask(&json!([request(1, "tools/call", talk)])).await;
    assert_eq!(told["method"], "notifications/progress");
    assert!(pipes.hear().await.expect("an answer").is_array());
    for revision in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        let mut pipes = Pipes::open(revision).await;
        assert_eq!(pipes.ask(&batch).await["error"]["code"], -32600);
        assert_eq!(pipes.probe.runs(), 0);
    }
}

#[tokio::test]
async fn a_handler_that_panics_answers_and_the_connection_goes_on() {
    let mut pipes = Pipes::open("2025-11-25").await;
    for tool in ["panic", "panic_later", "panic_early"] {
        assert_error(&pipes.ask(&call(7, tool, json!({}))).await, 7, -32603);
        pipes.assert_silent().await;
    }
}
