//! What a client does not offer is never asked of it, and it is told what it would have to offer.

use midfield::extension::Extension;
use midfield::prelude::*;
use midfield::server::Asks;
use midfield::transport::http::Options;
use midfield::types::{Schema, ToolChoiceMode};
use midfield::{Error, Revision, Service, types};
use serde_json::{Value, json};

use super::{Effects, Peer, ask_name, assert_error, everything, named, prompt_of, text};
use crate::harness::Host;
use crate::messages::{LEGACY, MODERN, Request, call, modern};

async fn form(cx: Context) -> Result<String> {
    ask_name(&cx, "name").await
}

async fn page(cx: Context) -> Result<String> {
    let answer = cx
        .elicit_url("page", "Sign in", "https://a.example/")
        .await?;
    Ok(format!("{answer:?}"))
}

async fn sample(cx: Context) -> Result<String> {
    Ok(cx.sample("sample", prompt_of("Hello")).await?.model)
}

async fn sample_tools(cx: Context) -> Result<String> {
    let asked = prompt_of("Hello")
        .tool(types::Tool::new("t", Schema::default()))
        .tool_choice(ToolChoiceMode::Auto);
    Ok(cx.sample("sample", asked).await?.model)
}

async fn roots(cx: Context) -> Result<String> {
    Ok(cx.roots("roots").await?.len().to_string())
}

/// Does something, then asks; what it asks it says beforehand where `asks` is declared.
async fn careless(cx: Context, effects: State<Effects>) -> Result<String> {
    effects.add("done");
    cx.step("work", async || {
        effects.add("step");
        Ok::<_, Error>(())
    })
    .await?;
    ask_name(&cx, "name").await
}

/// Swallows every error of a question.
async fn stubborn(cx: Context, effects: State<Effects>) -> String {
    tokio::select! {
        biased;
        _ = ask_name(&cx, "name") => {}
        () = tokio::task::yield_now() => effects.add("went on"),
    }
    "as if nothing had been".to_owned()
}

fn server() -> (Service, Effects) {
    let effects = Effects::default();
    let service = Server::new("asking", "1")
        .state(effects.clone())
        .tool(Tool::new("form", form))
        .tool(Tool::new("page", page))
        .tool(Tool::new("sample", sample))
        .tool(Tool::new("sample_tools", sample_tools))
        .tool(Tool::new("roots", roots))
        .tool(Tool::new("careless", careless))
        .tool(Tool::new("careful", careless).asks(Asks::form()))
        .tool(Tool::new("stubborn", stubborn))
        .build()
        .expect("a server");
    (service, effects)
}

/// A tool, what a client offers that may not be asked by it, and what it lacks.
fn lacking() -> Vec<(&'static str, Value, Value)> {
    let form = json!({"elicitation": {"form": {}}});
    let page = json!({"elicitation": {"url": {}}});
    let sampling = json!({"sampling": {}});
    let tools = json!({"sampling": {"tools": {}}});
    let roots = json!({"roots": {}});
    vec![
        ("form", json!({}), form.clone()),
        ("form", page.clone(), form.clone()),
        ("page", json!({"elicitation": {}}), page.clone()),
        ("page", form.clone(), page),
        ("sample", form, sampling.clone()),
        ("sample_tools", sampling, tools),
        ("roots", json!({"sampling": {}}), roots),
    ]
}

