//! Questions to clients and the journals of calls, through a whole server, in both eras.
//!
//! The client here answers by a script: live, as a legacy session wants it, or by sending its request again
//! with the answers, as revision 2026-07-28 wants it.

mod agent;
mod capabilities;
mod elsewhere;
mod faults;
mod journey;
mod random;
mod request_state;
mod steps;
mod tasks;
mod time;
mod url;

use std::sync::{Arc, Mutex};

use midfield::prelude::*;
use midfield::transport::stdio;
use midfield::{Service, types};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf,
};
use tokio::task::JoinSet;

use crate::harness::soon;
use crate::messages::{MODERN, initialize, modern_body, request};

/// A client at the other end of a pair of pipes.
pub(crate) struct Peer {
    to_server: WriteHalf<DuplexStream>,
    from_server: BufReader<ReadHalf<DuplexStream>>,
    serving: JoinSet<std::io::Result<()>>,
    revision: &'static str,
    capabilities: Value,
    next_id: u64,
    /// What it was asked at once, time after time.
    pub(super) rounds: Vec<Vec<Value>>,
    /// What it was told meanwhile.
    pub(crate) told: Vec<Value>,
}

impl Peer {
    /// A client that speaks `revision` and offers `capabilities`.
    pub(crate) async fn new(
        service: &Service,
        revision: &'static str,
        capabilities: Value,
    ) -> Self {
        let (client, server) = tokio::io::duplex(1 << 20);
        let (input, output) = tokio::io::split(server);
        let mut serving = JoinSet::new();
        serving.spawn(stdio::serve_on(service.clone(), input, output));
        let (from_server, to_server) = tokio::io::split(client);
        let mut peer = Self {
            to_server,
            from_server: BufReader::new(from_server),
            serving,
            revision,
            capabilities,
            next_id: 0,
            rounds: Vec::new(),
            told: Vec::new(),
        };
        if revision != MODERN {
            let mut opening = initialize(revision);
            opening["params"]["capabilities"] = peer.capabilities.clone();
            peer.say(&opening).await;
            let opened = peer.hear().await;
            assert_eq!(opened["result"]["protocolVersion"], revision, "{opened}");
            peer.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
                .await;
        }
        peer
    }

    /// A client that offers everything.
    pub(super) async fn able(service: &Service, revision: &'static str) -> Self {
        Self::new(service, revision, everything()).await
    }

    pub(super) async fn say(&mut self, message: &Value) {
        self.write(&message.to_string()).await;
    }

    pub(super) async fn write(&mut self, message: &str) {
        let line = format!("{message}\n");
        soon(self.to_server.write_all(line.as_bytes()))
            .await
            .expect("the server reads");
    }

