//! Why a call cannot go on from its journal.
//!
//! None of this is an error that a handler sees: its future stays pending, and whoever drives it ends the call.

use midfield_protocol::Error;

use crate::key::Key;
use crate::kind::Kind;

/// Why a call cannot go on. The first failure of an execution stays its failure.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The handler asks for something else than what its journal holds under the same key.
    #[error("{}", mismatch(.key, *.recorded, *.asked))]
    Mismatch {
        /// The key that is used for both.
        key: Key,
        /// What the journal holds.
        recorded: Kind,
        /// What the handler asks for; the same kind when only the request differs.
        asked: Kind,
    },
    /// The handler uses a name that cannot be one.
    #[error("`{name}` cannot be a name: {problem}")]
    Name {
        /// The name, cut to 256 bytes.
        name: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// What the journal holds, or is to hold, is not what the handler expects.
    #[error("`{key}` was recorded as {kind} that cannot be read: {problem}")]
    Unreadable {
        /// The key of the entry.
        key: Key,
        /// Its kind.
        kind: Kind,
        /// What could not be read.
        problem: String,
    },
    /// The journal is full.
    #[error("the journal of a call holds at most {limit} entries")]
    TooLarge {
        /// The most entries that this execution keeps.
        limit: usize,
    },
    /// The call took longer than it may.
    #[error("it took longer than it may")]
    TimedOut,
    /// The call is refused, for a reason that its peer is to know.
    #[error("{0}")]
    Refused(Box<Error>),
    /// What else ends a call; the text is the whole message.
    #[error("{0}")]
    Other(String),
}

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// It has no characters.
    #[error("it is empty")]
    Empty,
    /// It holds the character that sets a name apart from the number of its use.
    #[error("it holds a `#`")]
    Hash,
    /// It is longer than [`Key::NAME_LIMIT`].
    #[error("it is longer than {} bytes", Key::NAME_LIMIT)]
    TooLong,
}

fn mismatch(key: &Key, recorded: Kind, asked: Kind) -> String {
    if recorded == asked {
        format!("`{key}` was recorded with another {}", recorded.request())
    } else {
        format!("`{key}` was recorded as {recorded}, the handler now asks for {asked}")
    }
}
