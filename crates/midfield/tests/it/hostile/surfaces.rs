//! What a client names: URIs, cursors, values to complete, headers, sessions of the old transport.

use std::time::{Duration, Instant};

use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use midfield::{Identity, Server};
use serde_json::{Value, json};

use super::{assert_code, in_era, start};
use crate::harness::Host;
use crate::http_asking::{Streamed, authorized};
use crate::messages::{Request, modern, modern_call, request};

#[tokio::test]
async fn an_odd_uri_is_no_resource_and_nothing_is_fetched() {
    let (host, _) = start(Options::new()).await;
    let elsewhere = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = elsewhere.local_addr().expect("an address");
    let session = host.open("2025-11-25").await;
    let uris = [
        format!("http://{address}/"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        "files://store/../etc/passwd".to_owned(),
        "files://store/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "files://store/\\\\?\\C:\\x".to_owned(),
        "files://store/a\0b".to_owned(),
        "files://store-evil/a".to_owned(),
        "files://store@evil/a".to_owned(),
        "FILES://ROOT/a".to_owned(),
        "javascript:alert(1)".to_owned(),
        "data:text/html,x".to_owned(),
        "{+path}".to_owned(),
        "files://store/{+path}".to_owned(),
        "test:one\n".to_owned(),
        " test:one".to_owned(),
        "test:one#x".to_owned(),
        "\u{202e}eno:tset".to_owned(),
        format!("test:{}", "x".repeat(20_000)),
        format!("files://store/{}", "../".repeat(6_000)),
        format!("files://store/{}", "%2e%2e%2f".repeat(2_000)),
    ];
    for uri in &uris {
        for (session, code) in [(Some(&session[..]), -32002), (None, -32602)] {
            let begun = Instant::now();
            let answer = host
                .ask(&in_era(session, "resources/read", json!({"uri": uri})))
                .await;
            assert_code(&answer, code);
            assert!(begun.elapsed() < Duration::from_secs(1), "{uri}");
        }
        let subscribe = in_era(Some(&session), "resources/subscribe", json!({"uri": uri}));
        assert_code(&host.ask(&subscribe).await, -32002);
    }
    for uri in [json!(7), json!(null), json!([]), json!({}), json!(true)] {
        let read = in_era(Some(&session), "resources/read", json!({"uri": uri}));
        assert_code(&host.ask(&read).await, -32602);
    }
    let hit = tokio::time::timeout(Duration::from_millis(50), elsewhere.accept()).await;
    assert!(hit.is_err(), "{hit:?}");
    host.assert_healthy().await;
}

#[tokio::test]
async fn what_is_completed_is_bounded_and_that_of_whoever_asks() {
    let tokens = StaticTokens::new()
        .token("a", Identity::new("us", "alice"))
        .token("b", Identity::new("us", "bob"));
    let service = Server::new("completion", "1")
        .resource(super::file::resource())
        .build()
        .expect("a server");
    let host = Host::start(service, Options::new().authenticate(tokens)).await;
    let complete = |value: &str| {
        modern(
            1,
            "completion/complete",
            json!({
                "ref": {"type": "ref/resource", "uri": "files://store/{+path}"},
                "argument": {"name": "path", "value": value},
            }),
        )
    };
    let values = async |value: &str, token: &str| {
        let answer = host.ask(&authorized(complete(value), Some(token))).await;
        answer.json()["result"]["completion"]["values"].clone()
    };
    assert_eq!(values("alice", "Bearer a").await, json!(["alice/report"]));
    assert_eq!(values("alice", "Bearer b").await, json!([]));
    assert_eq!(values("", "Bearer b").await, json!(["bob/report"]));
    let begun = Instant::now();
    let long = "x".repeat(1 << 20);
    let answer = host
        .ask(&authorized(complete(&long), Some("Bearer a")))
        .await;
    assert!(
        answer.status < 500 && answer.body.len() < 1_000,
        "{}",
        answer.status
    );
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    for (reference, argument) in [
        (
            json!({"type": "ref/nothing"}),
            json!({"name": "path", "value": ""}),
        ),
        (
            json!({"type": "ref/resource", "uri": 7}),
            json!({"name": "path", "value": ""}),
        ),
        (
            json!({"type": "ref/prompt", "name": "unknown"}),
            json!({"name": "x", "value": ""}),
        ),
        (
            json!({"type": "ref/prompt"}),
            json!({"name": "x", "value": ""}),
        ),
        (json!(null), json!({"name": "x", "value": ""})),
        (
            json!({"type": "ref/resource", "uri": "files://store/{+path}"}),
            json!({"name": 1}),
        ),
    ] {
        let asked = modern(
            1,
            "completion/complete",
            json!({"ref": reference, "argument": argument}),
        );
        let answer = host.ask(&authorized(asked, Some("Bearer a"))).await;
        assert_code(&answer, -32602);
    }
}

#[tokio::test]
async fn a_cursor_that_nobody_gave_is_refused_by_every_list() {
    let (host, _) = start(Options::new()).await;
    let session = host.open("2025-11-25").await;
    let large = "A".repeat(1 << 20);
    let cursors = [
        "",
        "0",
        "-1",
        "null",
        "AAAA",
        "../..",
        "' OR 1=1--",
        "a\0b",
        "é",
        &large,
    ];
    let lists = [
        "tools/list",
        "prompts/list",
        "resources/list",
        "resources/templates/list",
    ];
    for method in lists {
        for cursor in cursors {
            for session in [Some(&session[..]), None] {
                let list = in_era(session, method, json!({"cursor": cursor}));
                assert_code(&host.ask(&list).await, -32602);
            }
        }
        for cursor in [json!(1), json!([]), json!({}), json!(false)] {
            let list = in_era(Some(&session), method, json!({"cursor": cursor}));
            assert_code(&host.ask(&list).await, -32602);
        }
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn headers_of_parameters_say_what_the_body_says_however_many_they_are() {
    let (host, _) = start(Options::new()).await;
    let call = || modern_call(1, "mirror", json!({"key": "k"}));
    let good = call().header("Mcp-Param-Key", "k");
    assert!(!host.ask(&good).await.tool_text().1);
    let bad: [&[u8]; 10] = [
        b"K",
        b"",
        b"k\xff",
        b"=?base64?!!!!?=",
        b"=?base64?aw",
        b"=?base64?aw==?==?base64?aw==?=",
        b"=?base64?/w==?=",
        b"=?base64?eA==?=",
        b"=?utf-8?q?k?=",
        b"k, k",
    ];
    for value in bad {
        let refused = host.ask(&call().header("Mcp-Param-Key", value)).await;
        refused.assert_error(400, 1, -32020);
    }
    let twice = good.clone().header("mcp-param-key", "k");
    host.ask(&twice).await.assert_error(400, 1, -32020);
    let mut flood = good.clone();
    for number in 0..80 {
        flood = flood.header(&format!("Mcp-Param-X{number}"), "x".repeat(400));
    }
    let answer = host.ask(&flood).await;
    assert!(answer.status == 200 || answer.status == 400, "{answer:?}");
    for number in 80..200 {
        flood = flood.header(&format!("Mcp-Param-X{number}"), "x");
    }
    assert_eq!(host.ask(&flood).await.status, 431);
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_session_of_the_old_transport_is_found_by_its_own_name_only() {
    let (host, probe) = start(Options::new().legacy_sse("/sse")).await;
    let mut stream = Streamed::begin(&host, &Request::get("/sse")).await;
    let endpoint = stream.frame().await.expect("a first event").data;
    let token = endpoint
        .strip_prefix("/sse?session=")
        .expect("a token")
        .to_owned();
    let call = request(1, "tools/call", json!({"name": "count"}));
    let modern_session = host.open("2025-11-25").await;
    let large = "A".repeat(20_000);
    let targets = [
        ("/sse".to_owned(), 400),
        ("/sse?".to_owned(), 400),
        ("/sse?Session=x".to_owned(), 400),
        ("/sse?session=".to_owned(), 404),
        ("/sse?session=%00".to_owned(), 404),
        ("/sse?session=..%2f..".to_owned(), 404),
        (format!("/sse?session={large}"), 404),
        (format!("/sse?session={}", &token[1..]), 404),
        (format!("/sse?session={token}A"), 404),
        (format!("/sse?session=x&session={token}"), 404),
        // A session of the other transport is none of this one.
        (format!("/sse?session={modern_session}"), 404),
    ];
    for (target, status) in targets {
        let sent = host.ask(&Request::post(call.clone()).target(&target)).await;
        assert_eq!(sent.status, status, "{target}");
    }
    let as_session = Request::post(call.clone()).session(&token);
    assert_eq!(host.ask(&as_session).await.status, 404);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let other = Request::get(&endpoint).method(method);
        assert_eq!(host.ask(&other).await.status, 405, "{method}");
    }
    assert_eq!(probe.runs(), 0);
    stream.assert_silent().await;
    host.assert_healthy().await;
}

#[tokio::test]
async fn an_id_of_a_megabyte_is_given_back_once_and_one_beyond_the_body_not_at_all() {
    let (host, _) = start(Options::new()).await;
    let session = host.open("2025-11-25").await;
    let ping = |size: usize| {
        let id = Value::from("x".repeat(size));
        Request::post(request(id, "ping", json!({}))).session(&session)
    };
    let answer = host.ask(&ping(1 << 20)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() < (1 << 20) + 1_000);
    let mut client = host.connect().await;
    client.try_send(&ping(5 << 20).bytes()).await;
    let refused = client.response().await;
    assert_eq!(refused.status, 413);
    assert!(refused.body.len() < 1_000);
    host.assert_healthy().await;
}
