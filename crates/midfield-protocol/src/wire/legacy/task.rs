//! Tasks as revision 2025-11-25 writes them
//! ([tasks](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks)).

use std::borrow::Cow;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::error_object;
use crate::types::{Content, Meta, Task, TaskStatus, TaskView, Timestamp, ToolResult, millis};
use crate::{Raw, Revision};

/// What a task is called here: what a tool that failed answered counts as a failure of the task.
pub(in crate::wire) fn task_status(task: &Task) -> TaskStatus {
    match task.status {
        TaskStatus::Completed if task.is_error => TaskStatus::Failed,
        status => status,
    }
}

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
    ttl: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_interval: Option<u64>,
}

impl<'a> From<&'a Task> for WireTask<'a> {
    fn from(task: &'a Task) -> Self {
        Self {
            task_id: &task.id,
            status: task_status(task),
            status_message: task.message.as_deref().map(Cow::Borrowed),
            created_at: task.created_at,
            last_updated_at: task.updated_at,
            ttl: task.ttl.map(millis),
            poll_interval: task.poll_interval.map(millis),
        }
    }
}

/// With what went wrong, where nothing else is said: here the outcome itself is told by `tasks/result` alone.
impl<'a> From<&'a TaskView> for WireTask<'a> {
    fn from(view: &'a TaskView) -> Self {
        let mut task = Self::from(&view.task);
        let is_error = matches!(&view.outcome, Some(Ok(result)) if result.is_error);
        if view.task.status == TaskStatus::Completed && is_error {
            task.status = TaskStatus::Failed;
        }
        if task.status == TaskStatus::Failed && task.status_message.is_none() {
            task.status_message = match &view.outcome {
                Some(Ok(result)) => result.content.iter().find_map(|content| match content {
                    Content::Text(text) => Some(Cow::Borrowed(text.text.as_str())),
                    _ => None,
                }),
                Some(Err(error)) => Some(error_object(error, Revision::NEWEST_LEGACY).message),
                None => None,
            };
        }
        task
    }
}

/// The result of a call that runs as a task.
#[derive(Serialize)]
pub(in crate::wire) struct CreateTaskResult<'a> {
    task: WireTask<'a>,
    #[serde(rename = "_meta")]
    meta: TaskMeta<'a>,
}

impl<'a> CreateTaskResult<'a> {
    pub(in crate::wire) fn new(task: &'a Task, immediate: Option<&'a str>) -> Self {
        Self {
            task: task.into(),
            meta: TaskMeta {
                immediate,
                ..TaskMeta::new(&task.id)
            },
        }
    }
}

/// What came of a task: what the call would have been answered with, and whose it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct TaskResult<'a> {
    content: &'a [Content],
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<&'a Raw>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
    #[serde(rename = "_meta")]
    meta: TaskMeta<'a>,
}

impl<'a> TaskResult<'a> {
    pub(in crate::wire) fn new(task: &'a str, result: &'a ToolResult) -> Self {
        Self {
            content: &result.content,
            structured_content: result.structured_content.as_ref(),
            is_error: result.is_error,
            meta: TaskMeta {
                own: result.meta.as_ref(),
                ..TaskMeta::new(task)
            },
        }
    }
}

/// A page of tasks.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct TaskPage<'a> {
    tasks: Vec<WireTask<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

impl<'a> TaskPage<'a> {
    pub(in crate::wire) fn new(tasks: &'a [Task], next_cursor: Option<&'a str>) -> Self {
        Self {
            tasks: tasks.iter().map(WireTask::from).collect(),
            next_cursor,
        }
    }
}

/// A `_meta` that says to which task its message belongs
/// ([associating messages](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#associating-task-related-messages)).
#[derive(Clone, Copy)]
pub(in crate::wire) struct TaskMeta<'a> {
    task: &'a str,
    immediate: Option<&'a str>,
    own: Option<&'a Meta>,
}

impl<'a> TaskMeta<'a> {
    pub(in crate::wire) fn new(task: &'a str) -> Self {
        Self {
            task,
            immediate: None,
            own: None,
        }
    }
}

impl Serialize for TaskMeta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Related<'a> {
            task_id: &'a str,
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(RELATED_TASK, &Related { task_id: self.task })?;
        if let Some(text) = self.immediate {
            map.serialize_entry(IMMEDIATE_RESPONSE, text)?;
        }
        for (key, value) in self.own.into_iter().flat_map(Meta::iter) {
            if key != RELATED_TASK && key != IMMEDIATE_RESPONSE {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

/// The members of a message that belongs to a task, without the `_meta` that they may have of their own.
#[derive(Serialize)]
pub(in crate::wire) struct OfTask<'a, T> {
    #[serde(flatten)]
    params: T,
    #[serde(rename = "_meta")]
    meta: TaskMeta<'a>,
}

impl<'a, T> OfTask<'a, T> {
    pub(in crate::wire) fn new(task: &'a str, params: T) -> Self {
        Self::with(task, params, None)
    }

    /// The same, with more to say in `_meta`.
    pub(in crate::wire) fn with(task: &'a str, params: T, own: Option<&'a Meta>) -> Self {
        Self {
            params,
            meta: TaskMeta {
                own,
                ..TaskMeta::new(task)
            },
        }
    }
}

/// The key under which a message says to which task it belongs.
const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";

/// The key under which the model is told something until the task is over.
const IMMEDIATE_RESPONSE: &str = "io.modelcontextprotocol/model-immediate-response";
