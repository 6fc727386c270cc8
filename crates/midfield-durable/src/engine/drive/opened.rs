//! A claimed task, its contents opened.

use std::collections::BTreeMap;

use midfield_protocol::Raw;

use super::super::notes::{Notes, inner_key};
use super::super::seal::{self, Call, Place, Seal};
use super::super::{Error, KeptAnswer};
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
    /// What it is to be told when it asks.
    pub(super) refusals: Vec<(String, Reply)>,
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
            refusals: Vec::new(),
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
        let (mut answered, mut refusals) = (Vec::new(), Vec::new());
        let mut responses = BTreeMap::new();
        for (outer, answer) in seal::open_answers(seal, id, &loaded.answers)? {
            match answer {
                KeptAnswer::Result(result) => {
                    responses.insert(inner_key(&outer).to_owned(), result);
                    answered.push(outer);
                }
                refused @ KeptAnswer::Error { .. } => refusals.push((outer, refused.into())),
            }
        }
        Ok(Self {
            request: call.request,
            execution: Execution::resume(journal, notes.asked.clone(), responses),
            record: loaded.record,
            notes,
            answered,
            refusals,
        })
    }
}
