//! What came of a task.

use midfield::client::{self, TaskHandle, TaskState};
use midfield::types::{TaskStatus, ToolResult};
use serde_json::json;

use super::{Format, lost, words};
use crate::cli::connect::Session;
use crate::cli::text::line;
use crate::cli::{Verdict, content, floor};

/// What came of a task.
#[derive(Debug)]
pub(super) enum Outcome {
    /// What its tool gave.
    Result(Box<ToolResult>),
    /// Why it failed, as the object that the server tells.
    Error(serde_json::Value),
    /// Nothing, such as of a task that was cancelled.
    Nothing(TaskStatus, String),
}

impl Outcome {
    /// Of a task that is over.
    ///
    /// # Errors
    /// When the server does not tell.
    pub(super) async fn of(task: &TaskHandle, state: TaskState) -> anyhow::Result<Self> {
        match state.outcome {
            Some(Ok(result)) => Ok(Self::Result(Box::new(result))),
            Some(Err(error)) => Ok(Self::Error(serde_json::to_value(error)?)),
            None if state.task.status == TaskStatus::Cancelled => Ok(Self::Nothing(
                state.task.status,
                words::message(&state.task),
            )),
            None => Self::read(task, Box::pin(task.result()).await),
        }
    }

    /// Of a task whose result was waited for.
    ///
    /// # Errors
    /// When it did not come.
    pub(super) fn read(
        task: &TaskHandle,
        told: Result<ToolResult, client::Error>,
    ) -> anyhow::Result<Self> {
        match told {
            Ok(result) => Ok(Self::Result(Box::new(result))),
            Err(client::Error::Task {
                status, message, ..
            }) => Ok(Self::Nothing(status, line(&message))),
            Err(client::Error::Refused(error)) if error.method == "tools/call" => {
                let mut told = json!({"code": error.code, "message": error.message});
                if let Some(data) = &error.data {
                    told["data"] = serde_json::to_value(data)?;
                }
                Ok(Self::Error(told))
            }
            Err(error) => Err(lost(error, task)),
        }
    }

    /// Prints it: to stdout what its tool gave, to stderr why there is nothing.
    pub(super) fn tell(&self, session: &Session, format: Format) -> anyhow::Result<()> {
        match (self, format) {
            (Self::Result(result), Format::Json) => session.print_json(result),
            (Self::Result(result), Format::People) => session.print(&content::result(result)),
            (Self::Error(error), Format::Json) => session.print_json(error),
            (Self::Nothing(..), Format::Json) => session.print_json(&serde_json::Value::Null),
            (Self::Error(_) | Self::Nothing(..), Format::People) => {
                floor::tell(&format!("{}\n", self.reason()));
                Ok(())
            }
        }
    }

    /// Why there is no result.
    fn reason(&self) -> String {
        let (word, message) = match self {
            Self::Result(_) => return String::new(),
            Self::Error(error) => {
                let message = error["message"].as_str().unwrap_or_default();
                (words::state(TaskStatus::Failed), line(message))
            }
            Self::Nothing(status, message) => (words::state(*status), message.clone()),
        };
        match message.as_str() {
            "" => word.to_owned(),
            message => format!("{word}: {message}"),
        }
    }

    /// Whether the task came to what it was meant to.
    pub(super) fn verdict(&self) -> Verdict {
        match self {
            Self::Result(result) if !result.is_error => Verdict::Fine,
            _ => Verdict::Wrong,
        }
    }
}
