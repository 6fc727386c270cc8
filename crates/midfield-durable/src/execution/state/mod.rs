//! What an execution keeps under its lock. Nothing here waits, wakes or calls foreign code.

mod questions;

pub(super) use questions::{Accept, Open};

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use midfield_protocol::Raw;

use super::keeping::Keeping;
use crate::digest::Digest;
use crate::failure::Failure;
use crate::journal::{Entry, Journal, Outcome};
use crate::key::Key;
use crate::kind::Kind;
use crate::question::Reply;

/// The state of an execution.
#[derive(Default)]
pub(super) struct State {
    /// What the handler has learned, and on a replay what it is about to.
    journal: Journal,
    /// Which entries of the journal the handler has learned, or dropped.
    passed: Vec<bool>,
    /// The first entry that it has not.
    pub(super) next: usize,
    /// How often the handler has asked for anything.
    begun: u64,
    /// How often it had when the journal was written.
    begun_before: u64,
    /// Grows with all that the handler asks for and learns.
    pub(super) progress: u64,
    /// Where the entries of the journal that the handler has not come to yet stand in it.
    replayed: BTreeMap<Key, usize>,
    /// How often each name was used in this run.
    uses: BTreeMap<String, u32>,
    /// Questions that were asked before and not yet again, some with what came back for them.
    pub(super) unclaimed: BTreeMap<String, (Digest, Option<Reply>)>,
    /// What the peer said before it was asked, by key.
    pub(super) volunteered: BTreeMap<String, Raw>,
    /// The questions that the handler waits for, in order of asking.
    questions: BTreeMap<u64, Open>,
    next_question: u64,
    pub(super) withdrawn: Vec<String>,
    /// How many steps run.
    pub(super) running: usize,
    /// Which entries wait for their turn.
    pub(super) held: BTreeSet<usize>,
    /// The marks that the journal ended with, and that the handler has not come to yet, and those that it has left behind.
    left: BTreeMap<Key, Entry>,
    /// Sleeps that are not over, and steps that have begun and must not be done twice.
    marked: BTreeMap<Key, Entry>,
    /// Who keeps the journal while the handler runs.
    pub(super) keeping: Option<Keeping>,
    /// Whether the call is about to be put away.
    pub(super) begins_no_more: bool,
    /// Whether there was a keeper, and is none any more.
    pub(super) has_lost_keeper: bool,
    /// Grows with each change of the marks, and of what is asked.
    pub(super) moves: u64,
    pub(super) failure: Option<Failure>,
    pub(super) driver: Option<Waker>,
}

/// What is known of something that the handler asks for.
pub(super) enum Begun {
    /// It was recorded, and but for a sleep that is not over it has a place in the order.
    Recorded(Key, Option<usize>, Digest, Outcome),
    /// It is new.
    New(Key, Digest),
}

impl State {
    pub(super) fn resumed(
        mut journal: Journal,
        unclaimed: BTreeMap<String, (Digest, Option<Reply>)>,
        begun_before: u64,
    ) -> Self {
        let marks = journal.split_off_marks();
        let latest = marks.iter().map(|mark| mark.after).max();
        let entries = journal.entries().iter().enumerate();
        Self {
            left: marks
                .into_iter()
                .map(|mark| (mark.key.clone(), mark))
                .collect(),
            replayed: entries.map(|(at, entry)| (entry.key.clone(), at)).collect(),
            begun_before: begun_before.max(latest.unwrap_or(0)),
            passed: vec![false; journal.len()],
            journal,
            unclaimed,
            ..Self::default()
        }
    }

    /// Counts a use of `name`, and looks up what is recorded of it.
    pub(super) fn begin(
        &mut self,
        kind: Kind,
        name: &str,
        request: &Raw,
        limit: usize,
    ) -> Result<Begun, Failure> {
        let occurrence = self.uses.get(name).copied().unwrap_or(0).saturating_add(1);
        let key = Key::new(name, occurrence).map_err(|problem| Failure::Name {
            name: name
                .get(..name.floor_char_boundary(Key::NAME_LIMIT))
                .unwrap_or_default()
                .to_owned(),
            problem,
        })?;
        self.uses.insert(name.to_owned(), occurrence);
        self.begun += 1;
        self.progress += 1;
        let digest = Digest::of(kind, request);
        let at = self.replayed.remove(&key);
        let marked = self.left.remove(&key);
        if marked.is_some() {
            self.moves += 1;
        }
        let entry = at
            .and_then(|at| self.journal.entries().get(at))
            .or(marked.as_ref());
        match entry {
            Some(entry) if entry.kind == kind && entry.digest == digest => {
                Ok(Begun::Recorded(key, at, digest, entry.outcome.clone()))
            }
            Some(entry) => Err(Failure::Mismatch {
                key,
                recorded: entry.kind,
                asked: kind,
            }),
            None if self.promised() >= limit => Err(Failure::TooLarge { limit }),
            None => Ok(Begun::New(key, digest)),
        }
    }