    pub(super) async fn hear(&mut self) -> Value {
        let mut line = String::new();
        let read = soon(self.from_server.read_line(&mut line)).await;
        assert_ne!(read.expect("text"), 0, "the server has ended");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Hears what comes, however late: for tests whose clock does not wait.
    pub(super) async fn hear_however_late(&mut self) -> Value {
        let mut line = String::new();
        let read = self.from_server.read_line(&mut line).await;
        assert_ne!(read.expect("text"), 0, "the server has ended");
        serde_json::from_str(&line).expect("JSON")
    }

    /// A request in the words of the client's era, which brings `more` beside `params`.
    pub(super) fn request(&mut self, method: &str, params: &Value, more: &Value) -> Value {
        self.next_id += 1;
        let mut params = params.clone();
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        if self.revision == MODERN {
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
                self.capabilities.clone();
            modern_body(self.next_id, method, params)
        } else {
            request(self.next_id, method, params)
        }
    }

    /// Sends one request, and hears its response, whatever it is.
    pub(crate) async fn once(&mut self, method: &str, params: &Value, more: &Value) -> Value {
        let request = self.request(method, params, more);
        self.say(&request).await;
        self.response(&request["id"]).await
    }

    async fn response(&mut self, id: &Value) -> Value {
        loop {
            let heard = self.hear().await;
            if heard.get("method").is_none() && heard["id"] == *id {
                return heard;
            }
            self.told.push(heard);
        }
    }

    /// Sends a request and answers what it is asked by `script` until there is a response.
    pub(crate) async fn run(
        &mut self,
        method: &str,
        params: &Value,
        mut script: impl FnMut(&Value) -> Value,
    ) -> Value {
        let mut more = json!({});
        loop {
            let request = self.request(method, params, &more);
            self.say(&request).await;
            let response = if self.revision == MODERN {
                self.response(&request["id"]).await
            } else {
                self.live(&request["id"], &mut script).await
            };
            if response["result"]["resultType"] != "input_required" {
                return response;
            }
            let asked = response["result"]["inputRequests"].as_object();
            let asked = asked.expect("questions");
            self.rounds.push(asked.values().cloned().collect());
            assert!(self.rounds.len() < 100, "it asks for ever: {response}");
            let answers = asked
                .iter()
                .map(|(key, asked)| (key.clone(), script(asked)));
            more = json!({"inputResponses": answers.collect::<serde_json::Map<_, _>>()});
            if let Some(state) = response["result"].get("requestState") {
                more["requestState"] = state.clone();
            }
        }
    }

    /// Calls a tool.
    pub(super) async fn call(&mut self, tool: &str, script: impl FnMut(&Value) -> Value) -> Value {
        let params = json!({"name": tool, "arguments": {}});
        self.run("tools/call", &params, script).await
    }

    /// Answers questions where they are until the response to `id` comes.
    async fn live(&mut self, id: &Value, script: &mut impl FnMut(&Value) -> Value) -> Value {
        loop {
            let heard = self.hear().await;
            if heard.get("method").is_none() {
                assert_eq!(heard["id"], *id, "{heard}");
                return heard;
            }
            if heard.get("id").is_none() {
                self.told.push(heard);
                continue;
            }
            self.rounds.push(vec![heard.clone()]);
            let answer = script(&heard);
            let reply = match answer.get("refused") {
                Some(error) => json!({"jsonrpc": "2.0", "id": heard["id"], "error": error}),
                None => json!({"jsonrpc": "2.0", "id": heard["id"], "result": answer}),
            };
            self.say(&reply).await;
        }
    }

    /// Asserts that the server says nothing until it answers the next request.
    pub(super) async fn assert_silent(&mut self) {
        let probe = modern_body("silent", "server/discover", json!({}));
        self.say(&probe).await;
        let heard = self.hear().await;
        assert_eq!(heard["id"], "silent", "{heard}");
    }

    /// Closes the connection, and waits until the server has let go of it.
    pub(crate) async fn leave(mut self) {
        drop(self.to_server);
        drop(self.from_server);
        soon(self.serving.join_next())
            .await
            .expect("it served")
            .expect("no panic")
            .ok();
    }
}

/// What handlers did, in order.
#[derive(Clone, Default)]
pub(super) struct Effects(Arc<Mutex<Vec<String>>>);

impl Effects {
    pub(super) fn add(&self, effect: impl Into<String>) {
        self.0.lock().expect("no panic").push(effect.into());
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

/// A form of one text.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Name {
    pub(super) name: String,
}

/// Asks for a name.
pub(super) async fn ask_name(cx: &Context, name: &str) -> Result<String> {
    Ok(match cx.elicit::<Name>(name, format!("{name}?")).await? {
        Answer::Accepted(answer) => answer.name,
        Answer::Declined => "declined".to_owned(),
        Answer::Cancelled => "cancelled".to_owned(),
    })
}

pub(super) fn everything() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "sampling": {"tools": {}, "context": {}}, "roots": {}})
}

/// The answer of a user whose name is made of the question.
pub(super) fn named(asked: &Value) -> Value {
    let message = asked["params"]["message"].as_str().expect("a message");
    json!({"action": "accept", "content": {"name": format!("<{message}>")}})
}

/// The text that a call was answered with.
pub(super) fn text(response: &Value) -> &str {
    response["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("a text: {response}"))
}

#[track_caller]
pub(super) fn assert_error(response: &Value, code: i32, words: &[&str]) {
    assert_eq!(response["error"]["code"], code, "{response}");
    let message = response["error"]["message"].as_str().expect("a message");
    for word in words {
        assert!(message.contains(word), "{word:?} in {message:?}");
    }
}

/// What a model says.
pub(super) fn said(content: &Value) -> Value {
    json!({"role": "assistant", "model": "m", "stopReason": "endTurn", "content": content})
}

/// A request to the model.
pub(super) fn prompt_of(text: &str) -> types::CreateMessage {
    types::CreateMessage::new(10).message(types::SamplingMessage::user(text))
}
