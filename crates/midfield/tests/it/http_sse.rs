//! The transport of revision 2024-11-05: a stream that names where to send messages, and brings all answers
//! ([HTTP with SSE](https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse)).

use std::time::Duration;

use midfield::Identity;
use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::Probe;
use crate::harness::{Host, tool_text};
use crate::http_asking::{Streamed, answer, authorized, initialize_able, service};
use crate::messages::{Request, call, initialize, request};

struct Session {
    stream: Streamed,
    target: String,
}

impl Session {
    async fn open(host: &Host, authorization: Option<&str>) -> Self {
        let open = authorized(Request::get("/sse"), authorization);
        let mut stream = Streamed::begin(host, &open).await;
        let endpoint = stream.frame().await.expect("a first event");
        assert_eq!(endpoint.event.as_deref(), Some("endpoint"));
        let target = endpoint.data;
        assert!(target.starts_with("/sse?"), "{target}");
        Self { stream, target }
    }

    fn message(&self, body: Value) -> Request {
        // The revision says nothing of `Accept`.
        Request::post(body).target(&self.target).without("Accept")
    }

    async fn send(&self, host: &Host, body: Value) {
        let response = host.ask(&self.message(body)).await;
        assert_eq!((response.status, &response.body[..]), (202, &b""[..]));
    }

    async fn ask(&mut self, host: &Host, body: Value) -> Value {
        self.send(host, body).await;
        self.stream.hear().await
    }
}

async fn start(options: Options) -> (Host, midfield::Service, Probe) {
    let (service, probe) = service();
    let host = Host::start(service.clone(), options.legacy_sse("/sse")).await;
    (host, service, probe)
}

#[tokio::test]
async fn all_that_a_session_is_told_comes_by_its_stream() {
    let (host, service, _) = start(Options::new()).await;
    let mut session = Session::open(&host, None).await;
    let opened = session.ask(&host, initialize_able("2024-11-05")).await;
    assert_eq!(opened["result"]["protocolVersion"], "2024-11-05");
    session
        .send(
            &host,
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        )
        .await;
    let echoed = session
        .ask(&host, call(1, "echo", json!({"text": "a\nb\u{2028}c"})))
        .await;
    assert_eq!(tool_text(&echoed).0, "a\nb\u{2028}c");
    // JSON may be written over several lines.
    let pretty = "{\n\"jsonrpc\": \"2.0\",\r\n\"id\": 2, \"method\": \"ping\"\n}";
    let spread = Request::post(pretty).target(&session.target);
    assert_eq!(host.ask(&spread).await.status, 202);
    assert_eq!(session.stream.hear().await["id"], 2);
    let question = session.ask(&host, call(3, "ask_model", json!({}))).await;
    assert_eq!(question["method"], "sampling/createMessage");
    let reply = json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": ""}});
    let response = session.ask(&host, answer(&question, reply)).await;
    assert_eq!(tool_text(&response).0, "m");
    service.remove_tool("count");
    let changed = session.stream.hear().await;
    assert_eq!(changed["method"], "notifications/tools/list_changed");
    let params =
        json!({"name": "talk", "arguments": {"steps": [1, 2]}, "_meta": {"progressToken": 5}});
    session.send(&host, request(4, "tools/call", params)).await;
    for step in [1.0, 2.0] {
        assert_eq!(session.stream.hear().await["params"]["progress"], step);
    }
    assert_eq!(session.stream.hear().await["id"], 4);
    let large = session
        .ask(&host, call(5, "large", json!({"bytes": 300_000})))
        .await;
    assert_eq!(tool_text(&large).0.len(), 300_000);
}

