//! Sessions: ids of others, events of others, and more sessions than anybody needs.

use std::time::{Duration, Instant};

use midfield::Identity;
use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use serde_json::json;

use super::{each, open, start};
use crate::harness::Host;
use crate::http_asking::{Streamed, authorized, open_able};
use crate::messages::{LEGACY, Request, initialize, request};

const A: Option<&str> = Some("Bearer a");
const B: Option<&str> = Some("Bearer b");

async fn start_with_two() -> (Host, midfield::Service) {
    let tokens = StaticTokens::new()
        .token("a", Identity::new("us", "a"))
        .token("b", Identity::new("us", "b"));
    let (service, _) = super::service();
    let host = Host::start(service.clone(), Options::new().authenticate(tokens)).await;
    (host, service)
}

#[tokio::test]
async fn who_tries_to_listen_in_hears_nothing_and_takes_nothing_away() {
    let (host, service) = start_with_two().await;
    let session = open_able(&host, "2025-11-25", A).await;
    let listen = Request::get("/mcp").session(&session);
    let mut own = Streamed::begin(&host, &authorized(listen.clone(), A)).await;
    let primer = own.frame().await.and_then(|frame| frame.id).expect("an id");
    let of_b = open_able(&host, "2025-11-25", B).await;
    for foreign in [
        authorized(listen.clone(), B),
        authorized(listen.clone().header("Last-Event-ID", &primer), B),
        authorized(listen.method("DELETE"), B),
    ] {
        assert_eq!(host.ask(&foreign).await.status, 404);
    }
    // By the event of somebody else it finds what is its own.
    let by_event = Request::get("/mcp")
        .session(&of_b)
        .header("Last-Event-ID", &primer);
    let mut of_b = Streamed::begin(&host, &authorized(by_event, B)).await;
    let first = of_b
        .frame()
        .await
        .and_then(|frame| frame.id)
        .expect("an id");
    assert_ne!(first.split_once('.'), primer.split_once('.'));
    service.remove_prompt("plain");
    let heard = own.hear().await;
    assert_eq!(heard["method"], "notifications/prompts/list_changed");
    // An unknown session is told from another's by nothing at all.
    let ping = Request::post(request(1, "ping", json!({})));
    let theirs = host
        .ask(&authorized(ping.clone().session(&session), B))
        .await;
    let unknown = host.ask(&authorized(ping.session("unknown"), B)).await;
    assert_eq!(
        (theirs.status, &theirs.body),
        (unknown.status, &unknown.body)
    );
}

#[tokio::test]
async fn an_id_of_an_event_that_is_none_finds_nothing() {
    let (host, _) = start(Options::new()).await;
    let session = host.open("2025-11-25").await;
    let mut hears = Streamed::begin(&host, &Request::get("/mcp").session(&session)).await;
    assert!(hears.frame().await.is_some_and(|first| first.id.is_some()));
    let large = "9".repeat(20_000);
    let ids: [&[u8]; 14] = [
        b"",
        b"0",
        b".",
        b"..",
        b"-1",
        b"AAAAAAAAAAAAAAAA.",
        b"AAAAAAAAAAAAAAAA.-1",
        b"AAAAAAAAAAAAAAAA.18446744073709551615",
        b"AAAAAAAAAAAAAAAA.18446744073709551616",
        b"AAAAAAAAAAAAAAAA.0.0",
        b"../../etc/passwd",
        b"\xff\xfe",
        "\u{202e}".as_bytes(),
        large.as_bytes(),
    ];
    for id in ids {
        let listen = Request::get("/mcp").session(&session);
        let refused = host.ask(&listen.header("Last-Event-ID", id)).await;
        refused.assert_refused(400, -32600);
    }
    hears.assert_silent().await;
    // A number that its stream has not come to yet is no error, and nothing is made up for it.
    let listen = Request::get("/mcp").session(&session);
    let mut own = Streamed::begin(&host, &listen).await;
    let primer = own.frame().await.and_then(|frame| frame.id).expect("an id");
    let (name, _) = primer.rsplit_once('.').expect("a number");
    for number in ["7", "18446744073709551615"] {
        let ahead = listen
            .clone()
            .header("Last-Event-ID", format!("{name}.{number}"));
        let mut client = host.connect().await;
        client.send(&ahead.bytes()).await;
        let head = client.response_head().await;
        assert!(head.status == 200, "{head:?}");
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_session_can_be_ended_however_many_others_were() {
    let (host, _) = start(Options::new()).await;
    let mut client = host.connect().await;
    let first = open(&mut client, initialize("2025-11-25")).await;
    let level = |session: &str| {
        Request::post(request(1, "logging/setLevel", json!({"level": "debug"}))).session(session)
    };
    let delete = |session: &str| Request::get("/mcp").method("DELETE").session(session);
    for revision in LEGACY.into_iter().cycle().take(2_000) {
        let session = open(&mut client, initialize(revision)).await;
        assert_eq!(each(&mut client, &level(&session)).await.status, 200);
        assert_eq!(each(&mut client, &delete(&session)).await.status, 204);
        assert_eq!(each(&mut client, &delete(&session)).await.status, 404);
    }
    let ping = Request::post(request(1, "ping", json!({}))).session(&first);
    assert_eq!(each(&mut client, &ping).await.status, 200);
    assert_eq!(each(&mut client, &delete(&first)).await.status, 204);
    assert_eq!(each(&mut client, &ping).await.status, 404);
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_request_that_is_a_notification_by_its_name_is_not_found() {
    let (host, probe) = start(Options::new()).await;
    for revision in LEGACY {
        let session = host.open(revision).await;
        for method in ["notifications/initialized", "notifications/cancelled"] {
            let asked = Request::post(request(1, method, json!({"requestId": 1})));
            let refused = host.ask(&asked.session(&session)).await;
            refused.assert_error(200, 1, -32601);
        }
    }
    assert_eq!(probe.runs(), 0);
    host.assert_healthy().await;
}

#[tokio::test]
async fn notifications_without_end_change_nothing_and_hold_nobody_up() {
    let (host, probe) = start(Options::new()).await;
    let session = host.open("2025-11-25").await;
    let mut client = host.connect().await;
    let told = [
        ("notifications/initialized", json!({})),
        ("notifications/cancelled", json!({"requestId": 1})),
        ("notifications/cancelled", json!({"requestId": {}})),
        ("notifications/cancelled", json!({})),
        ("notifications/roots/list_changed", json!({})),
        (
            "notifications/progress",
            json!({"progressToken": 1, "progress": 1e300}),
        ),
        (
            "notifications/elicitation/complete",
            json!({"elicitationId": "x"}),
        ),
        ("notifications/unheard_of", json!({"x": "y".repeat(10_000)})),
        ("tools/call", json!({"name": "count"})),
    ];
    let begun = Instant::now();
    for (method, params) in told.iter().cycle().take(3_000) {
        let body = json!({"jsonrpc": "2.0", "method": method, "params": params});
        let taken = each(&mut client, &Request::post(body).session(&session)).await;
        assert!(taken.status == 202 || taken.status == 400, "{taken:?}");
    }
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(probe.runs(), 0);
    host.assert_healthy().await;
}
