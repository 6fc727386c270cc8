//! Where tasks are kept.
//!
//! A [`Store`] has few verbs, each of which is atomic: it happens as a whole or not at all, and what it has answered with
//! `Ok` is kept, for as durable as the store is. It decides nothing: how a task changes is what [`Record`] says, and the
//! contents are bytes that it cannot read.

mod memory;
mod room;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "store-suite")]
pub mod suite;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::task::{Owner, Record, State, TaskId, WorkerId};

pub use memory::Memory;
#[cfg(feature = "sqlite")]
pub use sqlite::{Sqlite, SqliteOptions, Synchronous};

/// For how many milliseconds a worker is remembered whose time was over, so that it is told when it comes back: a week.
const REMEMBERED: u64 = 7 * 24 * 60 * 60 * 1000;

/// What a verb of a store will answer.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Where tasks are kept. Times are milliseconds since 1970, and always the caller's: a store reads no clock.
///
/// Dropping the future of a verb does not take the verb back: it may yet happen.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Keeps a new task. When a task of the same owner has the same idempotency key, nothing is kept, and that one is given
    /// if it was made for the same request.
    fn create(&self, new: NewTask) -> Pending<'_, Created>;

    /// Takes what is due for a worker: first what workers held whose time is over is free again, then tasks are given out, the
    /// oldest due first within an owner, one owner after the other. The next claim goes on with the owner after the last one.
    ///
    /// A worker whose time is over is given nothing, until it has said that it lives and was told that its time was over.
    ///
    /// What was begun too often has failed instead, and is given as well ([`Claimed::given_up`]).
    fn claim(&self, claim: Claim) -> Pending<'_, Claimed>;

    /// Says that a worker lives until `until`, and no longer: at that time it is over. A worker that has never said so holds
    /// nothing for long: say it before the first claim.
    ///
    /// Answers `false` when the worker's time was over before, or it has retired: then it holds nothing any more, and what it
    /// held is free or another's. A worker that was never heard of, or not for a week, is told `true`.
    fn renew(&self, worker: WorkerId, now: u64, until: u64) -> Pending<'_, bool>;

    /// Says that a worker holds nothing any more: what it held is free at once.
    fn retire(&self, worker: WorkerId, now: u64) -> Pending<'_, ()>;

    /// What the holder of a task has to say, in one: new chunks of the journal, what pollers see, and what comes next. `None` when
    /// it is not the holder any more (what it held was freed, or the task has ended): then nothing was written.
    ///
    /// When a task ends, its request, its journal and its answers are let go.
    fn write(&self, id: TaskId, fence: u64, write: Write) -> Pending<'_, Option<Record>>;

    /// Keeps answers to questions that are open and have none yet; other keys are passed over. `None` for an unknown task.
    fn answer(&self, id: TaskId, now: u64, answers: Vec<Answer>) -> Pending<'_, Option<Answered>>;

    /// Ends a task that has not ended, and gives it as it is then. `None` for an unknown task.
    fn cancel(&self, id: TaskId, now: u64) -> Pending<'_, Option<Record>>;

    /// Lets at most `most` tasks go whose time is over, as [`Record::expire`] says, and gives those that have changed.
    fn expire(&self, now: u64, grace: u64, most: usize) -> Pending<'_, Expired>;

    /// A task and what pollers see of it. `None` for an unknown task.
    fn get(&self, id: TaskId) -> Pending<'_, Option<Seen>>;

    /// The tasks of an owner in the order of making, those after the place `after`, at most `most`.
    fn list(&self, owner: Owner, after: u64, most: usize) -> Pending<'_, Vec<Seen>>;

    /// When the next task will be due or expire, a worker's time be over, whichever comes first: `None` when nothing will.
    fn next_due(&self) -> Pending<'_, Option<u64>>;

    /// How many tasks there are in each state.
    fn counts(&self) -> Pending<'_, Counts>;

    /// Whether somebody else, such as another process, has changed tasks since this was asked last.
    fn has_changed_elsewhere(&self) -> Pending<'_, bool>;
}

/// A task that is to be kept.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewTask {
    /// The task, as [`Record::new`] makes it, with its expiry. Its place is the store's to give.
    pub record: Record,
    /// The sealed request.
    pub request: Vec<u8>,
    /// The caller's idempotency key, as a digest.
    pub key: Option<[u8; 32]>,
    /// The digest of what is asked for, by which a repeated request is told from another one with the same key.
    pub digest: [u8; 32],
    /// The worker that takes it at once, unless its time is over.
    pub worker: Option<WorkerId>,
    /// How many tasks that have not ended its owner may have, this one included.
    pub most: usize,
}

impl NewTask {
    /// A task without an idempotency key, that no worker takes at once.
    pub fn new(record: Record, request: Vec<u8>, digest: [u8; 32]) -> Self {
        Self {
            record,
            request,
            key: None,
            digest,
            worker: None,
            most: usize::MAX,
        }
    }
}

