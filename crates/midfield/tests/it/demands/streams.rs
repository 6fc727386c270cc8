//! What goes on which stream over HTTP, and what headers must say
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports),
//! [2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http)).

use midfield::prelude::*;
use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::verbatim;
use crate::harness::{Host, tool_text};
use crate::http_asking::{Streamed, service};
use crate::messages::{Request, call, modern, modern_call, request};

const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";

fn get(session: &str) -> Request {
    Request::get("/mcp").session(session)
}

fn saying(session: &str, id: i64) -> Request {
    let params = json!({"name": "wait_and_say", "_meta": {"progressToken": id}});
    Request::post(request(id, "tools/call", params)).session(session)
}

#[tokio::test]
async fn a_message_goes_on_one_stream_and_an_answer_on_that_of_its_request() {
    let (service, probe) = service();
    let host = Host::start(service.clone(), Options::new()).await;
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let session = host.open(revision).await;
        let mut listening = Streamed::begin(&host, &get(&session)).await;
        let mut calling = Streamed::begin(&host, &saying(&session, 1)).await;
        assert_eq!(calling.hear().await["method"], "notifications/progress");
        probe.started().await;
        service
            .add_tool(verbatim("late", json!({"type": "object"})))
            .expect("a tool");
        probe.release();
        assert_eq!(calling.hear().await["method"], "notifications/progress");
        assert_eq!(calling.hear().await["id"], 1);
        assert_eq!(calling.message().await, None);
        let plain = Request::post(call(2, "count", json!({}))).session(&session);
        assert_eq!(host.ask(&plain).await.json()["id"], 2);
        let changed = listening.hear().await;
        assert_eq!(changed["method"], "notifications/tools/list_changed");
        listening.assert_silent().await;
        assert!(service.remove_tool("late"));
    }
}

#[tokio::test]
async fn only_what_was_said_on_a_stream_is_said_again_to_whoever_lost_it() {
    let (service, probe) = service();
    let host = Host::start(service, Options::new()).await;
    let session = host.open("2025-11-25").await;
    let mut lost = Vec::new();
    for id in [1, 2] {
        let mut stream = Streamed::begin(&host, &saying(&session, id)).await;
        let first = stream.frame().await.expect("a first event");
        probe.started().await;
        lost.push((id, first.id.expect("an id")));
    }
    probe.release();
    probe.release();
    for (id, event) in lost {
        let resume = get(&session).header("Last-Event-ID", event);
        let mut again = Streamed::begin(&host, &resume).await;
        for _ in 0..2 {
            let progress = again.hear().await;
            assert_eq!(progress["params"]["progressToken"], id, "{progress}");
        }
        assert_eq!(again.hear().await["id"], id);
        assert_eq!(again.message().await, None);
    }
}

#[tokio::test]
async fn the_header_names_the_prompt_or_the_resource_of_the_body() {
    let (service, _) = service();
    let host = Host::start(service, Options::new()).await;
    let prompt = modern(1, "prompts/get", json!({"name": "plain"}));
    let resource = modern(1, "resources/read", json!({"uri": "test:one"}));
    let resource = resource.with("Mcp-Name", "test:one");
    for (request, others) in [
        (prompt, ["panic", "PLAIN", "test:one"]),
        (resource, ["test:two", "TEST:ONE", "one"]),
    ] {
        assert_eq!(host.ask(&request).await.status, 200);
        for other in others {
            let refused = host.ask(&request.clone().with("Mcp-Name", other)).await;
            refused.assert_error(400, 1, -32020);
        }
        let without = host.ask(&request.clone().without("Mcp-Name")).await;
        without.assert_error(400, 1, -32020);
        let twice = host.ask(&request.header("Mcp-Name", "plain")).await;
        twice.assert_error(400, 1, -32020);
    }
}

