//! Why a command about tasks could not be done, each with its exit code.

use midfield_protocol::jsonrpc::ErrorObject;

use crate::cli::exit::Exit;
use crate::cli::text::line;

/// Why a command about tasks could not be done.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Failure {
    /// The server refused.
    #[error("the server refused: {message} ({code})")]
    Refused { code: i32, message: String },
    /// The server has no list for whoever asks.
    #[error(
        "the server lists no tasks: it does so only for those who say who they are, by a token (see `--token-env`)"
    )]
    NoList,
    /// The command line asks for what cannot be.
    #[error("{0}")]
    Usage(String),
    /// No answer came.
    #[error("the server at {url} cannot be reached")]
    Unreachable {
        url: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What answers is no server of MCP, or does not let us in.
    #[error("the server at {url} gave no usable answer: {told}")]
    Unusable { url: String, told: String },
    /// There is no such task, or it is somebody else's.
    #[error("there is no task {id}: it may have expired, or be somebody else's")]
    UnknownTask { id: String },
    /// The task waits for an answer that nobody gives.
    #[error("{0}")]
    NeedsInput(String),
}

impl Failure {
    /// How the command ends.
    pub(in crate::cli) fn exit(&self) -> Exit {
        match self {
            Self::Refused { .. } | Self::NoList => Exit::Failed,
            Self::Usage(_) => Exit::Usage,
            Self::Unreachable { .. } | Self::Unusable { .. } => Exit::Unreachable,
            Self::UnknownTask { .. } => Exit::NotFound,
            Self::NeedsInput(_) => Exit::NeedsAnswer,
        }
    }

    /// Whether the server may answer later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

impl From<ErrorObject> for Failure {
    fn from(error: ErrorObject) -> Self {
        Self::Refused {
            code: error.code.number(),
            message: line(&error.message),
        }
    }
}
