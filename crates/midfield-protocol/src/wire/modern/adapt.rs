//! Leaving out what only the revision before had: tasks of the protocol's own. Here they are an extension.

use std::borrow::Cow;

use crate::types::{ServerCapabilities, Tool};

/// `tools` without what this revision does not know; borrowed where nothing changes.
pub(in crate::wire) fn tools(tools: &[Tool]) -> Cow<'_, [Tool]> {
    if tools.iter().all(|tool| tool.execution.is_none()) {
        return Cow::Borrowed(tools);
    }
    let mut tools = tools.to_vec();
    for tool in &mut tools {
        tool.execution = None;
    }
    Cow::Owned(tools)
}

/// `capabilities` without what this revision does not know; borrowed where nothing changes.
pub(in crate::wire) fn capabilities(
    capabilities: &ServerCapabilities,
) -> Cow<'_, ServerCapabilities> {
    if capabilities.tasks.is_none() {
        return Cow::Borrowed(capabilities);
    }
    Cow::Owned(ServerCapabilities {
        tasks: None,
        ..capabilities.clone()
    })
}