    /// Records an entry, and gives its place in the order.
    pub(super) fn push(&mut self, entry: Entry) -> usize {
        self.journal.push(Entry {
            after: self.horizon(),
            ..entry
        });
        self.passed.push(false);
        self.journal.len() - 1
    }

    /// Whether the handler can be told what stands at `at`: all that it was told before, and had asked for by then.
    pub(super) fn is_turn(&self, at: usize) -> bool {
        let after = self
            .journal
            .entries()
            .get(at)
            .map_or(0, |entry| entry.after);
        self.next == at && self.begun >= after
    }

    /// Notes that the handler has learned the entry at `at`, or has dropped it.
    pub(super) fn pass(&mut self, at: usize) {
        self.progress += 1;
        if let Some(passed) = self.passed.get_mut(at) {
            *passed = true;
        }
        while self.passed.get(self.next) == Some(&true) {
            self.next += 1;
        }
    }

    /// Marks the beginning of a sleep, or of a step that must not be done twice.
    pub(super) fn mark(&mut self, entry: Entry) {
        self.marked.insert(entry.key.clone(), entry);
        self.moves += 1;
    }

    /// Records the end of what was marked, and gives its place in the order.
    pub(super) fn end_mark(&mut self, entry: Entry) -> usize {
        self.unmark(&entry.key);
        self.push(entry)
    }

    /// Leaves a mark to the next run.
    pub(super) fn leave_mark(&mut self, key: &Key) {
        if let Some(entry) = self.marked.remove(key) {
            self.left.insert(entry.key.clone(), entry);
        }
    }

    /// Forgets a mark.
    pub(super) fn unmark(&mut self, key: &Key) {
        if self.marked.remove(key).is_some() {
            self.moves += 1;
        }
    }

    /// When the first of the sleeps ends, in milliseconds since 1970.
    pub(super) fn first_end(&self) -> Option<u64> {
        let ends = self
            .marked
            .values()
            .filter_map(|entry| match entry.outcome {
                Outcome::Until(end) => Some(end),
                _ => None,
            });
        ends.min()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.running + self.held.len() == 0
            && !self.questions.is_empty()
            && self.questions.values().all(Open::is_open)
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.running + self.held.len() == 0
            && !(self.questions.is_empty() && self.marked.is_empty())
            && self.questions.values().all(Open::is_open)
    }

    /// Lets go of an entry that waited for its turn. Gives the driver to wake.
    pub(super) fn release(&mut self, at: usize) -> Option<Waker> {
        self.held.remove(&at);
        self.driver.take()
    }

    /// Sets the failure, if it is the first, and gives the driver to wake.
    pub(super) fn fail(&mut self, failure: Failure) -> Option<Waker> {
        if self.failure.is_some() {
            return None;
        }
        self.failure = Some(failure);
        self.driver.take()
    }

    pub(super) fn snapshot(&self) -> Journal {
        let mut journal = self.journal.clone();
        let after = self.horizon();
        let answered = self.questions.values().filter(|open| !open.is_open());
        for entry in answered.filter_map(|open| open.clone().into_entry()) {
            journal.push(Entry { after, ..entry });
        }
        for mark in self.marks() {
            journal.push(Entry { after, ..mark });
        }
        journal
    }

    /// What was recorded from a place on, as it is to be kept. The handler learns it only after that: a replay tells it no sooner
    /// than the handler has asked for as much as it has by now.
    pub(super) fn entries_to_keep(&mut self, from: usize) -> Vec<Entry> {
        let after = self.horizon();
        let entries = self.journal.entries_from(from);
        for entry in &mut *entries {
            entry.after = after;
        }
        entries.to_vec()
    }

    /// What was recorded in full, in the order of learning.
    pub(super) fn entries(&self) -> &[Entry] {
        self.journal.entries()
    }

    pub(super) fn marks(&self) -> Vec<Entry> {
        let after = self.horizon();
        let marks = self.marked.values().chain(self.left.values());
        marks
            .map(|mark| Entry {
                after,
                ..mark.clone()
            })
            .collect()
    }

    pub(super) fn count(&self) -> usize {
        let answered = self.questions.values().filter(|open| !open.is_open());
        self.journal.len() + answered.count() + self.marked.len() + self.left.len()
    }

    /// How often the handler must have asked for anything before a replay tells it what it has not learned by now: so
    /// it cannot come to other keys for what it has asked for already.
    fn horizon(&self) -> u64 {
        self.begun.max(self.begun_before)
    }

    /// How many entries the journal will hold when all that was begun has ended.
    fn promised(&self) -> usize {
        self.journal.len()
            + self.questions.len()
            + self.running
            + self.marked.len()
            + self.left.len()
    }
}
