//! Asks a server what it is and which tools it has, in raw JSON-RPC: no client's word is taken for it.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::{self, Response};
use crate::process::{line_of, stop_tree};

/// How long a server may take for one answer; the first includes its start.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// More pages than any server has: a cursor that never ends must end the check.
const MOST_PAGES: usize = 100;
/// More messages than any server sends between two answers.
const MOST_MESSAGES: usize = 100;

/// How a conversation begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Era {
    /// With `initialize`.
    Legacy,
    /// Each request says its revision.
    Modern,
}

impl Era {
    /// The newest revision of the era.
    pub(super) fn revision(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }

    fn first_request(self) -> (&'static str, Value) {
        match self {
            Self::Legacy => (
                "initialize",
                json!({
                    "protocolVersion": self.revision(),
                    "capabilities": capabilities(),
                    "clientInfo": {"name": "xtask", "version": "0"},
                }),
            ),
            Self::Modern => ("server/discover", json!({})),
        }
    }
}

impl fmt::Display for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        })
    }
}

/// What the messages go over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Transport {
    Stdio,
    Http,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdio => "stdio",
            Self::Http => "HTTP",
        })
    }
}

/// What a server said of itself.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) revision: String,
    pub(super) tools: Vec<String>,
    pub(super) pages: usize,
}

impl Seen {
    /// Fails unless all of these tools are there.
    pub(super) fn must_have(&self, tools: &[String]) -> Result<()> {
        let missing: Vec<&str> = tools
            .iter()
            .filter(|tool| !self.tools.contains(tool))
            .map(String::as_str)
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        bail!(
            "it has no tools {}; it has {}",
            missing.join(", "),
            self.tools.join(", ")
        )
    }
}

/// Starts a server and asks it over its stdio; `None` when it refuses the era. What it writes on stderr goes to `log`.
pub(super) fn over_stdio(command: &mut Command, era: Era, log: &Path) -> Result<Option<Seen>> {
    let mut pipes = Pipes::open(command, log)?;
    ask(era, &mut pipes)
}

/// Asks the server that listens on this port of loopback; `None` when it refuses the era.
pub(super) fn over_http(port: u16, era: Era) -> Result<Option<Seen>> {
    ask(
        era,
        &mut Posts {
            port,
            era,
            session: None,
        },
    )
}

/// Sends a message and gives its answer, if it is a request.
trait Exchange {
    fn exchange(&mut self, message: &Value) -> Result<Option<Value>>;
}

fn ask(era: Era, server: &mut dyn Exchange) -> Result<Option<Seen>> {
    let (method, params) = era.first_request();
    let first = call(era, server, 1, method, params)?;
    let Some(first) = first.get("result") else {
        return Ok(None);
    };
    let revision = match era {
        Era::Legacy => first["protocolVersion"].as_str(),
        Era::Modern => first["supportedVersions"]
            .as_array()
            .and_then(|all| all.iter().filter_map(Value::as_str).max()),
    };
    let revision = revision.with_context(|| format!("no revision in {first}"))?;
    if revision != era.revision() {
        return Ok(None);
    }
    if era == Era::Legacy {
        server.exchange(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
    }
    let (mut tools, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        pages += 1;
        let params = cursor.map_or(json!({}), |cursor: Value| json!({"cursor": cursor}));
        let answer = call(era, server, pages + 1, "tools/list", params)?;
        let page = &answer["result"];
        let listed = page["tools"]
            .as_array()
            .with_context(|| format!("no tools in {answer}"))?;
        tools.extend(
            listed
                .iter()
                .filter_map(|tool| tool["name"].as_str().map(str::to_owned)),
        );
        cursor = page.get("nextCursor").filter(|it| !it.is_null()).cloned();
        if cursor.is_none() {
            let revision = revision.to_owned();
            return Ok(Some(Seen {
                revision,
                tools,
                pages,
            }));
        }
        if pages == MOST_PAGES {
            bail!("its list of tools has more than {MOST_PAGES} pages");
        }
    }
}

fn call(
    era: Era,
    server: &mut dyn Exchange,
    id: usize,
    method: &str,
    mut params: Value,
) -> Result<Value> {
    if era == Era::Modern {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": era.revision(),
            "io.modelcontextprotocol/clientInfo": {"name": "xtask", "version": "0"},
            "io.modelcontextprotocol/clientCapabilities": capabilities(),
        });
    }
    let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let answer = server
        .exchange(&message)
        .with_context(|| format!("could not ask for `{method}`"))?;
    answer.with_context(|| format!("`{method}` was not answered"))
}

