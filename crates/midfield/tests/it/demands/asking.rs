//! Questions: what a request for input holds, and that a modern client is sent no requests
//! ([2026-07-28, multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).

use midfield::prelude::*;
use midfield::types::{self, Elicitation};
use midfield::{Error, Service};
use serde_json::{Value, json};

use crate::asking::{Peer, assert_error, everything, prompt_of, said, text};
use crate::log::Log;
use crate::messages::MODERN;

#[derive(Deserialize, JsonSchema)]
struct Name {
    #[expect(dead_code, reason = "only whether there is one counts")]
    name: String,
}

/// Asks for everything that can be asked.
async fn all(cx: Context) -> Result<String> {
    let form = cx.elicit::<Name>("form", "Who?").await?;
    let page = cx
        .elicit_url("page", "Sign in", "https://a.example/in")
        .await?;
    let sample = cx.sample("model", prompt_of("hello")).await?;
    let roots = cx.roots("roots").await?;
    let answered = matches!((form, page), (Answer::Accepted(_), Answer::Accepted(())));
    Ok(format!("{answered} {} {}", sample.model, roots.len()))
}

/// Sends the user to what is no page.
async fn nowhere(cx: Context) -> Result<String> {
    cx.elicit_url("page", "Sign in", "no page").await?;
    Ok("went on".to_owned())
}

/// Says that the user has to open these pages first.
fn required(pages: Vec<Elicitation>) -> Result<String> {
    Err(Error::url_elicitation_required(pages))
}

fn no_url() -> Elicitation {
    Elicitation::url("Pay", "no page", "e1")
}

fn page() -> Elicitation {
    Elicitation::url("Pay", "https://a.example/pay", "e1")
}

fn form() -> Elicitation {
    Elicitation::form("Who?", types::Schema::default())
}

fn without_id() -> Elicitation {
    Elicitation::url("Pay", "https://a.example/pay", "")
}

fn service() -> Service {
    let server = Server::new("asking", "1")
        .tool(Tool::new("all", all))
        .tool(Tool::new("no_url", async || required(vec![no_url()])))
        .tool(Tool::new("half", async || required(vec![page(), no_url()])))
        .tool(Tool::new("no_id", async || required(vec![without_id()])))
        .tool(Tool::new("form", async || required(vec![form()])))
        .tool(Tool::new("nowhere", nowhere));
    server.build().expect("a server")
}

fn answered(asked: &Value) -> Value {
    match (asked["method"].as_str(), asked["params"]["mode"].as_str()) {
        (Some("elicitation/create"), Some("url")) => json!({"action": "accept"}),
        (Some("elicitation/create"), _) => json!({"action": "accept", "content": {"name": "x"}}),
        (Some("sampling/createMessage"), _) => said(&json!({"type": "text", "text": "hi"})),
        (Some("roots/list"), _) => json!({"roots": []}),
        _ => panic!("another kind: {asked}"),
    }
}

#[tokio::test]
async fn a_request_for_input_says_what_for_and_a_modern_client_is_sent_no_request() {
    let service = service();
    let mut peer = Peer::able(&service, MODERN).await;
    let mut more = json!({});
    let params = json!({"name": "all"});
    for round in 0.. {
        assert!(round < 5, "it asks for ever");
        // Fails at a message that is neither the response nor a notification.
        let response = peer.once("tools/call", &params, &more).await;
        assert!(peer.told.iter().all(|told| told.get("id").is_none()));
        let result = &response["result"];
        if result["resultType"] == "complete" {
            assert_eq!(text(&response), "true m 0");
            assert_eq!(round, 4);
            break;
        }
        assert_eq!(result["resultType"], "input_required", "{response}");
        let asked = result["inputRequests"].as_object().expect("questions");
        assert!(
            !asked.is_empty() && result["requestState"].is_string(),
            "{response}"
        );
        let answers = asked
            .iter()
            .map(|(key, asked)| (key.clone(), answered(asked)));
        let answers: serde_json::Map<_, _> = answers.collect();
        more = json!({"inputResponses": answers, "requestState": result["requestState"]});
    }
}

#[tokio::test]
async fn a_form_is_what_a_client_without_modes_is_asked_and_a_page_names_itself() {
    let service = service();
    let mut capabilities = everything();
    let mut peer = Peer::new(&service, "2025-11-25", capabilities.clone()).await;
    assert_eq!(text(&peer.call("all", answered).await), "true m 0");
    let page = &peer.rounds[1][0]["params"];
    assert_eq!(page["mode"], "url");
    assert_eq!(page["message"], "Sign in");
    assert_eq!(page["url"], "https://a.example/in");
    assert!(page["elicitationId"].is_string(), "{page}");
    capabilities["elicitation"] = json!({});
    let mut peer = Peer::new(&service, "2025-11-25", capabilities).await;
    let refused = peer.call("all", answered).await;
    assert_error(&refused, -32600, &["elicitation.url"]);
    assert_eq!(peer.rounds.len(), 1);
    let form = &peer.rounds[0][0]["params"];
    assert!(form["requestedSchema"].is_object(), "{form}");
}

#[tokio::test]
async fn nobody_is_sent_to_what_is_no_page() {
    let service = service();
    let (log, _guard) = Log::start();
    for revision in ["2025-11-25", MODERN] {
        for tool in ["nowhere", "no_url", "half", "no_id", "form"] {
            let mut peer = Peer::able(&service, revision).await;
            let refused = peer.call(tool, answered).await;
            assert_error(&refused, -32603, &[]);
            assert!(peer.rounds.is_empty(), "{revision}");
        }
    }
    for reason in ["no URL", "its URL is none", "it has no id", "it is a form"] {
        assert!(log.text().contains(reason), "{reason}: {}", log.text());
    }
}
