//! Servers that speak the wire badly, and a client that has to bear them: it ends in time, within memory, with an error that a
//! person can do something with, and works on.

mod answers;
mod child;
mod cut;
mod flood;
mod http;
mod http_streams;
mod lists;
mod progress;
mod questions;
mod schemas;
mod stubborn;
mod tasks;
mod wanted;
mod web;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use midfield::Client;
use midfield::client::{ClientBuilder, Error, Speak, Target};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::task::JoinSet;

/// A server at the other end of a pipe in memory that says what its test wants.
pub(super) struct Double {
    target: Option<Target>,
    heard: Arc<Mutex<Vec<Value>>>,
    _running: JoinSet<()>,
}

/// What a double says to one message: bytes as they are, each line with its end.
type Said = Vec<u8>;

impl Double {
    /// One that says of each message that it reads what `say` gives.
    fn new(mut say: impl FnMut(&Value) -> Said + Send + 'static) -> Self {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut running = JoinSet::new();
        let kept = heard.clone();
        running.spawn(async move {
            let (input, mut output) = tokio::io::split(theirs);
            let mut lines = BufReader::new(input).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let message: Value = serde_json::from_str(&line).expect("the client writes JSON");
                let said = say(&message);
                kept.lock().expect("no panic").push(message);
                if output.write_all(&said).await.is_err() {
                    return;
                }
            }
        });
        let (input, output) = tokio::io::split(ours);
        Self {
            target: Some(Target::pipe(input, output)),
            heard,
            _running: running,
        }
    }

    /// One of the era of `speak` that is sane until it is asked for what `say` knows.
    fn of(speak: Speak, mut say: impl FnMut(&Value) -> Option<Said> + Send + 'static) -> Self {
        Self::new(move |message| say(message).unwrap_or_else(|| sane(speak, message)))
    }

    async fn connect(&mut self, builder: ClientBuilder) -> Result<Client, Error> {
        builder
            .connect(self.target.take().expect("one connection"))
            .await
    }

    /// A client of the era, with little patience.
    async fn client(&mut self, speak: Speak) -> Client {
        self.connect(builder(speak)).await.expect("a connection")
    }

    /// What the client has sent of this method.
    fn heard(&self, method: &str) -> Vec<Value> {
        let heard = self.heard.lock().expect("no panic");
        let of_method = heard.iter().filter(|message| message["method"] == method);
        of_method.cloned().collect()
    }

    /// The answers that the client has sent.
    fn answers(&self) -> Vec<Value> {
        let heard = self.heard.lock().expect("no panic");
        let answers = heard
            .iter()
            .filter(|message| message.get("method").is_none());
        answers.cloned().collect()
    }
}

/// A client with little patience.
fn builder(speak: Speak) -> ClientBuilder {
    Client::builder()
        .speak(speak)
        .timeout(Duration::from_secs(5))
        .max_time(Duration::from_mins(1))
}

/// What a sane server says to a message.
fn sane(speak: Speak, message: &Value) -> Said {
    let capabilities = json!({"tools": {}, "prompts": {}, "resources": {}});
    let info = json!({"name": "double", "version": "1"});
    match message["method"].as_str() {
        Some("server/discover") if speak == Speak::Modern => result(
            message,
            json!({
                "resultType": "complete",
                "supportedVersions": ["2026-07-28"],
                "capabilities": capabilities,
                "ttlMs": 0,
                "cacheScope": "private",
                "_meta": {"io.modelcontextprotocol/serverInfo": info},
            }),
        ),
        Some("initialize") if speak == Speak::Legacy => result(
            message,
            json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "serverInfo": info}),
        ),
        Some("prompts/get") => result(
            message,
            json!({"messages": [{"role": "user", "content": {"type": "text", "text": "sane"}}]}),
        ),
        Some("tools/list") => result(message, json!({"tools": []})),
        Some("notifications/initialized" | "notifications/cancelled") | None => Vec::new(),
        Some(_) if message.get("id").is_none() => Vec::new(),
        Some(method) => error(message, -32601, &format!("no {method} here")),
    }
}

fn line(message: &Value) -> Said {
    format!("{message}\n").into_bytes()
}

fn result(message: &Value, result: Value) -> Said {
    let mut response = json!({"jsonrpc": "2.0", "id": message["id"]});
    response["result"] = result;
    line(&response)
}

fn error(message: &Value, code: i64, text: &str) -> Said {
    line(&json!({"jsonrpc": "2.0", "id": message["id"], "error": {"code": code, "message": text}}))
}

fn is(message: &Value, method: &str) -> bool {
    message["method"] == method
}

/// The client still gets answers to what is sane.
async fn still_works(client: &Client) {
    let prompt = client.get_prompt("sane").await.expect("an answer");
    assert_eq!(prompt.messages.len(), 1);
}

/// The whole error as a person reads it.
fn assert_says(error: &Error, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
    assert!(
        text.chars().count() < 1_500,
        "nobody reads {} bytes",
        text.len()
    );
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// The memory of this process, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    kilobytes
        .and_then(|text| text.parse::<u64>().ok())
        .expect("a number")
        << 10
}

/// Both eras.
const ERAS: [Speak; 2] = [Speak::Modern, Speak::Legacy];
