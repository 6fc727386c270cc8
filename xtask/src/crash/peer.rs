//! A client that knows tasks, in either protocol.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http::{self, Response};

/// Says who the client is: tasks belong to somebody.
const TOKEN: (&str, &str) = ("Authorization", "Bearer tester");

/// Which tasks are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Those of 2025-11-25, in a session.
    Session,
    /// The extension of 2026-07-28.
    Extension,
}

impl Protocol {
    pub(super) const BOTH: [Self; 2] = [Self::Session, Self::Extension];
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Session => "2025-11-25",
            Self::Extension => "2026-07-28",
        })
    }
}

impl FromStr for Protocol {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "2025-11-25" => Self::Session,
            "2026-07-28" => Self::Extension,
            _ => bail!("`{text}` is neither 2025-11-25 nor 2026-07-28"),
        })
    }
}

/// What a request was answered with.
#[derive(Clone, Debug)]
pub(super) enum Said {
    Result(Value),
    /// An error, of which this is the message.
    Refused(String),
}

/// A client. It forgets nothing when its server dies.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) port: u16,
    protocol: Protocol,
    session: Option<String>,
    number: u64,
}

/// What is asked of the user or the model: the method tells the questions of the task apart.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) method: String,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Key(String),
    Request(Value),
}

impl Peer {
    pub(super) fn new(protocol: Protocol, port: u16) -> Self {
        Self {
            port,
            protocol,
            session: None,
            number: 0,
        }
    }

    /// Makes a task of a call; a failure means that the connection broke.
    pub(super) fn create(
        &mut self,
        key: &str,
        arguments: &Value,
        ttl: Option<u64>,
    ) -> Result<Said> {
        let mut params = json!({
            "name": "order",
            "arguments": arguments,
            "_meta": {"midfield.dev/idempotencyKey": key},
        });
        if self.protocol == Protocol::Session {
            params["task"] = ttl.map_or(json!({}), |ttl| json!({"ttl": ttl}));
        }
        let said = self.ask("tools/call", params, "order")?;
        Ok(match (self.protocol, said) {
            (Protocol::Session, Said::Result(result)) => Said::Result(result["task"].clone()),
            (_, said) => said,
        })
    }

    pub(super) fn about(&mut self, method: &str, id: &str) -> Result<Said> {
        self.ask(method, json!({"taskId": id}), id)
    }

    /// What a task that has ended came to.
    pub(super) fn result(&mut self, id: &str) -> Result<Value> {
        let method = match self.protocol {
            Protocol::Session => "tasks/result",
            Protocol::Extension => "tasks/get",
        };
        match (self.protocol, self.about(method, id)?) {
            (Protocol::Session, Said::Result(result)) => Ok(result),
            (Protocol::Extension, Said::Result(mut task)) => Ok(match task.get_mut("error") {
                Some(error) => error.take(),
                None => task["result"].take(),
            }),
            (_, Said::Refused(message)) => Ok(Value::String(message)),
        }
    }

    /// The ids of all tasks; `None` in a protocol that has no list.
    pub(super) fn list(&mut self) -> Result<Option<Vec<String>>> {
        if self.protocol == Protocol::Extension {
            return Ok(None);
        }
        match self.ask("tasks/list", json!({}), "")? {
            Said::Result(page) => {
                let tasks = page["tasks"].as_array().cloned().unwrap_or_default();
                let ids = tasks.iter().filter_map(|task| task["taskId"].as_str());
                Ok(Some(ids.map(str::to_owned).collect()))
            }
            Said::Refused(message) => bail!("no list: {message}"),
        }
    }

    /// The open questions of a task that was just looked at, each answered as it is found. Gives the methods of those whose
    /// answers were acknowledged; `ask` is told of each question first.
    pub(super) fn answer(
        &mut self,
        task: &Value,
        mut asked: impl FnMut(&Question) -> Result<()>,
        mut acknowledged: impl FnMut(&Question),
    ) -> Result<()> {
        let id = task["taskId"].as_str().context("a task has an id")?;
        if self.protocol == Protocol::Extension {
            let open = task["inputRequests"].as_object().cloned();
            for (key, request) in open.unwrap_or_default() {
                let question = Question {
                    method: request["method"].as_str().unwrap_or_default().to_owned(),
                    place: Place::Key(key),
                };
                asked(&question)?;
                if self.reply(id, &question)? {
                    acknowledged(&question);
                }
            }
            return Ok(());
        }
        // The questions come on the stream of whoever waits for the result.
        let mut stream = self.send("tasks/result", json!({"taskId": id}), id)?;
        while let Some(message) = stream.next()? {
            let Some(method) = message["method"].as_str() else {
                return Ok(());
            };
            if message.get("id").is_none() {
                continue;
            }
            let question = Question {
                method: method.to_owned(),
                place: Place::Request(message["id"].clone()),
            };
            asked(&question)?;
            if self.reply(id, &question)? {
                acknowledged(&question);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Answers a question; `true` when the server has acknowledged it.
    fn reply(&mut self, id: &str, question: &Question) -> Result<bool> {
        let answer = match question.method.as_str() {
            "elicitation/create" => json!({"action": "accept", "content": {"name": "Ada"}}),
            "sampling/createMessage" => json!({
                "role": "assistant",
                "content": {"type": "text", "text": "by noon"},
                "model": "tester",
            }),
            other => bail!("nobody answers `{other}`"),
        };
        match &question.place {
            Place::Key(key) => {
                let params = json!({"taskId": id, "inputResponses": {key: answer}});
                let said = self.ask("tasks/update", params, id)?;
                Ok(matches!(said, Said::Result(_)))
            }
            Place::Request(request) => {
                let body = json!({"jsonrpc": "2.0", "id": request, "result": answer});
                let response = self.post(&body, &[])?;
                Ok(response.status == 202)
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value, name: &str) -> Result<Said> {
        let mut response = self.send(method, params, name)?;
        while let Some(mut message) = response.next()? {
            if message.get("method").is_some() {
                continue;
            }
            return Ok(match message.get("error") {
                Some(error) => Said::Refused(error["message"].as_str().unwrap_or("").to_owned()),
                None => Said::Result(message["result"].take()),
            });
        }
        bail!("status {} and no answer", response.status)
    }

    fn send(&mut self, method: &str, mut params: Value, name: &str) -> Result<Response> {
        self.number += 1;
        if self.protocol == Protocol::Session && self.session.is_none() {
            self.open()?;
        }
        let mut headers = vec![];
        if self.protocol == Protocol::Extension {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({
                "elicitation": {"form": {}},
                "sampling": {},
                "extensions": {"io.modelcontextprotocol/tasks": {}},
            });
            headers.extend([("Mcp-Method", method), ("Mcp-Name", name)]);
        }
        let body = json!({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params});
        self.post(&body, &headers)
    }

    fn open(&mut self) -> Result<()> {
        let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {"elicitation": {"form": {}}, "sampling": {}},
            "clientInfo": {"name": "crash", "version": "1"},
        }});
        let mut response = http::post(self.port, &[TOKEN], &body.to_string())?;
        response.next()?;
        self.session = response.session.take();
        let body = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.post(&body, &[]).map(drop)
    }

    fn post(&self, body: &Value, more: &[(&str, &str)]) -> Result<Response> {
        let protocol = self.protocol.to_string();
        let mut headers = vec![TOKEN, ("MCP-Protocol-Version", protocol.as_str())];
        headers.extend(
            self.session
                .iter()
                .map(|id| ("Mcp-Session-Id", id.as_str())),
        );
        headers.extend(more);
        http::post(self.port, &headers, &body.to_string())
    }
}
