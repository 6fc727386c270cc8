//! A real server on an ephemeral port, and a client that writes every byte itself.
//!
//! Nothing here knows the protocol beyond what it takes to frame a message: what is asserted stands in
//! the tests.

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use midfield::transport::http::{self, Options};
use midfield::{ServeError, Service};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::messages::{Request, initialize, modern};

/// Waits for what must happen soon.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("this must not take long")
}

/// A server that listens on a port of its own until it is dropped.
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    serving: JoinSet<Result<(), ServeError>>,
}

impl Host {
    pub(crate) async fn start(service: Service, options: Options) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self::start_on(listener, service, options)
    }

    /// One where another server was before.
    pub(crate) async fn start_at(address: SocketAddr, service: Service, options: Options) -> Self {
        let listener = TcpListener::bind(address).await.expect("the port is free");
        Self::start_on(listener, service, options)
    }

    fn start_on(listener: TcpListener, service: Service, options: Options) -> Self {
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let mut serving = JoinSet::new();
        let stopped = stop.clone().cancelled_owned();
        serving.spawn(http::serve(listener, service, options, stopped));
        Self {
            address,
            stop,
            serving,
        }
    }

    /// A server that somebody else started, and stops.
    pub(crate) fn elsewhere(address: SocketAddr) -> Self {
        Self {
            address,
            stop: CancellationToken::new(),
            serving: JoinSet::new(),
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address)
            .await
            .expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        Client {
            stream,
            read: Vec::new(),
        }
    }

    /// Sends one request on a connection of its own and reads the response.
    pub(crate) async fn ask(&self, request: &Request) -> Response {
        let mut client = self.connect().await;
        client.send(&request.bytes()).await;
        client.response().await
    }

    /// Opens a session and returns its id.
    pub(crate) async fn open(&self, revision: &str) -> String {
        let response = self.ask(&Request::post(initialize(revision))).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.json()["result"]["protocolVersion"], revision);
        response
            .header("mcp-session-id")
            .expect("a session id")
            .to_owned()
    }

    /// Asserts that another client is answered at once.
    pub(crate) async fn assert_healthy(&self) {
        let start = Instant::now();
        let response = self.ask(&modern(1, "tools/list", json!({}))).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
    }

    /// Tells the server to stop.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until the server has stopped.
    pub(crate) async fn stopped(&mut self) {
        let ended = soon(self.serving.join_next()).await.expect("it served");
        ended.expect("no panic").expect("no error");
    }
}

/// One end of a connection.
pub(crate) struct Client {
    stream: TcpStream,
    /// What was read and not yet taken.
    read: Vec<u8>,
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        soon(self.stream.write_all(bytes))
            .await
            .expect("the server reads");
    }

    /// Sends as long as the server takes it: whether all of it was sent.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> bool {
        soon(self.stream.write_all(bytes)).await.is_ok()
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn end_sending(&mut self) {
        self.stream.shutdown().await.expect("a connection");
    }

    /// Reads more; false at the end.
    async fn fill(&mut self) -> bool {
        self.read.reserve(64 << 10);
        let read = soon(self.stream.read_buf(&mut self.read)).await;
        // A connection that is cut is at its end too.
        matches!(read, Ok(count) if count > 0)
    }

    /// What one read brings.
    pub(crate) async fn raw(&mut self) -> Vec<u8> {
        if self.read.is_empty() {
            self.fill().await;
        }
        std::mem::take(&mut self.read)
    }

    /// Whether the server closes the connection, saying nothing more.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && !self.fill().await
    }

    async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.read.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.read.drain(..end + 2).take(end).collect();
                return String::from_utf8(line).expect("text");
            }
            assert!(self.fill().await, "the connection ended within a line");
        }
    }

    async fn exactly(&mut self, length: usize) -> Vec<u8> {
        while self.read.len() < length {
            assert!(self.fill().await, "the connection ended within a body");
        }
        self.read.drain(..length).collect()
    }

    /// Reads the head of a response.
    pub(crate) async fn response_head(&mut self) -> Response {
        let status = self.line().await;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Response {
            status: status.expect("a status"),
            headers,
            body: Vec::new(),
        }
    }

    /// Reads the next chunk of a chunked body; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let length = usize::from_str_radix(&self.line().await, 16).expect("a length");
        let chunk = self.exactly(length).await;
        assert_eq!(self.line().await, "");
        (length > 0).then_some(chunk)
    }

    /// Reads the next message of a stream, skipping comments.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            let chunk = self.chunk().await.expect("the stream goes on");
            if let [event] = &events(&chunk)[..] {
                return event.clone();
            }
        }
    }

    /// Reads the next events of a stream, skipping comments; none at its end.
    pub(crate) async fn frames(&mut self) -> Vec<Frame> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await {
            whole.extend(chunk);
            // An event may be spread over several chunks.
            if whole.ends_with(b"\n\n") {
                let frames = frames(&std::mem::take(&mut whole));
                if !frames.is_empty() {
                    return frames;
                }
            }
        }
        assert!(whole.is_empty(), "the stream ended within an event");
        Vec::new()
    }

    /// Reads a chunk of several messages and returns the first.
    pub(crate) async fn event_among_many(&mut self) -> Value {
        let chunk = self.chunk().await.expect("the stream goes on");
        events(&chunk).into_iter().next().expect("a message")
    }

    /// Reads a response to its end.
    pub(crate) async fn response(&mut self) -> Response {
        let mut response = self.response_head().await;
        if response.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                response.body.extend(chunk);
            }
        } else {
            let length = response.header("content-length");
            let length = length.map_or(0, |length| length.parse().expect("a length"));
            response.body = self.exactly(length).await;
        }
        response
    }
}

