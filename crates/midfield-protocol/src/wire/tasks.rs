//! When a call runs as a task, and who may ask about one: what depends on the revision that is spoken and on what the
//! client declares.

use super::Codec;
use crate::types::{ClientCapabilities, Settings, TASKS_EXTENSION, Task, TaskSupport};
use crate::{Call, CallTool, Caller, Era, Error};

/// How a call of a tool has to be run, and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a call can be answered at once, later, or either way"
)]
pub enum RunAs {
    /// At once, by what the tool answers.
    Inline,
    /// As a task, by [`crate::Answer::TaskCreated`].
    Task,
    /// The server decides: the client understands both.
    Either,
}

impl Codec {
    /// How a call of a tool with this `support` has to be run on a server that has tasks; a server that has none runs it
    /// [inline](RunAs::Inline) without asking.
    ///
    /// - In 2025-11-25 the client decides, by `task`
    ///   ([tool-level negotiation](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#tool-level-negotiation)).
    /// - In 2026-07-28 the server decides, for clients that declare the extension with this very request.
    /// - Earlier revisions have no tasks.
    ///
    /// # Errors
    /// [`Error::TaskRequired`] and [`Error::TaskForbidden`] where the wish and the tool contradict each other,
    /// [`Error::MissingCapability`] for a tool that needs a client which declares the extension,
    /// [`Error::InvalidRequest`] for a tool that needs another revision.
    pub fn runs_as(
        self,
        call: &CallTool<'_>,
        caller: &Caller,
        support: TaskSupport,
    ) -> Result<RunAs, Error> {
        let revision = self.revision();
        match revision.era() {
            Era::Modern => decided_by_server(caller, support),
            Era::Legacy if revision.rules().core_tasks => decided_by_client(call, support),
            Era::Legacy if support == TaskSupport::Required => Err(Error::InvalidRequest {
                detail: format!(
                    "the tool {} runs only as a task, and revision {revision} has no tasks: use 2025-11-25 with `task`, \
                     or 2026-07-28 with the extension {TASKS_EXTENSION}",
                    call.name
                ),
            }),
            Era::Legacy => Ok(RunAs::Inline),
        }
    }

    /// Whether this client may ask about tasks, if that is what `call` does, of a server that has the extension: in
    /// 2026-07-28 only one that declares it. It passes every other call, and everything in other revisions.
    ///
    /// # Errors
    /// [`Error::MissingCapability`] where the extension is not declared.
    pub fn check_tasks(self, call: &Call<'_>, caller: &Caller) -> Result<(), Error> {
        let is_about_tasks = match call {
            Call::GetTask { .. }
            | Call::TaskResult { .. }
            | Call::ListTasks { .. }
            | Call::CancelTask { .. }
            | Call::UpdateTask { .. } => true,
            Call::Listen(filter) => !filter.task_ids.is_empty(),
            _ => false,
        };
        if is_about_tasks && self.revision().era() == Era::Modern && !declares(caller) {
            return Err(undeclared());
        }
        Ok(())
    }

    /// Whether `task` may be asked to be cancelled. In 2025-11-25 one that is over already may not; the extension only
    /// acknowledges the wish.
    ///
    /// # Errors
    /// [`Error::InvalidParams`] where it may not.
    pub fn check_cancel(self, task: &Task) -> Result<(), Error> {
        if self.revision().era() == Era::Modern || !task.status.is_terminal() {
            return Ok(());
        }
        Err(Error::InvalidParams {
            detail: format!(
                "cannot cancel the task {}: it is {} already",
                task.id,
                super::legacy::task_status(task)
            ),
        })
    }
}

/// In 2026-07-28, of a client that declares the extension or does not.
fn decided_by_server(caller: &Caller, support: TaskSupport) -> Result<RunAs, Error> {
    match (support, declares(caller)) {
        (TaskSupport::Optional, true) => Ok(RunAs::Either),
        (TaskSupport::Forbidden, _) | (TaskSupport::Optional, false) => Ok(RunAs::Inline),
        (TaskSupport::Required, true) => Ok(RunAs::Task),
        (TaskSupport::Required, false) => Err(undeclared()),
    }
}

/// In 2025-11-25, by `task`.
fn decided_by_client(call: &CallTool<'_>, support: TaskSupport) -> Result<RunAs, Error> {
    let name = || call.name.clone().into_owned();
    match (support, call.task) {
        (TaskSupport::Forbidden, Some(_)) => Err(Error::TaskForbidden { name: name() }),
        (TaskSupport::Required, None) => Err(Error::TaskRequired { name: name() }),
        (TaskSupport::Forbidden | TaskSupport::Optional, None) => Ok(RunAs::Inline),
        (TaskSupport::Optional | TaskSupport::Required, Some(_)) => Ok(RunAs::Task),
    }
}

/// Whether the request says that its client knows the extension; what it said before does not count.
fn declares(caller: &Caller) -> bool {
    caller.capabilities.extensions.contains_key(TASKS_EXTENSION)
}

fn undeclared() -> Error {
    let mut required = ClientCapabilities::default();
    required
        .extensions
        .insert(TASKS_EXTENSION.to_owned(), Settings::default());
    Error::MissingCapability {
        required: Box::new(required),
    }
}
