//! The requests that are sent, as bytes made once, and what their answers must hold.

use anyhow::{Result, bail};
use clap::ValueEnum;
use memchr::memmem;
use serde_json::{Value, json};

/// Ids keep eight digits, so that a request never changes its length.
pub(crate) const FIRST_ID: u32 = 10_000_000;

/// The argument of `echo`: 64 bytes.
const TEXT: &str = "The quick brown fox jumps over the lazy dog, and then once more.";

/// The resource that is read, and a part of what it says.
const RESOURCE: &str = "bench://text";
const TEXT_OF_RESOURCE: &str = "over the lazy dog.";

/// A protocol revision that the generator speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Revision {
    /// The session protocol: `initialize` first.
    #[value(name = "2025-11-25")]
    Legacy,
    /// The stateless protocol: each request says who asks.
    #[value(name = "2026-07-28")]
    Modern,
}

impl Revision {
    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }
}

/// What is asked again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// `tools/call` of `echo`.
    Call,
    /// `tools/list` of all 50 tools.
    List,
    /// `resources/read` of the one resource.
    Read,
    /// `tools/call` of `progress`, which sends notifications before its result.
    Progress,
    /// A new connection, the handshake of the revision, and one call of `echo`.
    Cold,
    /// `tools/call` of `add` as a task of the extension of 2026-07-28, and `tasks/get` until it is completed.
    Task,
}

impl Work {
    /// A part that only the right answer holds.
    pub(crate) fn answer_holds(self) -> &'static str {
        match self {
            Self::Call | Self::Cold => TEXT,
            Self::List => "filler_46",
            Self::Read => TEXT_OF_RESOURCE,
            Self::Progress => "done",
            Self::Task => r#""sum":3"#,
        }
    }
}

/// A JSON-RPC request or notification, before it has an id and a transport.
#[derive(Debug)]
pub(crate) struct Message {
    /// The method.
    pub(crate) method: &'static str,
    /// The tool that is called or the resource that is read, which the modern revision repeats in a header.
    pub(crate) name: Option<&'static str>,
    params: Value,
    is_request: bool,
}

impl Message {
    /// The request of a steady work; `notifications` is how many `progress` must send.
    pub(crate) fn of(work: Work, revision: Revision, notifications: u32) -> Self {
        match work {
            Work::Call | Work::Cold => Self::call("echo", &json!({"text": TEXT}), revision),
            Work::Progress => Self::call("progress", &json!({"n": notifications}), revision),
            Work::Task => {
                let params = json!({"name": "add", "arguments": {"a": 1, "b": 2}});
                let params = with_tasks(with_meta(params, revision, false));
                Self::request("tools/call", Some("add"), params)
            }
            Work::List => Self::request("tools/list", None, with_meta(json!({}), revision, false)),
            Work::Read => {
                let params = with_meta(json!({"uri": RESOURCE}), revision, false);
                Self::request("resources/read", Some(RESOURCE), params)
            }
        }
    }

    /// A look at a task.
    pub(crate) fn look(task: &str, revision: Revision) -> Self {
        let params = with_meta(json!({"taskId": task}), revision, false);
        Self::request("tasks/get", None, with_tasks(params))
    }

    /// A call of `grow`, by which the list of tools changes.
    pub(crate) fn growth(revision: Revision) -> Self {
        Self::call("grow", &json!({}), revision)
    }

    fn call(tool: &'static str, arguments: &Value, revision: Revision) -> Self {
        let params = with_meta(
            json!({"name": tool, "arguments": arguments}),
            revision,
            tool == "progress",
        );
        Self::request("tools/call", Some(tool), params)
    }

    /// What asks a server who it is, before anything else.
    pub(crate) fn greeting(revision: Revision) -> Self {
        match revision {
            Revision::Legacy => {
                let params = json!({"protocolVersion": revision.name(), "capabilities": {}, "clientInfo": client()});
                Self::request("initialize", None, params)
            }
            Revision::Modern => Self::request(
                "server/discover",
                None,
                with_meta(json!({}), revision, false),
            ),
        }
    }

    /// The client's last word in the legacy handshake.
    pub(crate) fn initialized() -> Self {
        Self {
            method: "notifications/initialized",
            name: None,
            params: json!({}),
            is_request: false,
        }
    }

