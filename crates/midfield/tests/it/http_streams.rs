//! When an answer is JSON and when it is a stream, what is in a stream, and who waits for whom.

use std::time::{Duration, Instant};

use axum::Router;
use midfield::transport::http::{HttpService, Options};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Probe, service};
use crate::harness::{Host, events, soon, tool_text};
use crate::http_asking::Streamed;
use crate::messages::{MODERN, Request, modern, modern_body, modern_call, request};

async fn start() -> (Host, Probe) {
    let (service, probe) = service();
    (Host::start(service, Options::new()).await, probe)
}

/// A call that listens to progress under `token`, in each era.
async fn listening(host: &Host, tool: &str, arguments: &Value, token: &Value) -> [Request; 2] {
    let session = host.open("2025-11-25").await;
    let params = json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": token}});
    [
        Request::post(request(1, "tools/call", params.clone())).session(&session),
        modern(1, "tools/call", params),
    ]
}

/// A call that hears every log message.
fn hearing(id: i64, tool: &str, arguments: &Value) -> Request {
    let meta = json!({"io.modelcontextprotocol/logLevel": "debug"});
    let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
    modern(id, "tools/call", params)
}

#[tokio::test]
async fn progress_is_told_under_the_token_and_only_ever_increases() {
    let (host, _) = start().await;
    for token in [
        json!("t"),
        json!(""),
        json!(7),
        json!(9_007_199_254_740_993_i64),
    ] {
        let arguments = json!({"steps": [1, 1, 0.5, 1.5, -1, 1.5, 2, 100]});
        for request in listening(&host, "talk", &arguments, &token).await {
            let events = host.ask(&request).await.events();
            let (last, told) = events.split_last().expect("a response");
            assert_eq!(tool_text(last).0, "said");
            assert_eq!(last["id"], 1);
            let mut steps = Vec::new();
            for event in told {
                assert_eq!(event["method"], "notifications/progress");
                assert_eq!(event["params"]["progressToken"], token);
                assert!(event.get("id").is_none(), "{event}");
                steps.push(event["params"]["progress"].as_f64().expect("a number"));
            }
            assert_eq!(steps, [1.0, 1.5, 2.0, 100.0]);
        }
    }
}

#[tokio::test]
async fn nothing_is_told_without_a_token_and_the_answer_is_json() {
    let (host, _) = start().await;
    let session = host.open("2025-11-25").await;
    let params = json!({"name": "talk", "arguments": {"steps": [1, 2]}});
    let plain = [
        Request::post(request(1, "tools/call", params.clone())).session(&session),
        modern(1, "tools/call", params),
    ];
    for request in plain {
        assert_eq!(host.ask(&request).await.tool_text().0, "said");
    }
    // A token alone makes no stream where nothing is said.
    for request in listening(&host, "echo", &json!({"text": "x"}), &json!("t")).await {
        assert_eq!(host.ask(&request).await.tool_text().0, "x");
    }
}

#[tokio::test]
async fn what_is_said_before_an_answer_that_is_ready_at_once_is_not_lost() {
    let (host, _) = start().await;
    let steps: Vec<u32> = (1..=32).collect();
    for request in listening(&host, "talk", &json!({"steps": steps}), &json!(1)).await {
        let response = host.ask(&request).await;
        assert_eq!(response.header("cache-control"), Some("no-cache"));
        assert_eq!(response.header("x-accel-buffering"), Some("no"));
        let events = response.events();
        assert_eq!(events.len(), 33);
        assert_eq!(events[32]["id"], 1);
    }
}

#[tokio::test]
async fn the_head_of_a_stream_and_its_first_event_arrive_together() {
    let (host, probe) = start().await;
    for request in listening(&host, "wait_and_say", &json!({}), &json!("t")).await {
        let mut client = host.connect().await;
        client.send(&request.bytes()).await;
        let first = String::from_utf8(client.raw().await).expect("text");
        assert!(first.starts_with("HTTP/1.1 200 OK\r\n"), "{first}");
        let (_, body) = first.split_once("\r\n\r\n").expect("a whole head");
        assert!(body.contains("notifications/progress"), "{first}");
        probe.started().await;
        probe.release();
        probe.finished().await;
    }
}

