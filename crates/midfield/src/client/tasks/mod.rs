//! Tasks of the server, in both protocols that have such.

mod create;
mod drive;
mod follow;
mod handle;
mod watch;

pub use handle::TaskHandle;

use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::jsonrpc::Code;
use midfield_protocol::types::{TaskRequest, TaskSupport};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::TaskState;
use midfield_protocol::{Call, Raw};

use super::Error;
use super::core::Core;
use super::lists::learn_tools;
use super::request::read;
use super::run::{Done, Settings, run};

/// Whether a call is wished to run as a task, where it is the client that decides: in 2025-11-25.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wish {
    /// Only a tool that does not run otherwise.
    Needed,
    /// Where the tool can, to be kept that long.
    Wanted(Option<Duration>),
}

/// Begins a call of a tool
/// ([2025-11-25, tool-level negotiation](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#tool-level-negotiation)).
pub(super) async fn begin(
    core: &Arc<Core>,
    call: Call<'static>,
    settings: &Settings,
    wish: Wish,
) -> Result<Done, Error> {
    let Call::CallTool(tool) = call else {
        return Box::pin(run(core, call, settings)).await;
    };
    if !decides(core) {
        return Box::pin(run(core, Call::CallTool(tool), settings)).await;
    }
    let name = tool.name.clone().into_owned();
    if core.tools.find(&name).is_none() {
        learn_tools(core).await?;
    }
    let task = wish.of(core, &name);
    match create::run_as(core, tool.clone(), task, settings).await {
        Err(Error::Refused(error)) if error.code == Code::METHOD_NOT_FOUND.number() => {
            // The tool was not run: it may have changed since it was listed.
            learn_tools(core).await?;
            let now = wish.of(core, &name);
            if now.is_some() == task.is_some() {
                return Err(Error::Refused(error));
            }
            create::run_as(core, tool, now, settings).await
        }
        done => done,
    }
}

impl Wish {
    /// What is asked for with a call of the tool.
    fn of(self, core: &Core, tool: &str) -> Option<TaskRequest> {
        let known = core.tools.find(tool);
        let support = known.map(|known| known.task_support).unwrap_or_default();
        match (support, self) {
            (TaskSupport::Forbidden, _) | (TaskSupport::Optional, Self::Needed) => None,
            (TaskSupport::Required, Self::Needed) => Some(TaskRequest::new(None)),
            (_, Self::Wanted(ttl)) => Some(TaskRequest::new(ttl)),
        }
    }
}

/// Whether it is the client that decides which calls run as tasks, and the server runs any.
fn decides(core: &Core) -> bool {
    let codec = core.connection().codec;
    let id = "".into();
    codec.has_words_for(&Call::TaskResult { id })
        && core.offers(|server| server.tasks.is_some_and(|tasks| tasks.tool_calls))
}

/// A task of the server, and how it is spoken of.
#[derive(Clone, Debug)]
pub(super) struct Task {
    core: Arc<Core>,
    id: String,
    codec: Codec,
    /// The tool that works, where that is known.
    tool: Option<String>,
    /// What was heard of it last.
    last: Option<TaskState>,
}

impl Task {
    pub(super) fn new(
        core: &Arc<Core>,
        state: TaskState,
        codec: Codec,
        tool: Option<String>,
    ) -> Self {
        Self {
            core: core.clone(),
            id: state.task.id.clone(),
            codec,
            tool,
            last: Some(state),
        }
    }

    /// Whether its questions come while its result is waited for, and not with its state.
    fn asks_who_waits(&self) -> bool {
        let id = "".into();
        self.codec.has_words_for(&Call::TaskResult { id })
    }

    /// Asks how it is.
    async fn ask(&self) -> Result<TaskState, Error> {
        let id = self.id.clone().into();
        let result = self.run(Call::GetTask { id }, Settings::default()).await?;
        let state: TaskState = read("tasks/get", self.codec, &result)?;
        if state.task.id != self.id {
            return Err(Error::Broken {
                server: self.core.server.clone(),
                detail: "it was asked for one task and told of another".into(),
            });
        }
        Ok(state)
    }

    async fn run(&self, call: Call<'static>, settings: Settings) -> Result<Raw, Error> {
        let settings = Settings {
            is_safe: true,
            ..settings
        };
        // A request is large while it is under way, and tasks are asked about from many places.
        match Box::pin(run(&self.core, call, &settings)).await? {
            Done::Complete { result, .. } => Ok(result),
            Done::Task { .. } => Err(Error::Broken {
                server: self.core.server.clone(),
                detail: "it answered a question about a task with a task".into(),
            }),
        }
    }

    /// Asks the server to end it.
    async fn cancel(&self) -> Result<(), Error> {
        let id = self.id.clone().into();
        self.run(Call::CancelTask { id }, Settings::default())
            .await
            .map(drop)
    }

    /// The same, without waiting for it.
    fn cancel_soon(self) {
        self.core.hearing.withdraw_of_task(&self.id);
        let tasks = self.core.hearing.tasks().clone();
        tasks.spawn(async move {
            if let Err(error) = self.cancel().await {
                tracing::debug!(%error, "a task that nobody waits for could not be cancelled");
            }
        });
    }

    /// How long to wait before it is asked for again.
    fn pause(state: &TaskState) -> Duration {
        let wished = state.task.poll_interval.unwrap_or(POLL);
        wished.clamp(MIN_POLL, MAX_POLL)
    }
}

/// How long to wait where the server does not say.
const POLL: Duration = Duration::from_secs(1);

/// The shortest and the longest wait, whatever the server says.
const MIN_POLL: Duration = Duration::from_millis(50);
const MAX_POLL: Duration = Duration::from_mins(1);