#[tokio::test]
async fn a_session_takes_messages_only_of_its_principal_and_as_long_as_its_stream_is_open() {
    let tokens = StaticTokens::new()
        .token("a", Identity::new("us", "a"))
        .token("b", Identity::new("us", "b"));
    let (host, _, probe) = start(Options::new().authenticate(tokens)).await;
    assert_eq!(host.ask(&Request::get("/sse")).await.status, 401);
    let a = Some("Bearer a");
    let mut session = Session::open(&host, a).await;
    let status = async |request: Request, who: Option<&str>| {
        host.ask(&authorized(request, who)).await.status
    };
    let ping = session.message(request(1, "ping", json!({})));
    assert_eq!(status(ping.clone(), Some("Bearer b")).await, 404);
    assert_eq!(status(ping.clone(), None).await, 401);
    for target in ["/sse", "/sse?session=", "/sse?session=AAAA", "/sse?other=1"] {
        let refused = status(ping.clone().target(target), a).await;
        assert!(matches!(refused, 400 | 404), "{target}: {refused}");
    }
    session.stream.assert_silent().await;
    let open = session.message(initialize("2024-11-05"));
    assert_eq!(status(open, a).await, 202);
    assert_eq!(session.stream.hear().await["id"], 0);
    let wait = session.message(call(1, "wait", json!({})));
    assert_eq!(status(wait, a).await, 202);
    probe.started().await;
    drop(session);
    probe.stopped().await;
    let begun = std::time::Instant::now();
    while status(ping.clone(), a).await != 404 {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never ended");
    }
}

#[tokio::test]
async fn what_is_no_message_is_refused_where_it_was_sent() {
    let (host, _, _) = start(Options::new().max_body(1_000)).await;
    let mut session = Session::open(&host, None).await;
    let post = |body: &str| Request::post(body).target(&session.target);
    host.ask(&post("{")).await.assert_refused(400, -32700);
    host.ask(&post("{\"a\": \"x\ny\"}"))
        .await
        .assert_refused(400, -32700);
    assert_eq!(host.ask(&post(&"x".repeat(1_001))).await.status, 413);
    let other = post("{}").with("Content-Type", "text/plain");
    assert_eq!(host.ask(&other).await.status, 415);
    let page = post("{}").header("Origin", "http://evil.example");
    assert_eq!(host.ask(&page).await.status, 403);
    let page = Request::get("/sse").header("Origin", "http://evil.example");
    assert_eq!(host.ask(&page).await.status, 403);
    assert_eq!(
        host.ask(&Request::get("/sse").method("DELETE"))
            .await
            .status,
        405
    );
    session.stream.assert_silent().await;
}

#[tokio::test]
async fn without_the_option_there_is_no_such_path() {
    let host = Host::start(service().0, Options::new()).await;
    assert_eq!(host.ask(&Request::get("/sse")).await.status, 404);
}

#[tokio::test]
async fn what_is_at_work_is_answered_before_the_server_stops() {
    let (mut host, _, probe) = start(Options::new()).await;
    let mut session = Session::open(&host, None).await;
    session.ask(&host, initialize("2024-11-05")).await;
    session.send(&host, call(1, "wait", json!({}))).await;
    probe.started().await;
    host.stop();
    probe.release();
    assert_eq!(tool_text(&session.stream.hear().await).0, "released");
    assert_eq!(session.stream.message().await, None);
    host.stopped().await;
}

#[tokio::test]
async fn a_session_that_is_not_read_takes_no_more_and_holds_nobody_up() {
    let (host, _, probe) = start(Options::new()).await;
    let mut session = Session::open(&host, None).await;
    session.ask(&host, initialize("2024-11-05")).await;
    let mut statuses = Vec::new();
    let begun = std::time::Instant::now();
    while statuses.last() != Some(&503) {
        let id = i64::try_from(statuses.len()).expect("a number");
        let large = call(id, "wait_large", json!({"bytes": 4_000_000}));
        statuses.push(host.ask(&session.message(large)).await.status);
        probe.release();
        assert!(begun.elapsed() < Duration::from_secs(20), "{statuses:?}");
    }
    host.assert_healthy().await;
}
