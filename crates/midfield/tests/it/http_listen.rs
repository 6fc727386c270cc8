//! Subscriptions of revision 2026-07-28, over HTTP and stdio, and who may see what is bound to somebody
//! ([subscriptions](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/subscriptions)).

use midfield::Identity;
use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::verbatim;
use crate::harness::{Host, Response, tool_text};
use crate::http_asking::{Streamed, authorized, open_able, service, session_call};
use crate::messages::{Request, modern, modern_body, modern_call, request};
use crate::stdio::{Pipes, cancelled};

const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn filter() -> Value {
    json!({"notifications": {"toolsListChanged": true, "resourceSubscriptions": ["test:one"]}})
}

fn assert_acknowledged(message: &Value, id: &Value) {
    assert_eq!(
        message["method"],
        "notifications/subscriptions/acknowledged"
    );
    assert_eq!(message["params"]["_meta"][SUBSCRIPTION], *id);
    assert_eq!(
        message["params"]["notifications"],
        filter()["notifications"]
    );
}

fn assert_updated(message: &Value, id: &Value) {
    assert_eq!(message["method"], "notifications/resources/updated");
    assert_eq!(message["params"]["uri"], "test:one");
    assert_eq!(message["params"]["_meta"][SUBSCRIPTION], *id);
}

fn assert_ended(message: &Value, id: &Value) {
    assert_eq!(message["id"], *id);
    assert_eq!(message["result"]["resultType"], "complete");
    assert_eq!(message["result"]["_meta"][SUBSCRIPTION], *id);
}

#[tokio::test]
async fn a_subscription_tells_what_it_was_asked_for_until_the_server_stops() {
    for id in [json!(7), json!("7")] {
        let (service, _) = service();
        let mut host = Host::start(service.clone(), Options::new()).await;
        let listen = modern(id.clone(), "subscriptions/listen", filter());
        let mut stream = Streamed::begin(&host, &listen).await;
        assert_acknowledged(&stream.hear().await, &id);
        service.remove_prompt("plain");
        service.resource_updated("test:two");
        service.resource_updated("test:one");
        assert_updated(&stream.hear().await, &id);
        service
            .add_tool(verbatim("late", json!({"type": "object"})))
            .expect("a tool");
        let changed = stream.hear().await;
        assert_eq!(changed["method"], "notifications/tools/list_changed");
        assert_eq!(changed["params"]["_meta"][SUBSCRIPTION], id);
        stream.assert_silent().await;
        host.stop();
        assert_ended(&stream.hear().await, &id);
        assert_eq!(stream.message().await, None);
        host.stopped().await;
    }
}

