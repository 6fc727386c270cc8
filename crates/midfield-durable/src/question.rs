//! What passes between a waiting handler and whoever drives it.

use midfield_protocol::Raw;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::kind::Kind;

/// A question that a handler waits for the answer to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Question {
    /// The text of its key, unique in the call: `confirm`, `confirm#2`.
    pub key: String,
    /// What is asked for.
    pub kind: Kind,
    /// What is asked.
    pub request: Raw,
    /// The digest of kind and request.
    pub digest: Digest,
}

/// What is kept of a question while its answer is on its way; in JSON `["confirm", digest, after]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, Digest, u64)", into = "(String, Digest, u64)")]
pub struct Asked {
    /// The text of its key.
    pub key: String,
    /// The digest of kind and request.
    pub digest: Digest,
    /// How often the handler had asked for anything: a replay tells it nothing new any sooner.
    pub after: u64,
}

impl From<(String, Digest, u64)> for Asked {
    fn from((key, digest, after): (String, Digest, u64)) -> Self {
        Self { key, digest, after }
    }
}

impl From<Asked> for (String, Digest, u64) {
    fn from(asked: Asked) -> Self {
        (asked.key, asked.digest, asked.after)
    }
}

/// What came back for a question.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// The result of the request.
    Answered(Raw),
    /// The peer answered with an error.
    Refused(Refusal),
}

/// The error with which a peer answered a question. It is recorded like an answer, and not asked for again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Refusal {
    /// The code of the error.
    pub code: i64,
    /// Its message.
    pub message: String,
}

/// Why an answer was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unaccepted {
    /// No question with this key is open: it was never asked, is answered, or was withdrawn.
    #[error("no such question is open")]
    NotOpen,
    /// The answer is not what was asked for; the question stays open.
    #[error("the answer does not fit the question: {0}")]
    Invalid(String),
}
