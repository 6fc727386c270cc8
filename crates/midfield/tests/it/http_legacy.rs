//! Streamable HTTP of the revisions with sessions: 2025-03-26, batches; 2025-11-25, sessions, versions,
//! cancellation.

use std::time::Duration;

use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::{Probe, service};
use crate::harness::Host;
use crate::messages::{LEGACY, MODERN, Request, call, initialize, request};

async fn start() -> (Host, Probe) {
    start_with(Options::new()).await
}

async fn start_with(options: Options) -> (Host, Probe) {
    let (service, probe) = service();
    (Host::start(service, options).await, probe)
}

fn ping() -> Request {
    Request::post(request(1, "ping", json!({})))
}

fn cancelled(id: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id.into()}})
}

#[tokio::test]
async fn a_session_that_is_not_of_this_server_is_not_found() {
    let (host, _) = start().await;
    let (other, _) = start().await;
    let own = host.open("2025-11-25").await;
    let foreign = other.open("2025-11-25").await;
    let mut flipped = own.clone();
    let last = if flipped.pop() == Some('A') { 'B' } else { 'A' };
    flipped.push(last);
    let unknown = [
        foreign,
        flipped,
        own[..own.len() - 1].to_owned(),
        format!("{own}A"),
        "0b5a9a5c-6c5c-4b5e-9c0d-3f1d2a4b5c6d".to_owned(),
        "%0d%0aX-Forged: 1".to_owned(),
        "x".repeat(10 << 10),
    ];
    for id in &unknown {
        for method in ["POST", "DELETE", "GET"] {
            let request = ping().session(id).method(method);
            host.ask(&request).await.assert_refused(404, -32600);
        }
    }
    assert_eq!(host.ask(&ping().session(&own)).await.status, 200);
    assert!(
        own.bytes().all(|byte| (0x21..=0x7e).contains(&byte)),
        "{own}"
    );
    let control = ping().with("Mcp-Session-Id", b"a\x7fb");
    assert_eq!(host.ask(&control).await.status, 400);
}

#[tokio::test]
async fn a_session_is_over_when_it_was_deleted_and_no_other_is() {
    let (host, _) = start().await;
    for revision in LEGACY {
        let one = host.open(revision).await;
        let two = host.open(revision).await;
        let deleted = host.ask(&ping().method("DELETE").session(&one)).await;
        assert_eq!((deleted.status, &deleted.body[..]), (204, &b""[..]));
        for method in ["POST", "DELETE", "GET"] {
            let response = host.ask(&ping().method(method).session(&one)).await;
            response.assert_refused(404, -32600);
        }
        assert_eq!(host.ask(&ping().session(&two)).await.status, 200);
        let mut listening = host.connect().await;
        listening
            .send(&Request::get("/mcp").session(&two).bytes())
            .await;
        assert_eq!(listening.response_head().await.status, 200);
    }
}

#[tokio::test]
async fn a_session_is_over_when_its_time_is() {
    let (host, _) = start_with(Options::new().session_lifetime(Duration::ZERO)).await;
    let session = host.open("2025-11-25").await;
    for method in ["POST", "DELETE", "GET"] {
        let response = host.ask(&ping().method(method).session(&session)).await;
        response.assert_refused(404, -32600);
    }
}

#[tokio::test]
async fn a_request_without_exactly_one_session_is_bad() {
    let (host, probe) = start().await;
    let session = host.open("2025-11-25").await;
    let plain = Request::post(call(1, "count", json!({})));
    let bad = [
        plain.clone(),
        plain
            .clone()
            .session(&session)
            .header("Mcp-Session-Id", &session),
        plain
            .clone()
            .session(&session)
            .header("Mcp-Session-Id", "other"),
        plain.clone().method("DELETE"),
        Request::post(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})),
    ];
    for request in bad {
        host.ask(&request).await.assert_refused(400, -32600);
    }
    assert_eq!(probe.runs(), 0, "the only session is no fallback");
    let empty = host.ask(&plain.session("")).await;
    assert!(matches!(empty.status, 400 | 404), "{empty:?}");
}