/// What became of a task that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Created {
    /// It is kept.
    New(Record),
    /// It was there before, made by the same request.
    Again(Seen),
    /// Its key was used before for another request.
    KeyReused,
    /// Its owner has as many tasks as it may have.
    TooMany,
}

/// What a worker asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Claim {
    /// Who asks.
    pub worker: WorkerId,
    /// The time.
    pub now: u64,
    /// How many tasks it can take.
    pub most: usize,
    /// How many tasks of one owner may be held at once, by this worker.
    pub most_per_owner: usize,
    /// How many it holds of each owner already.
    pub held: Vec<(Owner, usize)>,
    /// How many more it can take of some lanes; of others as many as there are.
    pub lanes: Vec<(String, usize)>,
    /// How often a task is begun that gets nowhere.
    pub deliveries: u32,
}

impl Claim {
    /// All that is due, without limits but for `most`.
    pub fn new(worker: WorkerId, now: u64, most: usize) -> Self {
        Self {
            worker,
            now,
            most,
            most_per_owner: usize::MAX,
            held: Vec::new(),
            lanes: Vec::new(),
            deliveries: u32::MAX,
        }
    }
}

/// What a worker was given.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Claimed {
    /// What it holds now, to be run.
    pub tasks: Vec<Loaded>,
    /// What was begun too often, and has failed.
    pub given_up: Vec<Record>,
}

/// A task with all that is needed to run it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The task, held by whoever claimed it.
    pub record: Record,
    /// The sealed request.
    pub request: Vec<u8>,
    /// The sealed chunks of the journal, in order.
    pub journal: Vec<Vec<u8>>,
    /// What was written last for pollers and the next run, sealed; empty at first.
    pub notes: Vec<u8>,
    /// The answers that the handler has not learned yet.
    pub answers: Vec<Answer>,
}

/// An answer to an open question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a key and what is kept under it")]
pub struct Answer {
    /// The key of the question.
    pub key: String,
    /// The sealed answer.
    pub answer: Vec<u8>,
}

/// What became of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answered {
    /// The task now.
    pub record: Record,
    /// The keys of those that were kept.
    pub taken: Vec<String>,
}

/// What the holder of a task writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Write {
    /// The time.
    pub now: u64,
    /// Sealed chunks, added to the journal.
    pub append: Vec<Vec<u8>>,
    /// The keys of answers that the handler has learned: they are in the journal now, and no longer kept apart.
    pub learned: Vec<String>,
    /// The keys of the questions that are open, where they have changed.
    pub open: Option<Vec<String>>,
    /// What pollers and the next run see, sealed; where it has changed.
    pub notes: Option<Vec<u8>>,
    /// What comes next.
    pub next: Next,
}

impl Write {
    /// A write at `now` that changes nothing else yet.
    pub fn at(now: u64) -> Self {
        Self {
            now,
            ..Self::default()
        }
    }
}

/// What comes after a write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// The holder goes on.
    #[default]
    Hold,
    /// Nobody holds it until it is due or an answer comes; the time for the next claim, `None`: an answer alone wakes it.
    Park {
        /// From when on a worker may take it.
        due: Option<u64>,
    },
    /// It ends as the handler meant it to.
    Complete {
        /// The sealed result.
        result: Vec<u8>,
    },
    /// It ends with an error.
    Fail {
        /// The sealed error.
        result: Vec<u8>,
    },
}

/// What pollers see of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// The task.
    pub record: Record,
    /// What was written last for pollers, sealed; empty at first.
    pub notes: Vec<u8>,
    /// The sealed result or error, where it has one.
    pub result: Option<Vec<u8>>,
}

/// What became of tasks whose time was over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expired {
    /// Those that had not ended, and have failed now.
    pub failed: Vec<Record>,
    /// Those that are gone.
    pub gone: Vec<TaskId>,
}

/// How many tasks there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; State::ALL.len()]);

impl Counts {
    /// How many are in `state`.
    pub fn of(&self, state: State) -> u64 {
        self.0[state as usize]
    }

    /// Counts `more` in `state`.
    pub fn add(&mut self, state: State, more: u64) {
        self.0[state as usize] += more;
    }
}

/// Why a store could not do what it was asked for. Nothing of it was done, unless [`StoreError::is_unknown`] says so.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    what: String,
    is_unknown: bool,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// `what` says what was tried, and where it can be helped, what to do.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            is_unknown: false,
            source: None,
        }
    }

    /// With the error behind it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// As an error after which it is not known whether it was done: a commit that failed half-way.
    #[must_use]
    pub fn unknown(mut self) -> Self {
        self.is_unknown = true;
        self
    }

    /// Whether it may have been done all the same.
    pub fn is_unknown(&self) -> bool {
        self.is_unknown
    }
}
