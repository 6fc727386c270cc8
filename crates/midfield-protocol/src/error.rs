//! Why a request failed, grouped by who can do something about it. No numbers: each wire has its own.

use serde::{Deserialize, Serialize};

use crate::types::{ClientCapabilities, Elicitation};
use crate::{Raw, Revision, UnsupportedRevision};

/// A request that was not answered with a result. In JSON it is as a journal keeps it, which is no wire's way.
///
/// A tool that fails is no such error: it answers with [`crate::types::ToolResult::is_error`].
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// There is no prompt of this name.
    #[error("unknown prompt: {name}")]
    UnknownPrompt {
        /// What was asked for.
        name: String,
    },
    /// There is no such task, or it is somebody else's, or it is no longer kept: the peer does not learn which.
    #[error("unknown task: {id}; it may have expired")]
    UnknownTask {
        /// What was asked for.
        id: String,
    },
    /// The tool runs only as a task, and the client did not ask for one.
    #[error("the tool {name} runs only as a task: send `task` with the call")]
    TaskRequired {
        /// The tool.
        name: String,
    },
    /// The tool does not run as a task, and the client asked for one.
    #[error("the tool {name} does not run as a task: leave `task` out of the call")]
    TaskForbidden {
        /// The tool.
        name: String,
    },
    /// There is no resource at this URI.
    #[error("resource not found: {uri}")]
    ResourceNotFound {
        /// What was asked for.
        uri: String,
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
    /// The user has to open pages before the request can be served. Only 2025-11-25 has an error for that;
    /// elsewhere the peer is told in words.
    #[error(
        "the user has to open a page first, then send the request again: {pages}",
        pages = pages(elicitations)
    )]
    UrlElicitationRequired {
        /// The pages.
        elicitations: Vec<Elicitation>,
    },
    /// What an extension says. Codes from -32099 to -32000 are reserved; an error with one of them is told
    /// as an internal one.
    #[error("{message}")]
    Application {
        /// The number on the wire.
        code: i32,
        /// One sentence for a person.
        message: String,
        /// More, for a program.
        data: Option<Raw>,
    },
    /// The peer speaks a revision that Midfield does not.
    #[error("{0}; supported are {supported}", supported = supported())]
    UnsupportedRevision(#[from] UnsupportedRevision),
    /// The request could not be answered, for a reason that the peer may know.
    #[error("{detail}")]
    Failed {
        /// The reason.
        detail: String,
    },
    /// We failed. The peer learns no more than that; the log does.
    #[error("internal error")]
    Internal,
}

fn supported() -> String {
    Revision::ALL.map(Revision::as_str).join(", ")
}

fn pages(elicitations: &[Elicitation]) -> String {
    let pages: Vec<&str> = elicitations
        .iter()
        .filter_map(|elicitation| match elicitation {
            Elicitation::Url { url, .. } => Some(url.as_str()),
            Elicitation::Form { .. } => None,
        })
        .collect();
    pages.join(", ")
}
