//! Questions of the server within a session, over HTTP: by which stream they go, whose answers count, and
//! what becomes of those that nobody waits for.

use midfield::auth::StaticTokens;
use midfield::transport::http::Options;
use midfield::{Identity, KeyRing};
use serde_json::json;

use crate::fixture::Probe;
use crate::harness::{Host, tool_text};
use crate::http_asking::{Streamed, answer, asking, authorized, open_able, service, session_call};
use crate::messages::Request;

async fn start() -> Host {
    Host::start(service().0, Options::new()).await
}

#[tokio::test]
async fn a_question_goes_out_on_the_stream_of_its_call_and_the_answer_lets_the_handler_go_on() {
    let host = start().await;
    let cases = [
        (
            "ask_user",
            "elicitation/create",
            json!({"action": "accept", "content": {"name": "Ada"}}),
            "Ada",
        ),
        (
            "ask_user",
            "elicitation/create",
            json!({"action": "decline"}),
            "declined",
        ),
        (
            "ask_model",
            "sampling/createMessage",
            json!({"role": "assistant", "model": "m-1", "content": {"type": "text", "text": "I"}}),
            "m-1",
        ),
        (
            "ask_roots",
            "roots/list",
            json!({"roots": [{"uri": "file:///a"}, {"uri": "file:///b"}]}),
            "file:///a file:///b",
        ),
    ];
    for revision in ["2025-06-18", "2025-11-25"] {
        let session = open_able(&host, revision, None).await;
        let mut bystander = Streamed::begin(&host, &Request::get("/mcp").session(&session)).await;
        for (tool, method, result, expected) in &cases {
            let mut asked = Streamed::begin(&host, &session_call(&session, 1, tool)).await;
            let question = asked.hear().await;
            assert_eq!(question["method"], *method, "{question}");
            let reply = Request::post(answer(&question, result.clone())).session(&session);
            let taken = host.ask(&reply).await;
            assert_eq!((taken.status, &taken.body[..]), (202, &b""[..]));
            let response = asked.hear().await;
            assert_eq!(response["id"], 1);
            assert_eq!(tool_text(&response), ((*expected).to_owned(), false));
            assert_eq!(asked.message().await, None);
            // It was the only one.
            assert_eq!(host.ask(&reply).await.status, 400);
        }
        bystander.assert_silent().await;
    }
}