#[tokio::test]
async fn nothing_is_asked_that_the_client_did_not_offer() {
    let (service, _) = server();
    for (tool, offered, required) in lacking() {
        for revision in LEGACY.into_iter().chain([MODERN]) {
            let mut peer = Peer::new(&service, revision, offered.clone()).await;
            let response = peer.call(tool, named).await;
            assert!(peer.rounds.is_empty(), "{tool} {offered}");
            if revision == MODERN {
                assert_error(&response, -32021, &["capability"]);
                let data = &response["error"]["data"]["requiredCapabilities"];
                assert_eq!(*data, required, "{tool} {offered}");
            } else {
                let (name, _) = required
                    .as_object()
                    .and_then(|all| all.iter().next())
                    .expect("one");
                assert_error(&response, -32600, &["does not declare", name]);
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_lacks_a_capability_is_refused_with_the_status_400() {
    let (service, _) = server();
    let host = Host::start(service, Options::new()).await;
    for tool in ["form", "careful"] {
        let response = host
            .ask(&modern(1, "tools/call", json!({"name": tool})))
            .await;
        response.assert_error(400, 1, -32021);
        let required = &response.json()["error"]["data"]["requiredCapabilities"];
        assert_eq!(*required, json!({"elicitation": {"form": {}}}));
    }
}

#[tokio::test]
async fn what_a_tool_says_that_it_asks_is_checked_before_it_runs() {
    let (service, effects) = server();
    for (tool, did) in [("careless", &["done", "step"][..]), ("careful", &[])] {
        for (revision, code) in [("2025-11-25", -32600), (MODERN, -32021)] {
            let mut peer = Peer::new(&service, revision, json!({})).await;
            let response = peer.call(tool, named).await;
            assert_error(&response, code, &["capability"]);
            assert_eq!(effects.take(), did, "{tool} {revision}");
        }
    }
}

#[tokio::test]
async fn a_handler_cannot_go_on_as_if_it_had_been_answered() {
    let (service, effects) = server();
    for (revision, code) in [("2025-11-25", -32600), (MODERN, -32021)] {
        let mut peer = Peer::new(&service, revision, json!({})).await;
        let response = peer.call("stubborn", named).await;
        assert_error(&response, code, &["capability"]);
        assert!(effects.take().is_empty(), "{revision}");
    }
    // The revision cannot say it, which is found out when the question is sent.
    let mut peer = Peer::able(&service, "2025-03-26").await;
    let response = peer.call("stubborn", named).await;
    assert_error(&response, -32600, &["2025-03-26"]);
}

#[tokio::test]
async fn without_a_session_a_question_is_refused_with_the_reason() {
    let (service, effects) = server();
    let host = Host::start(service, Options::new().sessions(false)).await;
    for tool in ["form", "careful", "sample", "roots"] {
        let asked =
            Request::post(call(1, tool, json!({}))).header("MCP-Protocol-Version", "2025-11-25");
        let response = host.ask(&asked).await.json();
        assert_error(&response, -32600, &["session"]);
    }
    assert!(effects.take().is_empty());
}

#[tokio::test]
async fn what_a_revision_cannot_say_is_an_error_that_names_the_revision() {
    let (service, _) = server();
    for (revision, tool) in [
        ("2024-11-05", "form"),
        ("2025-03-26", "form"),
        ("2025-06-18", "page"),
        ("2025-03-26", "page"),
        ("2025-06-18", "sample_tools"),
        ("2024-11-05", "sample_tools"),
    ] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call(tool, named).await;
        assert_error(&response, -32600, &[revision]);
        assert!(peer.rounds.is_empty(), "{revision} {tool}");
        peer.assert_silent().await;
    }
}

#[tokio::test]
async fn every_kind_of_question_is_answered_where_it_can_be_asked() {
    let (service, _) = server();
    let script = |asked: &Value| match asked["method"].as_str() {
        Some("roots/list") => json!({"roots": [{"uri": "file:///a"}]}),
        Some("sampling/createMessage") => super::said(&json!({"type": "text", "text": "Hi"})),
        _ => named(asked),
    };
    for (tool, oldest, expected) in [
        ("form", "2025-06-18", "<name?>"),
        ("page", "2025-11-25", "Accepted(())"),
        ("sample", "2024-11-05", "m"),
        ("sample_tools", "2025-11-25", "m"),
        ("roots", "2024-11-05", "1"),
    ] {
        let revisions = LEGACY.into_iter().chain([MODERN]);
        for revision in revisions.filter(|revision| *revision >= oldest) {
            let mut peer = Peer::new(&service, revision, everything()).await;
            let response = peer.call(tool, script).await;
            assert_eq!(text(&response), expected, "{tool} {revision}");
        }
    }
}

#[derive(Deserialize, JsonSchema)]
struct Secret {
    #[expect(dead_code, reason = "nobody may be asked for it")]
    password: String,
}

#[tokio::test]
async fn a_form_that_asks_for_a_secret_makes_no_server_or_is_never_sent() {
    async fn secret(cx: Context) -> Result<String> {
        let answer = cx.elicit::<Secret>("secret", "Your password?").await?;
        Ok(answer.accepted().map_or("no", |_| "yes").to_owned())
    }
    let declared = Tool::new("secret", secret).form::<Secret>();
    assert!(Server::new("asking", "1").tool(declared).build().is_err());
    let service = Server::new("asking", "1")
        .tool(Tool::new("secret", secret))
        .build()
        .expect("a server");
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("secret", named).await;
        assert_error(&response, -32603, &[]);
        assert!(peer.rounds.is_empty());
    }
}

/// An extension that revisions before 2025-06-18 have no room for.
struct Young;

impl Extension for Young {
    fn id(&self) -> &'static str {
        "com.example/young"
    }

    fn since(&self) -> Revision {
        Revision::V2025_06_18
    }
}

async fn declared(cx: Context) -> String {
    let declared = cx.capabilities().extensions.keys();
    declared.cloned().collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn an_extension_that_a_revision_has_no_room_for_is_not_offered_by_its_clients() {
    let service = Server::new("asking", "1")
        .extension(Young)
        .tool(Tool::new("declared", declared))
        .tool(Tool::new("needs", declared).asks(Asks::extension("com.example/young")))
        .build()
        .expect("a server");
    let able = json!({"extensions": {"com.example/young": {}, "com.example/other": {}}});
    for revision in ["2024-11-05", "2025-03-26"] {
        let mut peer = Peer::new(&service, revision, able.clone()).await;
        let response = peer.call("declared", named).await;
        assert_eq!(text(&response), "com.example/other", "{revision}");
        let response = peer.call("needs", named).await;
        assert_error(&response, -32600, &["com.example/young"]);
    }
    for revision in ["2025-06-18", "2025-11-25", MODERN] {
        let mut peer = Peer::new(&service, revision, able.clone()).await;
        for tool in ["declared", "needs"] {
            let response = peer.call(tool, named).await;
            assert_eq!(text(&response), "com.example/other, com.example/young");
        }
    }
}