#[tokio::test]
async fn a_header_that_mirrors_an_argument_says_what_the_argument_says() {
    let schema = json!({"type": "object", "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "of": {"type": "object", "properties": {
            "count": {"type": ["integer", "null"], "x-mcp-header": "Count"},
        }},
    }});
    let server = Server::new("mirrored", "1").tool(verbatim("sale", schema));
    let host = Host::start(server.build().expect("a server"), Options::new()).await;
    let most = 9_007_199_254_740_991_i64;
    let sale = |arguments: Value, headers: &[(&str, &str)]| {
        let request = modern_call(1, "sale", arguments);
        headers.iter().fold(request, |request, (name, value)| {
            request.header(&format!("Mcp-Param-{name}"), value)
        })
    };
    for (arguments, headers) in [
        (json!({}), &[][..]),
        (json!({"of": {"count": null}}), &[]),
        (json!({"region": "eu"}), &[("Region", "eu")]),
        (json!({"of": {"count": 42}}), &[("Count", "42")]),
        (json!({"of": {"count": 42}}), &[("Count", "42.0")]),
        (
            json!({"of": {"count": most}}),
            &[("Count", "9007199254740991")],
        ),
        (
            json!({"of": {"count": -most}}),
            &[("Count", "-9007199254740991")],
        ),
    ] {
        let answer = host.ask(&sale(arguments.clone(), headers)).await;
        assert_eq!(answer.status, 200, "{arguments} {headers:?}: {answer:?}");
    }
    for (arguments, headers) in [
        (json!({"region": "eu"}), &[][..]),
        (json!({"region": "eu"}), &[("Region", "us")]),
        (
            json!({"region": "eu"}),
            &[("Region", "eu"), ("Region", "eu")],
        ),
        (json!({"of": {"count": 42}}), &[("Count", "43")]),
        (json!({"of": {"count": 42}}), &[("Count", "x")]),
        // Beyond ±(2^53 − 1) two integers may be one number, so that nobody can say whether they are the same.
        (
            json!({"of": {"count": most + 1}}),
            &[("Count", "9007199254740992")],
        ),
        (
            json!({"of": {"count": -most - 1}}),
            &[("Count", "-9007199254740992")],
        ),
        (
            json!({"of": {"count": most + 2}}),
            &[("Count", "9007199254740992")],
        ),
    ] {
        let refused = host.ask(&sale(arguments, headers)).await;
        refused.assert_error(400, 1, -32020);
    }
}

#[test]
fn a_header_is_mirrored_only_from_where_each_call_has_one_value() {
    for property in [
        json!({"type": "array", "items": {"type": "string", "x-mcp-header": "Item"}}),
        json!({"type": "object", "x-mcp-header": "Whole"}),
        json!({"type": "string", "x-mcp-header": "not a token"}),
        json!({"type": "string", "x-mcp-header": ""}),
    ] {
        let schema = json!({"type": "object", "properties": {"a": property}});
        let built = Server::new("mirrored", "1").tool(verbatim("sale", schema.clone()));
        assert!(built.build().is_err(), "{schema}");
    }
}

#[tokio::test]
async fn a_subscription_that_is_malformed_is_refused() {
    let (service, _) = service();
    let host = Host::start(service, Options::new()).await;
    for params in [
        json!({}),
        json!({"notifications": null}),
        json!({"notifications": []}),
        json!({"notifications": {"toolsListChanged": "yes"}}),
        json!({"notifications": {"resourceSubscriptions": "test:one"}}),
        json!({"notifications": {"resourceSubscriptions": [7]}}),
    ] {
        let refused = host.ask(&modern(1, "subscriptions/listen", params)).await;
        refused.assert_error(400, 1, -32602);
    }
}

#[tokio::test]
async fn a_subscription_is_told_what_it_asked_for_and_no_logs() {
    let (service, _) = service();
    let host = Host::start(service.clone(), Options::new()).await;
    let listen = |notifications: Value| {
        let meta = json!({LOG_LEVEL: "debug"});
        let params = json!({"notifications": notifications, "_meta": meta});
        modern(1, "subscriptions/listen", params)
    };
    let mut nothing = Streamed::begin(&host, &listen(json!({}))).await;
    let prompts = json!({"promptsListChanged": true});
    let mut some = Streamed::begin(&host, &listen(prompts.clone())).await;
    let acknowledged = nothing.hear().await;
    assert_eq!(acknowledged["params"]["notifications"], json!({}));
    let acknowledged = some.hear().await;
    assert_eq!(acknowledged["params"]["notifications"], prompts);
    service
        .add_tool(verbatim("late", json!({"type": "object"})))
        .expect("a tool");
    service.resource_updated("test:one");
    let params = json!({"name": "log", "_meta": {LOG_LEVEL: "debug"}});
    let logged = host.ask(&modern(2, "tools/call", params)).await.events();
    assert_eq!(tool_text(&logged[logged.len() - 1]).0, "logged");
    assert!(service.remove_prompt("plain"));
    let changed = some.hear().await;
    assert_eq!(changed["method"], "notifications/prompts/list_changed");
    some.assert_silent().await;
    nothing.assert_silent().await;
}