    fn request(method: &'static str, name: Option<&'static str>, params: Value) -> Self {
        Self {
            method,
            name,
            params,
            is_request: true,
        }
    }

    /// The message as JSON text, with [`FIRST_ID`] when it is a request.
    pub(crate) fn json(&self) -> String {
        let mut message = json!({"jsonrpc": "2.0", "method": self.method});
        if self.is_request {
            message["id"] = json!(FIRST_ID);
        }
        if self
            .params
            .as_object()
            .is_some_and(|params| !params.is_empty())
        {
            message["params"] = self.params.clone();
        }
        message.to_string()
    }
}

fn client() -> Value {
    json!({"name": "load", "version": "0"})
}

fn with_meta(mut params: Value, revision: Revision, progress: bool) -> Value {
    let mut meta = match revision {
        Revision::Legacy => json!({}),
        Revision::Modern => json!({
            "io.modelcontextprotocol/protocolVersion": revision.name(),
            "io.modelcontextprotocol/clientInfo": client(),
            "io.modelcontextprotocol/clientCapabilities": {},
        }),
    };
    if progress {
        meta["progressToken"] = json!(1);
    }
    if meta.as_object().is_some_and(|meta| !meta.is_empty()) {
        params["_meta"] = meta;
    }
    params
}

/// The same parameters of a client that knows the extension for tasks.
fn with_tasks(mut params: Value) -> Value {
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
        json!({"extensions": {"io.modelcontextprotocol/tasks": {}}});
    params
}

/// Bytes ready to be sent, in which only the id changes.
#[derive(Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    id_at: Option<usize>,
}

impl Template {
    /// `head` goes before the JSON text as it is.
    pub(crate) fn new(head: &str, message: &Message) -> Self {
        let json = message.json();
        let id_at = memmem::find(json.as_bytes(), FIRST_ID.to_string().as_bytes())
            .map(|at| at + head.len());
        Self {
            bytes: [head.as_bytes(), json.as_bytes()].concat(),
            id_at,
        }
    }

    /// The bytes with this id, which has eight digits.
    pub(crate) fn with_id(&mut self, id: u32) -> &[u8] {
        if let Some(place) = self.id_at.and_then(|at| self.bytes.get_mut(at..at + 8)) {
            let mut rest = id;
            for digit in place.iter_mut().rev() {
                *digit = b"0123456789"[(rest % 10) as usize];
                rest /= 10;
            }
        }
        &self.bytes
    }
}

/// The answer to the request `id` in a body of JSON or of server-sent events. Fails when it is an error or absent.
pub(crate) fn answer(body: &[u8], id: u32) -> Result<Value> {
    let read = |text: &[u8]| {
        serde_json::from_slice::<Value>(text)
            .ok()
            .filter(|message| message["id"] == id)
    };
    let events = || {
        body.split(|byte| *byte == b'\n')
            .filter_map(|line| line.strip_prefix(b"data:"))
            .find_map(read)
    };
    let Some(message) = read(body).or_else(events) else {
        bail!("no answer with id {id} in: {}", shown(body));
    };
    if message["result"].is_null() {
        bail!("no result in the answer: {message}");
    }
    Ok(message)
}

/// The beginning of a body, for an error message.
pub(crate) fn shown(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_changes_and_nothing_else() {
        let mut template = Template::new(
            "head\r\n\r\n",
            &Message::of(Work::Call, Revision::Modern, 0),
        );
        let before = template.bytes.clone();
        let after = String::from_utf8(template.with_id(98_765_432).to_vec()).unwrap();
        assert_eq!(
            after.replace("98765432", "10000000"),
            String::from_utf8(before).unwrap()
        );
        assert!(after.contains(r#""id":98765432"#), "{after}");
    }

    #[test]
    fn an_answer_is_found_in_json_and_in_events() {
        let json = br#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
        assert!(answer(json, 7).is_ok());
        assert!(answer(json, 8).is_err());
        let events = [
            b"event: message\ndata: {\"method\":\"x\"}\n\ndata: ",
            &json[..],
            b"\n\n",
        ]
        .concat();
        assert!(answer(&events, 7).is_ok());
        assert!(answer(br#"{"jsonrpc":"2.0","id":7,"error":{"code":-1}}"#, 7).is_err());
    }
}
