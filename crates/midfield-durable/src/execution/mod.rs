//! One run of a handler from its journal: what its context asks through it, and what its driver sees of it.

mod ask;
mod clock;
mod keeping;
mod sleep;
mod state;
mod step;
mod turn;

use std::collections::BTreeMap;
use std::fmt;
use std::future::pending;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use midfield_protocol::Raw;

use crate::failure::Failure;
use crate::journal::Journal;
use crate::kind::Kind;
use crate::question::{Asked, Question, Reply};

pub use clock::Clock;
pub use keeping::Unkept;

use state::{Begun, Open, State};

/// One run of a handler, shared between the handler's context and whoever drives it.
///
/// The handler side is [`ask`](Self::ask), [`step`](Self::step) and [`sleep`](Self::sleep). They give what the journal
/// holds, or wait. After a [`Failure`] they stay pending for ever, so that no `?`, `match` or `select!` of the handler
/// can swallow it.
///
/// The driver polls the handler. When a poll leaves it pending, the driver looks at [`failure`](Self::failure), sends
/// what [`take_new_questions`](Self::take_new_questions) or [`open_questions`](Self::open_questions) give, and hands
/// answers in with [`answer`](Self::answer), which wakes the handler. It may also put the call away: take
/// [`journal`](Self::journal), [`asked`](Self::asked) and [`unclaimed`](Self::unclaimed), **then** drop the handler
/// (dropping withdraws its questions), and later [`resume`](Self::resume).
///
/// An empty execution allocates nothing.
pub struct Execution {
    id: OnceLock<String>,
    clock: OnceLock<Clock>,
    limit: usize,
    state: Mutex<State>,
}

impl Execution {
    /// A call that has learned nothing yet.
    pub fn new() -> Self {
        Self {
            id: OnceLock::new(),
            clock: OnceLock::new(),
            limit: Self::ENTRY_LIMIT,
            state: Mutex::default(),
        }
    }

    /// A call that goes on from its journal.
    ///
    /// `asked` are the questions that the peer was asked last, and `responses` what it answered, by key. A response
    /// counts only for a question that was asked, and only if the handler asks the very same again; what else the peer
    /// sends is left out, and a response that does not fit leaves its question open.
    pub fn resume(journal: Journal, asked: Vec<Asked>, responses: BTreeMap<String, Raw>) -> Self {
        let replies = responses.into_iter();
        let replies = replies.map(|(key, response)| (key, Reply::Answered(response)));
        Self::resume_with(journal, asked, replies.collect())
    }

    /// As [`resume`](Self::resume), where what came back may be errors, too.
    pub(crate) fn resume_with(
        journal: Journal,
        asked: Vec<Asked>,
        mut replies: BTreeMap<String, Reply>,
    ) -> Self {
        let latest = asked.iter().map(|asked| asked.after).max();
        let unclaimed = asked
            .into_iter()
            .map(|asked| {
                let reply = replies.remove(&asked.key);
                (asked.key, (asked.digest, reply))
            })
            .collect();
        Self {
            state: Mutex::new(State::resumed(journal, unclaimed, latest.unwrap_or(0))),
            ..Self::new()
        }
    }

    /// A call that has learned nothing yet, whose peer says some things before it is asked. They count for questions
    /// that they fit; the others are asked.
    pub fn volunteered(responses: BTreeMap<String, Raw>) -> Self {
        let execution = Self::new();
        execution.lock().volunteered = responses;
        execution
    }

