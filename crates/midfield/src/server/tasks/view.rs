//! What a peer is told of a task, from what the engine knows.

use std::time::Duration;

use midfield_durable::engine::View;
use midfield_durable::task::{Reason, State, TaskId};
use midfield_protocol::types::{Task, TaskStatus, TaskView, Timestamp, ToolResult};
use midfield_protocol::{Error, Raw};

use super::TaskEngine;

/// What a task ended with, as it is kept.
pub(crate) enum Ending<'a> {
    /// A result.
    Completed(&'a Raw),
    /// An error.
    Failed(&'a Raw),
    /// Nothing, and why.
    Nothing(&'static str),
    /// Nothing, though there should be something.
    Lost,
}

impl<'a> Ending<'a> {
    /// How a task ended; `None` while it has not.
    pub(crate) fn of(view: &'a View) -> Option<Self> {
        Some(match (view.state, view.reason, &view.result) {
            (State::Working | State::InputRequired, ..) => return None,
            (State::Cancelled, ..) => Self::Nothing("the task was cancelled"),
            (_, Some(Reason::Expired), _) => {
                Self::Nothing("the task had not ended when its time was over")
            }
            (_, Some(Reason::Undeliverable), _) => Self::Nothing(
                "the task was begun several times, and each time its process ended before it got anywhere",
            ),
            (State::Completed, _, Some(result)) => Self::Completed(result),
            (_, _, Some(error)) => Self::Failed(error),
            _ => Self::Lost,
        })
    }
}

/// What a call ended with; `None` while it has not.
pub(super) fn outcome(view: &View) -> Option<Result<ToolResult, Error>> {
    Some(match Ending::of(view)? {
        Ending::Completed(result) => read(result),
        Ending::Failed(error) => Err(read(error).unwrap_or_else(|error| error)),
        Ending::Nothing(why) => Err(Error::Failed {
            detail: why.to_owned(),
        }),
        Ending::Lost => Err(Error::Internal),
    })
}

/// What every task tells of itself.
pub(crate) fn bare_task(view: &View, poll_interval: Duration) -> Task {
    let mut task = Task::new(view.id.to_string(), Timestamp::from_millis(view.created));
    task.updated_at = Timestamp::from_millis(view.updated);
    task.status = match view.state {
        State::Working => TaskStatus::Working,
        State::InputRequired => TaskStatus::InputRequired,
        State::Completed => TaskStatus::Completed,
        State::Cancelled => TaskStatus::Cancelled,
        _ => TaskStatus::Failed,
    };
    task.ttl = view.lifetime;
    task.poll_interval = Some(poll_interval);
    task
}

fn read<T: serde::de::DeserializeOwned>(kept: &Raw) -> Result<T, Error> {
    kept.read().map_err(|error| {
        tracing::error!(%error, "what a task ended with cannot be read");
        Error::Internal
    })
}

impl TaskEngine {
    /// The task without what it asks and what came of it.
    pub(super) fn task(&self, view: &View) -> Task {
        let mut task = bare_task(view, self.poll_interval);
        task.is_error = matches!(outcome(view), Some(Ok(result)) if result.is_error);
        task.message = message(view);
        task
    }

    /// The task with all that there is to tell.
    pub(super) fn task_view(&self, view: &View) -> Result<TaskView, Error> {
        let mut inputs = Vec::with_capacity(view.questions.len());
        for question in &view.questions {
            inputs.push((question.key.clone(), read(&question.request)?));
        }
        let told = TaskView::new(self.task(view)).inputs(inputs);
        Ok(match outcome(view) {
            // A task that was cancelled has no outcome of its own.
            Some(outcome) if view.state != State::Cancelled => told.outcome(outcome),
            _ => told,
        })
    }
}

/// More about the state, for people and models.
fn message(view: &View) -> Option<String> {
    match view.state {
        State::Failed => match outcome(view) {
            Some(Err(error)) => Some(error.to_string()),
            _ => None,
        },
        State::Cancelled => Some("the task was cancelled".to_owned()),
        State::InputRequired => {
            let asked = view.questions.iter().map(|question| question.key.as_str());
            let asked = asked.collect::<Vec<_>>().join("`, `");
            Some(format!("waits for an answer to `{asked}`"))
        }
        _ => view.message.clone(),
    }
}

/// The id that a peer gives; what cannot be one is unknown.
pub(crate) fn id(text: &str) -> Result<TaskId, Error> {
    text.parse().map_err(|_| unknown(text))
}

/// There is no such task, or it is somebody else's.
pub(crate) fn unknown(id: &str) -> Error {
    Error::UnknownTask { id: id.to_owned() }
}
