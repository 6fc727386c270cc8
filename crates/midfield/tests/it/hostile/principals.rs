//! Several principals on one server: none of them takes anything from another, or learns of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use midfield::auth::{Authenticate, Authenticating, Challenge, Refusal, StaticTokens};
use midfield::prelude::*;
use midfield::transport::http::Options;
use midfield::{Identity, Service};
use serde_json::{Value, json};

use super::assert_code;
use crate::harness::{Host, Response};
use crate::http_asking::{Streamed, authorized, open_able};
use crate::messages::{Request, initialize, modern, modern_call, request};

const A: Option<&str> = Some("Bearer a");
const B: Option<&str> = Some("Bearer b");

fn tokens() -> StaticTokens {
    StaticTokens::new()
        .token("a", Identity::new("us", "a").tenant("one"))
        .token("a, refreshed", Identity::new("us", "a").tenant("one"))
        .token("b", Identity::new("us", "b").tenant("two"))
}

/// A server whose principals may have three streams each, and subscriptions of 2,000 bytes.
fn narrow() -> Service {
    Server::new("narrow", "1")
        .tool(Tool::new("plain", async || "plain"))
        .resource(super::file::resource())
        .max_listening(3, 2_000)
        .build()
        .expect("a server")
}

/// The ways to listen: a subscription, the stream of a session, a session of the old transport.
async fn ways_to_listen(host: &Host, token: Option<&str>) -> [Request; 3] {
    let filter = json!({"notifications": {"toolsListChanged": true}});
    let session = open_able(host, "2025-11-25", token).await;
    [
        modern(1, "subscriptions/listen", filter),
        Request::get("/mcp").session(&session),
        Request::get("/sse"),
    ]
    .map(|request| authorized(request, token))
}

fn assert_told(response: &Response, words: &str) {
    let json = response.json();
    let message = json["error"]["message"].as_str().expect("a message");
    assert!(message.contains(words), "{json}");
}