    /// Gives the execution an id, of which its idempotency keys are made: the same for all runs of one call, another
    /// for each call. Without an id the keys are unique to this run.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self {
            id: OnceLock::from(id.into()),
            ..self
        }
    }

    /// Gives the execution a clock. By default it reads the system's once, at its first sleep.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self {
            clock: OnceLock::from(clock),
            ..self
        }
    }

    /// Sets the most entries that the journal may hold; asking for more is [`Failure::TooLarge`]. Default
    /// [`Self::ENTRY_LIMIT`].
    #[must_use]
    pub fn with_entry_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The questions that are open and were not yet taken, in order of asking. Each is given once.
    pub fn take_new_questions(&self) -> Vec<Question> {
        self.lock().take_new_questions()
    }

    /// All questions that are open now, in order of asking.
    pub fn open_questions(&self) -> Vec<Question> {
        self.lock().open().map(Open::question).collect()
    }

    /// The keys of questions that were taken and that the handler no longer waits for, as it dropped their futures.
    /// Each is given once. Nothing is said of questions that were answered or never taken.
    pub fn take_withdrawn(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().withdrawn)
    }

    /// Whether the handler waits for answers and nothing else: at least one question is open, no answer is on its way
    /// to the handler, and no step is running. A sleep may be: see [`next_deadline`](Self::next_deadline).
    pub fn is_waiting(&self) -> bool {
        self.lock().is_waiting()
    }

    /// Whether the handler waits for answers and sleeps, and nothing else.
    pub fn is_at_rest(&self) -> bool {
        self.lock().is_at_rest()
    }

    /// Whether a step is at work, or something is on its way to the handler.
    pub fn is_running(&self) -> bool {
        let state = self.lock();
        state.running + state.held.len() > 0
    }

    /// When the first sleep ends, in milliseconds since 1970.
    pub(crate) fn first_end(&self) -> Option<u64> {
        self.lock().first_end()
    }

    /// When the first of the sleeps that are running ends; for a driver that puts a sleeping call away.
    pub fn next_deadline(&self) -> Option<SystemTime> {
        let first = self.lock().first_end()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(first))
    }

    /// Ends the call, unless it has failed already: from now on nothing that the handler waits for becomes ready.
    pub fn fail(&self, failure: Failure) {
        let driver = self.lock().fail(failure);
        wake(driver);
    }

    /// Why the call cannot go on.
    pub fn failure(&self) -> Option<Failure> {
        self.lock().failure.clone()
    }

    /// What is recorded now, replayed entries and new ones; at the end answers on their way to the handler, and sleeps
    /// that are not over.
    pub fn journal(&self) -> Journal {
        self.lock().snapshot()
    }

    /// What is to be carried with the journal of the questions that are open, and of those that were handed to
    /// [`resume`](Self::resume) and that the handler has not come to yet.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked()
    }

    /// The responses that the handler has not come to yet, to be carried with [`asked`](Self::asked) when the call is
    /// put away early.
    pub fn unclaimed(&self) -> BTreeMap<String, Raw> {
        let state = self.lock();
        let responses = state.unclaimed.iter();
        responses
            .filter_map(|(key, (_, reply))| match reply {
                Some(Reply::Answered(response)) => Some((key.clone(), response.clone())),
                _ => None,
            })
            .collect()
    }

    /// How many entries [`journal`](Self::journal) would give.
    pub fn count(&self) -> usize {
        self.lock().count()
    }

    /// Whether [`journal`](Self::journal) would give any.
    pub fn has_entries(&self) -> bool {
        self.count() > 0
    }

    /// Wakes `driver`, once, when a question is asked or withdrawn, when a step stops running, when something that is
    /// recorded has had its turn, when the driver is called, or when the call fails: a handler may use its context in
    /// tasks of its own, which the driver does not poll. To be asked before the driver looks, so that nothing happens
    /// in between.
    pub fn wake_on_change(&self, driver: &Waker) {
        let mut state = self.lock();
        let known = state.driver.as_ref();
        if known.is_some_and(|known| known.will_wake(driver)) {
            return;
        }
        let replaced = state.driver.replace(driver.clone());
        drop(state);
        // A waker may run anything when it is dropped.
        drop(replaced);
    }

    /// Wakes the driver that waits for a change, for what the driver knows of by another way.
    pub fn call_driver(&self) {
        let driver = self.lock().driver.take();
        wake(driver);
    }

    /// The most entries in a journal, unless set otherwise.
    pub const ENTRY_LIMIT: usize = 10_000;

    /// Counts a use of `name`, and looks up what is recorded of it. `None` when the call cannot go on.
    fn begin(&self, kind: Kind, name: &str, request: &Raw) -> Option<Begun> {
        let mut state = self.lock();
        if state.failure.is_some() {
            return None;
        }
        match state.begin(kind, name, request, self.limit) {
            Ok(begun) => Some(begun),
            Err(failure) => {
                let driver = state.fail(failure);
                drop(state);
                wake(driver);
                None
            }
        }
    }

    /// Ends the call, and waits for ever.
    async fn halt<T>(&self, failure: Failure) -> T {
        self.fail(failure);
        pending().await
    }

    /// The id that was given, or one of this run.
    pub fn id(&self) -> &str {
        // The hasher's keys are random, which makes it unlikely enough that two runs share their id.
        self.id.get_or_init(|| {
            let [high, low] = [(); 2].map(|()| RandomState::new().hash_one(SystemTime::now()));
            format!("{high:016x}{low:016x}")
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Execution {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Execution")
            .field("entries", &state.count())
            .field("open", &state.open().count())
            .field("running", &state.running)
            .field("failure", &state.failure)
            .finish_non_exhaustive()
    }
}

/// Wakes who waits; never called while the state is locked, as a waker may run anything.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
