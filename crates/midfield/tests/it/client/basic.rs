//! What a client asks most, in both eras.

use std::sync::{Arc, Mutex};

use midfield::Client;
use midfield::client::{AnswerElicitation, Asker, Error, Refusal, Speak, Target};
use midfield::prelude::*;
use midfield::transport::http::Options;
use midfield::types::{Action, ElicitResult, Elicitation};
use serde_json::json;

use super::script::Beside;
use crate::harness::Host;

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Sum {
    total: i64,
}

/// Add two numbers.
#[tool]
fn add(a: i64, b: i64) -> Sum {
    Sum { total: a + b }
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    ok: bool,
}

/// Ask before acting.
#[tool]
async fn careful(context: &Context) -> Result<String> {
    Ok(
        match context.elicit::<Confirm>("confirm", "Really?").await? {
            Answer::Accepted(Confirm { ok: true }) => "done".into(),
            Answer::Accepted(_) => "not done".into(),
            _ => "declined".into(),
        },
    )
}

fn server() -> Server {
    Server::new("demo", "1.0.0")
        .tools(tools![add, careful])
        .prompt(Prompt::new("greet", async || "Hello".to_owned()))
        .resource(Resource::new("demo://readme", "readme", async || {
            "Read me.".to_owned()
        }))
}

/// A user that agrees to everything.
#[derive(Clone, Default)]
struct Agreeable(Arc<Mutex<Vec<Asker>>>);

impl AnswerElicitation for Agreeable {
    async fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Result<ElicitResult, Refusal> {
        assert!(matches!(elicitation, Elicitation::Form { .. }));
        self.0.lock().expect("no panic").push(asker);
        let mut result = ElicitResult::new(Action::Accept);
        result.content = json!({"ok": true}).as_object().cloned();
        Ok(result)
    }
}

#[tokio::test]
async fn tools_prompts_and_resources_are_used_alike_in_both_eras() {
    for (speak, revision) in [(Speak::Auto, "2026-07-28"), (Speak::Legacy, "2025-11-25")] {
        let client = Client::builder()
            .speak(speak)
            .connect(server())
            .await
            .expect("a connection");
        assert_eq!(client.revision().as_str(), revision);
        let info = client.server();
        assert_eq!(
            info.implementation.map(|server| server.name).as_deref(),
            Some("demo")
        );
        let names: Vec<String> = client
            .tools()
            .await
            .expect("tools")
            .iter()
            .map(|tool| tool.name.clone())
            .collect();
        assert_eq!(names, ["add", "careful"]);
        let sum: Sum = client
            .call("add", json!({"a": 1, "b": 2}))
            .await
            .expect("a sum");
        assert_eq!(sum, Sum { total: 3 });
        let prompt = client.get_prompt("greet").await.expect("a prompt");
        assert_eq!(prompt.messages.len(), 1);
        let read = client
            .read_resource("demo://readme")
            .await
            .expect("a resource");
        assert_eq!(read.contents[0].text.as_deref(), Some("Read me."));
        let unknown = client
            .call_tool("subtract", ())
            .await
            .expect_err("no such tool");
        assert!(
            matches!(&unknown, Error::Refused(error) if error.code == -32602),
            "{unknown}"
        );
        client.ping().await.expect("an answer");
        client.close().await;
        let closed = client.ping().await.expect_err("a closed client");
        assert!(matches!(closed, Error::Closed), "{closed}");
    }
}

#[tokio::test]
async fn one_handler_answers_in_both_eras_and_is_told_who_asks() {
    for speak in [Speak::Modern, Speak::Legacy] {
        let user = Agreeable::default();
        let builder = Client::builder().speak(speak).elicitation(user.clone());
        let client = builder.connect(server()).await.expect("a connection");
        let said: String = client.call("careful", ()).await.expect("an answer");
        assert_eq!(said, "done");
        let asker = user.0.lock().expect("no panic").remove(0);
        assert_eq!(asker.server, "the server in memory");
        assert_eq!(
            asker.implementation.map(|server| server.name).as_deref(),
            Some("demo")
        );
    }
}

#[tokio::test]
async fn a_client_without_a_user_is_not_asked() {
    for speak in [Speak::Modern, Speak::Legacy] {
        let client = Client::builder()
            .speak(speak)
            .connect(server())
            .await
            .expect("a connection");
        let error = client
            .call_tool("careful", ())
            .await
            .expect_err("nobody to ask");
        assert!(matches!(error, Error::Refused(_)), "{error}");
    }
}

#[tokio::test]
async fn the_same_is_asked_over_http() {
    let service = server().build().expect("a server");
    let host = Host::start(service, Options::default()).await;
    let url = format!("http://{}/mcp", host.address);
    for (speak, revision) in [(Speak::Auto, "2026-07-28"), (Speak::Legacy, "2025-11-25")] {
        let builder = Client::builder()
            .speak(speak)
            .elicitation(Agreeable::default());
        let client = builder.connect(url.as_str()).await.expect("a connection");
        assert_eq!(client.revision().as_str(), revision);
        let sum: Sum = client
            .call("add", json!({"a": 1, "b": 2}))
            .await
            .expect("a sum");
        assert_eq!(sum, Sum { total: 3 });
        let said: String = client.call("careful", ()).await.expect("an answer");
        assert_eq!(said, "done");
        client.close().await;
    }
    host.stop();
}

#[tokio::test]
async fn a_pair_of_streams_is_connected_to_once() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(theirs);
    let service = server().build().expect("a server");
    let serving = Beside::begin(midfield::transport::stdio::serve_on(service, input, output));
    let (input, output) = tokio::io::split(ours);
    let target = Target::pipe(input, output);
    let client = Client::connect(target.clone()).await.expect("a connection");
    client.ping().await.expect("an answer");
    let again = Client::connect(target).await.expect_err("it is taken");
    assert!(matches!(again, Error::Unreachable { .. }), "{again}");
    client.close().await;
    serving.end().await.expect("a good end");
}
