//! What is no message, in either era: the answer that the specification names, and nothing runs.

use std::time::{Duration, Instant};

use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::{Probe, service};
use crate::harness::{Host, Response};
use crate::messages::{
    LEGACY, MODERN, Request, call, meta, modern, modern_body, modern_call, request,
};

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;

/// Sends `body` as a client of each revision does.
async fn in_every_revision(host: &Host, body: &[u8]) -> Vec<(&'static str, Response)> {
    let mut answers = Vec::new();
    for revision in LEGACY {
        let session = host.open(revision).await;
        let request = Request::post(body)
            .session(&session)
            .header("MCP-Protocol-Version", revision);
        answers.push((revision, host.ask(&request).await));
    }
    let request = Request::post(body)
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", "tools/list");
    answers.push((MODERN, host.ask(&request).await));
    answers
}

async fn start() -> (Host, Probe) {
    let (service, probe) = service();
    (Host::start(service, Options::new()).await, probe)
}

#[tokio::test]
async fn what_is_no_json_is_a_parse_error_without_an_id() {
    let (host, _) = start().await;
    let broken: [&[u8]; 16] = [
        b"",
        b"{",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",}",
        b"{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":NaN,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":Infinity}}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} {}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} // comment",
        b"{'jsonrpc':'2.0','id':1,'method':'ping'}",
        b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\xffng\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"\xc0\xaf\":1}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":\"\xe2\x82\"}}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"a\":\"\\ud800\"}}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{\"\\udfff\":1}}",
    ];
    for body in broken {
        for (_, response) in in_every_revision(&host, body).await {
            response.assert_refused(400, PARSE_ERROR);
        }
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn json_that_is_no_message_is_refused_with_the_id_where_it_can_be_read() {
    let (host, _) = start().await;
    let without_id = [
        "1",
        "\"ping\"",
        "null",
        "{}",
        r#"{"jsonrpc":"2.0","id":null,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1e400,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":true,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":[],"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":9223372036854775808,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","\u006dethod":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{},"params":{"cursor":"x"}}"#,
    ];
    for body in without_id {
        for (_, response) in in_every_revision(&host, body.as_bytes()).await {
            response.assert_refused(400, INVALID_REQUEST);
        }
    }
    let with_id = [
        r#"{"id":7,"method":"tools/list"}"#,
        r#"{"jsonrpc":"1.0","id":7,"method":"tools/list"}"#,
        r#"{"jsonrpc":2.0,"id":7,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":null}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":"x"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":"m"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"error":{"code":"x","message":1}}"#,
        r#"{"jsonrpc":"2.0","id":7}"#,
    ];
    for body in with_id {
        for (_, response) in in_every_revision(&host, body.as_bytes()).await {
            response.assert_error(400, 7, INVALID_REQUEST);
        }
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn nothing_runs_by_a_call_without_an_id_or_with_the_id_null() {
    let (host, probe) = start().await;
    let session = host.open("2025-11-25").await;
    let told = json!({"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "count"}});
    let response = host.ask(&Request::post(told).session(&session)).await;
    assert_eq!((response.status, &response.body[..]), (202, &b""[..]));
    let null = call(Value::Null, "count", json!({}));
    let response = host.ask(&Request::post(null).session(&session)).await;
    response.assert_refused(400, INVALID_REQUEST);
    let mut null = modern_body(1, "tools/call", json!({"name": "count"}));
    null["id"] = Value::Null;
    let request = Request::post(null)
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", "count");
    host.ask(&request)
        .await
        .assert_refused(400, INVALID_REQUEST);
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_batch_is_refused_in_every_revision_but_one_and_nothing_of_it_runs() {
    let (host, probe) = start().await;
    let plain = json!([call(1, "count", json!({})), call(2, "count", json!({}))]).to_string();
    for (revision, response) in in_every_revision(&host, plain.as_bytes()).await {
        if revision == "2025-03-26" {
            assert_eq!(response.status, 200);
            assert_eq!(probe.runs(), 2);
        } else {
            response.assert_refused(400, INVALID_REQUEST);
        }
    }
    let modern = json!([modern_body(1, "tools/call", json!({"name": "count"}))]).to_string();
    for (revision, response) in in_every_revision(&host, modern.as_bytes()).await {
        if revision == MODERN {
            response.assert_refused(400, INVALID_REQUEST);
        }
    }
    assert_eq!(probe.runs(), 3, "a batch of 2025-03-26 ran, no other did");
    for body in ["[]", "[[]]", "[1]"] {
        let request = Request::post(body).header("MCP-Protocol-Version", MODERN);
        host.ask(&request)
            .await
            .assert_refused(400, INVALID_REQUEST);
    }
}

#[tokio::test]
async fn a_hundred_thousand_levels_are_refused_at_once_wherever_they_stand() {
    let (host, _) = start().await;
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let objects = "{\"a\":".repeat(100_000) + "1" + &"}".repeat(100_000);
    let mut bodies = vec![deep.clone(), objects.clone(), "[".repeat(100_000)];
    for nested in [deep, objects] {
        for text in [
            modern_body(
                1,
                "tools/call",
                json!({"name": "verbatim", "arguments": {"a": "HERE"}}),
            ),
            modern_body(1, "tools/list", json!({"_meta": {"x": "HERE"}})),
            request(1, "tools/list", json!({"unknown": "HERE"})),
        ] {
            bodies.push(text.to_string().replace("\"HERE\"", &nested));
        }
    }
    for body in &bodies {
        let start = Instant::now();
        for (_, response) in in_every_revision(&host, body.as_bytes()).await {
            response.assert_refused(400, INVALID_REQUEST);
        }
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn duplicate_keys_never_give_two_readings_of_one_call() {
    let (host, probe) = start().await;
    let meta = meta();
    let twice = [
        format!(r#"{{"_meta":{meta},"name":"echo","name":"count"}}"#),
        format!(r#"{{"_meta":{meta},"name":"count","arguments":{{}},"arguments":{{"a":1}}}}"#),
        format!(r#"{{"_meta":{meta},"_meta":{meta},"name":"count"}}"#),
        r#"{"_meta":{"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/protocolVersion":"2026-07-28"},"name":"count"}"#.to_owned(),
    ];
    for params in twice {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        let request = Request::post(&body[..])
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", "count");
        host.ask(&request)
            .await
            .assert_error(400, 1, INVALID_PARAMS);
    }
    let session = host.open("2025-06-18").await;
    for params in [
        r#"{"name":"echo","name":"count"}"#,
        r#"{"name":"count","arguments":{},"arguments":{"a":1}}"#,
        r#"{"name":"count","_meta":{},"_meta":{"progressToken":1}}"#,
        r#"{"name":"count","_meta":{"progressToken":1,"progressToken":2}}"#,
    ] {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
        let response = host.ask(&Request::post(&body[..]).session(&session)).await;
        response.assert_error(200, 1, INVALID_PARAMS);
    }
    assert_eq!(probe.runs(), 0);
    // Of a typed tool, and of one that hands the text on to somebody who may read it otherwise.
    for tool in ["echo", "verbatim"] {
        let body = modern_body(1, "tools/call", json!({"name": tool, "arguments": "HERE"}));
        let arguments = r#"{"text":"safe","text":"admin"}"#;
        let body = body.to_string().replace("\"HERE\"", arguments);
        let request = Request::post(&body[..])
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", tool);
        let (text, is_error) = host.ask(&request).await.tool_text();
        assert!(is_error && text.contains("text"), "{tool}: {text}");
    }
}

#[tokio::test]
async fn an_id_comes_back_exactly_or_the_request_is_refused() {
    let (host, _) = start().await;
    let session = host.open("2025-11-25").await;
    let long = format!("\"{}\"", "x".repeat(100_000));
    let kept = [
        "0",
        "-1",
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        r#""""#,
        r#""1""#,
        r#""日本語 🦀 é""#,
        r#""\u0000\n\"\\""#,
        &long,
    ];
    for id in kept {
        let body = modern_body("ID", "tools/list", json!({})).to_string();
        let body = body.replace("\"ID\"", id);
        let request = Request::post(&body[..])
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", "tools/list");
        let plain = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        let in_session = Request::post(&plain[..]).session(&session);
        for request in [request, in_session] {
            let response = host.ask(&request).await;
            assert_eq!(response.status, 200);
            let text = String::from_utf8(response.body).expect("text");
            let expected: Value = serde_json::from_str(id).expect("JSON");
            let found: Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(found["id"], expected);
        }
    }
}

#[tokio::test]
async fn an_unknown_method_is_not_found_with_the_id_in_the_words_of_each_era() {
    let (host, _) = start().await;
    for method in [
        "resources/teleport",
        "",
        "tools/call ",
        "TOOLS/LIST",
        "méthode\u{202e}",
    ] {
        for revision in LEGACY {
            let session = host.open(revision).await;
            let request = Request::post(request("m", method, json!({}))).session(&session);
            host.ask(&request).await.assert_error(200, "m", -32601);
        }
        if method.is_ascii() && method.trim() == method {
            let response = host.ask(&modern("m", method, json!({}))).await;
            response.assert_error(404, "m", -32601);
        }
    }
}

#[tokio::test]
async fn malformed_params_of_a_call_name_what_is_wrong() {
    let (host, _) = start().await;
    let session = host.open("2025-11-25").await;
    let cases = [
        json!({}),
        json!({"name": 7}),
        json!({"name": "echo", "arguments": []}),
        json!({"name": "echo", "arguments": "text"}),
        json!({"name": "echo", "arguments": 1}),
        json!({"name": "no_such_tool", "arguments": {}}),
        json!({"name": "", "arguments": {}}),
        json!({"name": "echo", "_meta": []}),
        json!({"name": "echo", "_meta": {"progressToken": 1.5}}),
        json!({"name": "echo", "_meta": {"progressToken": {}}}),
    ];
    for params in cases {
        let request = Request::post(request(3, "tools/call", params)).session(&session);
        host.ask(&request)
            .await
            .assert_error(200, 3, INVALID_PARAMS);
    }
    for arguments in [json!([]), json!("text"), json!(1)] {
        let response = host.ask(&modern_call(3, "echo", arguments)).await;
        response.assert_error(400, 3, INVALID_PARAMS);
    }
    let response = host.ask(&modern_call(3, "no_such_tool", json!({}))).await;
    assert_eq!(response.json()["error"]["code"], INVALID_PARAMS);
    assert_eq!(response.json()["id"], 3);
}
