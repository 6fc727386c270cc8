//! A claimed task, its contents opened.

use std::collections::BTreeMap;

use midfield_protocol::Raw;

use super::super::Error;
use super::super::notes::{Notes, inner_key};
use super::super::seal::{self, Call, Place, Seal};
use crate::execution::Execution;
use crate::question::Reply;
use crate::store::Loaded;
use crate::task::Record;

/// A task with its contents.
pub(in crate::engine) struct Opened {
    pub(super) record: Record,
    pub(super) request: Raw,
    pub(super) notes: Notes,
    pub(super) execution: Execution,
    /// The outer keys of the answers that the execution has.
    pub(super) answered: Vec<String>,
    /// Answers to questions that the run before had not come to.
    pub(super) early: Vec<(String, Reply)>,
}

impl Opened {
    /// A task that was just made.
    pub(in crate::engine) fn new(record: Record, call: Call) -> Self {
        let nothing = BTreeMap::new();
        Self {
            record,
            request: call.request,
            notes: Notes::default(),
            execution: Execution::resume(call.journal, Vec::new(), nothing),
            answered: Vec::new(),
            early: Vec::new(),
        }
    }

    /// A task that was claimed; without its contents where they cannot be read.
    pub(in crate::engine) fn open(
        seal: &dyn Seal,
        loaded: Loaded,
    ) -> Result<Self, Box<(Record, Error)>> {
        let record = loaded.record.clone();
        Self::try_open(seal, loaded).map_err(|error| Box::new((record, error)))
    }

    fn try_open(seal: &dyn Seal, loaded: Loaded) -> Result<Self, Error> {
        let id = loaded.record.id;
        let notes: Notes = if loaded.notes.is_empty() {
            Notes::default()
        } else {
            seal::open(seal, id, Place::Notes, &loaded.notes)?
        };
        let call: Call = seal::open(seal, id, Place::Request, &loaded.request)?;
        let marks = notes.marks.clone();
        let journal = seal::open_journal(seal, id, call.journal, &loaded.journal, marks)?;
        let (mut answered, mut early) = (Vec::new(), Vec::new());
        let mut replies = BTreeMap::new();
        for (outer, answer) in seal::open_answers(seal, id, &loaded.answers)? {
            let key = inner_key(&outer);
            if notes.asked.iter().any(|asked| asked.key == key) {
                replies.insert(key.to_owned(), answer.into());
                answered.push(outer);
            } else {
                early.push((outer, answer.into()));
            }
        }
        Ok(Self {
            request: call.request,
            execution: Execution::resume_with(journal, notes.asked.clone(), replies),
            record: loaded.record,
            notes,
            answered,
            early,
        })
    }
}
