//! What a handler can wait for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an entry of a journal holds the outcome of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// Work of the handler's own that must not be repeated.
    Step,
    /// An answer of the user.
    Elicitation,
    /// A reply of a model.
    Sample,
    /// The roots that the client offers.
    Roots,
    /// Time that passes.
    Sleep,
    /// A call of another server's tool.
    Call,
}

impl Kind {
    /// The word that stands for the kind in a journal.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Elicitation => "elicitation",
            Self::Sample => "sample",
            Self::Roots => "roots",
            Self::Sleep => "sleep",
            Self::Call => "call",
        }
    }

    /// What the digest of an entry of this kind stands for.
    pub(crate) fn request(self) -> &'static str {
        match self {
            Self::Sleep => "duration",
            Self::Step | Self::Call => "request",
            Self::Elicitation | Self::Sample | Self::Roots => "question",
        }
    }
}

/// With its article, as it stands in a sentence: "an elicitation".
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Step => "a step",
            Self::Elicitation => "an elicitation",
            Self::Sample => "a sample",
            Self::Roots => "a list of roots",
            Self::Sleep => "a sleep",
            Self::Call => "a call",
        })
    }
}
