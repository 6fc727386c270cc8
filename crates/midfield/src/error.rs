//! How a handler fails.

use std::fmt;

use crate::server::check_page;

/// Why a handler gave no result.
///
/// Most failures are for the model: it reads the text and may try again with other arguments. They are
/// answered as a tool result with `isError`
/// ([error handling](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#error-handling)).
/// Any [`std::error::Error`] becomes such a failure by `?`; only its own message is told, not its sources.
///
/// It is no `std::error::Error` itself, as that would forbid the conversion from all others.
#[derive(Clone, Debug)]
pub struct Error(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Tool(String),
    Protocol(midfield_protocol::Error),
}

/// What handlers return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure that is told to the model.
    pub fn tool(message: impl Into<String>) -> Self {
        Self(Kind::Tool(message.into()))
    }

    /// A failure of the request itself, answered as a JSON-RPC error.
    pub fn protocol(error: midfield_protocol::Error) -> Self {
        Self(Kind::Protocol(error))
    }

    /// There is no resource at `uri`: for handlers of templates, which match more URIs than there are
    /// resources.
    pub fn resource_not_found(uri: impl Into<String>) -> Self {
        Self::protocol(midfield_protocol::Error::ResourceNotFound { uri: uri.into() })
    }

    /// The parameters of the request do not fit: the error `-32602`.
    pub fn invalid_params(detail: impl Into<String>) -> Self {
        Self::protocol(midfield_protocol::Error::InvalidParams {
            detail: detail.into(),
        })
    }

    /// The user has to open these pages, each with its message, before the request can be answered. A client
    /// of revision 2025-11-25 learns it as the error `-32042`; use
    /// [`Context::elicit_url`](crate::Context::elicit_url) where the handler can wait.
    ///
    /// Where one of them is no page, its URL is none or its id is empty, the client learns of an internal error,
    /// and the log why.
    pub fn url_elicitation_required(
        elicitations: Vec<midfield_protocol::types::Elicitation>,
    ) -> Self {
        if let Some(reason) = elicitations.iter().find_map(unfit) {
            tracing::error!(reason, "a handler sends its user to what is no page");
            return Self::protocol(midfield_protocol::Error::Internal);
        }
        Self::protocol(midfield_protocol::Error::UrlElicitationRequired { elicitations })
    }

    /// The error that a request is answered with whose result cannot tell of failures.
    pub(crate) fn into_error(self) -> midfield_protocol::Error {
        match self.0 {
            Kind::Tool(detail) => midfield_protocol::Error::Failed { detail },
            Kind::Protocol(error) => error,
        }
    }

    /// The tool result or the protocol error that the caller is answered with.
    pub(crate) fn into_tool_answer(
        self,
    ) -> std::result::Result<midfield_protocol::types::ToolResult, midfield_protocol::Error> {
        match self.0 {
            Kind::Tool(message) => Ok(midfield_protocol::types::ToolResult::error(message)),
            Kind::Protocol(error) => Err(error),
        }
    }
}

/// Why nobody can be sent to this page.
fn unfit(elicitation: &midfield_protocol::types::Elicitation) -> Option<&'static str> {
    use midfield_protocol::types::Elicitation;
    match elicitation {
        Elicitation::Url { url, .. } if check_page(url).is_err() => Some("its URL is none"),
        Elicitation::Url { elicitation_id, .. } if elicitation_id.is_empty() => {
            Some("it has no id")
        }
        Elicitation::Url { .. } => None,
        _ => Some("it is a form"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Tool(message) => f.write_str(message),
            Kind::Protocol(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self::tool(error.to_string())
    }
}
