//! A task to its end
//! ([SEP-2663](https://modelcontextprotocol.io/seps/2663-tasks-extension),
//! [2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks)).

use std::sync::Arc;

use midfield_protocol::types::ToolResult;
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::TaskState;

use super::super::Error;
use super::super::core::Core;

pub(in crate::client) async fn drive(
    _core: &Arc<Core>,
    state: TaskState,
    _codec: Codec,
    _tool: Option<&str>,
) -> Result<ToolResult, Error> {
    Err(Error::Task {
        id: state.task.id,
        status: state.task.status,
        message: "not driven yet".into(),
    })
}
