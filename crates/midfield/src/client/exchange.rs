//! A recorded exchange, which stands in for a server in tests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use midfield_protocol::Raw;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use super::{Error, Target};

/// What a client and a server said to each other over a pair of streams, a message in each line.
///
/// Written as text it is a fixture: a line of JSON for each message, `{"from": "client", "message": {…}}` or `{"from": "server", …}`.
/// Replayed, it is a server that answers what it was asked then, and nothing else.
///
/// ```
/// use midfield::Client;
/// use midfield::client::Exchange;
/// use midfield::prelude::*;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let greet = Tool::new("greet", async || "hello".to_string());
/// let (target, recording) = Exchange::record(Server::new("demo", "1.0.0").tool(greet))?;
/// let client = Client::connect(target).await?;
/// client.call_tool("greet", ()).await?;
/// client.close().await;
/// let fixture = recording.exchange().to_string();
///
/// let client = Client::connect(fixture.parse::<Exchange>()?.replay()).await?;
/// assert!(!client.call_tool("greet", ()).await?.is_error);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange(Vec<Said>);

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Said {
    from: Side,
    message: Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Client,
    Server,
}

/// An exchange that is being recorded.
#[derive(Clone, Debug, Default)]
pub struct Recording(Arc<Mutex<Vec<Said>>>);

impl Recording {
    /// What was said so far.
    pub fn exchange(&self) -> Exchange {
        Exchange(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        )
    }

    fn add(&self, from: Side, line: &str) {
        // What is no message is nothing that could be said again.
        if let Ok(message) = serde_json::from_str(line) {
            let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            said.push(Said { from, message });
        }
    }
}

impl Exchange {
    /// A target that is `server`, and what is said to it.
    ///
    /// # Errors
    /// When `server` is none that can be served in memory.
    pub fn record(server: crate::server::Server) -> Result<(Target, Recording), Error> {
        let service = server.build().map_err(|error| Error::Target {
            detail: error.to_string(),
        })?;
        let recording = Recording::default();
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let (beyond, served) = tokio::io::duplex(BUFFER);
        let taken = recording.clone();
        let bridge = async move {
            let (from_client, to_client) = tokio::io::split(theirs);
            let (from_server, to_server) = tokio::io::split(beyond);
            let (input, output) = tokio::io::split(served);
            let serving = crate::transport::stdio::serve_on(service, input, output);
            let asked = copy(from_client, to_server, |line| taken.add(Side::Client, line));
            let answered = copy(from_server, to_client, |line| taken.add(Side::Server, line));
            // Whoever ends first ends the others.
            tokio::select! {
                _ = serving => {}
                () = asked => {}
                () = answered => {}
            }
        };
        let (input, output) = tokio::io::split(ours);
        Ok((Target::pipe(input, output).driven(bridge), recording))
    }

    /// A server that says again what was said, to a client that asks again what was asked, in the same order. Ids and progress tokens
    /// need not be the same. What was not asked then is answered with an error that says what would have come next.
    pub fn replay(self) -> Target {
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let playing = async move {
            let (input, mut output) = tokio::io::split(theirs);
            let mut lines = BufReader::new(input).lines();
            let mut player = Player {
                left: self.0.into_iter().peekable(),
                ids: Vec::new(),
            };
            while let Ok(Some(line)) = lines.next_line().await {
                for said in player.hear(&line) {
                    if output
                        .write_all(format!("{said}\n").as_bytes())
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
            }
        };
        let (input, output) = tokio::io::split(ours);
        Target::pipe(input, output)
            .driven(playing)
            .named("a recorded server")
    }
}

async fn copy<R, W>(from: R, mut to: W, mut hear: impl FnMut(&str))
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        hear(&line);
        if to.write_all(format!("{line}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Where a replay is.
struct Player {
    left: std::iter::Peekable<std::vec::IntoIter<Said>>,
    /// The ids of requests then, and now.
    ids: Vec<(Value, Value)>,
}

impl Player {
    /// What is said when `line` is heard.
    fn hear(&mut self, line: &str) -> Vec<String> {
        let Ok(heard) = serde_json::from_str::<Value>(line) else {
            return Vec::new();
        };
        let expected = self
            .left
            .peek()
            .and_then(|said| said.message.read::<Value>().ok());
        if expected.as_ref().map(bare) != Some(bare(&heard)) {
            return refusal(&heard, expected.as_ref()).into_iter().collect();
        }
        self.left.next();
        if let (Some(then), Some(now)) = (
            expected.and_then(|said| said.get("id").cloned()),
            heard.get("id"),
        ) {
            self.ids.push((then, now.clone()));
        }
        let mut said = Vec::new();
        while let Some(next) = self.left.next_if(|said| said.from == Side::Server) {
            if let Ok(message) = next.message.read::<Value>() {
                said.push(self.with_ids(message).to_string());
            }
        }
        said
    }

    /// A message of then, with the ids of now.
    fn with_ids(&self, mut message: Value) -> Value {
        let now = |then: &Value| {
            let known = self.ids.iter().find(|(known, _)| known == then);
            known.map(|(_, now)| now.clone())
        };
        for place in ["/id", "/params/progressToken"] {
            if place == "/id" && message.get("method").is_some() {
                continue;
            }
            if let Some(value) = message.pointer_mut(place)
                && let Some(now) = now(value)
            {
                *value = now;
            }
        }
        message
    }
}

/// A message without what may be another one each time.
fn bare(message: &Value) -> Value {
    let mut bare = message.clone();
    if let Some(members) = bare.as_object_mut() {
        members.remove("id");
    }
    let meta = bare
        .pointer_mut("/params/_meta")
        .and_then(Value::as_object_mut);
    if let Some(meta) = meta {
        meta.remove("progressToken");
    }
    bare
}

/// The answer to what was not asked then. A notification has none.
fn refusal(heard: &Value, expected: Option<&Value>) -> Option<String> {
    let id = heard.get("id").filter(|_| heard.get("method").is_some())?;
    let next = match expected {
        Some(expected) => format!("what comes next is {}", bare(expected)),
        None => "nothing more was recorded".to_owned(),
    };
    let mut error = Map::new();
    error.insert("code".into(), (-32603).into());
    error.insert(
        "message".into(),
        format!("this was not asked when the exchange was recorded: {next}").into(),
    );
    Some(serde_json::json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string())
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for said in &self.0 {
            let line = serde_json::to_string(said).map_err(|_| fmt::Error)?;
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Exchange {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let said = lines.map(|(index, line)| {
            serde_json::from_str(line).map_err(|error| Error::Target {
                detail: format!(
                    "line {} of the recorded exchange is none: {error}",
                    index + 1
                ),
            })
        });
        said.collect::<Result<_, _>>().map(Self)
    }
}

/// How much may be under way.
const BUFFER: usize = 256 << 10;
