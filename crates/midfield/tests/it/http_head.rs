//! What is decided by the head of a request: method, path, `Host`, `Origin`, media types, framing.

use std::collections::BTreeMap;
use std::time::Duration;

use midfield::auth::StaticTokens;
use midfield::transport::http::{self, Options};
use midfield::{Identity, ServeError};
use serde_json::json;
use tokio::net::TcpListener;

use crate::fixture::{Probe, service};
use crate::harness::{Host, Response, soon};
use crate::messages::{Request, call, initialize, modern, modern_body, modern_call};

async fn start() -> (Host, Probe) {
    start_with(Options::new()).await
}

async fn start_with(options: Options) -> (Host, Probe) {
    let (service, probe) = service();
    (Host::start(service, options).await, probe)
}

/// A call of `count` in each era: whether it runs shows in the probe.
async fn calls(host: &Host) -> [Request; 2] {
    let session = host.open("2025-11-25").await;
    [
        Request::post(call(1, "count", json!({}))).session(&session),
        modern_call(1, "count", json!({})),
    ]
}

#[tokio::test]
async fn a_client_that_cannot_read_both_kinds_of_answers_is_refused_with_406() {
    let (host, probe) = start().await;
    for request in calls(&host).await {
        let before = probe.runs();
        for accept in [
            "application/json",
            "text/event-stream",
            "text/html",
            "image/*",
            "",
        ] {
            let request = request.clone().with("Accept", accept);
            assert_eq!(host.ask(&request).await.status, 406, "{accept}");
        }
        assert_eq!(probe.runs(), before);
        for accept in [
            "*/*",
            "application/json, text/event-stream;q=0.1",
            "text/*, application/*",
        ] {
            let request = request.clone().with("Accept", accept);
            assert_eq!(host.ask(&request).await.status, 200, "{accept}");
        }
        let split = request
            .clone()
            .with("Accept", "application/json")
            .header("Accept", "text/event-stream");
        assert_eq!(host.ask(&split).await.status, 200);
        assert_eq!(probe.runs(), before + 4);
    }
}

#[tokio::test]
async fn a_body_that_is_not_plain_json_by_its_head_is_refused_with_415() {
    let (host, probe) = start().await;
    for request in calls(&host).await {
        for kind in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
            "application/json; charset=utf-16",
            "application/jsonx",
            "",
        ] {
            let request = request.clone().with("Content-Type", kind);
            assert_eq!(host.ask(&request).await.status, 415, "{kind}");
        }
        let refused = [
            request.clone().without("Content-Type"),
            request.clone().header("Content-Type", "text/plain"),
            request.clone().header("Content-Encoding", "gzip"),
            request.clone().header("Content-Encoding", "identity"),
        ];
        for request in refused {
            assert_eq!(host.ask(&request).await.status, 415);
        }
    }
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_page_of_a_foreign_origin_is_refused_with_403_whatever_it_asks() {
    let (host, probe) = start().await;
    let foreign = [
        "http://evil.example",
        "https://evil.example:443",
        "null",
        "",
        "http://localhost.evil.example",
        "http://evil.example#http://localhost",
        "http://localhost@evil.example",
        "chrome-extension://abcdef",
        "file://",
    ];
    for request in calls(&host).await {
        for origin in foreign {
            for method in ["POST", "GET", "DELETE", "OPTIONS"] {
                let request = request.clone().method(method).header("Origin", origin);
                let response = host.ask(&request).await;
                response.assert_refused(403, -32600);
                assert!(response.header("access-control-allow-origin").is_none());
            }
        }
        let two = request
            .clone()
            .header("Origin", "http://localhost")
            .header("Origin", "http://evil.example");
        assert_eq!(host.ask(&two).await.status, 403);
        let bytes = request.clone().header("Origin", b"http://\xe9vil");
        assert_eq!(host.ask(&bytes).await.status, 403);
    }
    assert_eq!(probe.runs(), 0);
    let (allowing, probe) =
        start_with(Options::new().allow_origin("https://app.example.com")).await;
    for request in calls(&allowing).await {
        for origin in [
            "https://app.example.com",
            "http://localhost:6274",
            "http://127.0.0.1",
        ] {
            let request = request.clone().header("Origin", origin);
            assert_eq!(allowing.ask(&request).await.status, 200, "{origin}");
        }
        for origin in [
            "https://app.example.com.evil.example",
            "http://app.example.com",
        ] {
            let request = request.clone().header("Origin", origin);
            assert_eq!(allowing.ask(&request).await.status, 403, "{origin}");
        }
    }
    assert_eq!(probe.runs(), 6);
}

