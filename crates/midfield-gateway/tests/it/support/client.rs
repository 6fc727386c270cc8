//! An MCP client of a few lines, over HTTP, in both eras.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2025-11-25, in a session.
    Legacy,
    /// 2026-07-28, every request for itself.
    Modern,
}

pub(crate) struct Client {
    port: u16,
    era: Era,
    session: Option<String>,
    token: Option<String>,
    /// What it declares, in the modern era.
    capabilities: Value,
}

impl Client {
    /// Connects; in the legacy era by a handshake.
    pub(crate) fn new(port: u16, era: Era) -> Self {
        Self::with_token(port, era, None)
    }

    /// Connects as whoever `token` stands for.
    pub(crate) fn with_token(port: u16, era: Era, token: Option<&str>) -> Self {
        let mut client = Self {
            port,
            era,
            session: None,
            token: token.map(str::to_owned),
            capabilities: json!({}),
        };
        if era == Era::Legacy {
            let params = json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            });
            let request =
                json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
            let (head, body) = client.post(&request, &client.headers("initialize", None));
            assert!(body.contains("2025-11-25"), "{body}");
            client.session = header(&head, "mcp-session-id");
            let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
            let (head, _) = client.post(&ready, &client.headers("notifications/initialized", None));
            assert!(head.starts_with("HTTP/1.1 202"), "{head}");
        }
        client
    }

    /// The same client, which declares the extension for tasks.
    pub(crate) fn with_tasks(mut self) -> Self {
        self.capabilities = json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
        self
    }

    /// Sends a request and gives its result.
    #[track_caller]
    pub(crate) fn request(&self, method: &str, mut params: Value) -> Value {
        if self.era == Era::Modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            });
        }
        let name = params["name"]
            .as_str()
            .or_else(|| params["taskId"].as_str());
        let name = name.map(str::to_owned);
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (head, body) = self.post(&request, &self.headers(method, name.as_deref()));
        let answer = serde_json::from_str(&body).ok();
        // One that takes its time comes as the last event of a stream.
        let mut answer = answer
            .or_else(|| events(&body).pop())
            .unwrap_or_else(|| panic!("{head}\n{body}"));
        assert_eq!(answer["id"], 1, "{body}");
        assert!(answer["result"].is_object(), "{body}");
        answer["result"].take()
    }

    /// The same session on another port, as somebody else where `token` says so.
    pub(crate) fn moved(&self, port: u16, token: Option<&str>) -> Self {
        Self {
            port,
            era: self.era,
            session: self.session.clone(),
            token: token.map(str::to_owned),
            capabilities: self.capabilities.clone(),
        }
    }

    /// Asks for the tools and gives head and body of the answer, whatever it is.
    pub(crate) fn list_tools(&self) -> (String, String) {
        let mut params = json!({});
        if self.era == Era::Modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params});
        self.post(&request, &self.headers("tools/list", None))
    }

    /// Calls a tool and gives its result.
    #[track_caller]
    pub(crate) fn call_tool(&self, name: &str, arguments: Value) -> Value {
        let mut params = json!({"name": name});
        params["arguments"] = arguments;
        self.request("tools/call", params)
    }

    /// Calls a tool with these headers too, and gives head and body of the answer, whatever it is. What a
    /// header says goes before what the client would say.
    pub(crate) fn call_with(
        &self,
        name: &str,
        arguments: Value,
        more: &[&str],
    ) -> (String, String) {
        let mut params = json!({"name": name, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }});
        params["arguments"] = arguments;
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let mut headers = self.headers("tools/call", Some(name));
        let is_said = |header: &String| {
            let name = header.split(':').next().unwrap_or_default();
            more.iter().any(|more| more.starts_with(name))
        };
        headers.retain(|header| !is_said(header));
        headers.extend(more.iter().map(|&header| header.to_owned()));
        self.post(&request, &headers)
    }

    /// Calls a tool and gives its result, with what was told of its progress before.
    #[track_caller]
    pub(crate) fn call_with_progress(&self, name: &str, arguments: Value) -> (Value, Vec<Value>) {
        let mut params = json!({"name": name, "_meta": {"progressToken": "p"}});
        params["arguments"] = arguments;
        if self.era == Era::Modern {
            let version = "io.modelcontextprotocol/protocolVersion";
            params["_meta"][version] = "2026-07-28".into();
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let (_, body) = self.post(&request, &self.headers("tools/call", Some(name)));
        let (mut results, told): (Vec<_>, Vec<_>) = events(&body)
            .into_iter()
            .partition(|message| message["result"].is_object());
        let mut result = results.pop().unwrap_or_else(|| panic!("{body}"));
        let told = told.into_iter().map(|mut told| told["params"].take());
        (result["result"].take(), told.collect())
    }

    pub(super) fn headers(&self, method: &str, name: Option<&str>) -> Vec<String> {
        let mut headers = Vec::new();
        match self.era {
            Era::Legacy => headers.push("MCP-Protocol-Version: 2025-11-25".to_owned()),
            Era::Modern => {
                headers.push("MCP-Protocol-Version: 2026-07-28".to_owned());
                headers.push(format!("Mcp-Method: {method}"));
                headers.extend(name.map(|name| format!("Mcp-Name: {name}")));
            }
        }
        headers.extend(
            self.token
                .iter()
                .map(|token| format!("Authorization: Bearer {token}")),
        );
        headers.extend(
            self.session
                .iter()
                .map(|session| format!("Mcp-Session-Id: {session}")),
        );
        headers
    }

    /// Sends a message and gives head and body of the answer.
    pub(super) fn post(&self, message: &Value, headers: &[String]) -> (String, String) {
        let body = message.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let more: String = headers
            .iter()
            .flat_map(|header| [header.as_str(), "\r\n"])
            .collect();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{more}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all(&[head.as_bytes(), body.as_bytes()].concat())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_owned(), body.to_owned())
    }
}

/// The messages of a stream of events.
fn events(body: &str) -> Vec<Value> {
    let lines = body.lines().filter_map(|line| line.strip_prefix("data:"));
    lines
        .filter_map(|data| serde_json::from_str(data.trim()).ok())
        .collect()
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}