#[tokio::test]
async fn a_subscription_ends_with_its_connection() {
    let (service, _) = service();
    let options = Options::new().max_calls(1);
    let host = Host::start(service, options).await;
    let listen = modern(1, "subscriptions/listen", filter());
    let mut stream = Streamed::begin(&host, &listen).await;
    assert_acknowledged(&stream.hear().await, &json!(1));
    assert_eq!(host.ask(&listen).await.status, 503);
    drop(stream);
    // The room that it took is free once the server has seen the end.
    let begun = std::time::Instant::now();
    let echo = modern_call(1, "echo", json!({"text": "x"}));
    while host.ask(&echo).await.status == 503 {
        assert!(begun.elapsed().as_secs() < 10, "it never ended");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_subscription_on_pipes_ends_when_it_is_cancelled_or_the_input_ends() {
    let (service, probe) = service();
    let mut pipes = Pipes::of(service.clone(), probe, 64 << 10);
    for id in [json!(7), json!("7")] {
        let listen = modern_body(id.clone(), "subscriptions/listen", filter());
        assert_acknowledged(&pipes.ask(&listen).await, &id);
        service.resource_updated("test:two");
        service.resource_updated("test:one");
        assert_updated(&pipes.hear().await.expect("news"), &id);
        pipes.say(&cancelled(id)).await;
        pipes.assert_silent().await;
        service.resource_updated("test:one");
        pipes.assert_silent().await;
    }
    let listen = modern_body("last", "subscriptions/listen", filter());
    assert_acknowledged(&pipes.ask(&listen).await, &json!("last"));
    pipes.end().await;
    assert_ended(&pipes.hear().await.expect("an end"), &json!("last"));
    assert_eq!(pipes.hear().await, None);
}

#[tokio::test]
async fn questions_on_pipes_are_answered_and_taken_back() {
    let (service, probe) = service();
    let mut pipes = Pipes::of(service, probe, 64 << 10);
    pipes
        .ask(&crate::http_asking::initialize_able("2025-11-25"))
        .await;
    let question = pipes
        .ask(&crate::messages::call(1, "ask_user", json!({})))
        .await;
    assert_eq!(question["method"], "elicitation/create");
    let reply = json!({"action": "accept", "content": {"name": "Ada"}});
    let response = pipes
        .ask(&crate::http_asking::answer(&question, reply))
        .await;
    assert_eq!(tool_text(&response).0, "Ada");
    let question = pipes
        .ask(&crate::messages::call(2, "ask_briefly", json!({})))
        .await;
    pipes.probe.started().await;
    pipes.probe.release();
    let taken_back = pipes.hear().await.expect("a cancellation");
    assert_eq!(taken_back["method"], "notifications/cancelled");
    assert_eq!(taken_back["params"]["requestId"], question["id"]);
    let response = pipes.hear().await.expect("a response");
    assert_eq!(tool_text(&response).0, "gave up");
}

#[tokio::test]
async fn nobody_uses_the_session_of_somebody_else() {
    let (service, probe) = service();
    let tokens = StaticTokens::new()
        .token("a", Identity::new("us", "a"))
        .token("a, refreshed", Identity::new("us", "a"))
        .token("b", Identity::new("us", "b"));
    let host = Host::start(service, Options::new().authenticate(tokens)).await;
    let session = open_able(&host, "2025-11-25", Some("Bearer a")).await;
    let mut waits = Streamed::begin(
        &host,
        &authorized(session_call(&session, 1, "let_go"), Some("Bearer a")),
    )
    .await;
    let id = waits
        .frame()
        .await
        .and_then(|frame| frame.id)
        .expect("an id");
    probe.started().await;
    let ping = Request::post(request(1, "ping", json!({}))).session(&session);
    for foreign in [
        ping.clone(),
        Request::get("/mcp").session(&session),
        Request::get("/mcp").session(&session).method("DELETE"),
    ] {
        let response = host.ask(&authorized(foreign, Some("Bearer b"))).await;
        response.assert_refused(404, -32600);
    }
    for bad in [None, Some("Bearer nobody"), Some("Basic a")] {
        let response = host.ask(&authorized(ping.clone(), bad)).await;
        assert_eq!(response.status, 401);
        let challenge = response.header("www-authenticate").expect("a challenge");
        assert!(challenge.starts_with("Bearer"), "{challenge}");
    }
    let twice = authorized(ping.clone(), Some("Bearer a")).header("Authorization", "Bearer b");
    assert_eq!(host.ask(&twice).await.status, 401);
    // The same principal goes on with another token.
    let refreshed = Some("Bearer a, refreshed");
    assert_eq!(host.ask(&authorized(ping, refreshed)).await.status, 200);
    probe.release();
    let back = Request::get("/mcp")
        .session(&session)
        .header("Last-Event-ID", id);
    let mut back = Streamed::begin(&host, &authorized(back, refreshed)).await;
    assert_eq!(tool_text(&back.hear().await).0, "released");
    assert!(probe.none_stopped());
}

#[tokio::test]
async fn what_a_request_has_come_to_is_good_only_for_whoever_began_it() {
    let (service, _) = service();
    let tokens = StaticTokens::new()
        .token("a", Identity::new("us", "a"))
        .token("b", Identity::new("us", "b"));
    let host = Host::start(service, Options::new().authenticate(tokens)).await;
    let call = |more: Value| {
        let mut params = json!({"name": "ask_user", "_meta":
            {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}});
        for (key, value) in more.as_object().expect("members") {
            params[key] = value.clone();
        }
        modern(1, "tools/call", params)
    };
    let first = host
        .ask(&authorized(call(json!({})), Some("Bearer a")))
        .await;
    let first = first.json();
    let result = &first["result"];
    assert_eq!(result["resultType"], "input_required", "{first}");
    let questions = result["inputRequests"].as_object().expect("questions");
    let key = questions.keys().next().expect("a question");
    let mut responses = json!({});
    responses[key] = json!({"action": "accept", "content": {"name": "Ada"}});
    let again = call(json!({"inputResponses": responses, "requestState": result["requestState"]}));
    let foreign = host.ask(&authorized(again.clone(), Some("Bearer b"))).await;
    assert!(foreign.json()["error"]["code"].is_i64(), "{foreign:?}");
    let own = host.ask(&authorized(again, Some("Bearer a"))).await;
    assert_eq!(own.tool_text().0, "Ada");
}

#[tokio::test]
async fn a_panic_in_a_prompt_or_a_resource_is_an_error_with_its_id() {
    let (service, _) = service();
    let host = Host::start(service, Options::new()).await;
    let session = host.open("2025-11-25").await;
    for (method, params) in [
        ("prompts/get", json!({"name": "panic"})),
        ("resources/read", json!({"uri": "test:panic"})),
    ] {
        let legacy = Request::post(request("p", method, params.clone())).session(&session);
        let modern = match method {
            "resources/read" => modern("p", method, params).header("Mcp-Name", "test:panic"),
            _ => modern("p", method, params),
        };
        let answers: [Response; 2] = [host.ask(&legacy).await, host.ask(&modern).await];
        for answer in answers {
            let json = answer.json();
            assert_eq!(json["error"]["code"], -32603, "{json}");
            assert_eq!(json["id"], "p");
        }
        host.assert_healthy().await;
    }
}
