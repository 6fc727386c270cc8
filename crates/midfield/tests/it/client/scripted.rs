//! A server over HTTP that answers as a test says, and remembers each request as it came.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) verb: String,
    pub(super) headers: HeaderMap,
    /// The body, `null` where there was none.
    pub(super) body: Value,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("text"))
    }

    /// What was asked; the verb of HTTP where there is no message.
    pub(super) fn method(&self) -> &str {
        self.body["method"].as_str().unwrap_or(&self.verb)
    }
}

/// How a request is answered.
pub(super) enum Reply {
    /// By a result.
    Result(Value),
    /// By an error of JSON-RPC, with a status.
    Error(u16, Value),
    /// By events of a stream, which then ends.
    Events(String),
    /// By a status and nothing else.
    Status(u16),
    /// By cutting the connection.
    Cut,
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

pub(super) struct Scripted {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Shared {
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Script>,
}

impl Scripted {
    pub(super) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let shared = Shared {
            seen: seen.clone(),
            script: Arc::new(script),
        };
        let router = Router::new().fallback(answer).with_state(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.expect("a server") });
        Self {
            url,
            seen,
            _serving: serving,
        }
    }

    /// What came, in order.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    /// What came with this method.
    pub(super) fn asked(&self, method: &str) -> Vec<Seen> {
        self.seen()
            .into_iter()
            .filter(|seen| seen.method() == method)
            .collect()
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 20).await.expect("a body");
    let seen = Seen {
        verb: head.method.to_string(),
        headers: head.headers,
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    };
    shared.seen.lock().expect("no panic").push(seen.clone());
    let id = seen.body["id"].clone();
    let json_of = |status: u16, message: Value| {
        let builder = Response::builder()
            .status(status)
            .header("content-type", "application/json");
        let builder = match seen.method() {
            "initialize" => builder.header("mcp-session-id", "session-1"),
            _ => builder,
        };
        builder
            .body(Body::from(message.to_string()))
            .expect("a response")
    };
    match (shared.script)(&seen) {
        Reply::Result(result) => {
            json_of(200, json!({"jsonrpc": "2.0", "id": id, "result": result}))
        }
        Reply::Error(status, error) => {
            json_of(status, json!({"jsonrpc": "2.0", "id": id, "error": error}))
        }
        Reply::Events(events) => {
            let events = events.replace("\"ID\"", &id.to_string());
            let builder = Response::builder().header("content-type", "text/event-stream");
            builder.body(Body::from(events)).expect("a response")
        }
        Reply::Status(status) => Response::builder()
            .status(status)
            .body(Body::empty())
            .expect("a response"),
        Reply::Cut => {
            let cut = futures_util::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("cut"))]);
            let builder = Response::builder().header("content-type", "application/json");
            builder.body(Body::from_stream(cut)).expect("a response")
        }
    }
}

/// What a server of 2026-07-28 says it is.
pub(super) fn discovery() -> Value {
    json!({
        "resultType": "complete", "supportedVersions": ["2026-07-28"], "ttlMs": 0, "cacheScope": "private",
        "capabilities": {"tools": {}, "resources": {}, "prompts": {}, "completions": {}},
    })
}

/// What a server of 2025-11-25 answers to `initialize`.
pub(super) fn handshake() -> Value {
    json!({
        "protocolVersion": "2025-11-25", "serverInfo": {"name": "scripted", "version": "1"},
        "capabilities": {"tools": {}, "resources": {}, "prompts": {}},
    })
}

/// A result of one text, in the words of either era.
pub(super) fn said(text: &str) -> Value {
    json!({"resultType": "complete", "content": [{"type": "text", "text": text}]})
}