#[tokio::test]
async fn one_principal_cannot_take_the_streams_of_the_others() {
    let service = narrow();
    let options = Options::new().authenticate(tokens()).legacy_sse("/sse");
    let host = Host::start(service.clone(), options).await;
    let of_a = ways_to_listen(&host, A).await;
    let of_b = ways_to_listen(&host, B).await;
    let mut held = Vec::new();
    for way in &of_a {
        held.push(Streamed::begin(&host, way).await);
    }
    for (way, status) in of_a.iter().zip([400, 429, 429]) {
        let refused = host.ask(way).await;
        assert_eq!(refused.status, status, "{refused:?}");
        assert_eq!(refused.json()["error"]["code"], -32600);
        assert_told(
            &refused,
            "as many streams as one client may have open; end one",
        );
    }
    let mut others = Vec::new();
    for way in &of_b {
        others.push(Streamed::begin(&host, way).await);
    }
    service.remove_tool("plain");
    for stream in &mut others[..2] {
        loop {
            let heard = stream.hear().await;
            if heard["method"] == "notifications/tools/list_changed" {
                break;
            }
        }
    }
    // What has ended makes room, once the server has seen its end.
    held.pop();
    let begun = std::time::Instant::now();
    loop {
        let mut client = host.connect().await;
        client.send(&of_a[2].bytes()).await;
        if client.response_head().await.status == 200 {
            break;
        }
        assert!(begun.elapsed().as_secs() < 10, "it never ended");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn one_principal_cannot_take_the_subscriptions_of_the_others() {
    let host = Host::start(narrow(), Options::new().authenticate(tokens())).await;
    let subscribe = async |session: &str, token: Option<&str>, uri: &str| {
        let asked = Request::post(request(1, "resources/subscribe", json!({"uri": uri})));
        host.ask(&authorized(asked.session(session), token)).await
    };
    let uri = |number: usize| format!("files://store/{number}");
    let (first, second) = (
        open_able(&host, "2025-11-25", A).await,
        open_able(&host, "2025-06-18", A).await,
    );
    let mut taken = 0;
    for number in 0..20 {
        let session = [&first, &second][number % 2];
        let answer = subscribe(session, A, &uri(number)).await;
        if answer.json()["result"] == json!({}) {
            taken += 1;
            continue;
        }
        assert_code(&answer, -32600);
        assert_told(&answer, "as one client may be; end a subscription first");
    }
    assert_eq!(taken, 7);
    let listen = |uris: Value| {
        let filter = json!({"notifications": {"resourceSubscriptions": uris}});
        modern(1, "subscriptions/listen", filter)
    };
    let more = authorized(listen(json!([uri(1)])), A);
    let refused = host.ask(&more).await;
    refused.assert_error(400, 1, -32602);
    assert_told(&refused, "as one client may be; end a subscription first");
    let of_b = open_able(&host, "2025-11-25", B).await;
    assert_eq!(
        subscribe(&of_b, B, &uri(1)).await.json()["result"],
        json!({})
    );
    Streamed::begin(&host, &authorized(listen(json!([uri(1), uri(2)])), B)).await;
    // Ended with one session, there is room in the other.
    let end = Request::get("/mcp").method("DELETE").session(&first);
    assert_eq!(host.ask(&authorized(end, A)).await.status, 204);
    assert_eq!(
        subscribe(&second, A, &uri(9)).await.json()["result"],
        json!({})
    );
}

#[tokio::test]
async fn clients_that_are_not_told_apart_have_no_share_of_one() {
    let host = Host::start(narrow(), Options::new()).await;
    let mut streams = Vec::new();
    for _ in 0..20 {
        for way in &ways_to_listen(&host, None).await[..2] {
            streams.push(Streamed::begin(&host, way).await);
        }
    }
    let uris: Vec<String> = (0..20)
        .map(|number| format!("files://store/{number}"))
        .collect();
    let filter = json!({"notifications": {"resourceSubscriptions": uris}});
    Streamed::begin(&host, &modern(1, "subscriptions/listen", filter)).await;
    host.assert_healthy().await;
}

/// Everything that a client could tell one answer from another by, but for the clock.
fn look(response: &Response) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers = response.headers.clone();
    headers.retain(|(name, _)| name != "date");
    (response.status, headers, response.body.clone())
}

#[tokio::test]
async fn a_foreign_session_cannot_be_told_from_an_unknown_one() {
    let (service, probe) = super::service();
    let host = Host::start(service, Options::new().authenticate(tokens())).await;
    let of_a = open_able(&host, "2025-11-25", A).await;
    let mut own = Streamed::begin(&host, &authorized(Request::get("/mcp").session(&of_a), A)).await;
    let event = own.frame().await.and_then(|frame| frame.id).expect("an id");
    let ended = open_able(&host, "2025-11-25", B).await;
    let end = Request::get("/mcp").method("DELETE").session(&ended);
    assert_eq!(host.ask(&authorized(end, B)).await.status, 204);
    let mut flipped = of_a.clone();
    flipped.replace_range(10..11, if &of_a[10..11] == "A" { "B" } else { "A" });
    let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    let ways = [
        Request::post(request(1, "ping", json!({}))),
        Request::post(request("x", "tools/call", json!({"name": "count"}))),
        Request::post(told),
        Request::post(answer),
        Request::get("/mcp"),
        Request::get("/mcp").header("Last-Event-ID", &event),
        Request::get("/mcp").method("DELETE"),
    ];
    for way in ways {
        let ask = async |session: &str| {
            let asked = authorized(way.clone().session(session), B);
            look(&host.ask(&asked).await)
        };
        let unknown = ask("unknown").await;
        assert_eq!(unknown.0, 404);
        for session in [&of_a, &ended, &flipped, &"A".repeat(of_a.len())] {
            assert_eq!(ask(session).await, unknown, "{way:?}");
        }
    }
    assert_eq!(probe.runs(), 0);
    let ping = Request::post(request(1, "ping", json!({}))).session(&of_a);
    assert_eq!(host.ask(&authorized(ping, A)).await.status, 200);
}

/// Lets everybody in as one, until it does not.
#[derive(Clone, Default)]
struct Door(Arc<AtomicU8>);

const OPEN: u8 = 0;
const SHUT: u8 = 1;
const BROKEN: u8 = 2;
const STUCK: u8 = 3;
const BARRED: u8 = 4;
const DARK: u8 = 5;

impl Authenticate for Door {
    fn authenticate<'a>(&'a self, _: &'a HeaderMap) -> Authenticating<'a> {
        Box::pin(async {
            tokio::task::yield_now().await;
            match self.0.load(Ordering::SeqCst) {
                OPEN => Ok(Identity::new("us", "a").into()),
                SHUT => Err(Challenge::invalid_token().into()),
                BARRED => {
                    let header = HeaderValue::from_static(r#"Bearer scope="tools""#);
                    Err(Refusal::Forbidden(Challenge::new(header)))
                }
                DARK => Err(Refusal::Unavailable),
                STUCK => std::future::pending().await,
                _ => panic!("a panic on purpose, while it is found out who asks"),
            }
        })
    }
}

#[tokio::test]
async fn who_may_not_and_who_cannot_be_told_are_answered_each_in_its_own_way() {
    let door = Door::default();
    let (service, probe) = super::service();
    let host = Host::start(service, Options::new().authenticate(door.clone())).await;
    let asked = modern_call(1, "count", json!({}));
    for (state, status, challenge) in [
        (BARRED, 403, Some(r#"Bearer scope="tools""#)),
        (DARK, 503, None),
        (SHUT, 401, Some(r#"Bearer error="invalid_token""#)),
    ] {
        door.0.store(state, Ordering::SeqCst);
        let refused = host.ask(&asked).await;
        refused.assert_refused(status, -32600);
        assert_eq!(refused.header("www-authenticate"), challenge);
    }
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_token_that_has_expired_serves_no_session_that_it_began() {
    let door = Door::default();
    let (service, probe) = super::service();
    let host = Host::start(service, Options::new().authenticate(door.clone())).await;
    let session = host.open("2025-11-25").await;
    let call = request(1, "tools/call", json!({"name": "count"}));
    let asked = [
        Request::post(call).session(&session),
        modern_call(1, "count", json!({})),
        Request::post(initialize("2025-11-25")),
        Request::get("/mcp").session(&session),
        Request::get("/mcp").method("DELETE").session(&session),
    ];
    for request in &asked[..2] {
        assert_eq!(host.ask(request).await.status, 200);
    }
    door.0.store(SHUT, Ordering::SeqCst);
    for request in &asked {
        let refused = host.ask(request).await;
        refused.assert_refused(401, -32600);
        let challenge = refused.header("www-authenticate").expect("a challenge");
        assert!(challenge.contains("invalid_token"), "{challenge}");
    }
    assert_eq!(probe.runs(), 2);
    // With a new one it goes on where it was.
    door.0.store(OPEN, Ordering::SeqCst);
    assert_eq!(host.ask(&asked[0]).await.status, 200);
}

#[tokio::test]
async fn nobody_is_let_in_when_it_cannot_be_found_out_who_it_is() {
    let door = Door::default();
    let (service, probe) = super::service();
    let host = Host::start(service, Options::new().authenticate(door.clone())).await;
    let session = host.open("2025-11-25").await;
    door.0.store(BROKEN, Ordering::SeqCst);
    let call = request(1, "tools/call", json!({"name": "count"}));
    for request in [
        Request::post(call).session(&session),
        modern_call(1, "count", json!({})),
        Request::get("/mcp").session(&session),
    ] {
        let mut client = host.connect().await;
        client.send(&request.bytes()).await;
        let said = client.raw().await;
        assert!(
            said.is_empty() || said.starts_with(b"HTTP/1.1 5"),
            "{}",
            String::from_utf8_lossy(&said)
        );
    }
    assert_eq!(probe.runs(), 0);
    door.0.store(OPEN, Ordering::SeqCst);
    host.assert_healthy().await;
}

#[tokio::test]
async fn nobody_waits_for_ever_until_it_is_found_out_who_it_is() {
    let door = Door::default();
    let (service, probe) = super::service();
    let options = Options::new()
        .authenticate(door.clone())
        .authenticate_timeout(Duration::from_millis(100));
    let host = Host::start(service, options).await;
    door.0.store(STUCK, Ordering::SeqCst);
    let refused = host.ask(&modern_call(1, "count", json!({}))).await;
    refused.assert_refused(503, -32600);
    assert_eq!(probe.runs(), 0);
    door.0.store(OPEN, Ordering::SeqCst);
    host.assert_healthy().await;
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_past_the_token() {
    let (service, probe) = super::service();
    let host = Host::start(service, Options::new().authenticate(tokens())).await;
    let good = modern_call(1, "count", json!({}));
    for target in ["/mcp", "/mcp?y=.well-known", "/mcp?/.well-known/x"] {
        for token in ["Bearer garbage", "Bearer", "Bearer a,b", "Basic a", ""] {
            let asked = good.clone().target(target).header("Authorization", token);
            host.ask(&asked).await.assert_refused(401, -32600);
        }
        let asked = good.clone().target(target);
        host.ask(&asked).await.assert_refused(401, -32600);
    }
    // Nothing is there, whoever asks.
    for target in [
        "/x?y=.well-known",
        "/.well-known/oauth-protected-resource",
        "/mcp/../admin",
        "/mcp/../mcp",
        "//mcp",
        "/mcp/",
        "/mcp%2f",
        "/mcp;x",
        "/./mcp",
        "/%6dcp",
        "/mcp\\",
    ] {
        for token in ["Bearer garbage", "Bearer a"] {
            let asked = good.clone().target(target).header("Authorization", token);
            let answer = host.ask(&asked).await;
            assert!(matches!(answer.status, 400 | 404), "{target}: {answer:?}");
        }
    }
    assert_eq!(probe.runs(), 0);
    let asked = authorized(good, A);
    assert_eq!(host.ask(&asked).await.tool_text().0, "counted");
}
