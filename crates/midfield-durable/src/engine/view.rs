//! What its owner sees of a task.

use std::time::Duration;

use midfield_protocol::Raw;

use super::Error;
use super::notes::Notes;
use super::seal::{self, Place, Seal};
use crate::kind::Kind;
use crate::store::Seen;
use crate::task::{Reason, Record, State, TaskId};

/// What its owner sees of a task.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct View {
    /// Its name.
    pub id: TaskId,
    /// Which kind of work it is.
    pub lane: String,
    /// Its place among all tasks of the store, in the order of making.
    pub place: u64,
    /// In which state it is.
    pub state: State,
    /// Why it ended, where no result says it.
    pub reason: Option<Reason>,
    /// When it was made, in milliseconds since 1970.
    pub created: u64,
    /// When it changed last, in milliseconds since 1970.
    pub updated: u64,
    /// How long it is kept, from its making.
    pub lifetime: Option<Duration>,
    /// Grows with each change.
    pub version: u64,
    /// How far it is, in words.
    pub message: Option<String>,
    /// What it waits for.
    pub questions: Vec<OpenQuestion>,
    /// What it ended with.
    pub result: Option<Raw>,
}

/// A question of a task that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OpenQuestion {
    /// Under which key it is answered: never used twice in a task.
    pub key: String,
    /// What is asked for.
    pub kind: Kind,
    /// What is asked.
    pub request: Raw,
}

impl View {
    pub(super) fn of(seal: &dyn Seal, seen: Seen) -> Result<Self, Error> {
        let Seen {
            record,
            notes,
            result,
        } = seen;
        let id = record.id;
        let notes: Notes = if notes.is_empty() {
            Notes::default()
        } else {
            seal::open(seal, id, Place::Notes, &notes)?
        };
        let result = match result {
            Some(result) => Some(seal::open(seal, id, Place::Result, &result)?),
            None => None,
        };
        let questions = open_questions(&record, &notes);
        Ok(Self {
            id,
            lane: record.lane,
            place: record.place,
            state: record.state,
            reason: record.reason,
            created: record.created,
            updated: record.updated,
            lifetime: record
                .expires
                .map(|end| Duration::from_millis(end.saturating_sub(record.created))),
            version: record.version,
            message: notes.message,
            questions,
            result,
        })
    }
}

/// The questions that have no answer yet.
fn open_questions(record: &Record, notes: &Notes) -> Vec<OpenQuestion> {
    let questions = notes.questions.iter().map(|question| OpenQuestion {
        key: notes.outer_key(&question.key),
        kind: question.kind,
        request: question.request.clone(),
    });
    let is_open = |question: &OpenQuestion| {
        record.open.contains(&question.key) && !record.answered.contains(&question.key)
    };
    questions.filter(is_open).collect()
}
