//! A journal that is kept somewhere while the handler runs: the handler learns only what is kept.
//!
//! Without a keeper a handler goes on as soon as something is recorded. With one it goes on when its driver says that the
//! record is kept: what it has learned, and may have acted upon, is then never lost.

use std::future::{pending, poll_fn};
use std::task::{Context, Poll, Waker};

use super::state::State;
use super::{Execution, wake};
use crate::journal::Entry;
use crate::question::Asked;

/// What is to be kept of an execution, since it was taken last.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Unkept {
    /// What has been added to the journal: it is not changed any more.
    pub entries: Vec<Entry>,
    /// Whether something else has changed: what is asked, or what [`Execution::marks`] gives.
    pub has_moved: bool,
}

impl Unkept {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && !self.has_moved
    }
}

/// How far the keeping has come.
#[derive(Default)]
pub(super) struct Keeping {
    /// How many entries were taken, and how many of these are kept.
    entries: (usize, usize),
    /// The same of what moves: counted up with each change.
    moves: (u64, u64),
    waiters: Vec<Waker>,
}

impl Execution {
    /// Gives the execution a keeper: from now on its handler learns only what the driver has [`kept`](Self::kept). What the
    /// journal holds already is taken as kept.
    #[must_use]
    pub fn with_keeper(self) -> Self {
        {
            let mut state = self.lock();
            let entries = state.entries().len();
            state.keeping = Some(Keeping {
                entries: (entries, entries),
                ..Keeping::default()
            });
        }
        self
    }

    /// What is to be kept since this was asked last. Empty without a keeper.
    pub fn take_unkept(&self) -> Unkept {
        let mut state = self.lock();
        let moves = state.moves;
        let Some(keeping) = &mut state.keeping else {
            return Unkept::default();
        };
        let from = keeping.entries.0;
        let has_moved = keeping.moves.0 != moves;
        keeping.moves.0 = moves;
        let entries = state.entries_to_keep(from);
        if let Some(keeping) = &mut state.keeping {
            keeping.entries.0 += entries.len();
        }
        Unkept { entries, has_moved }
    }

    /// Says that all that was taken is kept, and lets the handler go on.
    pub fn kept(&self) {
        let mut state = self.lock();
        state.progress += 1;
        let Some(keeping) = &mut state.keeping else {
            return;
        };
        keeping.entries.1 = keeping.entries.0;
        keeping.moves.1 = keeping.moves.0;
        let waiters = std::mem::take(&mut keeping.waiters);
        drop(state);
        waiters.into_iter().for_each(Waker::wake);
    }

    /// Takes the keeper away: nothing is kept any more, and the handler need not wait for it. For a call that was ended, and
    /// may clean up. Steps that must not be done twice do not begin any more: another run may have done them.
    pub fn stop_keeping(&self) {
        let keeping = {
            let mut state = self.lock();
            state.has_lost_keeper = true;
            state.keeping.take()
        };
        let waiters = keeping.map(|keeping| keeping.waiters).unwrap_or_default();
        waiters.into_iter().for_each(Waker::wake);
    }

    /// Lets no step begin any more, so that the call can be put away when those that are at work have ended.
    pub fn begin_no_more(&self) {
        self.lock().begins_no_more = true;
    }

    /// Waits for ever when no step may begin.
    pub(super) async fn until_work_may_begin(&self) {
        if self.lock().begins_no_more {
            pending::<()>().await;
        }
    }

    /// What is to be kept beside the entries of the journal, and handed to [`resume`](Self::resume) at its end: sleeps that
    /// are not over, and steps that must not be done twice and have begun.
    pub fn marks(&self) -> Vec<Entry> {
        self.lock().marks()
    }

    /// As [`asked`](Self::asked), with the questions that are answered and whose answers the handler has not learned yet, and
    /// without those that it has passed by: what a keeper needs to hand the answers in again.
    pub fn asked_and_answered(&self) -> Vec<Asked> {
        self.lock().asked_and_answered()
    }

    /// Waits until all that moves is kept as it is now.
    pub(super) async fn until_moves_are_kept(&self) {
        let moves = self.lock().moves;
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.failure.is_some() || state.has_lost_keeper {
                return Poll::Pending;
            }
            let kept = state.keeping.as_ref().map_or(u64::MAX, |it| it.moves.1);
            if kept >= moves {
                return Poll::Ready(());
            }
            let driver = state.wait_for_keeper(cx);
            drop(state);
            wake(driver);
            Poll::Pending
        })
        .await;
    }
}

impl State {
    /// Whether the handler may learn of what stands at `at`.
    pub(super) fn is_kept(&self, at: usize) -> bool {
        let keeping = self.keeping.as_ref();
        keeping.is_none_or(|keeping| at < keeping.entries.1)
    }

    /// Whether what the handler is to learn next, if there is anything, is kept.
    pub(super) fn is_next_kept(&self) -> bool {
        self.next >= self.entries().len() || self.is_kept(self.next)
    }

    /// Wakes `cx` when something more is kept. Gives the driver to wake, who has something to keep.
    pub(super) fn wait_for_keeper(&mut self, cx: &Context<'_>) -> Option<Waker> {
        let keeping = self.keeping.as_mut()?;
        let waker = cx.waker();
        if !keeping.waiters.iter().any(|known| known.will_wake(waker)) {
            keeping.waiters.push(waker.clone());
        }
        self.driver.take()
    }
}
