//! How a call of a tool is run: answered by whoever waits, or as a task.

use std::time::Duration;

use midfield_protocol::types::TaskSupport;
use midfield_protocol::wire::RunAs;
use midfield_protocol::{CallTool, Error};

use super::super::ask::{Asking, Asks};
use super::super::catalog::ToolEntry;
use super::super::dispatch::Request;
use crate::server::Service;

/// How a call of a tool is run.
pub(in crate::server) enum Way {
    /// Its client waits for the result.
    Inline,
    /// Its client waits, unless the handler makes it a task.
    InlineAtFirst,
    /// As a task.
    Task,
    /// As a task that its client knows nothing of, for which it waits so long.
    Handle(Duration),
}

impl Way {
    /// How a call of a tool is run, by what the server has, the client knows and the tool can.
    pub(in crate::server) fn of(
        service: &Service,
        request: &Request<'_>,
        call: &CallTool<'_>,
        entry: &ToolEntry,
    ) -> Result<Self, Error> {
        let Ok(tasks) = service.tasks() else {
            return Ok(Self::Inline);
        };
        let support = entry.description.task_support();
        Ok(
            match request.codec.runs_as(call, &request.caller, support)? {
                // Only where the server decides may the handler do it: who asks for a task gets one at once.
                RunAs::Task | RunAs::Either
                    if entry.becomes_task && matches!(request.asking, Asking::Retried) =>
                {
                    Self::InlineAtFirst
                }
                RunAs::Task | RunAs::Either => Self::Task,
                RunAs::Inline
                    if support != TaskSupport::Forbidden && entry.asks == Asks::default() =>
                {
                    tasks.handles_after().map_or(Self::Inline, Self::Handle)
                }
                RunAs::Inline => Self::Inline,
            },
        )
    }
}
