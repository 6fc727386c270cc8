//! Tasks as the extension of 2026-07-28 writes them
//! ([tasks extension](https://modelcontextprotocol.io/seps/2663-tasks-extension)).

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::Error as _;

use super::error_object;
use super::input::Questions;
use crate::jsonrpc::ErrorObject;
use crate::types::{Content, Meta, Task, TaskStatus, TaskView, Timestamp, ToolResult, millis};
use crate::{Error, Raw};

/// What a result says that is a task.
pub(in crate::wire) const TASK: &str = "task";

/// A task on its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct WireTask<'a> {
    task_id: &'a str,
    status: TaskStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<Cow<'a, str>>,
    created_at: Timestamp,
    last_updated_at: Timestamp,
    ttl_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_interval_ms: Option<u64>,
}

impl<'a> From<&'a Task> for WireTask<'a> {
    fn from(task: &'a Task) -> Self {
        Self {
            task_id: &task.id,
            status: task.status,
            status_message: task.message.as_deref().map(Cow::Borrowed),
            created_at: task.created_at,
            last_updated_at: task.updated_at,
            ttl_ms: task.ttl.map(millis),
            poll_interval_ms: task.poll_interval.map(millis),
        }
    }
}

/// A task with what its state has to tell, and nothing else of the three.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct DetailedTask<'a> {
    #[serde(flatten)]
    task: WireTask<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_requests: Option<Questions<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Inlined<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject>,
}

impl<'a> DetailedTask<'a> {
    /// # Errors
    /// When the task is over and there is nothing that happened.
    pub(in crate::wire) fn new(view: &'a TaskView) -> Result<Self, serde_json::Error> {
        let mut detailed = Self {
            task: (&view.task).into(),
            input_requests: None,
            result: None,
            error: None,
        };
        match (view.task.status, &view.outcome) {
            (TaskStatus::Working | TaskStatus::Cancelled, _) => {}
            (TaskStatus::InputRequired, _) => {
                detailed.input_requests = Some(Questions(&view.inputs));
            }
            (TaskStatus::Completed, Some(Ok(result))) => detailed.result = Some(result.into()),
            (TaskStatus::Failed, Some(Err(error))) => detailed.fail(error),
            (status @ (TaskStatus::Completed | TaskStatus::Failed), _) => {
                return Err(serde_json::Error::custom(format_args!(
                    "the task {} is {status} and lacks the outcome to that",
                    view.task.id
                )));
            }
        }
        Ok(detailed)
    }

    fn fail(&mut self, error: &Error) {
        let error = error_object(error);
        self.task
            .status_message
            .get_or_insert_with(|| error.message.clone());
        self.error = Some(error);
    }
}

/// What a call would have been answered with, within a task: the server is named by the result around it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inlined<'a> {
    result_type: &'static str,
    content: &'a [Content],
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<&'a Raw>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<&'a Meta>,
}

impl<'a> From<&'a ToolResult> for Inlined<'a> {
    fn from(result: &'a ToolResult) -> Self {
        Self {
            result_type: crate::wire::COMPLETE,
            content: &result.content,
            structured_content: result.structured_content.as_ref(),
            is_error: result.is_error,
            meta: result.meta.as_ref(),
        }
    }
}
