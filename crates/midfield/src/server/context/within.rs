//! Whether a step is at work right here, so that what its work calls knows that it is part of the step.
//!
//! The mark stands on a thread for as long as the work is polled there. Other branches and tasks of the same call, which
//! are polled before, after or elsewhere, are not within the step; nor is a task that the work spawns.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use midfield_durable::{Attempt, IdempotencyKey};

/// One attempt of a step.
pub(super) struct Within {
    /// The call that it belongs to, see [`Within::here`].
    call: usize,
    key: IdempotencyKey,
    /// How often each name was used within it. Each attempt counts anew, and so comes to the same keys.
    uses: Mutex<BTreeMap<String, u32>>,
}

thread_local! {
    /// The steps that are polled on this thread, the innermost last: one within the other where the work of one polls
    /// another call.
    static HERE: RefCell<Vec<Arc<Within>>> = const { RefCell::new(Vec::new()) };
}

impl Within {
    /// The step of the call `call` that is being polled on this thread.
    pub(super) fn here(call: usize) -> Option<Arc<Self>> {
        HERE.with_borrow(|here| here.iter().rev().find(|step| step.call == call).cloned())
    }

    /// Does the work of an attempt, marked as such.
    pub(super) async fn mark<F: Future>(call: usize, key: IdempotencyKey, work: F) -> F::Output {
        let step = Arc::new(Self {
            call,
            key,
            uses: Mutex::default(),
        });
        let mut work = pin!(work);
        poll_fn(|task| {
            let _mark = Mark::put(step.clone());
            work.as_mut().poll(task)
        })
        .await
    }

    /// The attempt of work that uses `name` within the step.
    pub(super) fn attempt(&self, name: &str) -> Attempt {
        let occurrence = {
            let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            let uses = uses.entry(name.to_owned()).or_default();
            *uses = uses.saturating_add(1);
            *uses
        };
        Attempt::within(&self.key, name, occurrence)
    }
}

/// Takes the mark away, also when the work panics.
struct Mark;

impl Mark {
    fn put(step: Arc<Within>) -> Self {
        HERE.with_borrow_mut(|here| here.push(step));
        Self
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // Marks are taken away in the order opposite to that in which they were put.
        HERE.with_borrow_mut(Vec::pop);
    }
}
