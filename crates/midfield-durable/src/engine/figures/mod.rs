//! What an engine has done, in numbers: for whoever watches over it. They begin at nothing with the process, and count what
//! this engine did itself, not what others did to the same store.

mod histogram;
mod measured;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::task::{Record, State};

pub use histogram::{Bucket, Histogram};
pub(super) use measured::Measured;

use histogram::Buckets;

/// What an engine has done since it was made; see [`Engine::figures`](super::Engine::figures).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Figures {
    /// How many tasks were made.
    pub made: u64,
    /// How many tasks ended as their handlers meant them to.
    pub completed: u64,
    /// How many tasks ended with an error, or because their time was over, or because they were begun too often.
    pub failed: u64,
    /// How many tasks somebody ended.
    pub cancelled: u64,
    /// How often a task was taken from the store to be run. Tasks that run from their making are not among them.
    pub claims: u64,
    /// How many claims had a journal: the handler was run again from there.
    pub replays: u64,
    /// How many runs were given up because the lease was lost.
    pub lease_losses: u64,
    /// How often the store failed.
    pub store_errors: u64,
    /// How many questions tasks asked.
    pub questions_asked: u64,
    /// How many answers were kept.
    pub questions_answered: u64,
    /// How many tasks are in this process's memory now.
    pub running: usize,
    /// How many seconds tasks took from their making to their end.
    pub seconds: Histogram,
    /// How many seconds each verb of the store took, by its name.
    pub verbs: Vec<(&'static str, Histogram)>,
}

/// The figures as they grow.
#[derive(Debug)]
pub(super) struct Counters {
    made: AtomicU64,
    completed: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    claims: AtomicU64,
    replays: AtomicU64,
    lease_losses: AtomicU64,
    store_errors: AtomicU64,
    questions_asked: AtomicU64,
    questions_answered: AtomicU64,
    seconds: Buckets,
    verbs: [Buckets; measured::VERBS.len()],
}

impl Counters {
    pub(super) fn new() -> Self {
        Self {
            made: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            claims: AtomicU64::new(0),
            replays: AtomicU64::new(0),
            lease_losses: AtomicU64::new(0),
            store_errors: AtomicU64::new(0),
            questions_asked: AtomicU64::new(0),
            questions_answered: AtomicU64::new(0),
            seconds: Buckets::new(&TASK_SECONDS),
            verbs: std::array::from_fn(|_| Buckets::new(&VERB_SECONDS)),
        }
    }

    /// A task has changed from what it was before, if anything.
    pub(super) fn transitioned(&self, record: &Record) {
        let ended = match record.state {
            State::Completed => &self.completed,
            State::Failed => &self.failed,
            State::Cancelled => &self.cancelled,
            _ => return,
        };
        add(ended, 1);
        let took = record.updated.saturating_sub(record.created);
        self.seconds.add(Duration::from_millis(took));
    }

    /// A run has written: its questions were those of `before`, and are those of `after`.
    pub(super) fn wrote(&self, before: &Record, after: &Record) {
        let is_new = |key: &&String| !before.open.contains(key);
        let asked = after.open.iter().filter(is_new).count();
        add(&self.questions_asked, asked);
    }

    pub(super) fn lease_lost(&self) {
        add(&self.lease_losses, 1);
    }

    /// The figures as they are now.
    pub(super) fn figures(&self, running: usize) -> Figures {
        let verbs = measured::VERBS.into_iter().zip(&self.verbs);
        Figures {
            made: read(&self.made),
            completed: read(&self.completed),
            failed: read(&self.failed),
            cancelled: read(&self.cancelled),
            claims: read(&self.claims),
            replays: read(&self.replays),
            lease_losses: read(&self.lease_losses),
            store_errors: read(&self.store_errors),
            questions_asked: read(&self.questions_asked),
            questions_answered: read(&self.questions_answered),
            running,
            seconds: self.seconds.histogram(),
            verbs: verbs
                .map(|(verb, buckets)| (verb, buckets.histogram()))
                .collect(),
        }
    }
}

/// Each figure is true for itself; nobody needs them to agree to the last one.
fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// The bounds of the seconds that tasks take.
const TASK_SECONDS: [f64; 12] = [
    0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0,
];

/// The bounds of the seconds that verbs of a store take.
const VERB_SECONDS: [f64; 12] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0,
];
