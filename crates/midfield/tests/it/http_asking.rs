//! Handlers that ask their client, listen, or let it go, and sessions of clients that can be asked.

use std::time::Duration;

use midfield::Service;
use midfield::prelude::*;
use midfield::types::{CreateMessage, SamplingMessage};
use serde_json::{Value, json};

use crate::fixture::{Probe, server, typed, wait};
use crate::harness::{Client, Frame, Host};
use crate::messages::{Request, call, initialize};

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

/// A server with what asks, and what panics, beside the other tools.
pub(crate) fn service() -> (Service, Probe) {
    let probe = Probe::default();
    let service = asking(&probe).build();
    (service.expect("a server"), probe)
}

/// The description of that server.
pub(crate) fn asking(probe: &Probe) -> Server {
    server(probe)
        .tool(typed("ask_user", ask_user))
        .tool(typed("ask_model", ask_model))
        .tool(typed("ask_roots", ask_roots))
        .tool(typed("ask_briefly", ask_briefly))
        .tool(typed("let_go", let_go))
        .prompt(Prompt::new("panic", async || -> String {
            panic!("a panic on purpose, in a prompt")
        }))
        .prompt(Prompt::new("plain", async || "plain"))
        .resource(Resource::new("test:panic", "panic", async || -> String {
            panic!("a panic on purpose, in a resource")
        }))
        .resource(Resource::new("test:one", "one", async || "one"))
        .resource(Resource::new("test:two", "two", async || "two"))
}

async fn ask_user(cx: Context) -> Result<String> {
    let answer = cx.elicit::<Name>("who", "Who are you?").await?;
    Ok(match answer {
        Answer::Accepted(name) => name.name,
        Answer::Declined => "declined".to_owned(),
        Answer::Cancelled => "cancelled".to_owned(),
    })
}

async fn ask_model(cx: Context) -> Result<String> {
    let question = CreateMessage::new(16).message(SamplingMessage::user("Which model are you?"));
    Ok(cx.sample("model", question).await?.model)
}

async fn ask_roots(cx: Context) -> Result<String> {
    let roots = cx.roots("roots").await?;
    let uris: Vec<String> = roots.into_iter().map(|root| root.uri).collect();
    Ok(uris.join(" "))
}

/// Asks, and waits for the answer no longer than for the test's signal.
async fn ask_briefly(cx: Context, probe: State<Probe>) -> &'static str {
    tokio::select! {
        _ = cx.elicit::<Name>("who", "Who are you?") => "answered",
        _ = wait(probe) => "gave up",
    }
}

/// Lets its client go, then waits like `wait`.
async fn let_go(cx: Context, probe: State<Probe>) -> &'static str {
    cx.let_go().await;
    wait(probe).await
}

/// What a client says that can be asked everything.
pub(crate) fn initialize_able(revision: &str) -> Value {
    let mut body = initialize(revision);
    body["params"]["capabilities"] = json!({"elicitation": {}, "sampling": {}, "roots": {}});
    body
}

/// Opens a session of a client that can be asked everything, with these headers.
pub(crate) async fn open_able(host: &Host, revision: &str, authorization: Option<&str>) -> String {
    let request = authorized(Request::post(initialize_able(revision)), authorization);
    let response = host.ask(&request).await;
    assert_eq!(response.status, 200, "{response:?}");
    let id = response.header("mcp-session-id");
    id.expect("a session id").to_owned()
}

pub(crate) fn authorized(request: Request, authorization: Option<&str>) -> Request {
    match authorization {
        Some(value) => request.with("Authorization", value),
        None => request,
    }
}

/// A call whose answer is a stream, being read.
pub(crate) struct Streamed {
    pub(crate) client: Client,
    read: std::collections::VecDeque<Frame>,
}

impl Streamed {
    /// Sends `request`, which must be answered with a stream.
    pub(crate) async fn begin(host: &Host, request: &Request) -> Self {
        let mut client = host.connect().await;
        client.send(&request.bytes()).await;
        let head = client.response_head().await;
        assert_eq!(head.status, 200, "{head:?}");
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        Self {
            client,
            read: std::collections::VecDeque::new(),
        }
    }

    /// The next event; `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<Frame> {
        if self.read.is_empty() {
            self.read.extend(self.client.frames().await);
        }
        self.read.pop_front()
    }

    /// The next message; `None` at the end.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        loop {
            if let Some(message) = self.frame().await?.message {
                return Some(message);
            }
        }
    }

    /// The next message, which there must be.
    pub(crate) async fn hear(&mut self) -> Value {
        self.message().await.expect("the stream goes on")
    }

    /// Asserts that nothing comes for a while.
    pub(crate) async fn assert_silent(&mut self) {
        let heard = tokio::time::timeout(Duration::from_millis(200), self.message()).await;
        assert!(heard.is_err(), "{heard:?}");
    }
}

/// A call of a tool in a session.
pub(crate) fn session_call(session: &str, id: i64, tool: &str) -> Request {
    Request::post(call(id, tool, json!({}))).session(session)
}

/// An answer to a question of the server.
pub(crate) fn answer(question: &Value, result: Value) -> Value {
    let mut answer = json!({"jsonrpc": "2.0", "id": question["id"]});
    answer["result"] = result;
    answer
}
