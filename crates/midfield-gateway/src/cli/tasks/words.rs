//! What a server says of a task, in words that are safe to show.

use midfield::client::TaskState;
use midfield::types::{Task, TaskStatus};

use crate::cli::text::line;

/// In which state a task is.
pub(super) fn state(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::InputRequired => "input required",
        other => other.as_str(),
    }
}

/// How far a task is; empty where nothing is said.
pub(super) fn message(task: &Task) -> String {
    line(task.message.as_deref().unwrap_or_default())
}

/// The state of a task, and how far it is while that is news.
pub(super) fn standing(state: &TaskState) -> String {
    let message = message(&state.task);
    let word = self::state(state.task.status);
    match (state.task.status, message.as_str()) {
        (TaskStatus::Completed | TaskStatus::Cancelled, _) | (_, "") => word.to_owned(),
        (_, message) => format!("{word}: {message}"),
    }
}
