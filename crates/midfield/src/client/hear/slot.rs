//! Requests of ours that hear of their progress.

use std::sync::{Arc, Mutex, PoisonError};

use midfield_protocol::types::Progress;
use tokio::time::Instant;

use super::{Hearing, OnProgress, shielded};

/// A request of ours that hears of its progress.
pub(in crate::client) struct Slot {
    state: Mutex<SlotState>,
    on_progress: Option<OnProgress>,
}

struct SlotState {
    last: Instant,
    furthest: f64,
}

impl Slot {
    pub(in crate::client) fn new(on_progress: Option<OnProgress>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(SlotState {
                last: Instant::now(),
                furthest: f64::NEG_INFINITY,
            }),
            on_progress,
        })
    }

    /// When it was last heard of.
    pub(in crate::client) fn last(&self) -> Instant {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last
    }

    /// Starts the clock anew.
    pub(in crate::client) fn touch(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last = Instant::now();
    }

    /// Takes a step, unless it leads nowhere: progress increases, or it is none.
    pub(super) fn step(&self, progress: Progress) {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if progress.progress <= state.furthest {
                return;
            }
            state.furthest = progress.progress;
            state.last = Instant::now();
        }
        if let Some(on_progress) = &self.on_progress {
            shielded("progress", || on_progress(progress));
        }
    }
}

/// A slot under its token; heard of until this is dropped.
#[derive(Debug)]
pub(in crate::client) struct Registered {
    pub(super) hearing: Arc<Hearing>,
    pub(super) token: i64,
}

impl Drop for Registered {
    fn drop(&mut self) {
        super::lock(&self.hearing.progress).remove(&self.token);
    }
}
