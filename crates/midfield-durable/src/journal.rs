//! What a call has learned from outside itself, in order.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};

use midfield_protocol::{Error, Raw};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;
use crate::key::Key;
use crate::kind::Kind;

/// The entries of one call, in the order in which the handler learned of them. In JSON an array of entries.
///
/// At its end stand answers that the handler has yet to see, sleeps that are not over, and steps that must not be done twice
/// and have begun. They move when they are over, so that a journal is kept as a whole, unless its execution has a keeper
/// ([`Execution::take_unkept`](crate::Execution::take_unkept)).
///
/// It holds arguments, answers and results, and is as private as they are: keep it sealed. Its `Debug` tells only how
/// many entries there are.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Entry>")]
pub struct Journal(Vec<Entry>);

impl Journal {
    /// The entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.0
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of its JSON; the work grows with the journal.
    pub fn size(&self) -> usize {
        let mut counted = Counted(0);
        // Nothing in a journal can fail to be JSON, and counting cannot fail.
        let _ = serde_json::to_writer(&mut counted, self);
        counted.0
    }

    /// Takes out what has begun and is not over.
    pub(crate) fn split_off_marks(&mut self) -> Vec<Entry> {
        let is_mark =
            |entry: &mut Entry| matches!(entry.outcome, Outcome::Until(_) | Outcome::Started);
        self.0.extract_if(.., is_mark).collect()
    }

    /// The entries from a place on, to say more exactly when they were learned.
    pub(crate) fn entries_from(&mut self, from: usize) -> &mut [Entry] {
        self.0.get_mut(from..).unwrap_or_default()
    }

    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.0
    }

    /// Adds an entry, whose key the caller knows to be new.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.0.push(entry);
    }
}

impl TryFrom<Vec<Entry>> for Journal {
    type Error = String;

    fn try_from(entries: Vec<Entry>) -> Result<Self, String> {
        let mut keys = HashSet::with_capacity(entries.len());
        for entry in &entries {
            if !keys.insert(&entry.key) {
                return Err(format!("a journal holds `{}` twice", entry.key));
            }
        }
        Ok(Self(entries))
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("entries", &self.len())
            .finish()
    }
}

/// One thing that the handler learned; in JSON `[key, kind, digest, after, outcome]`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// By what it is known.
    pub key: Key,
    /// What was asked for.
    pub kind: Kind,
    /// The digest of what was asked.
    pub digest: Digest,
    /// How often the handler had asked for anything when this was recorded: a replay tells it no sooner.
    pub after: u64,
    /// What came of it.
    pub outcome: Outcome,
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            key,
            kind,
            digest,
            after,
            outcome,
        } = self;
        (key, kind, digest, after, outcome).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, kind, digest, after, outcome) = Deserialize::deserialize(deserializer)?;
        Ok(Self {
            key,
            kind,
            digest,
            after,
            outcome,
        })
    }
}

/// What came of what was asked for; in JSON `{"done": …}`, `{"failed": {"code": …, "message": …, "error": …}}`,
/// `{"until": …}`, `"started"` or `"unknown"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// The answer, the result, or for a sleep that is over its end in milliseconds since 1970.
    Done(Raw),
    /// The error with which a step ended, or with which a peer refused to answer.
    Failed {
        /// The code that the peer gave; steps have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
        /// The text of the error.
        message: String,
        /// With what the call is to be answered, where a step failed of that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Box<Error>>,
    },
    /// A sleep that is not over: when it will be, in milliseconds since 1970.
    Until(u64),
    /// A step that must not be done twice has begun.
    Started,
    /// A step that must not be done twice had begun when its process died: whether it was done is not known.
    Unknown,
}

/// Counts what is written to it.
struct Counted(usize);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
