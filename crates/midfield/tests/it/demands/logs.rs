//! Log messages for clients hold what handlers say, and nothing that the server says of itself
//! ([2025-11-25, logging](https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/logging#security)).

use midfield::Error;
use midfield::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Probe, server};
use crate::log::Log;
use crate::messages::{LEGACY, MODERN, initialize, modern_body, request};
use crate::stdio::Pipes;

const SECRET: &str = "hunter2-cAnArY";

#[derive(Deserialize, JsonSchema)]
struct Login {
    #[expect(dead_code, reason = "nobody logs in")]
    user: String,
    token: String,
}

/// Calls that bring a secret, most of which fail in one way or another.
fn calls() -> Vec<Value> {
    let secrets = json!({"user": "a", "token": SECRET});
    vec![
        json!({"name": "login", "arguments": secrets}),
        json!({"name": "refuse", "arguments": secrets}),
        json!({"name": "break", "arguments": secrets}),
        json!({"name": "login", "arguments": {"user": 7, "token": SECRET}}),
        json!({"name": "login", "arguments": {"user": SECRET, "token": {"a": SECRET}}}),
        json!({"name": "crooked", "arguments": secrets}),
        json!({"name": SECRET, "arguments": secrets}),
        json!({"name": "log"}),
    ]
}

/// Structure that breaks the word of its type, and holds the secret.
#[derive(Serialize, JsonSchema)]
struct Short {
    #[schemars(length(max = 3))]
    token: String,
}

#[tokio::test]
async fn a_client_is_told_no_log_but_what_a_handler_says() {
    let (log, _guard) = Log::start();
    let probe = Probe::default();
    let server = server(&probe)
        .tool(Tool::new("login", async |Args(_): Args<Login>| "welcome"))
        .tool(Tool::new("refuse", async |Args(_): Args<Login>| {
            Err::<String, _>(Error::tool("no"))
        }))
        .tool(Tool::new("break", async |Args(_): Args<Login>| -> String {
            panic!("a panic on purpose")
        }))
        .tool(Tool::new("crooked", async |Args(login): Args<Login>| {
            Json(Short { token: login.token })
        }));
    let service = server.build().expect("a server");
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let mut pipes = Pipes::of(service.clone(), probe.clone(), 64 << 10);
        if revision != MODERN {
            pipes.ask(&initialize(revision)).await;
            let level = request("level", "logging/setLevel", json!({"level": "debug"}));
            assert_eq!(pipes.ask(&level).await["result"], json!({}));
        }
        for mut params in calls() {
            let call = if revision == MODERN {
                params["_meta"] = json!({"io.modelcontextprotocol/logLevel": "debug"});
                modern_body(1, "tools/call", params.clone())
            } else {
                request(1, "tools/call", params.clone())
            };
            pipes.say(&call).await;
            let mut logged = Vec::new();
            let answer = loop {
                let heard = pipes.hear().await.expect("a message");
                if heard["id"] == 1 {
                    break heard;
                }
                assert_eq!(heard["method"], "notifications/message", "{heard}");
                logged.push(heard["params"]["data"].clone());
            };
            let expected = if params["name"] == "log" { 8 } else { 0 };
            assert_eq!(logged.len(), expected, "{revision} {params}: {logged:?}");
            let names_what_was_sent = params["name"] == SECRET;
            assert!(
                names_what_was_sent || !answer.to_string().contains(SECRET),
                "{answer}"
            );
        }
    }
    let log = log.text();
    assert!(log.contains("a handler panicked"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}
