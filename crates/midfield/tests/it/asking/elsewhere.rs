//! Requests by which a client is never asked: those that are no tool, prompt or resource.

use midfield::extension::{Extension, Method};
use midfield::prelude::*;
use midfield::{Raw, Service};
use serde_json::{Value, json};

use super::{Effects, Peer, ask_name, assert_error};
use crate::messages::MODERN;

const ASKING: &str = "com.example/asking";

/// An extension with a method that asks.
struct Asking(Effects);

impl Extension for Asking {
    fn id(&self) -> &'static str {
        ASKING
    }

    fn methods(&self) -> Vec<Method> {
        let effects = self.0.clone();
        vec![Method::new("asking/ask", move |_: Raw, cx: Context| {
            let effects = effects.clone();
            async move {
                effects.add("ran");
                let name = ask_name(&cx, "name").await;
                effects.add("went on");
                Ok::<_, Error>(Raw::of(&name?)?)
            }
        })]
    }
}

#[derive(Deserialize, JsonSchema)]
struct Whom {
    name: String,
}

async fn greet(Args(whom): Args<Whom>) -> String {
    format!("Hello {}", whom.name)
}

async fn complete(_: Typing, cx: Context) -> Result<Vec<String>> {
    Ok(vec![ask_name(&cx, "name").await?])
}

fn server() -> (Service, Effects) {
    let effects = Effects::default();
    let prompt = Prompt::new("greet", greet).complete("name", complete);
    let service = Server::new("asking", "1")
        .extension(Asking(effects.clone()))
        .prompt(prompt)
        .build()
        .expect("a server");
    (service, effects)
}

fn able() -> Value {
    json!({"elicitation": {"form": {}}, "extensions": {ASKING: {}}})
}

#[tokio::test]
async fn what_is_no_tool_prompt_or_resource_cannot_ask() {
    let typing = json!({
        "ref": {"type": "ref/prompt", "name": "greet"},
        "argument": {"name": "name", "value": "A"},
    });
    for revision in ["2024-11-05", "2025-11-25", MODERN] {
        for (method, params) in [("asking/ask", &json!({})), ("completion/complete", &typing)] {
            let (service, effects) = server();
            let mut peer = Peer::new(&service, revision, able()).await;
            let response = peer.once(method, params, &json!({})).await;
            assert_error(
                &response,
                -32603,
                &["`name`", "tools, prompts and resources"],
            );
            assert!(peer.told.is_empty(), "{revision}: {:?}", peer.told);
            assert!(!effects.take().contains(&"went on".to_owned()));
        }
    }
}
