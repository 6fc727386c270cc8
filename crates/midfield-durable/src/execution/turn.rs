//! The order in which a handler learns, the same in each run.
//!
//! Branches of a handler that run side by side (`join!`) can use the same names: which of them is the second to use a
//! name depends on which went on first. So a replay tells what is recorded in the order in which it was learned before,
//! each thing no sooner than the handler has asked for as much as it had by then, and what is new after that.

use std::future::poll_fn;
use std::task::{Context, Poll};

use super::state::State;
use super::{Execution, wake};
use crate::journal::{Entry, Outcome};

impl Execution {
    /// Records what the handler is about to learn, and gives it at its turn.
    pub(super) async fn learn(&self, entry: Entry) -> Outcome {
        let outcome = entry.outcome.clone();
        let at = self.lock().push(entry);
        self.turn(Some(at)).await;
        outcome
    }

    /// Waits until the handler has learned what stands in the journal before `at`, or has dropped it, and has asked for
    /// as much as before. What has no place waits for nothing.
    ///
    /// A handler that is not deterministic may never come to what stands there. Its names still tell its entries apart,
    /// so that after some rounds in which nothing moved, an entry is given out of its turn rather than never.
    pub(super) async fn turn(&self, at: Option<usize>) {
        let Some(at) = at else { return };
        let mut turn = Turn {
            execution: self,
            at,
            seen: 0,
            idle: 0,
            place: Place::New,
        };
        poll_fn(|cx| turn.poll(cx)).await;
    }

    /// Waits until the handler has learned all that is recorded now. As with a [`turn`](Self::turn), what it never comes to
    /// is waited for only for some rounds.
    pub(super) async fn until_learned(&self) {
        let upto = self.lock().entries().len();
        let (mut seen, mut idle) = (0, 0);
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.failure.is_some() || state.has_lost_keeper {
                return Poll::Pending;
            }
            if state.next >= upto {
                return Poll::Ready(());
            }
            if !state.is_next_kept() {
                idle = 0;
                let driver = state.wait_for_keeper(cx);
                drop(state);
                wake(driver);
                return Poll::Pending;
            }
            idle = if state.progress == seen { idle + 1 } else { 0 };
            seen = state.progress;
            if idle > IDLE_ROUNDS {
                return Poll::Ready(());
            }
            drop(state);
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// A place in the order.
struct Turn<'a> {
    execution: &'a Execution,
    at: usize,
    /// How far the execution had come when it was looked at last.
    seen: u64,
    /// How often it had not come further since.
    idle: u32,
    place: Place,
}

#[derive(PartialEq)]
enum Place {
    New,
    Held,
    Learned,
}

impl Turn<'_> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.execution.lock();
        if state.failure.is_some() {
            return Poll::Pending;
        }
        self.idle = if state.progress == self.seen {
            self.idle + 1
        } else {
            0
        };
        self.seen = state.progress;
        // Whoever waits for the keeper keeps nobody idle.
        if !state.is_next_kept() {
            self.idle = 0;
        }
        if !state.is_kept(self.at) {
            self.hold(&mut state);
            let driver = state.wait_for_keeper(cx);
            drop(state);
            wake(driver);
            return Poll::Pending;
        }
        // Out of their turn, too, what was learned first comes first.
        let is_first = state.held.first().is_none_or(|first| *first >= self.at);
        if state.is_turn(self.at) || is_first && self.idle > IDLE_ROUNDS {
            let driver = if self.place == Place::Held {
                state.release(self.at)
            } else {
                None
            };
            self.place = Place::Learned;
            state.pass(self.at);
            drop(state);
            wake(driver);
            return Poll::Ready(());
        }
        self.hold(&mut state);
        drop(state);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Counts as something that is about to go on.
    fn hold(&mut self, state: &mut State) {
        if self.place == Place::New {
            self.place = Place::Held;
            state.held.insert(self.at);
        }
    }
}

/// What is dropped before its turn keeps nobody waiting.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.place == Place::Learned {
            return;
        }
        let mut state = self.execution.lock();
        let driver = if self.place == Place::Held {
            state.release(self.at)
        } else {
            None
        };
        state.pass(self.at);
        drop(state);
        wake(driver);
    }
}

/// In how many rounds nothing may move before the order is given up.
const IDLE_ROUNDS: u32 = 3;