/// All that a client can have, so that no server keeps a tool back.
fn capabilities() -> Value {
    json!({
        "elicitation": {"form": {}, "url": {}},
        "sampling": {"tools": {}},
        "roots": {"listChanged": true},
        "tasks": {"requests": {"sampling": {"createMessage": {}}, "elicitation": {"create": {}}}},
        "extensions": {"io.modelcontextprotocol/tasks": {}},
    })
}

struct Posts {
    port: u16,
    era: Era,
    session: Option<String>,
}

impl Exchange for Posts {
    fn exchange(&mut self, message: &Value) -> Result<Option<Value>> {
        let method = message["method"].as_str().unwrap_or_default();
        let mut headers = Vec::new();
        if self.era == Era::Modern {
            headers.push(("Mcp-Method", method));
        }
        if method != "initialize" {
            headers.push(("MCP-Protocol-Version", self.era.revision()));
        }
        headers.extend(
            self.session
                .iter()
                .map(|id| ("Mcp-Session-Id", id.as_str())),
        );
        let mut response = http::post(self.port, &headers, &message.to_string())?;
        if let Some(session) = response.session.take() {
            self.session = Some(session);
        }
        if message.get("id").is_none() {
            return Ok(None);
        }
        answer_in(&mut response, &message["id"])
    }
}

fn answer_in(response: &mut Response, id: &Value) -> Result<Option<Value>> {
    for _ in 0..MOST_MESSAGES {
        match response.next()? {
            // An answer that could not be brought together with its request has no id.
            Some(message)
                if message["id"] == *id
                    || message["id"].is_null() && message.get("error").is_some() =>
            {
                return Ok(Some(message));
            }
            Some(_) => {}
            None if response.status >= 400 => {
                return Ok(Some(json!({"error": {"code": response.status}})));
            }
            None => return Ok(None),
        }
    }
    bail!("there are more than {MOST_MESSAGES} messages before the answer")
}

/// A server as a child whose stdio we hold. Dropping it stops the child.
struct Pipes {
    child: Child,
    line: String,
    stdin: Option<ChildStdin>,
    lines: Receiver<std::io::Result<String>>,
}

impl Pipes {
    fn open(command: &mut Command, log: &Path) -> Result<Self> {
        let errors =
            File::create(log).with_context(|| format!("could not write {}", log.display()))?;
        let line = line_of(command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("could not start `{line}`"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("a piped child has a stdout")?;
        let (sender, lines) = sync_channel(MOST_MESSAGES);
        // It ends with the child's output, or with the receiver.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            line,
            stdin,
            lines,
        })
    }
}

impl Exchange for Pipes {
    fn exchange(&mut self, message: &Value) -> Result<Option<Value>> {
        let stdin = self.stdin.as_mut().context("a piped child has a stdin")?;
        writeln!(stdin, "{message}")?;
        stdin.flush()?;
        let Some(id) = message.get("id") else {
            return Ok(None);
        };
        let end = Instant::now() + ANSWER_LIMIT;
        loop {
            let line = match self
                .lines
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(line) => line?,
                Err(RecvTimeoutError::Timeout) => bail!(
                    "`{}` did not answer within {} s",
                    self.line,
                    ANSWER_LIMIT.as_secs()
                ),
                Err(RecvTimeoutError::Disconnected) => bail!("`{}` ended", self.line),
            };
            let message: Value =
                serde_json::from_str(&line).with_context(|| format!("`{line}` is no message"))?;
            if message["id"] == *id && message.get("method").is_none() {
                return Ok(Some(message));
            }
        }
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        // The end of its input is how a server is asked to end; one that does not is none of this check's business.
        drop(self.stdin.take());
        stop_tree(self.child.id(), Signal::KILL);
        let _ = self.child.wait();
    }
}
