//! Bodies and heads that are not what they seem: bytes, numbers, depth, and how slowly they come.

use std::time::{Duration, Instant};

use midfield::transport::http::Options;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::start;
use crate::harness::Host;
use crate::http_asking::{Streamed, answer, initialize_able, session_call};
use crate::messages::{LEGACY, MODERN, Request, meta, modern_body, modern_call, request};

/// A body, in every revision, as its clients send it.
async fn in_every_revision(host: &Host, body: &[u8]) -> Vec<Request> {
    let mut requests = Vec::new();
    for revision in LEGACY {
        let session = host.open(revision).await;
        let request = Request::post(body).session(&session);
        requests.push(request.header("MCP-Protocol-Version", revision));
    }
    let modern = Request::post(body).header("MCP-Protocol-Version", MODERN);
    let modern = modern.header("Mcp-Method", "tools/call");
    requests.push(modern.header("Mcp-Name", "verbatim"));
    requests
}

/// A call with `HERE` somewhere, which is replaced.
fn calls(here: &[u8]) -> Vec<Vec<u8>> {
    let call = |params: Value| modern_body(1, "tools/call", params).to_string();
    let texts = [
        call(json!({"name": "verbatim", "arguments": {"a": "HERE"}})),
        call(json!({"name": "verbatim", "arguments": {"HERE": 1}})),
        call(json!({"name": "verbatim", "arguments": {"a": [{"b": {"HERE": ["HERE"]}}]}})),
        call(json!({"name": "verbatim", "_meta": {"HERE": "x"}})),
        call(json!({"name": "verbatim", "unknown": "HERE"})),
        call(json!({"name": "HERE"})),
        modern_body("HERE", "tools/call", json!({"name": "verbatim"})).to_string(),
        modern_body(1, "HERE", json!({"name": "verbatim"})).to_string(),
    ];
    let replaced = texts.iter().map(|text| {
        let pieces: Vec<&[u8]> = text.split("HERE").map(str::as_bytes).collect();
        pieces.join(here)
    });
    replaced.collect()
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_json_in_any_value_and_any_key() {
    let (host, probe) = start(Options::new()).await;
    let broken: [&[u8]; 10] = [
        b"\xff",
        b"\xc0\xaf",
        b"\xe2\x82",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\x80",
        b"\\ud800",
        b"\\udfff",
        b"\\ud800\\u0041",
        b"\\u12",
    ];
    for bytes in broken {
        for body in calls(bytes) {
            for request in in_every_revision(&host, &body).await {
                host.ask(&request).await.assert_refused(400, -32700);
            }
        }
    }
    assert_eq!(probe.runs(), 0);
    host.assert_healthy().await;
}

#[tokio::test]
async fn what_only_looks_like_a_number_or_a_list_is_no_json_within_arguments() {
    let (host, _) = start(Options::new()).await;
    let with = |arguments: &str| {
        let call = modern_body(
            1,
            "tools/call",
            json!({"name": "verbatim", "arguments": "HERE"}),
        );
        call.to_string().replace("\"HERE\"", arguments)
    };
    for arguments in [
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":-Infinity}"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":1.}"#,
        r#"{"a":0x1}"#,
        r#"{"a":1,}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":1/* one */}"#,
        "{\"a\":1}//\n",
        r"{'a':1}",
    ] {
        for request in in_every_revision(&host, with(arguments).as_bytes()).await {
            host.ask(&request).await.assert_refused(400, -32700);
        }
    }
    // A number beyond all measure is one to JSON. Where a handler wants a number it fits none.
    for (tool, arguments) in [
        ("large", r#"{"bytes":1e999}"#),
        ("talk", r#"{"steps":[1e999]}"#),
    ] {
        let call = modern_body(1, "tools/call", json!({"name": tool, "arguments": "HERE"}));
        let body = call.to_string().replace("\"HERE\"", arguments);
        let request = Request::post(&body[..])
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", tool);
        let (text, is_error) = host.ask(&request).await.tool_text();
        assert!(is_error, "{tool}: {text}");
    }
}

#[tokio::test]
async fn ten_thousand_levels_of_params_are_refused_in_a_tenth_of_a_second() {
    let (host, probe) = start(Options::new()).await;
    let nested = "[".repeat(10_000) + &"]".repeat(10_000);
    let call = modern_body(
        1,
        "tools/call",
        json!({"name": "verbatim", "arguments": {"a": "HERE"}}),
    );
    let body = call.to_string().replace("\"HERE\"", &nested);
    for request in in_every_revision(&host, body.as_bytes()).await {
        let mut quickest = Duration::MAX;
        for _ in 0..5 {
            let begun = Instant::now();
            host.ask(&request).await.assert_refused(400, -32600);
            quickest = quickest.min(begun.elapsed());
        }
        assert!(quickest < Duration::from_millis(100), "{quickest:?}");
    }
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_call_with_the_id_null_is_no_notification_and_does_not_run() {
    let (host, probe) = start(Options::new()).await;
    let mut call = modern_body(1, "tools/call", json!({"name": "count"}));
    call["id"] = Value::Null;
    for request in in_every_revision(&host, call.to_string().as_bytes()).await {
        host.ask(&request).await.assert_refused(400, -32600);
    }
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        call,
    ]);
    for request in in_every_revision(&host, batch.to_string().as_bytes()).await {
        let answer = host.ask(&request).await;
        if answer.status == 200 {
            // Revision 2025-03-26 has batches; each message of one is judged for itself.
            let answers = answer.json();
            assert_eq!(answers[2]["error"]["code"], -32600, "{answers}");
        } else {
            answer.assert_refused(400, -32600);
        }
    }
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn without_an_accept_header_any_answer_is_welcome() {
    let (host, probe) = start(Options::new()).await;
    let session = host.open("2025-11-25").await;
    let call = request(1, "tools/call", json!({"name": "count"}));
    for request in [
        Request::post(call).session(&session),
        modern_call(1, "count", json!({})),
    ] {
        assert_eq!(host.ask(&request.without("Accept")).await.status, 200);
    }
    assert_eq!(probe.runs(), 2);
    let listen = Request::get("/mcp").session(&session);
    Streamed::begin(&host, &listen.clone().without("Accept")).await;
    for accept in ["application/json", "text/html", ""] {
        let refused = host.ask(&listen.clone().with("Accept", accept)).await;
        assert_eq!(refused.status, 406, "{accept}");
    }
}

#[tokio::test]
async fn versions_that_contradict_each_other_are_refused_in_the_modern_era_too() {
    let (host, probe) = start(Options::new()).await;
    let good = modern_call(1, "count", json!({}));
    for second in ["2025-11-25", "2099-01-01", "", MODERN] {
        let twice = good.clone().header("MCP-Protocol-Version", second);
        host.ask(&twice).await.assert_error(400, 1, -32020);
    }
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn two_thousand_heads_that_come_byte_by_byte_are_all_cut_off_and_others_are_served() {
    let limit = Duration::from_secs(2);
    let (host, probe) = start(Options::new().header_timeout(limit)).await;
    let bytes = modern_call(1, "count", json!({})).bytes();
    let mut slow = JoinSet::new();
    for number in 0..2_000 {
        let mut client = host.connect().await;
        let byte = bytes[number % 40];
        let begun = Instant::now();
        slow.spawn(async move {
            while client.try_send(&[byte]).await {
                tokio::time::sleep(Duration::from_millis(250)).await;
                if begun.elapsed() > Duration::from_secs(25) {
                    return None;
                }
            }
            Some(begun.elapsed())
        });
    }
    host.assert_healthy().await;
    let mut ended = 0;
    while let Some(one) = slow.join_next().await {
        assert!(one.expect("no panic").is_some(), "it was never cut off");
        ended += 1;
        if ended % 500 == 0 {
            host.assert_healthy().await;
        }
    }
    assert_eq!((ended, probe.runs()), (2_000, 0));
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_body_of_a_hundred_bytes_of_which_one_comes_is_given_up() {
    let options = Options::new()
        .body_timeout(Duration::from_millis(300))
        .max_connections(1);
    let (host, probe) = start(options).await;
    let mut head = modern_call(1, "count", json!({})).head();
    head.extend(b"Content-Length: 100\r\n\r\n{");
    let begun = Instant::now();
    let mut client = host.connect().await;
    client.send(&head).await;
    client.response().await.assert_refused(408, -32600);
    assert!(client.is_closed().await);
    assert!(begun.elapsed() < Duration::from_secs(5));
    // Its place is free: the server has no other.
    host.assert_healthy().await;
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_body_that_is_broken_off_by_half_is_bad_and_its_connection_is_free() {
    let (host, probe) = start(Options::new().max_connections(1)).await;
    let bytes = modern_call(1, "count", json!({})).bytes();
    for short in [1, 10, 100] {
        let mut half = host.connect().await;
        half.send(&bytes[..bytes.len() - short]).await;
        half.end_sending().await;
        half.response().await.assert_refused(400, -32600);
        assert!(half.is_closed().await);
        host.assert_healthy().await;
    }
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn an_answer_of_wrong_types_leaves_the_question_open() {
    let (host, _) = start(Options::new()).await;
    let opened = host
        .ask(&Request::post(initialize_able("2025-11-25")))
        .await;
    let session = opened.header("mcp-session-id").expect("an id").to_owned();
    let mut asked = Streamed::begin(&host, &session_call(&session, 1, "ask_user")).await;
    let question = asked.hear().await;
    let id = &question["id"];
    let wrong = [
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": "x", "message": 1}}),
        json!({"jsonrpc": "2.0", "id": id, "error": {"code": 1.5, "message": "m"}}),
        json!({"jsonrpc": "2.0", "id": id, "error": []}),
        json!({"jsonrpc": "2.0", "id": id, "error": "x"}),
        json!({"jsonrpc": "2.0", "id": id, "error": {}}),
        json!({"jsonrpc": "2.0", "id": id, "result": {}, "error": {"code": 1, "message": "m"}}),
        json!({"jsonrpc": "1.0", "id": id, "result": {}}),
        json!({"jsonrpc": "2.0", "id": [id], "result": {}}),
        json!({"jsonrpc": "2.0", "id": {"id": id}, "result": {}}),
        json!({"jsonrpc": "2.0", "id": null, "result": {}}),
        json!({"jsonrpc": "2.0", "result": {}}),
        json!({"jsonrpc": "2.0", "id": "never sent", "result": {}}),
        json!({"jsonrpc": "2.0", "id": 9_999, "error": {"code": 1, "message": "m"}}),
    ];
    for body in wrong {
        let refused = host
            .ask(&Request::post(body.clone()).session(&session))
            .await;
        assert_eq!(refused.status, 400, "{body}: {refused:?}");
    }
    asked.assert_silent().await;
    let accepted = json!({"action": "accept", "content": {"name": "Ada"}});
    let good = Request::post(answer(&question, accepted)).session(&session);
    assert_eq!(host.ask(&good).await.status, 202);
    let response = asked.hear().await;
    assert_eq!(response["result"]["content"][0]["text"], "Ada");
}

#[tokio::test]
async fn a_header_says_only_what_is_sent_once_decoded() {
    let (host, probe) = start(Options::new()).await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "count", "_meta": meta()}});
    let named = |name: &str| {
        Request::post(body.clone())
            .header("MCP-Protocol-Version", MODERN)
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", name)
    };
    for name in [
        "echo",
        "=?base64?ZWNobw==?=",
        "=?base64?Y291bnQ?=",
        "=?base64?Y29\u{75}!!!?=",
        "count\t\tcount",
        "count,count",
        "%63ount",
    ] {
        host.ask(&named(name)).await.assert_error(400, 1, -32020);
    }
    assert_eq!(probe.runs(), 0);
    assert_eq!(
        host.ask(&named("=?base64?Y291bnQ=?=")).await.tool_text().0,
        "counted"
    );
}