#[tokio::test]
async fn a_task_that_a_handler_leaves_behind_cannot_hold_up_its_answer() {
    let (service, probe) = service();
    let host = Host::start(service, Options::new()).await;
    let begun = Instant::now();
    let events = host
        .ask(&hearing(1, "leave_task", &json!({})))
        .await
        .events();
    assert_eq!(tool_text(events.last().expect("a response")).0, "done");
    assert!(events.len() < 1_000, "{}", events.len());
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
    probe.end_left_over();
}

#[tokio::test]
async fn a_message_is_one_event_however_its_json_was_written() {
    let (host, _) = start().await;
    let response = host.ask(&hearing(1, "pretty", &json!({}))).await;
    let text = String::from_utf8(response.body.clone()).expect("text");
    for event in text.split_terminator("\n\n") {
        assert_eq!(event.lines().count(), 2, "{event:?}");
        assert!(!event.contains('\r'), "{event:?}");
    }
    let events = events(&response.body);
    assert_eq!(events[0]["params"]["data"], json!({"a": [1]}));
    assert_eq!(events[1]["result"]["structuredContent"], json!({"a": [1]}));
}

#[tokio::test]
async fn a_reader_that_stalls_makes_its_own_handler_wait_and_nobody_else() {
    let (host, probe) = start().await;
    let mut stalled = Vec::new();
    for id in 0..5 {
        let mut client = host.connect().await;
        client
            .send(&hearing(id, "chatter", &json!({})).bytes())
            .await;
        probe.started().await;
        stalled.push(client);
    }
    // The handlers have filled what there is between them and their readers once they say no more.
    let mut said = usize::MAX;
    while probe.said() != said {
        said = probe.said();
        host.assert_healthy().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The sockets of a loopback connection hold some MiB; the server itself keeps far less.
    assert!(
        said < 5 * 12 * 1024,
        "{said} KiB are under way to 5 readers"
    );
    for client in &mut stalled {
        assert_eq!(client.response_head().await.status, 200);
        assert_eq!(
            client.event_among_many().await["method"],
            "notifications/message"
        );
    }
    drop(stalled);
    for _ in 0..5 {
        probe.stopped().await;
    }
}

#[tokio::test]
async fn a_reader_that_stalls_for_too_long_is_cut_off_and_its_handler_stops() {
    let (service, probe) = service();
    let options = Options::new().write_timeout(Duration::from_millis(200));
    let host = Host::start(service, options).await;
    let mut client = host.connect().await;
    client
        .send(&hearing(1, "chatter", &json!({})).bytes())
        .await;
    probe.started().await;
    // The client keeps its connection and reads nothing.
    probe.stopped().await;
    host.assert_healthy().await;
}

#[tokio::test]
async fn two_hundred_clients_at_once_each_get_their_own_answer() {
    let (host, probe) = start().await;
    let session = host.open("2025-11-25").await;
    let mut clients = Vec::new();
    for number in 0..200_i64 {
        let mut client = host.connect().await;
        let text = format!("payload {number}");
        let arguments = json!({"text": text});
        let request = match number % 4 {
            0 => modern_call(number, "echo", arguments),
            1 => Request::post(crate::messages::call(number, "echo", arguments)).session(&session),
            2 => modern_call(number, "wait", json!({})),
            _ => hearing(number, "log", &json!({})),
        };
        client.send(&request.bytes()).await;
        clients.push((number, text, client));
    }
    for _ in 0..50 {
        probe.started().await;
        probe.release();
    }
    for (number, text, mut client) in clients {
        let response = client.response().await;
        let (answer, expected) = match number % 4 {
            0 | 1 => (response.json(), text.as_str()),
            2 => (response.json(), "released"),
            _ => (response.events().pop().expect("a response"), "logged"),
        };
        assert_eq!(answer["id"], number);
        assert_eq!(tool_text(&answer).0, expected);
    }
}

#[tokio::test]
async fn requests_that_are_sent_ahead_on_one_connection_are_answered_in_order() {
    let (host, _) = start().await;
    let mut client = host.connect().await;
    let mut bytes = Vec::new();
    for id in 0..20_i64 {
        bytes.extend(modern_call(id, "echo", json!({"text": id.to_string()})).bytes());
    }
    client.send(&bytes).await;
    for id in 0..20_i64 {
        let response = client.response().await;
        assert_eq!(response.json()["id"], id);
        assert_eq!(response.tool_text().0, id.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_silent_for_long_becomes_a_stream_that_keeps_itself_alive() {
    use http_body_util::{BodyExt as _, Full};
    let (service, probe) = service();
    let endpoint = HttpService::new(service, Options::new()).expect("an endpoint");
    let request = http::Request::post("/mcp")
        .header("Host", "localhost")
        .header("Content-Type", "application/json")
        .header("Accept", "application/json, text/event-stream")
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", "wait")
        .body(Full::<bytes::Bytes>::from(
            modern_body(1, "tools/call", json!({"name": "wait"})).to_string(),
        ))
        .expect("a request");
    let mut body = endpoint.handle(request).await.into_body();
    for _ in 0..3 {
        let frame = body.frame().await.expect("a frame").expect("no error");
        assert_eq!(frame.into_data().expect("data"), ":\n\n");
    }
    probe.release();
    let rest = body.collect().await.expect("no error").to_bytes();
    let [answer] = &events(&rest)[..] else {
        panic!("one answer: {rest:?}");
    };
    assert_eq!(tool_text(answer).0, "released");
}

#[tokio::test]
async fn an_endpoint_in_a_router_of_its_own_is_closed_before_the_router() {
    let (service, probe) = service();
    let options = Options::new().legacy_sse("/sse");
    let endpoint = HttpService::new(service, options).expect("an endpoint");
    let router: Router = Router::new()
        .route_service("/mcp", endpoint.clone())
        .route_service("/sse", endpoint.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let stopped = {
        let (stop, endpoint) = (stop.clone(), endpoint.clone());
        async move {
            stop.cancelled().await;
            endpoint.close().await;
        }
    };
    let mut serving = JoinSet::new();
    let router = axum::serve(listener, router).with_graceful_shutdown(stopped);
    serving.spawn(async move { router.await });
    let host = Host::elsewhere(address);
    let session = host.open("2025-11-25").await;
    let listen = Request::get("/mcp").session(&session);
    let mut hears = Streamed::begin(&host, &listen).await;
    let mut old = Streamed::begin(&host, &Request::get("/sse")).await;
    let mut waits = host.connect().await;
    waits.send(&modern_call(1, "wait", json!({})).bytes()).await;
    let mut left = host.connect().await;
    let call = crate::messages::call(2, "wait", json!({}));
    left.send(&Request::post(call).session(&session).bytes())
        .await;
    probe.started().await;
    probe.started().await;
    drop(left);
    stop.cancel();
    // Streams without end end at once, and nothing begins any more.
    assert_eq!(hears.message().await, None);
    assert_eq!(old.message().await, None);
    for begins in [
        listen,
        Request::get("/sse"),
        modern_call(3, "wait", json!({})),
    ] {
        host.ask(&begins).await.assert_refused(503, -32600);
    }
    assert!(probe.none_stopped());
    probe.release();
    probe.release();
    assert_eq!(waits.response().await.tool_text().0, "released");
    probe.finished().await;
    probe.finished().await;
    drop((hears, old, waits));
    let ended = soon(serving.join_next()).await.expect("it served");
    ended.expect("no panic").expect("no error");
}

#[tokio::test]
async fn to_close_an_endpoint_takes_no_longer_than_its_time() {
    let (service, probe) = service();
    let options = Options::new().drain_timeout(Duration::from_millis(100));
    let endpoint = HttpService::new(service, options).expect("an endpoint");
    let params = json!({"name": "wait"});
    let request = http::Request::post("/mcp")
        .header("Host", "localhost")
        .header("Content-Type", "application/json")
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", "wait")
        .body(modern_body(1, "tools/call", params).to_string())
        .expect("a request");
    let mut calls = JoinSet::new();
    let called = endpoint.clone();
    calls.spawn(async move { called.handle(request).await.status() });
    probe.started().await;
    soon(endpoint.close()).await;
    assert!(probe.none_stopped());
    // Without its client, it ends.
    calls.abort_all();
    probe.stopped().await;
}
