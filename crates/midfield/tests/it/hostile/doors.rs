//! Every way in is guarded as the others are: each method, each transport.

use midfield::Identity;
use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use serde_json::json;

use super::start;
use crate::harness::Host;
use crate::http_asking::{Streamed, authorized};
use crate::messages::{Request, initialize, modern_call, request};

/// A request by each way in, for which `token` is good.
async fn ways_in(host: &Host, token: Option<&str>) -> (Vec<Request>, Streamed) {
    let call = request(1, "tools/call", json!({"name": "count"}));
    let opening = authorized(Request::post(initialize("2025-11-25")), token);
    let opened = host.ask(&opening).await;
    let session = opened.header("mcp-session-id").expect("an id").to_owned();
    let listen = authorized(Request::get("/sse"), token);
    let mut stream = Streamed::begin(host, &listen).await;
    let endpoint = stream.frame().await.expect("a first event").data;
    let ways = vec![
        Request::post(call.clone()).session(&session),
        modern_call(1, "count", json!({})),
        Request::post(initialize("2025-11-25")),
        Request::get("/mcp").session(&session),
        Request::get("/mcp").session(&session).method("DELETE"),
        Request::get("/sse"),
        Request::post(call).target(&endpoint),
    ];
    (ways, stream)
}

#[tokio::test]
async fn no_way_in_is_open_to_a_foreign_host_or_a_foreign_page() {
    let (host, probe) = start(Options::new().legacy_sse("/sse")).await;
    let (ways, mut stream) = ways_in(&host, None).await;
    for way in &ways {
        for (name, value) in [
            ("Host", "evil.example"),
            ("Host", "evil.example:80"),
            ("Host", "169.254.169.254"),
            ("Host", "localhost.evil.example"),
            ("Origin", "http://evil.example"),
            ("Origin", "https://localhost.evil.example"),
            ("Origin", "null"),
        ] {
            let answer = host.ask(&way.clone().with(name, value)).await;
            answer.assert_refused(403, -32600);
            let cors = answer.headers.iter();
            let cors = cors.filter(|(name, _)| name.starts_with("access-control"));
            assert_eq!(cors.count(), 0, "{answer:?}");
        }
        for bad in [
            way.clone().without("Host"),
            way.clone().header("Host", "evil.example"),
            way.clone().header("Host", "localhost"),
        ] {
            assert_eq!(host.ask(&bad).await.status, 400, "{bad:?}");
        }
        let preflight = way
            .clone()
            .method("OPTIONS")
            .header("Origin", "http://evil.example")
            .header("Access-Control-Request-Method", "POST");
        host.ask(&preflight).await.assert_refused(403, -32600);
    }
    assert_eq!(probe.runs(), 0);
    stream.assert_silent().await;
    // The session that was to be ended lives.
    assert_eq!(host.ask(&ways[0]).await.status, 200);
}

#[tokio::test]
async fn no_way_in_is_open_without_a_good_token() {
    let token = "correct";
    let tokens = StaticTokens::new().token(token, Identity::new("us", "a"));
    let options = Options::new().legacy_sse("/sse").authenticate(tokens);
    let (host, probe) = start(options).await;
    let (ways, mut stream) = ways_in(&host, Some("Bearer correct")).await;
    for way in &ways {
        for bad in [
            way.clone(),
            way.clone().header("Authorization", "Bearer correc"),
            way.clone().header("Authorization", "Bearer correct2"),
            way.clone().header("Authorization", "Bearer CORRECT"),
            way.clone().header("Authorization", "Basic correct"),
            way.clone().header("Authorization", "correct"),
            way.clone().header("Authorization", ""),
            way.clone()
                .header("Authorization", "Bearer correct")
                .header("Authorization", "Bearer correct"),
            way.clone().header("Cookie", "access_token=correct"),
            way.clone().header("X-Authorization", "Bearer correct"),
            way.clone().header("Proxy-Authorization", "Bearer correct"),
        ] {
            host.ask(&bad).await.assert_refused(401, -32600);
        }
    }
    assert_eq!(probe.runs(), 0);
    stream.assert_silent().await;
    let good = authorized(ways[0].clone(), Some("Bearer correct"));
    assert_eq!(host.ask(&good).await.status, 200);
}
