//! How much one client can take: memory, connections, calls, time. And how a server stops.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use midfield::transport::http::Options;
use serde_json::json;

use crate::fixture::{Probe, server, service};
use crate::harness::{Host, soon};
use crate::messages::{Request, call, initialize, modern, modern_call, request};

async fn start_with(options: Options) -> (Host, Probe) {
    let (service, probe) = service();
    (Host::start(service, options).await, probe)
}

/// A figure of the kernel about this process, in KiB.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux kernel");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let figure = line.and_then(|line| line.strip_prefix(':'));
    let figure = figure.and_then(|figure| figure.split_whitespace().next());
    figure
        .and_then(|figure| figure.parse().ok())
        .expect("a figure")
}

/// Forgets the peak of the process's memory, so that what follows shows.
fn forget_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").expect("a Linux kernel");
    status("VmRSS")
}

const MIB: usize = 1 << 20;

/// Sends `pieces` of 64 KiB as long as the server takes them.
async fn flood(client: &mut crate::harness::Client, pieces: usize, chunked: bool) {
    let mut piece = vec![b' '; 64 << 10];
    if chunked {
        piece = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
    }
    for _ in 0..pieces {
        if !client.try_send(&piece).await {
            break;
        }
    }
}

#[tokio::test]
async fn huge_bodies_are_refused_with_413_and_take_no_memory() {
    let (host, probe) = start_with(Options::new()).await;
    let session = host.open("2025-11-25").await;
    let heads = [
        modern_call(1, "count", json!({})).head(),
        Request::post("").session(&session).head(),
    ];
    let before = forget_peak();
    for head in heads {
        // 100 MB that are announced, and chunks without end, ten clients each.
        for length in ["Content-Length: 104857600", "Transfer-Encoding: chunked"] {
            let chunked = length.starts_with('T');
            let mut clients = Vec::new();
            for _ in 0..10 {
                let mut client = host.connect().await;
                client
                    .send(&[&head[..], length.as_bytes(), b"\r\n\r\n"].concat())
                    .await;
                clients.push(client);
            }
            let floods = clients
                .iter_mut()
                .map(|client| flood(client, 1_600, chunked));
            let healthy = async {
                for _ in 0..5 {
                    host.assert_healthy().await;
                }
            };
            tokio::join!(futures_util::future::join_all(floods), healthy);
            for client in &mut clients {
                client.response().await.assert_refused(413, -32600);
                assert!(client.is_closed().await);
            }
        }
    }
    assert_eq!(probe.runs(), 0);
    let grown = status("VmHWM").saturating_sub(before);
    assert!(grown < 192 << 10, "the peak of memory grew by {grown} KiB");
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_body_of_the_greatest_size_is_read_and_one_byte_more_is_not() {
    let (host, _) = start_with(Options::new().max_body(MIB)).await;
    let body = modern_call(1, "echo", json!({"text": ""})).bytes();
    let body = &body[body
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .expect("a head")
        + 4..];
    for (padding, status) in [(MIB - body.len(), 200), (MIB - body.len() + 1, 413)] {
        let padded = [body, &vec![b' '; padding][..]].concat();
        let whole = Request::post(&padded[..])
            .header("MCP-Protocol-Version", "2026-07-28")
            .header("Mcp-Method", "tools/call")
            .header("Mcp-Name", "echo");
        assert_eq!(host.ask(&whole).await.status, status);
        let mut client = host.connect().await;
        let mut bytes = whole.head();
        bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
        for piece in padded.chunks(100_000) {
            bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
            bytes.extend(piece);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        client.try_send(&bytes).await;
        assert_eq!(client.response().await.status, status);
    }
}

#[tokio::test]
async fn sessions_that_nobody_uses_take_no_memory() {
    let (host, _) = start_with(Options::new()).await;
    let mut client = host.connect().await;
    // Many requests in one write, so that so many sessions take little time.
    let open = Request::post(initialize("2025-11-25")).bytes().repeat(100);
    let open_some = async |client: &mut crate::harness::Client, count: usize| {
        for _ in 0..count / 100 {
            client.send(&open).await;
            let mut opened = String::new();
            while opened.matches("\"protocolVersion\"").count() < 100 {
                let read = client.raw().await;
                assert!(!read.is_empty(), "the server hung up");
                opened.push_str(std::str::from_utf8(&read).expect("ASCII"));
            }
            assert_eq!(opened.matches("HTTP/1.1 200 OK").count(), 100);
            assert_eq!(opened.matches("mcp-session-id: ").count(), 100);
        }
    };
    open_some(&mut client, 100).await;
    let before = status("VmRSS");
    open_some(&mut client, 50_000).await;
    let grown = status("VmRSS").saturating_sub(before);
    assert!(grown < 64 << 10, "50,000 sessions took {grown} KiB");
}

#[tokio::test]
async fn a_call_beyond_the_greatest_number_is_told_to_come_later() {
    let (host, probe) = start_with(Options::new().max_calls(2)).await;
    let session = host.open("2025-11-25").await;
    let mut first = host.connect().await;
    first.send(&modern_call(1, "wait", json!({})).bytes()).await;
    probe.started().await;
    let mut second = host.connect().await;
    let wait = Request::post(call(2, "wait", json!({}))).session(&session);
    second.send(&wait.bytes()).await;
    probe.started().await;
    for request in [
        modern_call(3, "count", json!({})),
        Request::post(call(3, "count", json!({}))).session(&session),
    ] {
        let response = host.ask(&request).await;
        assert_eq!(response.status, 503);
        let json = response.json();
        assert!(
            json["error"]["message"]
                .as_str()
                .is_some_and(|message| message.contains("later"))
        );
        assert_eq!(json["id"], 3, "the id could be read: {json}");
    }
    let two_of_them = json!([call(3, "count", json!({})), call(4, "count", json!({}))]);
    let batches = host.open("2025-03-26").await;
    let refused = host
        .ask(&Request::post(two_of_them).session(&batches))
        .await;
    refused.assert_refused(503, -32603);
    assert_eq!(probe.runs(), 0);
    // What needs no handler is answered still, and the id of the refused call is free again.
    host.assert_healthy().await;
    probe.release();
    assert_eq!(first.response().await.tool_text().0, "released");
    let again = Request::post(call(3, "count", json!({}))).session(&session);
    assert_eq!(host.ask(&again).await.tool_text().0, "counted");
    // A call that goes on after its client went away keeps its place.
    drop(second);
    let mut third = host.connect().await;
    third.send(&modern_call(4, "wait", json!({})).bytes()).await;
    probe.started().await;
    assert_eq!(host.ask(&again).await.status, 503);
    probe.release();
    probe.release();
    assert_eq!(third.response().await.tool_text().0, "released");
}

#[tokio::test]
async fn a_connection_beyond_the_greatest_number_waits_for_another_to_end() {
    let (host, _) = start_with(Options::new().max_connections(2)).await;
    let list = modern(1, "tools/list", json!({})).bytes();
    let mut first = host.connect().await;
    let mut second = host.connect().await;
    for client in [&mut first, &mut second] {
        client.send(&list).await;
        assert_eq!(client.response().await.status, 200);
    }
    let mut third = host.connect().await;
    third.send(&list).await;
    let early = tokio::time::timeout(Duration::from_millis(100), third.response_head()).await;
    assert!(early.is_err(), "{early:?}");
    drop(first);
    assert_eq!(third.response().await.status, 200);
    second.send(&list).await;
    assert_eq!(second.response().await.status, 200);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_stopped_and_answered() {
    let probe = Probe::default();
    let limit = Duration::from_millis(100);
    let service = server(&probe)
        .call_timeout(Some(limit))
        .build()
        .expect("a server");
    let host = Host::start(service, Options::new()).await;
    let session = host.open("2025-11-25").await;
    for request in [
        modern_call(1, "wait", json!({})),
        Request::post(call(1, "wait", json!({}))).session(&session),
    ] {
        let begun = Instant::now();
        let (text, is_error) = host.ask(&request).await.tool_text();
        assert!(is_error && text.contains("0.1 s"), "{text}");
        assert!(begun.elapsed() >= limit);
        probe.started().await;
        probe.stopped().await;
    }
}

#[tokio::test]
async fn a_handler_that_panics_is_an_internal_error_of_its_own_call() {
    let (host, probe) = start_with(Options::new()).await;
    let session = host.open("2025-03-26").await;
    for tool in ["panic", "panic_later", "panic_early"] {
        let modern = host.ask(&modern_call("p", tool, json!({}))).await;
        modern.assert_error(200, "p", -32603);
        let legacy = Request::post(call(7, tool, json!({}))).session(&session);
        let legacy = host.ask(&legacy).await;
        legacy.assert_error(200, 7, -32603);
        let text = String::from_utf8(legacy.body).expect("text");
        assert!(
            !text.contains("on purpose"),
            "what the panic said stays inside: {text}"
        );
        let batch = json!([call(1, tool, json!({})), call(2, "count", json!({}))]);
        let batch = host.ask(&Request::post(batch).session(&session)).await;
        let mut codes: Vec<_> = batch
            .json()
            .as_array()
            .expect("an array")
            .iter()
            .map(|answer| answer["error"]["code"].as_i64())
            .collect();
        codes.sort_unstable();
        assert_eq!(codes, [None, Some(-32603)].into_iter().collect::<Vec<_>>());
        host.assert_healthy().await;
    }
    assert_eq!(probe.runs(), 3);
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_is_at_work_and_takes_nothing_new() {
    let (mut host, probe) = start_with(Options::new()).await;
    let session = host.open("2025-11-25").await;
    let mut waiting = host.connect().await;
    waiting
        .send(&modern_call(1, "wait", json!({})).bytes())
        .await;
    probe.started().await;
    let mut left = host.connect().await;
    left.send(
        &Request::post(call(2, "wait", json!({})))
            .session(&session)
            .bytes(),
    )
    .await;
    probe.started().await;
    drop(left);
    let mut idle = host.connect().await;
    idle.send(&modern(1, "tools/list", json!({})).bytes()).await;
    assert_eq!(idle.response().await.status, 200);
    host.stop();
    assert!(
        idle.is_closed().await,
        "an idle connection is closed at once"
    );
    let refused = tokio::net::TcpStream::connect(host.address).await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(probe.none_stopped());
    probe.release();
    probe.release();
    assert_eq!(waiting.response().await.tool_text().0, "released");
    assert!(waiting.is_closed().await);
    host.stopped().await;
    probe.finished().await;
    probe.finished().await;
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_ever() {
    let drain = Duration::from_millis(200);
    let (mut host, probe) = start_with(Options::new().drain_timeout(drain)).await;
    let session = host.open("2025-11-25").await;
    let mut stuck = host.connect().await;
    stuck.send(&modern_call(1, "wait", json!({})).bytes()).await;
    probe.started().await;
    let mut left = host.connect().await;
    left.send(
        &Request::post(call(2, "wait", json!({})))
            .session(&session)
            .bytes(),
    )
    .await;
    probe.started().await;
    drop(left);
    let mut slow = host.connect().await;
    slow.send(b"POST /mcp HTTP/1.1\r\nHost: local").await;
    let begun = Instant::now();
    host.stop();
    soon(host.stopped()).await;
    assert!(begun.elapsed() >= drain && begun.elapsed() < Duration::from_secs(3));
    assert!(stuck.is_closed().await);
    assert!(slow.is_closed().await);
    // Neither the call whose client waits goes on, nor the one whose client went away.
    probe.stopped().await;
    probe.stopped().await;
}

#[tokio::test]
async fn a_call_whose_client_goes_away_while_the_server_stops_has_its_time_all_the_same() {
    let (mut host, probe) = start_with(Options::new()).await;
    let session = host.open("2025-11-25").await;
    let waiting = Request::post(call(1, "wait", json!({}))).session(&session);
    let mut client = host.connect().await;
    client.send(&waiting.bytes()).await;
    probe.started().await;
    host.stop();
    tokio::time::sleep(Duration::from_millis(50)).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(probe.none_stopped());
    probe.release();
    probe.finished().await;
    host.stopped().await;
}

#[tokio::test]
async fn all_pages_together_list_every_tool_once_and_in_order() {
    let probe = Probe::default();
    let size = NonZeroUsize::new(4).expect("not zero");
    let service = server(&probe).page_size(size).build().expect("a server");
    let other = server(&probe).page_size(size).build().expect("a server");
    let (host, other) = tokio::join!(
        Host::start(service, Options::new()),
        Host::start(other, Options::new())
    );
    let session = host.open("2025-11-25").await;
    let page = |cursor: Option<&str>, modern_era: bool| {
        let params = cursor.map_or_else(|| json!({}), |cursor| json!({"cursor": cursor}));
        if modern_era {
            modern(1, "tools/list", params)
        } else {
            Request::post(request(1, "tools/list", params)).session(&session)
        }
    };
    for modern_era in [true, false] {
        let mut names = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let asked = page(cursor.as_deref(), modern_era);
            let json = host.ask(&asked).await.json();
            let tools = json["result"]["tools"].as_array().expect("tools");
            assert!(tools.len() <= 4);
            names.extend(
                tools
                    .iter()
                    .map(|tool| tool["name"].as_str().expect("a name").to_owned()),
            );
            match json["result"]["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
        }
        let order = [
            "echo",
            "wait",
            "wait_and_say",
            "count",
            "talk",
            "log",
            "chatter",
            "leave_task",
            "large",
            "wait_large",
            "pretty",
            "panic",
            "panic_later",
            "panic_early",
            "verbatim",
        ];
        assert_eq!(names, order);
        let genuine = cursor.expect("several pages");
        let foreign = other.ask(&page(None, true)).await.json();
        let foreign = foreign["result"]["nextCursor"]
            .as_str()
            .expect("a cursor")
            .to_owned();
        let forged = ["", "0", "MQ", "../..", &genuine[1..], &foreign, &session];
        for cursor in forged {
            let response = host.ask(&page(Some(cursor), modern_era)).await.json();
            assert_eq!(response["error"]["code"], -32602, "{cursor}: {response}");
            assert_eq!(response["id"], 1);
        }
        for cursor in [json!(1), json!({}), json!([])] {
            let asked = modern(1, "tools/list", json!({"cursor": cursor}));
            host.ask(&asked).await.assert_error(400, 1, -32602);
        }
    }
}
