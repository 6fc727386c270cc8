//! Who waits for changes of a task.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use crate::task::TaskId;

/// Who waits for changes of which task.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<HashMap<TaskId, Arc<Notify>>>);

impl Waiting {
    /// From now on counts: a change after this is not missed.
    pub(super) fn watch(&self, id: TaskId) -> Watch<'_> {
        let notify = Arc::clone(self.lock().entry(id).or_default());
        Watch {
            waiting: self,
            id,
            notify,
        }
    }

    /// Wakes who waits for `id`.
    pub(super) fn wake(&self, id: TaskId) {
        let notify = self.lock().get(&id).cloned();
        if let Some(notify) = notify {
            notify.notify_waiters();
        }
    }

    /// Wakes everybody, as anything may have changed.
    pub(super) fn wake_all(&self) {
        let all: Vec<_> = self.lock().values().cloned().collect();
        for notify in all {
            notify.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TaskId, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for changes of a task.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    waiting: &'a Waiting,
    id: TaskId,
    notify: Arc<Notify>,
}

impl Watch<'_> {
    /// The next change, from the call on: to be called before the task is looked at.
    pub(super) fn next(&self) -> OwnedNotified {
        Arc::clone(&self.notify).notified_owned()
    }
}

/// The last one takes the entry along.
impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        // One is here, and one in the table; what is being woken holds another for a moment, and leaves an entry behind that the
        // next one takes.
        if Arc::strong_count(&self.notify) <= 2 {
            waiting.remove(&self.id);
        }
    }
}