#[tokio::test]
async fn an_initialize_never_takes_the_session_that_it_names() {
    let (host, _) = start().await;
    let session = host.open("2025-11-25").await;
    for named in [session.as_str(), "mine"] {
        let response = host
            .ask(&Request::post(initialize("2025-06-18")).session(named))
            .await;
        let fresh = response.header("mcp-session-id").expect("a session id");
        assert_ne!(fresh, named);
    }
    let refused = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize"}),
        request(1, "initialize", json!({"protocolVersion": 1})),
        request(
            1,
            "initialize",
            json!({"protocolVersion": "2025-11-25", "capabilities": {}}),
        ),
        request(
            1,
            "initialize",
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": ["a", "1"]}),
        ),
        request(
            1,
            "initialize",
            json!({"protocolVersion": "2025-11-25", "capabilities": [], "clientInfo": {"name": "a", "version": "1"}}),
        ),
    ];
    for body in refused {
        let response = host.ask(&Request::post(body)).await;
        response.assert_error(200, 1, -32602);
        assert!(response.header("mcp-session-id").is_none());
    }
    for unknown in ["1900-01-01", "2099-01-01", MODERN, ""] {
        let response = host.ask(&Request::post(initialize(unknown))).await;
        assert_eq!(response.json()["result"]["protocolVersion"], "2025-11-25");
    }
}

#[tokio::test]
async fn a_version_header_that_names_no_version_is_bad() {
    let (host, _) = start().await;
    let session = host.open("2025-11-25").await;
    for version in ["2099-01-01", "", "latest", "2025-11-25, 2025-11-25"] {
        let request = ping()
            .session(&session)
            .header("MCP-Protocol-Version", version);
        assert_eq!(host.ask(&request).await.status, 400, "{version}");
    }
    let twice = ping()
        .session(&session)
        .header("MCP-Protocol-Version", "2025-11-25")
        .header("MCP-Protocol-Version", "2025-06-18");
    assert_eq!(host.ask(&twice).await.status, 400);
    for version in LEGACY {
        let request = ping()
            .session(&session)
            .header("MCP-Protocol-Version", version);
        assert_eq!(host.ask(&request).await.status, 200, "{version}");
    }
}

#[tokio::test]
async fn a_notification_is_accepted_and_a_response_to_nothing_is_not() {
    let (host, _) = start().await;
    let session = host.open("2025-11-25").await;
    for told in [
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "method": "notifications/unknown", "params": {"a": 1}}),
        cancelled(99),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": []}}),
    ] {
        let response = host.ask(&Request::post(told).session(&session)).await;
        assert_eq!((response.status, &response.body[..]), (202, &b""[..]));
    }
    for answer in [
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "m"}}),
        json!({"jsonrpc": "2.0", "id": null, "error": {"code": 1, "message": "m"}}),
    ] {
        let response = host.ask(&Request::post(answer).session(&session)).await;
        response.assert_refused(400, -32600);
    }
}

