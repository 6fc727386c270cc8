//! A store that lasts as long as the process.

mod claims;
mod tables;
mod verbs;

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Answer, Answered, Claim, Claimed, Counts, Created, Expired, NewTask, Pending, Seen, Store,
    StoreError, Write,
};
use crate::task::{Owner, Record, TaskId, WorkerId};
use tables::{Tables, Task};

/// Tasks in memory: gone when the last handle is. Every verb happens at once, and none looks at all tasks.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Tables>>);

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // What panicked while it held the lock was no verb: those cannot.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn done<'a, T: Send + 'a>(result: Result<T, StoreError>) -> Pending<'a, T> {
    Box::pin(ready(result))
}

impl Store for Memory {
    fn create(&self, new: NewTask) -> Pending<'_, Created> {
        done(self.tables().create(new))
    }

    fn claim(&self, claim: Claim) -> Pending<'_, Claimed> {
        done(Ok(self.tables().claim(&claim)))
    }

    fn renew(&self, worker: WorkerId, now: u64, until: u64) -> Pending<'_, bool> {
        done(Ok(self.tables().renew(worker, now, until)))
    }

    fn retire(&self, worker: WorkerId, now: u64) -> Pending<'_, ()> {
        self.tables().retire(worker, now);
        done(Ok(()))
    }

    fn write(&self, id: TaskId, fence: u64, write: Write) -> Pending<'_, Option<Record>> {
        done(Ok(self.tables().write(id, fence, write)))
    }

    fn answer(&self, id: TaskId, now: u64, answers: Vec<Answer>) -> Pending<'_, Option<Answered>> {
        done(Ok(self.tables().answer(id, now, answers)))
    }

    fn cancel(&self, id: TaskId, now: u64) -> Pending<'_, Option<Record>> {
        done(Ok(self.tables().cancel(id, now)))
    }

    fn expire(&self, now: u64, grace: u64, most: usize) -> Pending<'_, Expired> {
        done(Ok(self.tables().expire(now, grace, most)))
    }

    fn get(&self, id: TaskId) -> Pending<'_, Option<Seen>> {
        done(Ok(self.tables().by_id(id).map(Task::seen)))
    }

    fn list(&self, owner: Owner, after: u64, most: usize) -> Pending<'_, Vec<Seen>> {
        done(Ok(self.tables().list(owner, after, most)))
    }

    fn next_due(&self) -> Pending<'_, Option<u64>> {
        done(Ok(self.tables().next_due()))
    }

    fn counts(&self) -> Pending<'_, Counts> {
        done(Ok(self.tables().counts()))
    }

    fn has_changed_elsewhere(&self) -> Pending<'_, bool> {
        done(Ok(false))
    }
}
