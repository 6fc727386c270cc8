//! Messages and the requests that carry them, as good clients of each era write them.

use serde_json::{Value, json};

/// The revisions with sessions.
pub(crate) const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The revision without.
pub(crate) const MODERN: &str = "2026-07-28";

/// A request, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    /// A `POST` as a good client of any revision sends it.
    pub(crate) fn post(body: impl ToBody) -> Self {
        Self {
            method: "POST".to_owned(),
            target: "/mcp".to_owned(),
            headers: Vec::new(),
            body: body.to_body(),
        }
        .header("Host", "localhost")
        .header("Content-Type", "application/json")
        .header("Accept", "application/json, text/event-stream")
    }

    /// A `GET` as a good client sends it to hear events.
    pub(crate) fn get(target: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
        .header("Host", "localhost")
        .header("Accept", "text/event-stream")
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn target(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    /// Adds a header, beside any of the same name.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Leaves a header out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(present, _)| !present.eq_ignore_ascii_case(name));
        self
    }

    /// Replaces a header.
    pub(crate) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).header(name, value)
    }

    /// Whether it names a header.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(present, _)| present.eq_ignore_ascii_case(name))
    }

    pub(crate) fn session(self, id: &str) -> Self {
        self.with("Mcp-Session-Id", id)
    }

    /// The bytes of the head, without a length of the body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = format!("Content-Length: {}\r\n\r\n", self.body.len());
        [self.head(), length.into_bytes(), self.body.clone()].concat()
    }
}

/// What a body is written from.
pub(crate) trait ToBody {
    fn to_body(self) -> Vec<u8>;
}

impl ToBody for Value {
    fn to_body(self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl ToBody for &str {
    fn to_body(self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

impl ToBody for &[u8] {
    fn to_body(self) -> Vec<u8> {
        self.to_vec()
    }
}

pub(crate) fn initialize(revision: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": "attack", "version": "1"},
    }})
}

pub(crate) fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    let mut request = json!({"jsonrpc": "2.0", "id": id.into(), "method": method});
    request["params"] = params;
    request
}

/// A call of a tool in a revision with sessions.
pub(crate) fn call(id: impl Into<Value>, tool: &str, arguments: Value) -> Value {
    request(id, "tools/call", call_params(tool, arguments))
}

fn call_params(tool: &str, arguments: Value) -> Value {
    let mut params = json!({"name": tool});
    params["arguments"] = arguments;
    params
}

/// What every modern request says of itself.
pub(crate) fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// The body of a modern request: `params` with `_meta`, which keeps what it says already.
pub(crate) fn modern_body(id: impl Into<Value>, method: &str, mut params: Value) -> Value {
    let mut all = meta();
    if let Some(said) = params.get("_meta").and_then(Value::as_object) {
        for (key, value) in said {
            all[key] = value.clone();
        }
    }
    params["_meta"] = all;
    request(id, method, params)
}

/// A modern request whose headers say what its body says.
pub(crate) fn modern(id: impl Into<Value>, method: &str, params: Value) -> Request {
    let body = modern_body(id, method, params);
    let name = body["params"]["name"].as_str().map(str::to_owned);
    let request = Request::post(body)
        .header("MCP-Protocol-Version", MODERN)
        .header("Mcp-Method", method);
    match name {
        Some(name) => request.header("Mcp-Name", name),
        None => request,
    }
}

/// A modern call of a tool.
pub(crate) fn modern_call(id: impl Into<Value>, tool: &str, arguments: Value) -> Request {
    modern(id, "tools/call", call_params(tool, arguments))
}
