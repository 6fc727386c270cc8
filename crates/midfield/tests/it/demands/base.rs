//! Codes, keys, and what requests have to do with one another
//! ([2026-07-28, base protocol](https://modelcontextprotocol.io/specification/2026-07-28/basic/index)).

use midfield::prelude::*;
use midfield::{Error, Service};
use midfield_protocol::Error as ProtocolError;
use midfield_protocol::types::Elicitation;
use serde_json::{Value, json};

use super::all_of;
use crate::asking::{Peer, ask_name, named, text};
use crate::fixture::verbatim;
use crate::messages::{LEGACY, MODERN, initialize, modern_body, request};
use crate::pipe::ask_one;
use crate::stdio::{Pipes, cancelled};

fn failing(code: i32) -> Error {
    Error::protocol(ProtocolError::Application {
        code,
        message: "no".to_owned(),
        data: None,
    })
}

#[derive(Deserialize, JsonSchema)]
struct Code {
    code: i32,
}

fn page() -> Elicitation {
    Elicitation::url("Pay", "https://a.example/pay", "e1")
}

fn required(pages: Vec<Elicitation>) -> Result<String> {
    Err(Error::url_elicitation_required(pages))
}

/// A server that fails in every way.
fn failures() -> Service {
    let server = Server::new("failures", "1")
        .tool(Tool::new("code", async |Args(Code { code })| {
            Err::<String, _>(failing(code))
        }))
        .tool(Tool::new("page", async || required(vec![page()])))
        .tool(Tool::new("no_page", async || required(Vec::new())))
        .tool(Tool::new("ask", async |cx: Context| {
            ask_name(&cx, "who").await
        }))
        .tool(Tool::new("panic", async || -> String {
            panic!("a panic on purpose")
        }))
        .prompt(Prompt::new("fails", async || {
            Err::<String, _>(Error::tool("no"))
        }))
        .resource(Resource::new("test:gone", "gone", async || {
            Err::<String, _>(Error::resource_not_found("test:gone"))
        }));
    server.build().expect("a server")
}

fn requests() -> Vec<(&'static str, Value)> {
    let tool = |name: &str| ("tools/call", json!({"name": name}));
    let mut requests = vec![
        tool("page"),
        tool("no_page"),
        tool("ask"),
        tool("panic"),
        tool("nobody"),
        ("tools/call", json!({})),
        ("tools/list", json!({"cursor": "made up"})),
        ("prompts/get", json!({"name": "fails"})),
        ("prompts/get", json!({"name": "nobody"})),
        ("resources/read", json!({"uri": "test:gone"})),
        ("resources/read", json!({"uri": "test:nowhere"})),
        ("no/such", json!({})),
        ("subscriptions/listen", json!({"notifications": 7})),
        ("resources/subscribe", json!({"uri": "test:nowhere"})),
        ("logging/setLevel", json!({"level": "loud"})),
    ];
    for code in [
        -32099, -32050, -32042, -32023, -32020, -32019, -32002, -32000,
    ] {
        let params = json!({"name": "code", "arguments": {"code": code}});
        requests.push(("tools/call", params));
    }
    requests
}

