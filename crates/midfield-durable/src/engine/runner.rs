//! Who knows what a task does.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use midfield_protocol::Raw;

use super::live::Live;
use crate::execution::Execution;
use crate::failure::Failure;
use crate::task::{Owner, Record, TaskId};

/// Who knows what a task does, and what its results are.
pub trait Runner: Send + Sync + 'static {
    /// Begins to run a task, or runs it again from its journal.
    fn begin(&self, call: TaskCall, execution: Execution) -> Box<dyn Run>;

    /// What a task ends with that cannot go on.
    fn failed(&self, failure: &Failure) -> Raw;

    /// A task has changed. Called in order for each task, from within the engine: it must not wait.
    fn changed(&self, record: &Record) {
        let _ = record;
    }

    /// Another process has changed tasks; which ones is not known.
    fn changed_elsewhere(&self) {}
}

/// A handler at work on a task.
pub trait Run: Send {
    /// What it runs in.
    fn execution(&self) -> &Execution;

    /// Goes on. Panics are caught, and end the task.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended>;

    /// How long the task may take, from its making, whatever it waits for. `None`: as long as it is kept.
    fn limit(&self) -> Option<Duration> {
        None
    }
}

/// What a task ended with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ended {
    /// What its handler meant it to end with.
    Completed(Raw),
    /// An error.
    Failed(Raw),
}

/// A task that is about to run.
#[derive(Clone)]
#[non_exhaustive]
pub struct TaskCall {
    /// Its name.
    pub id: TaskId,
    /// Whose it is.
    pub owner: Owner,
    /// Which kind of work it is.
    pub lane: String,
    /// What is asked for, as it was when the task was made.
    pub request: Raw,
    pub(super) live: Arc<Live>,
}

impl TaskCall {
    /// Waits until somebody cancels the task. Its result does not count any more, and what it does is not recorded; it has
    /// [`EngineOptions::cancel_grace`](super::EngineOptions::cancel_grace) to clean up.
    pub async fn cancelled(&self) {
        self.live.cancelled.cancelled().await;
    }

    /// Whether somebody has cancelled the task.
    pub fn is_cancelled(&self) -> bool {
        self.live.cancelled.is_cancelled()
    }

    /// Says how far the task is, for whoever looks at it.
    pub fn say(&self, message: String) {
        self.live.say(message);
    }
}

impl fmt::Debug for TaskCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskCall")
            .field("id", &self.id)
            .field("lane", &self.lane)
            .finish_non_exhaustive()
    }
}