#[tokio::test]
async fn a_cancelled_request_gets_no_response_and_its_handler_stops() {
    let (host, probe) = start().await;
    let session = host.open("2025-11-25").await;
    let other = host.open("2025-11-25").await;
    for id in [json!(5), json!("five")] {
        let mut client = host.connect().await;
        let waiting = Request::post(call(id.clone(), "wait", json!({}))).session(&session);
        client.send(&waiting.bytes()).await;
        probe.started().await;
        // The same number in another session, and another kind of id, name other requests.
        let strangers = [
            Request::post(cancelled(id.clone())).session(&other),
            Request::post(cancelled(id.to_string())).session(&session),
            Request::post(cancelled(6)).session(&session),
        ];
        for stranger in strangers {
            assert_eq!(host.ask(&stranger).await.status, 202);
        }
        host.assert_healthy().await;
        assert!(probe.none_stopped());
        let cancel = Request::post(cancelled(id)).session(&session);
        assert_eq!(host.ask(&cancel).await.status, 202);
        probe.stopped().await;
        let response = client.response().await;
        assert_eq!(response.status, 200);
        assert_eq!(response.events(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_disconnect_is_no_cancellation_but_the_end_of_the_session_is() {
    let (host, probe) = start().await;
    let session = host.open("2025-11-25").await;
    let waiting = |id: i64, tool: &str| {
        let params = json!({"name": tool, "_meta": {"progressToken": id}});
        Request::post(request(id, "tools/call", params)).session(&session)
    };
    // Once before anything was answered, once in the midst of a stream.
    let mut silent = host.connect().await;
    silent.send(&waiting(1, "wait").bytes()).await;
    probe.started().await;
    drop(silent);
    let mut streaming = host.connect().await;
    streaming.send(&waiting(2, "wait_and_say").bytes()).await;
    assert_eq!(streaming.response_head().await.status, 200);
    assert_eq!(streaming.event().await["params"]["progressToken"], 2);
    probe.started().await;
    drop(streaming);
    host.assert_healthy().await;
    assert!(probe.none_stopped());
    probe.release();
    probe.release();
    probe.finished().await;
    probe.finished().await;
    // What was left behind can still be cancelled, by a notification or with its session.
    for id in [3, 4] {
        let mut client = host.connect().await;
        client.send(&waiting(id, "wait").bytes()).await;
        probe.started().await;
    }
    host.ask(&Request::post(cancelled(3)).session(&session))
        .await;
    probe.stopped().await;
    host.ask(&ping().method("DELETE").session(&session)).await;
    probe.stopped().await;
}

#[tokio::test]
async fn an_id_that_is_at_work_cannot_be_used_again_until_it_is_answered() {
    let (host, probe) = start().await;
    let session = host.open("2025-11-25").await;
    let wait = Request::post(call(1, "wait", json!({}))).session(&session);
    let mut first = host.connect().await;
    first.send(&wait.bytes()).await;
    probe.started().await;
    host.ask(&wait).await.assert_error(200, 1, -32600);
    // Other sessions have ids of their own.
    let other = host.open("2025-11-25").await;
    let mut second = host.connect().await;
    second
        .send(
            &Request::post(call(1, "wait", json!({})))
                .session(&other)
                .bytes(),
        )
        .await;
    probe.started().await;
    probe.release();
    probe.release();
    assert_eq!(first.response().await.tool_text().0, "released");
    assert_eq!(second.response().await.tool_text().0, "released");
    probe.release();
    assert_eq!(host.ask(&wait).await.tool_text().0, "released");
}

#[tokio::test]
async fn log_messages_come_from_the_level_that_a_session_has_set_and_only_to_it() {
    let (host, _) = start().await;
    let quiet = host.open("2025-11-25").await;
    let loud = host.open("2025-06-18").await;
    let log = |session: &str| Request::post(call(1, "log", json!({}))).session(session);
    let set = |level: &str| {
        Request::post(request(1, "logging/setLevel", json!({"level": level}))).session(&loud)
    };
    assert_eq!(host.ask(&log(&loud)).await.tool_text().0, "logged");
    assert_eq!(host.ask(&set("error")).await.json()["result"], json!({}));
    let levels = |events: Vec<Value>| -> Vec<String> {
        let (last, logged) = events.split_last().expect("a response");
        assert_eq!(last["id"], 1);
        let level = |event: &Value| {
            event["params"]["level"]
                .as_str()
                .expect("a level")
                .to_owned()
        };
        logged.iter().map(level).collect()
    };
    let heard = levels(host.ask(&log(&loud)).await.events());
    assert_eq!(heard, ["error", "critical", "alert", "emergency"]);
    assert_eq!(host.ask(&log(&quiet)).await.tool_text().0, "logged");
    assert_eq!(host.ask(&set("debug")).await.status, 200);
    assert_eq!(levels(host.ask(&log(&loud)).await.events()).len(), 8);
    for level in ["loud", "", "ERROR"] {
        host.ask(&set(level)).await.assert_error(200, 1, -32602);
    }
}

#[tokio::test]
async fn without_sessions_every_request_stands_for_itself() {
    let (host, probe) = start_with(Options::new().sessions(false)).await;
    let opened = host.ask(&Request::post(initialize("2025-06-18"))).await;
    assert_eq!(opened.status, 200);
    assert!(opened.header("mcp-session-id").is_none());
    let counted = host.ask(&Request::post(call(1, "count", json!({})))).await;
    assert_eq!(
        (counted.tool_text().0.as_str(), probe.runs()),
        ("counted", 1)
    );
    for method in ["DELETE", "GET"] {
        let response = host.ask(&ping().method(method)).await;
        response.assert_refused(405, -32600);
        assert_eq!(response.header("allow"), Some("POST"));
    }
    // Without a version it is taken for 2025-03-26, which has batches.
    let batch = json!([call(1, "count", json!({}))]);
    assert_eq!(host.ask(&Request::post(batch.clone())).await.status, 200);
    let newer = Request::post(batch).header("MCP-Protocol-Version", "2025-06-18");
    host.ask(&newer).await.assert_refused(400, -32600);
}
