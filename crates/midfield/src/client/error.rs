//! Why a request of a client failed, grouped by who can do something about it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::jsonrpc::ErrorObject;
use midfield_protocol::types::{TaskStatus, ToolResult};
use midfield_protocol::wire::client::InvalidAnswer;
use midfield_protocol::{Error as ProtocolError, Raw};

use super::Refusal;
use super::shown::Shown;

/// What the methods of a client return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request of a client failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was given is no server that could be connected to.
    #[error("{detail}")]
    Target {
        /// What is wrong, and what to give instead.
        detail: String,
    },
    /// The server could not be reached: nothing was sent.
    #[error("could not reach {server}: {}", Shown(detail, LONGEST))]
    Unreachable {
        /// The server, as the host knows it.
        server: Arc<str>,
        /// Why.
        detail: String,
    },
    /// The server answered by HTTP that it does not serve the request.
    #[error("{server} answered HTTP status {status}{}", suffix(detail))]
    Status {
        /// The server, as the host knows it.
        server: Arc<str>,
        /// The status, such as 401.
        status: u16,
        /// What it said, shortened; empty where it said nothing that a person could read.
        detail: String,
        /// The header `WWW-Authenticate`, which says how to be let in.
        challenge: Option<String>,
        /// How long the server wants to be left alone, by the header `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The connection ended before the answer came. What was asked may have been done all the same.
    #[error(
        "the connection to {server} ended before the answer came: {}",
        Shown(detail, LONGEST)
    )]
    Interrupted {
        /// The server, as the host knows it.
        server: Arc<str>,
        /// What is known of the end.
        detail: String,
    },
    /// The server did not answer in time.
    #[error("{server} did not answer `{method}` within {}{}", seconds(*after), suffix(hint))]
    Timeout {
        /// The server, as the host knows it.
        server: Arc<str>,
        /// What was asked.
        method: String,
        /// How long was waited.
        after: Duration,
        /// What was seen meanwhile that may explain it; mostly empty.
        hint: String,
    },
    /// The server sent what is no message, or too much.
    #[error("{server} does not speak the protocol: {}", Shown(detail, LONGEST))]
    Broken {
        /// The server, as the host knows it.
        server: Arc<str>,
        /// What it sent, and what would have been expected.
        detail: String,
    },
    /// The server's answer is none to what was asked.
    #[error(transparent)]
    InvalidAnswer(#[from] InvalidAnswer),
    /// The server refused the request.
    #[error(transparent)]
    Refused(ServerError),
    /// The tool failed; what it said is for the model.
    #[error("the tool failed: {}", Shown(&text_of(.0), LONGEST))]
    Tool(Box<ToolResult>),
    /// A structured result does not fit what the tool promises by its output schema, or the type that was asked for.
    #[error(
        "the result of the tool {tool} does not fit: {}",
        Shown(detail, LONGEST)
    )]
    Unfit {
        /// The tool.
        tool: String,
        /// Where, and what was expected there.
        detail: String,
    },
    /// The server does not offer what was asked for.
    #[error("the server does not offer {what}")]
    NotOffered {
        /// What it would have to offer.
        what: String,
    },
    /// What was asked cannot be asked so: the request was not sent.
    #[error("{0}")]
    Unsayable(ProtocolError),
    /// The server asked something back that got no answer.
    #[error("the server asked back and got no answer: {0}")]
    Unanswered(Refusal),
    /// The server asked back more often than is allowed.
    #[error("the server asked back {rounds} times and wanted to know still more: see `max_rounds`")]
    TooManyRounds {
        /// How often it was answered.
        rounds: usize,
    },
    /// A list is longer than is allowed.
    #[error("the list that `{method}` gives does not end: {detail}")]
    EndlessList {
        /// What was asked.
        method: String,
        /// How far it was read.
        detail: String,
    },
    /// The task came to no result.
    #[error("the task {id} is {status}{}", suffix(message))]
    Task {
        /// The task.
        id: String,
        /// What its state is.
        status: TaskStatus,
        /// What the server says of it.
        message: String,
    },
    /// A file is not what its list says it is. Nothing of it is to be used.
    #[error("{uri} is not what it should be: {detail}")]
    Unverified {
        /// Where it is.
        uri: String,
        /// What is wrong.
        detail: String,
    },
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}

/// The error that a server answered with.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the server refused `{method}`: {} ({code})", Shown(message, LONGEST))]
#[non_exhaustive]
pub struct ServerError {
    /// What was asked.
    pub method: String,
    /// The number on the wire, such as -32602 for parameters that do not fit.
    pub code: i32,
    /// One sentence for a person. Text of the server: untrusted.
    pub message: String,
    /// More, for a program.
    pub data: Option<Raw>,
}

impl ServerError {
    pub(super) fn new(method: &str, error: ErrorObject) -> Self {
        Self {
            method: method.to_owned(),
            code: error.code.number(),
            message: error.message.into_owned(),
            data: error.data,
        }
    }
}

impl Error {
    /// Whether nothing of the request has reached the server, so that it may be sent again whatever it does.
    pub fn is_unsent(&self) -> bool {
        matches!(
            self,
            Self::Target { .. }
                | Self::Unreachable { .. }
                | Self::Unsayable(_)
                | Self::NotOffered { .. }
        )
    }

    /// Whether the server wants to know who asks: HTTP status 401 or 403.
    pub fn is_unauthorized(&self) -> bool {
        matches!(
            self,
            Self::Status {
                status: 401 | 403,
                ..
            }
        )
    }
}

/// `: text`, or nothing where there is none.
struct Suffix<'a>(&'a str);

fn suffix(text: &str) -> Suffix<'_> {
    Suffix(text)
}

impl fmt::Display for Suffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            text => write!(f, ": {}", Shown(text, LONGEST)),
        }
    }
}

/// Most characters of a server's text that an error shows.
const LONGEST: usize = 1_000;

fn seconds(duration: Duration) -> String {
    let millis = duration.as_millis();
    match (millis / 1_000, millis % 1_000) {
        (seconds, 0) => format!("{seconds} s"),
        (0, millis) => format!("{millis} ms"),
        (seconds, millis) => format!("{seconds}.{millis:03} s"),
    }
}

fn text_of(result: &ToolResult) -> String {
    use midfield_protocol::types::Content;
    let texts = result.content.iter().filter_map(|content| match content {
        Content::Text(text) => Some(text.text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}
