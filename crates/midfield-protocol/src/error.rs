//! Why a request failed, grouped by who can do something about it. No numbers: each wire has its own.

use crate::types::ClientCapabilities;
use crate::{Revision, UnsupportedRevision};

/// A request that was not answered with a result.
///
/// A tool that fails is no such error: it answers with [`crate::types::ToolResult::is_error`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer sent a message at the wrong time.
    #[error("invalid request: {detail}")]
    InvalidRequest {
        /// What is wrong.
        detail: String,
    },
    /// The peer asked for something that this revision, or this server, does not have.
    #[error("method not found: {method}")]
    MethodNotFound {
        /// What was asked for.
        method: String,
    },
    /// The parameters do not fit the method.
    #[error("invalid params: {detail}")]
    InvalidParams {
        /// What is wrong, and where.
        detail: String,
    },
    /// There is no tool of this name.
    #[error("unknown tool: {name}")]
    UnknownTool {
        /// What was asked for.
        name: String,
    },
    /// The cursor is not one of ours, or no longer.
    #[error("invalid params: the cursor is not one that this server gave")]
    InvalidCursor,
    /// The headers of the HTTP request do not say what its body says.
    #[error("header mismatch: {detail}")]
    HeaderMismatch {
        /// Which header, and how it differs.
        detail: String,
    },
    /// The request cannot be served to a client that lacks these capabilities.
    #[error("the client does not declare a capability that this request requires")]
    MissingCapability {
        /// What it would have to declare.
        required: Box<ClientCapabilities>,
    },
    /// The peer speaks a revision that Midfield does not.
    #[error("{0}; supported are {supported}", supported = supported())]
    UnsupportedRevision(#[from] UnsupportedRevision),
    /// We failed. The peer learns no more than that; the log does.
    #[error("internal error")]
    Internal,
}

fn supported() -> String {
    Revision::ALL.map(Revision::as_str).join(", ")
}
