//! A call that is to be a task is sent to its end, whether anybody waits for it or not: what was not answered yet has no id by which
//! it could be cancelled, and must not be cancelled otherwise
//! ([2025-11-25, cancellation](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/cancellation#behavior-requirements)).

use std::sync::Arc;

use midfield_protocol::types::TaskRequest;
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::Outcome;
use midfield_protocol::{Call, CallTool, Raw};
use tokio::sync::oneshot;

use super::super::Error;
use super::super::core::Core;
use super::super::link::Unclaimed;
use super::super::run::{Done, Settings, run};
use super::Task;

/// Calls a tool, as a task where one is asked for.
pub(super) async fn run_as(
    core: &Arc<Core>,
    mut tool: CallTool<'static>,
    task: Option<TaskRequest>,
    settings: &Settings,
) -> Result<Done, Error> {
    tool.task = task;
    let call = Call::CallTool(tool);
    if task.is_none() {
        return Box::pin(run(core, call, settings)).await;
    }
    let (sender, made) = oneshot::channel();
    let (core, settings) = (core.clone(), settings.clone());
    core.hearing.tasks().clone().spawn(async move {
        let done = Some(Box::pin(run(&core, call, &settings)).await);
        // Whoever asked may have gone: then it is cancelled.
        let _ = sender.send(Made { core, done });
    });
    made.await.map_or(Err(Error::Closed), Made::take)
}

/// A server that makes tasks as it thinks fit may have answered with one before it heard that the call was cancelled: the task is
/// cancelled by its id
/// ([SEP-2663, task cancellation](https://modelcontextprotocol.io/seps/2663-tasks-extension#task-cancellation)).
impl Unclaimed for Core {
    fn came(self: Arc<Self>, codec: Codec, result: Raw) {
        let call = Call::CallTool(CallTool::new(""));
        if let Ok(Outcome::Task { state, .. }) = Outcome::read(codec, &call, result) {
            let _runtime = self.runtime.enter();
            Task::new(&self, *state, codec, None).cancel_soon();
        }
    }
}

/// What a call came to. A task that nobody takes is cancelled.
struct Made {
    core: Arc<Core>,
    done: Option<Result<Done, Error>>,
}

impl Made {
    fn take(mut self) -> Result<Done, Error> {
        self.done.take().unwrap_or(Err(Error::Closed))
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(Ok(Done::Task { state, codec, .. })) = self.done.take() {
            Task::new(&self.core, *state, codec, None).cancel_soon();
        }
    }
}