#[tokio::test]
async fn a_request_to_a_foreign_host_is_refused_and_a_head_without_one_host_is_bad() {
    let (host, probe) = start().await;
    for request in calls(&host).await {
        for foreign in [
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1:80",
            "[::2]",
        ] {
            let request = request.clone().with("Host", foreign);
            host.ask(&request).await.assert_refused(403, -32600);
        }
        let bad = [
            request.clone().without("Host"),
            request.clone().header("Host", "localhost"),
            request.clone().header("Host", "evil.example"),
        ];
        for request in bad {
            assert_eq!(host.ask(&request).await.status, 400);
        }
        // The target's host counts, not the header beside it (RFC 9112, section 3.2.2).
        let absolute = request.clone().target("http://evil.example/mcp");
        assert_eq!(host.ask(&absolute).await.status, 403);
        assert_eq!(probe.runs(), 0);
    }
    for request in calls(&host).await {
        let absolute = request.clone().target("http://localhost/mcp");
        assert_eq!(host.ask(&absolute).await.status, 200);
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed_and_no_foreign_page_may_read_answers() {
    let (host, probe) = start().await;
    for request in calls(&host).await {
        for method in ["GET", "PUT", "PATCH", "OPTIONS", "TRACE", "MCP"] {
            if method == "GET" && request.has("Mcp-Session-Id") {
                // It opens a stream.
                continue;
            }
            let response = host.ask(&request.clone().method(method)).await;
            response.assert_refused(405, -32600);
            let allowed = response.header("allow");
            assert_eq!(allowed, Some("POST, GET, DELETE"), "{method}");
        }
        // From no page, it reads its answer without leave.
        let answer = host.ask(&request).await;
        assert_eq!(leave(&answer), BTreeMap::new(), "{answer:?}");
        let without_page = request
            .method("OPTIONS")
            .header("Access-Control-Request-Method", "POST");
        let refused = host.ask(&without_page).await;
        refused.assert_refused(405, -32600);
        assert_eq!(leave(&refused), BTreeMap::new(), "{refused:?}");
    }
    assert_eq!(probe.runs(), 2, "one POST in each era");
}

/// What a response says of pages.
fn leave(response: &Response) -> BTreeMap<&str, &str> {
    let said = response.headers.iter();
    said.map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| *name == "vary" || name.starts_with("access-control"))
        .collect()
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_send_what_the_protocol_needs_and_read_the_answer() {
    const PAGE: &str = "https://app.example.com";
    const LOCAL: &str = "http://localhost:6274";
    let (service, _) = service();
    let tokens = StaticTokens::new().token("good", Identity::new("us", "a"));
    let options = Options::new().allow_origin(PAGE).authenticate(tokens);
    let host = Host::start(service, options.legacy_sse("/sse")).await;
    for page in [PAGE, LOCAL] {
        let exposed = "Mcp-Session-Id, WWW-Authenticate";
        let readable = BTreeMap::from([
            ("access-control-allow-origin", page),
            ("access-control-expose-headers", exposed),
            ("vary", "origin"),
        ]);
        let asked = "accept,authorization, content-type ,last-event-id,mcp-method,mcp-name,\
                     mcp-param-region,mcp-protocol-version,mcp-session-id,x-other,cookie";
        for target in ["/mcp", "/sse"] {
            // Browsers bring no token when they ask.
            let preflight = Request::get(target)
                .method("OPTIONS")
                .header("Origin", page)
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", asked);
            let answer = host.ask(&preflight).await;
            assert_eq!((answer.status, answer.body.len()), (204, 0), "{answer:?}");
            let mut expected = readable.clone();
            expected.insert("access-control-allow-methods", "POST, GET, DELETE");
            expected.insert("access-control-max-age", "600");
            let headers = "accept, authorization, content-type, last-event-id, mcp-method, mcp-name, \
                           mcp-param-region, mcp-protocol-version, mcp-session-id";
            expected.insert("access-control-allow-headers", headers);
            assert_eq!(leave(&answer), expected);
        }
        // Also an answer that tells how to prove who one is.
        let opening = Request::post(initialize("2025-11-25")).header("Origin", page);
        let refused = host.ask(&opening).await;
        assert_eq!(refused.status, 401);
        assert_eq!(leave(&refused), readable);
        let opening = opening.header("Authorization", "Bearer good");
        let opened = host.ask(&opening).await;
        let session = opened.header("mcp-session-id").expect("a session");
        assert_eq!(leave(&opened), readable);
        let mut client = host.connect().await;
        let listen = Request::get("/mcp").session(session).header("Origin", page);
        client
            .send(&listen.header("Authorization", "Bearer good").bytes())
            .await;
        assert_eq!(leave(&client.response_head().await), readable);
    }
}

#[tokio::test]
async fn nothing_is_served_at_another_path() {
    let (host, probe) = start().await;
    for request in calls(&host).await {
        for target in [
            "/",
            "/mcp/",
            "//mcp",
            "/mcp/../mcp",
            "/%6dcp",
            "/mcp;x",
            "/MCP",
        ] {
            let response = host.ask(&request.clone().target(target)).await;
            assert_eq!(response.status, 404, "{target}");
        }
    }
    assert_eq!(probe.runs(), 0);
    let asked = modern_call(1, "count", json!({})).target("/mcp?x=1");
    assert_eq!(host.ask(&asked).await.status, 200);
}

#[tokio::test]
async fn a_path_a_host_and_an_origin_are_understood_however_they_are_written() {
    let options = Options::new()
        .path("tools")
        .allow_host("MCP.example.com:443")
        .allow_origin("https://app.example.com:443/");
    let (host, _) = start_with(options).await;
    let asked = modern_call(1, "count", json!({}))
        .target("/tools")
        .with("Host", "mcp.example.com")
        .with("Origin", "https://app.example.com");
    assert_eq!(host.ask(&asked).await.status, 200);
}

#[tokio::test]
async fn what_is_no_path_no_host_and_no_origin_is_told_at_the_start() {
    for (options, said) in [
        (Options::new().path("/mcp?x"), "`/mcp?x` is no path"),
        (Options::new().legacy_sse(""), "`` is no path"),
        (
            Options::new().legacy_sse("mcp"),
            "both endpoints are at `/mcp`",
        ),
        (Options::new().allow_host("https://a.example"), "is no host"),
        (Options::new().allow_host("*"), "`allow_any_host`"),
        (Options::new().allow_origin("a.example"), "is no origin"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let served = http::serve(listener, service().0, options, std::future::pending());
        let error = soon(served).await.expect_err("it cannot be served");
        assert!(matches!(error, ServeError::Options(_)), "{error}");
        let reason = std::error::Error::source(&error).expect("a reason");
        assert!(reason.to_string().contains(said), "{reason}");
    }
}

#[tokio::test]
async fn a_request_hidden_behind_an_ambiguous_length_never_runs() {
    let (host, probe) = start().await;
    let hidden = modern_call(2, "count", json!({})).bytes();
    let body = modern_body(1, "tools/list", json!({})).to_string();
    let head = modern(1, "tools/list", json!({})).head();
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    // By the length the hidden request is part of the body, by the chunks it is the next request.
    let length = format!("Content-Length: {}\r\n", chunked.len() + hidden.len());
    let both = format!("{length}Transfer-Encoding: chunked\r\n\r\n{chunked}");
    let other_way_round = format!("Transfer-Encoding: chunked\r\n{length}\r\n{chunked}");
    let lengths = format!(
        "Content-Length: {}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
        body.len() + hidden.len()
    );
    let space = format!("Transfer-Encoding : chunked\r\n\r\n{chunked}");
    let unknown = format!("Transfer-Encoding: chunked, identity\r\n\r\n{chunked}");
    let fold = format!("X: a\r\n b\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let signed = format!("Content-Length: +{}\r\n\r\n{body}", body.len());
    let framings = [
        // Chunks may count alone, if nothing more is read from the connection (RFC 9112, section 6.1).
        (both, vec![200, 400]),
        (other_way_round, vec![200, 400]),
        (lengths, vec![400]),
        (space, vec![400]),
        (unknown, vec![400]),
        (fold, vec![400]),
        (signed, vec![400]),
    ];
    for (framing, expected) in framings {
        let mut client = host.connect().await;
        client
            .send(&[&head[..], framing.as_bytes(), &hidden[..]].concat())
            .await;
        let response = client.response().await;
        assert!(
            expected.contains(&response.status),
            "{framing}: {response:?}"
        );
        assert!(client.is_closed().await, "{framing}");
        assert_eq!(probe.runs(), 0, "{framing}");
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_head_with_a_line_feed_alone_is_bad_and_a_body_may_hold_any() {
    let (host, probe) = start().await;
    for good in calls(&host).await {
        let bytes = good.bytes();
        let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let (head, body) = bytes.split_at(head);
        let ends: Vec<usize> = (0..head.len()).filter(|&at| head[at] == b'\r').collect();
        let mut bad: Vec<Vec<u8>> = ends
            .iter()
            .map(|&at| [&head[..at], &head[at + 1..]].concat())
            .collect();
        bad.push(head.iter().copied().filter(|&byte| byte != b'\r').collect());
        bad.push([b"\n", head].concat());
        assert!(bad.len() > 7);
        for head in bad {
            let mut client = host.connect().await;
            client.send(&[&head, body].concat()).await;
            assert_eq!(client.response_head().await.status, 400);
            assert!(client.is_closed().await);
        }
    }
    assert_eq!(probe.runs(), 0);
    let body = initialize("2025-11-25");
    let pretty = serde_json::to_string_pretty(&body).unwrap();
    for body in [pretty.replace('\n', "\r\n"), pretty] {
        assert_eq!(host.ask(&Request::post(&body[..])).await.status, 200);
    }
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_answered_with_431() {
    let (host, probe) = start().await;
    let good = modern_call(1, "count", json!({}));
    let mut many = good.clone();
    for number in 0..101 {
        many = many.header(&format!("X-{number}"), "1");
    }
    let large = good.clone().header("X-Large", "x".repeat(500 << 10));
    for request in [many, large] {
        let mut client = host.connect().await;
        client.try_send(&request.bytes()).await;
        assert_eq!(client.response_head().await.status, 431);
    }
    assert_eq!(probe.runs(), 0);
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_slow_head_and_a_slow_body_are_cut_off() {
    let short = Duration::from_millis(300);
    let options = Options::new().header_timeout(short).body_timeout(short);
    let (host, probe) = start_with(options).await;
    let good = modern_call(1, "count", json!({}));
    let bytes = good.bytes();
    let begun = std::time::Instant::now();
    let mut silent = host.connect().await;
    let mut head = host.connect().await;
    head.send(&bytes[..40]).await;
    let mut body = host.connect().await;
    body.send(&bytes[..bytes.len() - 1]).await;
    let mut idle = host.connect().await;
    idle.send(&initialize_bytes()).await;
    assert_eq!(idle.response().await.status, 200);
    assert!(silent.is_closed().await);
    // Some servers say 408 before they close, others only close.
    let said = head.raw().await;
    assert!(
        said.is_empty() || said.starts_with(b"HTTP/1.1 408"),
        "{said:?}"
    );
    assert_eq!(body.response().await.status, 408);
    assert!(body.is_closed().await);
    assert!(
        idle.is_closed().await,
        "a kept-alive connection without a request ends too"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(probe.runs(), 0);
    host.assert_healthy().await;
}

fn initialize_bytes() -> Vec<u8> {
    Request::post(initialize("2025-11-25")).bytes()
}

#[tokio::test]
async fn a_body_that_breaks_off_runs_nothing_and_disturbs_nobody() {
    let (host, probe) = start().await;
    let bytes = modern_call(1, "count", json!({})).bytes();
    for end in [10, 100, bytes.len() - 1] {
        let mut client = host.connect().await;
        client.send(&bytes[..end]).await;
        drop(client);
    }
    let mut half = host.connect().await;
    half.send(&bytes[..bytes.len() - 1]).await;
    half.end_sending().await;
    let said = half.raw().await;
    assert!(
        said.is_empty() || said.starts_with(b"HTTP/1.1 400"),
        "{said:?}"
    );
    host.assert_healthy().await;
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_client_that_expects_to_be_asked_for_a_large_body_is_refused_before_it_sends_it() {
    let (host, _) = start().await;
    let mut head = modern(1, "tools/list", json!({}))
        .header("Expect", "100-continue")
        .head();
    head.extend_from_slice(b"Content-Length: 52428800\r\n\r\n");
    let mut client = host.connect().await;
    client.send(&head).await;
    client.response().await.assert_refused(413, -32600);
}
