//! What a peer can ask of a server, and what it gets.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::types::{ClientCapabilities, Implementation, LogLevel, ProgressToken, ToolResult};

/// Who asks, and what it listens to while it waits.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Caller {
    /// What the client offers. Nothing else may be asked of it.
    pub capabilities: ClientCapabilities,
    /// What the client says it is; for display and logs only.
    pub client: Option<Implementation>,
    /// The least grave log message that it wants to hear; `None`: none at all.
    pub log_level: Option<LogLevel>,
    /// What it recognizes progress by; `None`: it does not want to hear of progress.
    pub progress_token: Option<ProgressToken>,
}

impl Caller {
    /// A caller with these capabilities that listens to nothing.
    pub fn new(capabilities: ClientCapabilities) -> Self {
        Self {
            capabilities,
            ..Self::default()
        }
    }
}

/// One request, decoded; the arguments of tools stay bytes for their handler.
#[derive(Debug)]
#[non_exhaustive]
pub enum Call<'a> {
    /// Is anybody there?
    Ping,
    /// Which revisions and capabilities are there?
    Discover,
    /// Which tools are there?
    ListTools {
        /// Where the page begins, as the page before it said.
        cursor: Option<Cow<'a, str>>,
    },
    /// Run a tool.
    CallTool(CallTool<'a>),
    /// From now on, send log messages at least this grave.
    SetLogLevel(LogLevel),
}

/// A tool and its arguments.
#[derive(Debug)]
#[non_exhaustive]
pub struct CallTool<'a> {
    /// The tool's name.
    pub name: Cow<'a, str>,
    /// The arguments' JSON, an object; `None` where the peer gave none.
    pub arguments: Option<&'a RawValue>,
}

/// What a request is answered with when it did not fail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// Nothing but the fact.
    Empty,
    /// Revisions, capabilities, identity.
    Discovery,
    /// A page of a list, written once for the revision that asks and sent as it is.
    Page(Arc<RawValue>),
    /// What a tool answered.
    Tool(ToolResult),
}