#[tokio::test]
async fn an_answer_from_elsewhere_is_refused_and_does_not_reach_the_handler() {
    let tokens = StaticTokens::new()
        .token("a", Identity::new("us", "a"))
        .token("b", Identity::new("us", "b"));
    let host = Host::start(service().0, Options::new().authenticate(tokens)).await;
    let (a, b) = (Some("Bearer a"), Some("Bearer b"));
    let session = open_able(&host, "2025-11-25", a).await;
    let same_principal = open_able(&host, "2025-11-25", a).await;
    let other_principal = open_able(&host, "2025-11-25", b).await;
    let call = authorized(session_call(&session, 1, "ask_user"), a);
    let mut asked = Streamed::begin(&host, &call).await;
    let question = asked.hear().await;
    let reply = |name: &str| {
        let content = json!({"action": "accept", "content": {"name": name}});
        Request::post(answer(&question, content))
    };
    let foreign = [
        (authorized(reply("x").session(&same_principal), a), 400),
        (authorized(reply("x").session(&other_principal), b), 400),
        (authorized(reply("x").session(&session), b), 404),
        (reply("x").session(&session), 401),
        (authorized(reply("x"), a), 400),
    ];
    for (request, status) in foreign {
        assert_eq!(host.ask(&request).await.status, status);
    }
    asked.assert_silent().await;
    let own = authorized(reply("own").session(&session), a);
    assert_eq!(host.ask(&own).await.status, 202);
    assert_eq!(tool_text(&asked.hear().await).0, "own");
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_of_the_handler() {
    let host = start().await;
    let session = open_able(&host, "2025-11-25", None).await;
    for result in [
        json!({"action": "accept", "content": {"name": 7}}),
        json!({"action": "accept"}),
        json!({"action": "perhaps"}),
        json!({}),
        json!({"roots": []}),
    ] {
        let mut asked = Streamed::begin(&host, &session_call(&session, 1, "ask_user")).await;
        let question = asked.hear().await;
        let reply = Request::post(answer(&question, result)).session(&session);
        assert_eq!(host.ask(&reply).await.status, 202);
        let (text, is_error) = tool_text(&asked.hear().await);
        assert!(is_error && text.contains("does not fit"), "{text}");
    }
}

#[tokio::test]
async fn an_error_of_the_client_is_an_error_of_the_handler() {
    let host = start().await;
    let session = open_able(&host, "2025-11-25", None).await;
    for tool in ["ask_user", "ask_model", "ask_roots"] {
        let mut asked = Streamed::begin(&host, &session_call(&session, 1, tool)).await;
        let question = asked.hear().await;
        let refusal = json!({"jsonrpc": "2.0", "id": question["id"],
            "error": {"code": -1, "message": "the user rejected it"}});
        let refused = host.ask(&Request::post(refusal).session(&session)).await;
        assert_eq!(refused.status, 202);
        let (text, is_error) = tool_text(&asked.hear().await);
        assert!(is_error && text.contains("the user rejected it"), "{text}");
    }
}

#[tokio::test]
async fn a_question_that_nobody_waits_for_any_more_is_cancelled() {
    let (service, probe) = service();
    let host = Host::start(service, Options::new()).await;
    let session = open_able(&host, "2025-11-25", None).await;
    let mut asked = Streamed::begin(&host, &session_call(&session, 1, "ask_briefly")).await;
    let question = asked.hear().await;
    probe.started().await;
    probe.release();
    let cancelled = asked.hear().await;
    assert_eq!(cancelled["method"], "notifications/cancelled");
    assert_eq!(cancelled["params"]["requestId"], question["id"]);
    assert_eq!(tool_text(&asked.hear().await).0, "gave up");
    // Too late.
    let late = Request::post(answer(&question, json!({"action": "cancel"}))).session(&session);
    host.ask(&late).await.assert_refused(400, -32600);
}

#[tokio::test]
async fn a_client_that_cannot_be_asked_is_told_what_it_lacks() {
    let host = start().await;
    let session = host.open("2025-11-25").await;
    let response = host.ask(&session_call(&session, 1, "ask_user")).await;
    assert_eq!(response.status, 200);
    assert!(response.json()["error"]["code"].is_i64(), "{response:?}");
    let modern = crate::messages::modern_call(1, "ask_user", json!({}));
    host.ask(&modern).await.assert_error(400, 1, -32021);
    let unknown = crate::messages::modern(1, "tools/nothing", json!({}));
    host.ask(&unknown).await.assert_error(404, 1, -32601);
}

#[tokio::test]
async fn no_two_questions_of_a_session_have_the_same_id_whichever_process_asks() {
    let keys = KeyRing::generate().expect("keys");
    let mut ids = Vec::new();
    let mut session = None;
    // Each is as good as a process that was started anew.
    for _ in 0..3 {
        let server = asking(&Probe::default()).keys(keys.clone());
        let host = Host::start(server.build().expect("a server"), Options::new()).await;
        let session = match &session {
            Some(session) => session,
            None => session.insert(open_able(&host, "2025-11-25", None).await),
        };
        for tool in ["ask_user", "ask_roots", "ask_user"] {
            let mut asked = Streamed::begin(&host, &session_call(session, 1, tool)).await;
            let question = asked.hear().await;
            let id = question["id"].as_i64().expect("an integer");
            assert!((0..1 << 53).contains(&id), "{id}");
            ids.push(id);
            let result = match tool {
                "ask_roots" => json!({"roots": []}),
                _ => json!({"action": "decline"}),
            };
            let reply = Request::post(answer(&question, result)).session(session);
            assert_eq!(host.ask(&reply).await.status, 202);
            assert_eq!(asked.hear().await["id"], 1);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 9);
}
