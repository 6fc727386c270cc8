//! What we write of tasks, in the words of both protocols.

use std::time::Duration;

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{
    InputRequest, LogLevel, LogMessage, Meta, Progress, ProgressToken, Task, TaskStatus, TaskView,
    Timestamp, ToolResult,
};
use midfield_protocol::wire::{self, Codec, Encoder};
use midfield_protocol::{Answer, Era, Error, Raw, Revision};
use serde_json::json;

use super::{Kind, Written};
use crate::rich;

/// A task of which everything is known.
pub(crate) fn task(status: TaskStatus) -> Task {
    let mut task = Task::new("t-1", Timestamp::from_millis(1_764_066_600_000));
    task.status = status;
    task.message = Some("weighing 2 of 8".into());
    task.updated_at = Timestamp::from_millis(1_764_066_605_250);
    task.ttl = Some(Duration::from_hours(1));
    task.poll_interval = Some(Duration::from_millis(1_500));
    task
}

/// A task of which nothing is known that need not be.
fn plain(status: TaskStatus) -> Task {
    let mut task = Task::new("t-2", Timestamp::from_millis(1_764_066_600_000));
    task.status = status;
    task
}

fn states() -> Vec<(&'static str, TaskView)> {
    let inputs = [
        ("who", rich::form(true)),
        ("roots", InputRequest::ListRoots),
    ];
    let inputs = inputs.map(|(key, question)| (key.to_owned(), question));
    let mut attached = rich::content();
    attached.meta = Some(Meta::new().with("com.example/cost", 3));
    let detail = "the balance does not answer".to_owned();
    let over = |status, outcome| TaskView::new(plain(status)).outcome(outcome);
    vec![
        ("task-working", TaskView::new(task(TaskStatus::Working))),
        (
            "task-input-required",
            TaskView::new(task(TaskStatus::InputRequired)).inputs(inputs.into()),
        ),
        ("task-completed", over(TaskStatus::Completed, Ok(attached))),
        (
            "task-tool-failed",
            over(
                TaskStatus::Completed,
                Ok(ToolResult::error("no sample `s-99`")),
            ),
        ),
        (
            "task-failed",
            over(TaskStatus::Failed, Err(Error::Failed { detail })),
        ),
        (
            "task-cancelled",
            TaskView::new(plain(TaskStatus::Cancelled)),
        ),
    ]
}

/// Responses about tasks, in the revisions that have them.
pub(super) fn answers(server: &Encoder, revision: Revision) -> Vec<Written> {
    let mut answers = vec![(
        "task-created",
        "CreateTaskResult",
        Answer::TaskCreated {
            task: task(TaskStatus::Working),
            immediate: Some("The assay is ordered.".into()),
        },
    )];
    answers.extend(
        states()
            .into_iter()
            .map(|(name, view)| (name, "GetTaskResult", Answer::TaskState(Box::new(view)))),
    );
    answers.push((
        "task-cancel",
        "CancelTaskResult",
        Answer::TaskCancelled(task(TaskStatus::Cancelled)),
    ));
    match revision.era() {
        Era::Legacy if !revision.rules().core_tasks => return Vec::new(),
        Era::Legacy => answers.extend(core_answers()),
        Era::Modern => answers.push(("task-update", "UpdateTaskResult", Answer::Empty)),
    }
    let id = RequestId::from("q-1");
    answers
        .into_iter()
        .map(|(name, definition, answer)| Written {
            name,
            bytes: server
                .answer(Codec::new(revision), &id, &answer)
                .expect("JSON"),
            kind: Kind::Result(definition),
        })
        .collect()
}

/// What only tasks of the core are answered with.
fn core_answers() -> Vec<(&'static str, &'static str, Answer)> {
    let mut failed = plain(TaskStatus::Completed);
    failed.is_error = true;
    let mut result = rich::content();
    result.meta = Some(
        Meta::new()
            .with("com.example/cost", 3)
            .with("io.modelcontextprotocol/related-task", "somebody else's"),
    );
    vec![
        (
            "tasks-page",
            "ListTasksResult",
            Answer::Tasks {
                tasks: vec![task(TaskStatus::Working), failed],
                next_cursor: Some("bzoz".into()),
            },
        ),
        (
            "tasks-last-page",
            "ListTasksResult",
            Answer::Tasks {
                tasks: Vec::new(),
                next_cursor: None,
            },
        ),
        (
            "task-result",
            "CallToolResult",
            Answer::TaskResult {
                id: "t-1".into(),
                result,
            },
        ),
    ]
}

/// What a server says of a task unasked.
pub(super) fn told(revision: Revision) -> Vec<Written> {
    let codec = Codec::new(revision);
    if revision.era() == Era::Legacy && !revision.rules().core_tasks {
        return Vec::new();
    }
    let subscription = RequestId::from(12);
    let subscription = (revision.era() == Era::Modern).then_some(&subscription);
    let mut told: Vec<Written> = states()
        .into_iter()
        .filter_map(|(name, view)| {
            let name = match name {
                "task-working" => "task-status",
                "task-completed" => "task-status-completed",
                _ => return None,
            };
            Some(Written {
                name,
                bytes: wire::task_status(codec, &view, subscription).expect("JSON"),
                kind: Kind::Notification("TaskStatusNotification"),
            })
        })
        .collect();
    if revision.era() == Era::Legacy {
        told.extend(core_told(codec));
    }
    told
}

/// What only tasks of the core say.
fn core_told(codec: Codec) -> Vec<Written> {
    let questions = [
        ("task-asks-user", "ElicitRequest", rich::form(true)),
        (
            "task-asks-model",
            "CreateMessageRequest",
            rich::tools_sample(),
        ),
        (
            "task-asks-roots",
            "ListRootsRequest",
            InputRequest::ListRoots,
        ),
    ];
    let mut told: Vec<Written> = questions
        .into_iter()
        .map(|(name, definition, question)| Written {
            name,
            bytes: wire::task_question(codec, &RequestId::from(7), &question, "t-1")
                .expect("a question of this revision"),
            kind: Kind::Request(definition),
        })
        .collect();
    let token = ProgressToken(RequestId::from("p-1"));
    let step = Progress::new(2.0).total(8.0).message("weighing");
    told.push(Written {
        name: "task-progress",
        bytes: wire::task_progress(codec, &token, &step, "t-1").expect("JSON"),
        kind: Kind::Notification("ProgressNotification"),
    });
    let log = LogMessage::new(
        LogLevel::Warning,
        Raw::of(&json!({"balance": 7, "drift": 0.001})).expect("JSON"),
    );
    told.push(Written {
        name: "task-log",
        bytes: wire::task_log(&log, "t-1").expect("JSON"),
        kind: Kind::Notification("LoggingMessageNotification"),
    });
    told
}