/// A response that was read.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(present, _)| present == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body, which must be one JSON text of that type.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The messages of the stream that the body must be.
    pub(crate) fn events(&self) -> Vec<Value> {
        assert_eq!(
            self.header("content-type"),
            Some("text/event-stream"),
            "{self:?}"
        );
        events(&self.body)
    }

    /// Asserts that it is an error about no particular request.
    pub(crate) fn assert_refused(&self, status: u16, code: i32) {
        let json = self.json();
        assert_eq!(self.status, status, "{json}");
        assert_eq!(json["jsonrpc"], "2.0");
        assert_eq!(json["error"]["code"], code, "{json}");
        assert!(json.get("id").is_none(), "{json}");
    }

    /// Asserts that it is the error of the request `id`.
    pub(crate) fn assert_error(&self, status: u16, id: impl Into<Value>, code: i32) {
        let json = self.json();
        assert_eq!(self.status, status, "{json}");
        assert_eq!(json["error"]["code"], code, "{json}");
        assert_eq!(json["id"], id.into(), "{json}");
    }

    /// The text of the first content of a tool's result, and whether it is a failure.
    pub(crate) fn tool_text(&self) -> (String, bool) {
        assert_eq!(self.status, 200, "{self:?}");
        tool_text(&self.json())
    }
}

/// The text of the first content of a tool's result, and whether it is a failure.
pub(crate) fn tool_text(response: &Value) -> (String, bool) {
    let result = &response["result"];
    let text = result["content"][0]["text"].as_str();
    let is_error = result.get("isError").and_then(Value::as_bool);
    let text = text.unwrap_or_else(|| panic!("a text: {response}"));
    (text.to_owned(), is_error.unwrap_or(false))
}

/// The messages of a stream of events.
pub(crate) fn events(stream: &[u8]) -> Vec<Value> {
    frames(stream)
        .into_iter()
        .filter_map(|frame| frame.message)
        .collect()
}

/// One event, as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Frame {
    /// The event's type; without one it is a message too.
    pub(crate) event: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) retry: Option<u64>,
    /// What is in it, unless that is no message.
    pub(crate) message: Option<Value>,
    pub(crate) data: String,
}

/// The events of a stream, without comments.
pub(crate) fn frames(stream: &[u8]) -> Vec<Frame> {
    let text = std::str::from_utf8(stream).expect("text");
    assert!(text.is_empty() || text.ends_with("\n\n"), "{text:?}");
    let mut frames = Vec::new();
    for event in text.split_terminator("\n\n") {
        let mut frame = Frame::default();
        for line in event.lines().filter(|line| !line.starts_with(':')) {
            let (field, value) = line.split_once(": ").expect("a field");
            match field {
                "event" => frame.event = Some(value.to_owned()),
                "id" => frame.id = Some(value.to_owned()),
                "retry" => frame.retry = Some(value.parse().expect("milliseconds")),
                "data" => value.clone_into(&mut frame.data),
                _ => panic!("an unknown field: {line}"),
            }
        }
        if frame.event.as_deref() == Some("message") {
            let message = serde_json::from_str(&frame.data);
            frame.message = Some(message.expect("an event is one message"));
        }
        if frame != Frame::default() {
            frames.push(frame);
        }
    }
    let mut ids: Vec<&String> = frames
        .iter()
        .filter_map(|frame| frame.id.as_ref())
        .collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "an event's id is its own: {text}");
    frames
}
