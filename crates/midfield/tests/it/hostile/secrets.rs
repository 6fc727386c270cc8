//! A secret that a client brings is in no log, and in no error but the one that shows it its own words.

use midfield::Identity;
use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use serde_json::json;

use crate::harness::Host;
use crate::http_asking::Streamed;
use crate::log::Log;
use crate::messages::{Request, call, initialize, modern, modern_body, modern_call, request};

const CANARY: &str = "cAnArY5ecret";

/// Requests that each carry the secret somewhere, and most of which fail.
fn requests(session: &str) -> Vec<Request> {
    let evil = json!({"text": CANARY, "key": CANARY, "steps": CANARY, "bytes": CANARY});
    let mut all = Vec::new();
    for tool in [
        "echo",
        "talk",
        "large",
        "mirror",
        "panic",
        "panic_later",
        "panic_early",
    ] {
        all.push(Request::post(call(1, tool, evil.clone())).session(session));
        all.push(modern_call(1, tool, evil.clone()));
        all.push(modern_call(1, tool, evil.clone()).header("Mcp-Param-Key", "other"));
    }
    for key in ["requestState", "cursor"] {
        let mut params = json!({"name": "echo", "arguments": evil});
        params[key] = CANARY.into();
        all.push(modern(1, "tools/call", params.clone()));
        all.push(modern(1, "tools/list", params));
    }
    // What fails within, the log tells of.
    let panics = modern_call(1, "panic", json!({}));
    all.push(panics.header("X-Key", CANARY));
    let answers = json!({"name": "echo", "arguments": {"text": "x"},
        "inputResponses": {"who": {"action": "accept", "content": {"name": CANARY}}}});
    all.push(modern(1, "tools/call", answers));
    all.push(Request::post(request(1, "ping", json!({}))).session(CANARY));
    all.push(
        Request::get("/mcp")
            .session(session)
            .header("Last-Event-ID", CANARY),
    );
    all.push(Request::post(CANARY).session(session));
    all.push(Request::post(&format!("{{\"a\":\"{CANARY}")[..]).session(session));
    let answer = json!({"jsonrpc": "2.0", "id": CANARY, "result": {"a": CANARY}});
    all.push(Request::post(answer).session(session));
    let told = json!({"jsonrpc": "2.0", "method": "x", "params": {"a": CANARY}});
    all.push(Request::post(told).session(session));
    all
}

#[tokio::test]
async fn what_a_client_keeps_secret_is_in_no_log_and_in_no_error() {
    let (log, _guard) = Log::start();
    let token = format!("{CANARY}-token");
    let tokens = StaticTokens::new().token(&token, Identity::new("us", "a"));
    assert!(!format!("{tokens:?}").contains(CANARY));
    let (service, _) = super::service();
    let host = Host::start(service, Options::new().authenticate(tokens)).await;
    let bearer = format!("Bearer {token}");
    let opened = host
        .ask(&Request::post(initialize("2025-11-25")).header("Authorization", &bearer))
        .await;
    let session = opened.header("mcp-session-id").expect("an id").to_owned();
    // While this is read, an unknown event is refused instead of a stream that has no end.
    let listen = Request::get("/mcp").session(&session);
    let listen = listen.header("Authorization", &bearer);
    let _hears = Streamed::begin(&host, &listen).await;
    for request in requests(&session) {
        let authorizations = [
            bearer.clone(),
            format!("Bearer {CANARY}"),
            CANARY.to_owned(),
        ];
        for (number, authorization) in authorizations.iter().enumerate() {
            let answer = host
                .ask(&request.clone().header("Authorization", authorization))
                .await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let is_echo = number == 0 && text.contains("\"result\"") && !text.contains("isError");
            assert!(is_echo || !text.contains(CANARY), "{request:?}: {text}");
            assert!(
                answer
                    .headers
                    .iter()
                    .all(|(_, value)| !value.contains(CANARY))
            );
            if number > 0 {
                assert_eq!(answer.status, 401);
            }
        }
    }
    let query = Request::post(modern_body(1, "tools/list", json!({})))
        .target(&format!("/mcp?access_token={token}"));
    assert_eq!(host.ask(&query).await.status, 401);
    let text = log.text();
    assert!(text.contains("a handler panicked"), "{text}");
    assert!(!text.contains(CANARY), "{text}");
    assert!(
        !text.contains(&session),
        "an id of a session is as good as a token"
    );
}
