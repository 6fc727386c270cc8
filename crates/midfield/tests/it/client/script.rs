//! A server that a test plays itself: lines of JSON at a pair of streams.

use std::collections::VecDeque;

use midfield::Client;
use midfield::client::{ClientBuilder, Error, Target};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, Lines,
};
use tokio::task::JoinSet;

use crate::harness::soon;

/// The server's end.
pub(crate) struct Script {
    lines: Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    out: Box<dyn AsyncWrite + Send + Unpin>,
    /// What the client said that the test has not come to yet.
    heard: VecDeque<Value>,
    asked: u64,
}

impl Script {
    /// The two ends of a pair of streams; the client knows the server by this name.
    pub(crate) fn new(name: Option<&str>) -> (Self, Target) {
        let (input, theirs) = tokio::io::duplex(1 << 20);
        let (ours, output) = tokio::io::duplex(1 << 20);
        let target = Target::pipe(input, output);
        let script = Self::at(ours, theirs);
        match name {
            Some(name) => (script, target.named(name)),
            None => (script, target),
        }
    }

    /// The server's end of any other pair of streams.
    pub(crate) fn at(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let input: Box<dyn AsyncRead + Send + Unpin> = Box::new(input);
        Self {
            lines: BufReader::new(input).lines(),
            out: Box::new(output),
            heard: VecDeque::new(),
            asked: 0,
        }
    }

    /// Opens a session of 2025-11-25 as a server that offers this; what the client declares.
    pub(crate) async fn shake_hands(&mut self, capabilities: Value) -> Value {
        let asked = self.request("initialize").await;
        let answer = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": capabilities,
            "serverInfo": {"name": "script", "version": "1"},
        });
        self.answer(&asked, answer).await;
        self.notification("notifications/initialized").await;
        asked["params"]["capabilities"].clone()
    }

    /// A session of 2025-11-25 with a server that offers this; also what the client declares.
    pub(crate) async fn open(
        builder: ClientBuilder,
        name: Option<&str>,
        capabilities: Value,
    ) -> (Client, Self, Value) {
        let (mut script, target) = Self::new(name);
        let serve = script.shake_hands(capabilities);
        let connect = builder
            .speak(midfield::client::Speak::Legacy)
            .connect(target);
        let (client, declared) = soon(async { tokio::join!(connect, serve) }).await;
        (client.expect("a connection"), script, declared)
    }

    /// A server of 2026-07-28, which does not say what it offers.
    pub(crate) async fn modern(builder: ClientBuilder) -> (Client, Self) {
        let (mut script, target) = Self::new(None);
        let serve = async {
            let asked = script.request("server/discover").await;
            script.refuse(&asked, -32601).await;
        };
        let connect = builder
            .speak(midfield::client::Speak::Modern)
            .connect(target);
        let (client, ()) = soon(async { tokio::join!(connect, serve) }).await;
        (client.expect("a connection"), script)
    }

    pub(crate) async fn say(&mut self, message: Value) {
        let line = format!("{message}\n");
        self.out
            .write_all(line.as_bytes())
            .await
            .expect("the client reads");
    }

    pub(crate) async fn answer(&mut self, request: &Value, result: Value) {
        self.say(json!({"jsonrpc": "2.0", "id": request["id"], "result": result}))
            .await;
    }

    pub(crate) async fn refuse(&mut self, request: &Value, code: i32) {
        let error = json!({"code": code, "message": "refused by the script"});
        self.say(json!({"jsonrpc": "2.0", "id": request["id"], "error": error}))
            .await;
    }

    /// Sends a request; its id.
    pub(crate) async fn send(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = json!(format!("s{}", self.asked));
        self.say(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await;
        id
    }

    /// Sends a request and reads the response.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        self.response(&id).await
    }

    pub(crate) async fn response(&mut self, id: &Value) -> Value {
        self.find(|message| message.get("method").is_none() && message["id"] == *id)
            .await
    }

    pub(crate) async fn request(&mut self, method: &str) -> Value {
        self.find(|message| message["method"] == method && message.get("id").is_some())
            .await
    }

    pub(crate) async fn notification(&mut self, method: &str) -> Value {
        self.find(|message| message["method"] == method && message.get("id").is_none())
            .await
    }

    /// The next message, whatever it is.
    pub(crate) async fn hear(&mut self) -> Value {
        match self.heard.pop_front() {
            Some(message) => message,
            None => self.read().await,
        }
    }

    /// What was read up to now and not come to.
    pub(crate) fn left(&self) -> impl Iterator<Item = &Value> {
        self.heard.iter()
    }

    async fn find(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.heard.iter().position(&is_it) {
            return self.heard.remove(at).expect("it was found there");
        }
        loop {
            let message = self.read().await;
            if is_it(&message) {
                return message;
            }
            self.heard.push_back(message);
        }
    }

    async fn read(&mut self) -> Value {
        let line = self.lines.next_line().await.expect("text");
        let line = line.expect("the client goes on");
        serde_json::from_str(&line).expect("JSON")
    }
}

/// What a client does beside the test, until this is dropped.
pub(crate) struct Beside<T>(JoinSet<T>);

impl<T: Send + 'static> Beside<T> {
    pub(crate) fn begin(work: impl Future<Output = T> + Send + 'static) -> Self {
        let mut set = JoinSet::new();
        set.spawn(work);
        Self(set)
    }

    pub(crate) async fn end(mut self) -> T {
        let ended = self.0.join_next().await.expect("it was begun");
        ended.expect("no panic")
    }

    pub(crate) async fn abort(mut self) {
        self.0.shutdown().await;
    }
}

/// Asserts that a client was told this.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, code: i32) {
    match result {
        Err(Error::Refused(error)) => assert_eq!(error.code, code, "{error}"),
        other => panic!("{other:?}"),
    }
}