#[tokio::test]
async fn every_error_has_a_code_that_its_revision_defines() {
    let service = failures();
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let mut defined = vec![-32600, -32601, -32602, -32603];
        match revision {
            MODERN => defined.extend([-32020, -32021, -32022]),
            "2025-11-25" => defined.extend([-32002, -32042]),
            _ => defined.push(-32002),
        }
        for (method, params) in requests() {
            let answer = ask_one(&service, revision, method, params.clone()).await;
            let code = answer["error"]["code"].as_i64();
            let code = code.unwrap_or_else(|| panic!("an error: {params} {answer}"));
            assert!(defined.contains(&code), "{revision} {params}: {answer}");
            if code == -32042 {
                let pages = answer["error"]["data"]["elicitations"].as_array();
                assert!(pages.is_some_and(|pages| !pages.is_empty()), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn a_code_of_an_application_goes_through_and_a_reserved_one_does_not() {
    let service = failures();
    for revision in LEGACY.into_iter().chain([MODERN]) {
        for (code, expected) in [(-31999, -31999), (7, 7), (-32099, -32603), (-32042, -32603)] {
            let params = json!({"name": "code", "arguments": {"code": code}});
            let answer = ask_one(&service, revision, "tools/call", params).await;
            assert_eq!(answer["error"]["code"], expected, "{revision}");
        }
    }
}

#[tokio::test]
async fn a_code_of_a_client_says_no_more_than_that_it_refused() {
    let service = failures();
    let mut peer = Peer::able(&service, "2025-11-25").await;
    let mut heard = Vec::new();
    for code in [-32000, -32001, -32002, -32019, -32042, -32601, -1, 1] {
        let refused = json!({"refused": {"code": code, "message": "away"}});
        let answer = peer.call("ask", |_| refused.clone()).await;
        assert_eq!(answer["result"]["isError"], true, "{answer}");
        let said = text(&answer).replace(&code.to_string(), "");
        assert!(said.contains("away"), "{answer}");
        heard.push(said);
    }
    heard.dedup();
    assert_eq!(heard.len(), 1, "{heard:?}");
}

/// Whether a key is a name, with or without a prefix of labels.
fn is_key(key: &str) -> bool {
    let ends = |text: &str, first: fn(&u8) -> bool| {
        let bytes = text.as_bytes();
        bytes.first().is_some_and(first) && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
    };
    let label = |label: &str| {
        ends(label, u8::is_ascii_alphabetic)
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    prefix.is_none_or(|prefix| prefix.split('.').all(label))
        && (name.is_empty() || ends(name, u8::is_ascii_alphanumeric) && name.bytes().all(inner))
}

#[tokio::test]
async fn every_key_of_meta_that_is_sent_is_one_of_the_grammar() {
    let (service, _) = crate::http_asking::service();
    let mut pipes = Pipes::of(service.clone(), crate::fixture::Probe::default(), 64 << 10);
    let listen = json!({"notifications": {"toolsListChanged": true}});
    let mut told = vec![
        pipes
            .ask(&modern_body(1, "subscriptions/listen", listen))
            .await,
    ];
    service
        .add_tool(verbatim("late", json!({"type": "object"})))
        .expect("a tool");
    told.push(pipes.hear().await.expect("news"));
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/list", json!({})),
        ("resources/read", json!({"uri": "test:one"})),
        ("prompts/get", json!({"name": "plain"})),
        ("tools/call", json!({"name": "log"})),
    ] {
        told.push(ask_one(&service, MODERN, method, params).await);
    }
    for message in &told {
        let mut metas = Vec::new();
        all_of("_meta", message, &mut metas);
        assert!(!metas.is_empty(), "{message}");
        for meta in metas {
            for key in meta.as_object().expect("an object").keys() {
                assert!(is_key(key), "{key}");
                // The prefix of the protocol's own keys is for keys that it defines.
                let own = key.strip_prefix("io.modelcontextprotocol/");
                let defined = ["serverInfo", "subscriptionId"];
                assert!(own.is_none_or(|own| defined.contains(&own)), "{key}");
            }
        }
    }
}

#[tokio::test]
async fn a_modern_request_knows_nothing_of_those_before_it() {
    let service = failures();
    let mut peer = Peer::able(&service, MODERN).await;
    assert_eq!(text(&peer.call("ask", named).await), "<who?>");
    // Nor of a session on the same pipes.
    let mut opening = initialize("2025-11-25");
    opening["params"]["capabilities"] = json!({"elicitation": {}});
    peer.say(&opening).await;
    assert_eq!(peer.hear().await["id"], 0);
    let call = modern_body("later", "tools/call", json!({"name": "ask"}));
    peer.say(&call).await;
    let refused = peer.hear().await;
    assert_eq!(refused["id"], "later");
    assert_eq!(refused["error"]["code"], -32021, "{refused}");
}

#[tokio::test]
async fn initialize_is_answered_though_it_is_cancelled() {
    for revision in LEGACY {
        let opening = initialize(revision).to_string();
        let cancel = cancelled(0).to_string();
        for lines in [
            [&opening[..], &cancel, ""].join("\n"),
            [&cancel[..], &opening, ""].join("\n"),
            [&cancel[..], &opening, &cancel, ""].join("\n"),
        ] {
            let mut pipes = Pipes::start();
            // In one write, so that the server has read all of it before it answers any.
            pipes.write(lines.as_bytes()).await;
            let opened = pipes.hear().await.expect("an answer");
            assert_eq!(opened["id"], 0);
            assert_eq!(opened["result"]["protocolVersion"], revision, "{lines}");
            pipes.assert_silent().await;
            let listed = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
            pipes
                .say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
                .await;
            assert!(pipes.ask(&listed).await["result"]["tools"].is_array());
        }
    }
}

#[tokio::test]
async fn a_version_that_nobody_knows_is_answered_with_the_newest_with_sessions() {
    let service = failures();
    for unknown in ["1999-01-01", "2025-11-26", "2099-01-01", "next", ""] {
        let mut pipes = Pipes::of(service.clone(), crate::fixture::Probe::default(), 64 << 10);
        let opened = pipes.ask(&initialize(unknown)).await;
        assert_eq!(
            opened["result"]["protocolVersion"], "2025-11-25",
            "{opened}"
        );
    }
}

#[tokio::test]
async fn nothing_is_said_under_a_token_after_the_answer() {
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let mut pipes = Pipes::start();
        let params = json!({"name": "leave_task", "_meta": {"progressToken": "t"}});
        let call = if revision == MODERN {
            modern_body(1, "tools/call", params)
        } else {
            pipes.ask(&initialize(revision)).await;
            request(1, "tools/call", params)
        };
        pipes.say(&call).await;
        let mut told = 0;
        loop {
            let heard = pipes.hear().await.expect("it goes on");
            if heard["id"] == 1 {
                break;
            }
            assert_eq!(heard["method"], "notifications/progress", "{heard}");
            assert_eq!(heard["params"]["progressToken"], "t");
            told += 1;
        }
        assert!(told > 0, "{revision}");
        // The task that the handler left behind still holds its context, and reports further progress.
        let said = pipes.probe.said();
        while pipes.probe.said() < said + 32 {
            tokio::task::yield_now().await;
        }
        pipes.assert_silent().await;
        pipes.probe.end_left_over();
    }
}
