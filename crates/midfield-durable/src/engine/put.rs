//! Writing to the store, which may fail: what a run has learned is not given up easily.

use std::sync::Arc;
use std::time::Duration;

use super::live::Live;
use super::{Engine, cause, milliseconds};
use crate::store::{Next, Write};
use crate::task::{Record, TaskId};

/// What became of a write.
#[must_use]
pub(super) enum Put {
    /// It is kept.
    Kept(Box<Record>),
    /// The task is not this run's any more.
    Gone,
}

impl Engine {
    /// Writes, and tries again as long as the store fails. Where it is not known whether a write was kept, the run is given
    /// up, and the task is handed back to be run again from what is there.
    pub(super) async fn put(&self, record: &Record, live: &Arc<Live>, write: Write) -> Put {
        let mut write = write;
        let mut is_given_up = false;
        let mut pause = FIRST_PAUSE;
        let mut left = milliseconds(self.0.options.shutdown_grace);
        loop {
            let put = self.0.store.write(record.id, record.fence, write.clone());
            let error = match put.await {
                Ok(Some(written)) => {
                    self.0.counters.wrote(record, &written);
                    self.transitioned(Some(record.state), &written);
                    return if is_given_up {
                        self.0.wake.notify_one();
                        Put::Gone
                    } else {
                        Put::Kept(Box::new(written))
                    };
                }
                Ok(None) => {
                    if is_given_up {
                        self.look_at(record).await;
                    }
                    return Put::Gone;
                }
                Err(error) => error,
            };
            let cause = cause(&error);
            tracing::warn!(task = %record.id, cause, "a task could not be written; it is tried again");
            if error.is_unknown() {
                is_given_up = true;
                write = Write::at(self.now());
                write.next = Next::Park {
                    due: Some(self.now()),
                };
            }
            if self.0.stop.is_cancelled() {
                if left == 0 {
                    return Put::Gone;
                }
                left = left.saturating_sub(milliseconds(pause));
            }
            tokio::select! {
                biased;
                () = live.lost.cancelled() => return Put::Gone,
                () = live.cancelled.cancelled() => return Put::Gone,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Gives a task back that this process may hold and does not run. What is another's by now, or has ended, is left alone.
    pub(super) async fn hand_back(&self, id: TaskId, fence: u64) {
        let mut pause = FIRST_PAUSE;
        loop {
            let mut write = Write::at(self.now());
            write.next = Next::Park {
                due: Some(write.now),
            };
            match self.0.store.write(id, fence, write).await {
                Ok(Some(record)) => {
                    self.changed(&record);
                    return self.0.wake.notify_one();
                }
                Ok(None) => return,
                Err(error) => {
                    let cause = cause(&error);
                    tracing::warn!(task = %id, cause, "a task could not be handed back; it is tried again");
                }
            }
            tokio::select! {
                biased;
                // What this process holds is free when it has retired.
                () = self.0.stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A write that may have been kept was: who waits is told.
    async fn look_at(&self, record: &Record) {
        if let Ok(Some(seen)) = self.0.store.get(record.id).await {
            self.transitioned(Some(record.state), &seen.record);
        }
    }

    /// Whether a task has ended meanwhile, as far as the store says.
    pub(super) async fn has_ended(&self, record: &Record) -> bool {
        let seen = self.0.store.get(record.id).await;
        seen.is_ok_and(|seen| seen.is_some_and(|seen| seen.record.state.has_ended()))
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
