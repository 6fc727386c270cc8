//! Clients that know no tasks: a call that may be one is kept like a task, the client waits for a while, and gets a handle then.
//! By the tool `task_status` its model asks for the rest.

use std::time::Duration;

use midfield_durable::engine::View;
use midfield_durable::task::{Owner, TaskId};
use midfield_protocol::types::{Progress, ProgressToken, ToolResult};
use midfield_protocol::wire::{self, Codec};
use midfield_protocol::{Answer, Error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::super::dispatch::{Request, Started, StartedWork};
use super::super::exchange::Work;
use super::create::Making;
use super::view::{id, outcome, unknown};
use super::{TaskEngine, owner, refuse};
use crate::server::{Args, Context, Json, Service, Tool};

/// Keeps the call as a task, waits for its end for as long as the server says, and answers with the result or a handle.
pub(in crate::server) fn hand_out(
    service: &Service,
    request: &Request<'_>,
    making: Making,
    wait: Duration,
) -> Started {
    let owner = owner(&request.caller.principal);
    let token = request.caller.progress_token.clone();
    let (events, said) = mpsc::channel(QUEUED_EVENTS);
    let teller = token.map(|token| Teller {
        codec: request.codec,
        token,
        events,
        told: 0,
    });
    let service = service.clone();
    Started::Running(StartedWork {
        work: Work::Task(Box::pin(async move {
            let tasks = service.tasks()?;
            let made = tasks.engine.create(making.into_call()).await;
            let id = made.map_err(refuse)?.id;
            let view = tasks.wait_for(owner, id, wait, teller).await?;
            match outcome(&view) {
                Some(outcome) => outcome.map(Answer::Tool),
                None => Ok(Answer::Tool(handle(&view))),
            }
        })),
        events: Some(said),
    })
}

impl TaskEngine {
    /// The task when it ends or asks, or as it is after `wait`.
    async fn wait_for(
        &self,
        owner: Owner,
        id: TaskId,
        wait: Duration,
        mut teller: Option<Teller>,
    ) -> Result<View, Error> {
        let end = tokio::time::Instant::now() + wait;
        let mut version = None;
        loop {
            let is_new = |view: &View| view.state.has_ended() || version != Some(view.version);
            let changed = self.engine.wait(owner, id, is_new);
            let Ok(changed) = tokio::time::timeout_at(end, changed).await else {
                let view = self.engine.view(owner, id).await.map_err(refuse)?;
                return view.ok_or_else(|| unknown(&id.to_string()));
            };
            let view = changed.map_err(refuse)?;
            let view = view.ok_or_else(|| unknown(&id.to_string()))?;
            if view.state.has_ended() || !view.questions.is_empty() {
                return Ok(view);
            }
            version = Some(view.version);
            if let (Some(teller), Some(message)) = (&mut teller, &view.message) {
                teller.tell(message).await;
            }
        }
    }
}

/// Tells a client that waits how far the work is.
struct Teller {
    codec: Codec,
    token: ProgressToken,
    events: mpsc::Sender<Vec<u8>>,
    told: u32,
}

impl Teller {
    async fn tell(&mut self, message: &str) {
        self.told += 1;
        let progress = Progress::new(f64::from(self.told)).message(message);
        match wire::progress(self.codec, &self.token, &progress) {
            // Nobody listens any more: the task goes on all the same.
            Ok(event) => drop(self.events.send(event).await),
            Err(error) => tracing::error!(%error, "a progress notification cannot be written"),
        }
    }
}

/// What a client gets that has waited long enough.
fn handle(view: &View) -> ToolResult {
    let id = view.id;
    let so_far = view.message.as_deref().unwrap_or("it is at work");
    ToolResult::text(format!(
        "The call takes longer, and goes on as the task {id} ({so_far}). Call the tool `{STATUS}` with `task_id` \"{id}\" for its \
         result; do not make the call again."
    ))
}

/// Which task, and how long to wait for it.
#[derive(Deserialize, JsonSchema)]
struct StatusArguments {
    /// The id of the task, as the call that takes longer was answered with it.
    task_id: String,
    /// How many seconds to wait for its end, at most 60. Default: 20.
    wait: Option<u32>,
}

/// How a task is, for a model.
#[derive(Serialize, JsonSchema)]
struct Status {
    /// The id of the task.
    task_id: String,
    /// `working`, `input_required`, `completed`, `failed` or `cancelled`.
    status: &'static str,
    /// How far it is.
    message: Option<String>,
}

/// The tool by which the model of a client that knows no tasks asks for the result of one.
pub(in crate::server) fn status_tool() -> Tool {
    let status =
        async |Args(asked): Args<StatusArguments>, cx: Context| -> crate::Result<ToolResult> {
            let wait = Duration::from_secs(asked.wait.unwrap_or(20).min(60).into());
            let owner = owner(cx.principal());
            let tasks = cx.service().tasks().map_err(crate::Error::protocol)?;
            let id = id(&asked.task_id);
            let view = match id {
                Ok(id) => tasks.wait_for(owner, id, wait, None).await,
                Err(error) => Err(error),
            };
            let view = view.map_err(|error| crate::Error::tool(error.to_string()))?;
            match outcome(&view) {
                Some(Ok(result)) => Ok(result),
                Some(Err(error)) => Ok(ToolResult::error(error.to_string())),
                None => crate::server::IntoToolResult::into_tool_result(Json(Status {
                    task_id: asked.task_id,
                    status: view.state.word(),
                    message: view.message,
                })),
            }
        };
    Tool::new(STATUS, status)
        .title("Status of a task")
        .description(
            "Ask how a call goes that takes longer, by the id of its task. Gives the call's result once it has ended.",
        )
        .annotations({
            let mut hints = midfield_protocol::types::ToolAnnotations::default();
            hints.read_only_hint = Some(true);
            hints
        })
}

const STATUS: &str = "task_status";

/// How many messages wait for a slow reader.
const QUEUED_EVENTS: usize = 8;
