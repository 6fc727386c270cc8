//! Tasks as a client reads them, in the words of either protocol.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::outcome::Questions;
use super::read;
use super::{FromResult, InvalidAnswer};
use crate::jsonrpc::ErrorObject;
use crate::types::{InputRequest, Task, TaskStatus, Timestamp, ToolResult};
use crate::wire::Codec;
use crate::wire::modern::WireTask as WrittenTask;
use crate::{Era, Raw};

/// What a server says of a task.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TaskState {
    /// The task.
    pub task: Task,
    /// The questions that wait for an answer, each under a key that the task never uses again. Only 2026-07-28 tells them here.
    pub inputs: Vec<(String, InputRequest)>,
    /// What came of it. Only 2026-07-28 tells it here.
    pub outcome: Option<Result<ToolResult, ErrorObject>>,
}

impl TaskState {
    /// Reads a task with all that its state has to tell. Times that cannot be read are taken for the beginning of 1970: nothing depends on them.
    pub(super) fn read(codec: Codec, raw: &Raw) -> Result<Self, String> {
        let state = Self::read_brief(codec, raw)?;
        if codec.revision().era() == Era::Modern && state.outcome.is_none() {
            match state.task.status {
                TaskStatus::Completed => {
                    return Err("the task is completed and has no `result`".into());
                }
                TaskStatus::Failed => return Err("the task failed and has no `error`".into()),
                _ => {}
            }
        }
        Ok(state)
    }

    /// Reads a task that need not tell what came of it, as the answer that makes one.
    pub(super) fn read_brief(codec: Codec, raw: &Raw) -> Result<Self, String> {
        let wire: WireTask = read::object(raw)?;
        let is_modern = codec.revision().era() == Era::Modern;
        let (ttl, poll) = if is_modern {
            (wire.ttl_ms, wire.poll_interval_ms)
        } else {
            (wire.ttl, wire.poll_interval)
        };
        let mut task = Task::new(wire.task_id, moment(&wire.created_at));
        task.updated_at = moment(&wire.last_updated_at);
        task.status = wire.status;
        task.message = wire.status_message;
        task.ttl = millis(ttl.as_ref());
        task.poll_interval = millis(poll.as_ref());
        let mut state = Self {
            task,
            inputs: Vec::new(),
            outcome: None,
        };
        if is_modern {
            state.inputs = wire.input_requests.unwrap_or_default().0;
            state.outcome = outcome(codec, wire.status, wire.result, wire.error).transpose()?;
            state.task.is_error = matches!(&state.outcome, Some(Ok(result)) if result.is_error);
        }
        Ok(state)
    }
}

fn outcome(
    codec: Codec,
    status: TaskStatus,
    result: Option<Raw>,
    error: Option<ErrorObject>,
) -> Option<Result<Result<ToolResult, ErrorObject>, String>> {
    match status {
        TaskStatus::Completed => {
            result.map(|result| ToolResult::from_result(codec, &result).map(Ok))
        }
        TaskStatus::Failed => error.map(|error| Ok(Err(error))),
        _ => None,
    }
}

/// As the extension of 2026-07-28 writes it, whichever protocol told it: for programs that show or keep it.
impl Serialize for TaskState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Whole<'a> {
            #[serde(flatten)]
            task: WrittenTask<'a>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            input_requests: BTreeMap<&'a str, &'a InputRequest>,
            #[serde(skip_serializing_if = "Option::is_none")]
            result: Option<&'a ToolResult>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'a ErrorObject>,
        }
        let inputs = self.inputs.iter();
        let outcome = self.outcome.as_ref();
        let whole = Whole {
            task: (&self.task).into(),
            input_requests: inputs.map(|(key, asked)| (key.as_str(), asked)).collect(),
            result: outcome.and_then(|outcome| outcome.as_ref().ok()),
            error: outcome.and_then(|outcome| outcome.as_ref().err()),
        };
        whole.serialize(serializer)
    }
}

/// As the extension of 2026-07-28 writes it, whichever protocol told it.
impl Serialize for Task {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WrittenTask::from(self).serialize(serializer)
    }
}

impl FromResult for TaskState {
    fn from_result(codec: Codec, result: &Raw) -> Result<Self, String> {
        Self::read(codec, result)
    }
}

/// A page of tasks. Only 2025-11-25 has it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TaskPage {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// Where the next page begins; `None`: this is the last one.
    pub next_cursor: Option<String>,
}

impl FromResult for TaskPage {
    fn from_result(codec: Codec, result: &Raw) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            tasks: Vec<Raw>,
            #[serde(default)]
            next_cursor: Option<String>,
        }
        let wire: Wire = read::object(result)?;
        let tasks = wire.tasks.iter();
        let tasks = tasks.map(|raw| TaskState::read(codec, raw).map(|state| state.task));
        Ok(Self {
            tasks: tasks.collect::<Result<_, _>>()?,
            next_cursor: wire.next_cursor,
        })
    }
}

/// What came of a task, as `tasks/result` tells it in 2025-11-25.
///
/// # Errors
/// When it is no result of a tool.
pub fn task_result(codec: Codec, result: &Raw) -> Result<ToolResult, InvalidAnswer> {
    let mut result = ToolResult::from_result(codec, result)
        .map_err(|detail| InvalidAnswer::new("tasks/result", detail))?;
    if let Some(meta) = &mut result.meta {
        meta.retain(|key| key != "io.modelcontextprotocol/related-task");
    }
    result.meta = result.meta.filter(|meta| !meta.is_empty());
    Ok(result)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTask {
    task_id: String,
    status: TaskStatus,
    #[serde(default)]
    status_message: Option<String>,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    last_updated_at: String,
    #[serde(default)]
    ttl: Option<serde_json::Number>,
    #[serde(default)]
    ttl_ms: Option<serde_json::Number>,
    #[serde(default)]
    poll_interval: Option<serde_json::Number>,
    #[serde(default)]
    poll_interval_ms: Option<serde_json::Number>,
    #[serde(default)]
    input_requests: Option<Questions>,
    #[serde(default)]
    result: Option<Raw>,
    #[serde(default)]
    error: Option<ErrorObject>,
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap_or_default()
}

/// Milliseconds as a duration; what is none is left out.
fn millis(number: Option<&serde_json::Number>) -> Option<Duration> {
    let number = number?;
    match (number.as_u64(), number.as_f64()) {
        (Some(millis), _) => Some(Duration::from_millis(millis)),
        (None, Some(millis)) => Duration::try_from_secs_f64(millis / 1_000.0).ok(),
        (None, None) => None,
    }
}
