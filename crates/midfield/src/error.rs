//! How a handler fails.

use std::fmt;
use std::sync::Arc;

use crate::server::check_page;

/// Why a handler gave no result.
///
/// Most failures are for the model: it reads the text and may try again with other arguments. They are
/// answered as a tool result with `isError`
/// ([error handling](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#error-handling)).
/// Any [`std::error::Error`] becomes such a failure by `?`; only its own message is told, not its sources.
///
/// It is no `std::error::Error` itself, as that would forbid the conversion from all others. What it was made
/// from is kept for the process itself: its [`Debug`](fmt::Debug) tells people what happened and, line by line,
/// why, which is what `main` prints when it returns it.
#[derive(Clone)]
pub struct Error {
    kind: Kind,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

#[derive(Clone, Debug)]
enum Kind {
    Tool(String),
    Protocol(midfield_protocol::Error),
    OutcomeUnknown(String),
}

/// What handlers return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    const fn of(kind: Kind) -> Self {
        Self { kind, source: None }
    }

    /// What it was made from, for logs. Clients are not told.
    pub fn source(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }

    /// A failure that is told to the model.
    pub fn tool(message: impl Into<String>) -> Self {
        Self::of(Kind::Tool(message.into()))
    }

    /// A failure of the request itself, answered as a JSON-RPC error.
    pub fn protocol(error: midfield_protocol::Error) -> Self {
        Self::of(Kind::Protocol(error))
    }

    pub(crate) fn outcome_unknown(message: String) -> Self {
        Self::of(Kind::OutcomeUnknown(message))
    }

    /// Whether it is not known what a step came to, because its process died while it was at work: see
    /// [`Context::step_at_most_once`](crate::Context::step_at_most_once).
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self.kind, Kind::OutcomeUnknown(_))
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
        match self.kind {
            Kind::Tool(detail) | Kind::OutcomeUnknown(detail) => {
                midfield_protocol::Error::Failed { detail }
            }
            Kind::Protocol(error) => error,
        }
    }

    /// The tool result or the protocol error that the caller is answered with.
    pub(crate) fn into_tool_answer(
        self,
    ) -> std::result::Result<midfield_protocol::types::ToolResult, midfield_protocol::Error> {
        match self.kind {
            Kind::Tool(message) | Kind::OutcomeUnknown(message) => {
                Ok(midfield_protocol::types::ToolResult::error(message))
            }
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
        match &self.kind {
            Kind::Tool(message) | Kind::OutcomeUnknown(message) => f.write_str(message),
            Kind::Protocol(error) => error.fmt(f),
        }
    }
}

/// As people read it: the message, and below it why, and why that.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)?;
        // The message is that of what it was made from.
        let mut cause = self
            .source
            .as_ref()
            .and_then(|made_from| made_from.source());
        if cause.is_some() {
            f.write_str("\n\nCaused by:")?;
        }
        while let Some(error) = cause {
            write!(f, "\n    {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self {
            kind: Kind::Tool(error.to_string()),
            source: Some(Arc::new(error)),
        }
    }
}
