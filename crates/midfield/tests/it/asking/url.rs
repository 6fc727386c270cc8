//! Pages that the user opens: asked for while a handler waits, or as an error.

use midfield::prelude::*;
use midfield::types::Elicitation;
use midfield::{Error, Service};
use serde_json::{Value, json};

use super::{Effects, Peer, assert_error, text};
use crate::messages::{LEGACY, MODERN};

async fn sign_in(cx: Context, effects: State<Effects>) -> Result<String> {
    let answer = cx
        .elicit_url_with("page", "Sign in", |id| {
            effects.add(id);
            format!("https://a.example/?id={id}")
        })
        .await?;
    Ok(match answer {
        Answer::Accepted(()) => "accepted",
        Answer::Declined => "declined",
        Answer::Cancelled => "cancelled",
    }
    .to_owned())
}

fn required() -> Error {
    Error::url_elicitation_required(vec![Elicitation::url("Pay", "https://a.example/pay", "e1")])
}

fn server() -> (Service, Effects) {
    let effects = Effects::default();
    let service = Server::new("asking", "1")
        .state(effects.clone())
        .tool(Tool::new("sign_in", sign_in))
        .tool(Tool::new("pay", async || Err::<String, _>(required())))
        .prompt(Prompt::new("pay", async || Err::<String, _>(required())))
        .resource(Resource::new("test://pay", "pay", async || {
            Err::<String, _>(required())
        }))
        .build()
        .expect("a server");
    (service, effects)
}

fn acts(action: &'static str) -> impl Fn(&Value) -> Value {
    move |_| json!({"action": action})
}

#[tokio::test]
async fn a_page_has_an_id_in_a_session_and_none_in_the_modern_era() {
    let (service, effects) = server();
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("sign_in", acts("accept")).await;
        assert_eq!(text(&response), "accepted");
        let params = &peer.rounds[0][0]["params"];
        let ids = effects.take();
        assert!(
            ids.iter().all(|id| *id == ids[0] && id.len() == 32),
            "{ids:?}"
        );
        assert_eq!(params["mode"], "url");
        assert_eq!(params["url"], format!("https://a.example/?id={}", ids[0]));
        let id = params.get("elicitationId");
        match revision {
            MODERN => assert_eq!(id, None),
            _ => assert_eq!(id, Some(&json!(ids[0]))),
        }
    }
}

#[tokio::test]
async fn what_a_user_makes_of_a_page_is_told_apart() {
    let (service, _) = server();
    for revision in ["2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        for (action, expected) in [
            ("accept", "accepted"),
            ("decline", "declined"),
            ("cancel", "cancelled"),
        ] {
            let response = peer.call("sign_in", acts(action)).await;
            assert_eq!(text(&response), expected, "{revision}");
        }
    }
}

#[tokio::test]
async fn only_the_session_that_was_asked_hears_that_a_page_is_done_and_only_once() {
    let (service, effects) = server();
    let mut asked = Peer::able(&service, "2025-11-25").await;
    let mut other = Peer::able(&service, "2025-11-25").await;
    let response = asked.call("sign_in", acts("accept")).await;
    assert_eq!(text(&response), "accepted");
    let id = effects.take().pop().expect("an id");
    service.elicitation_complete("unknown");
    service.elicitation_complete(&id);
    let heard = asked.hear().await;
    assert_eq!(heard["method"], "notifications/elicitation/complete");
    assert_eq!(heard["params"], json!({"elicitationId": id}));
    service.elicitation_complete(&id);
    asked.assert_silent().await;
    other.assert_silent().await;
}

#[tokio::test]
async fn a_page_that_was_never_asked_for_is_never_said_to_be_done() {
    let (service, effects) = server();
    let form = json!({"elicitation": {"form": {}}});
    let mut unable = Peer::new(&service, "2025-11-25", form).await;
    let response = unable.call("sign_in", acts("accept")).await;
    assert_error(&response, -32600, &["elicitation.url"]);
    for id in effects.take() {
        service.elicitation_complete(&id);
    }
    unable.assert_silent().await;
}

#[tokio::test]
async fn pages_that_are_required_first_are_an_error_of_2025_11_25_alone() {
    let (service, _) = server();
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let mut peer = Peer::able(&service, revision).await;
        for (method, params) in [
            ("tools/call", json!({"name": "pay"})),
            ("prompts/get", json!({"name": "pay"})),
            ("resources/read", json!({"uri": "test://pay"})),
        ] {
            let response = peer.once(method, &params, &json!({})).await;
            if revision == "2025-11-25" {
                assert_error(&response, -32042, &["page"]);
                let page = &response["error"]["data"]["elicitations"][0];
                assert_eq!(page["elicitationId"], "e1", "{response}");
                assert_eq!(page["mode"], "url");
                assert_eq!(page["url"], "https://a.example/pay");
            } else {
                assert_error(&response, -32600, &["https://a.example/pay"]);
            }
        }
    }
}
