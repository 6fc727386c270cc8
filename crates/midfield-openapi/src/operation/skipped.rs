//! Operations that cannot be called, and why.

use super::Method;
use crate::document::BrokenReference;

/// An operation of the document that has no tool.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {path} was left out")]
#[non_exhaustive]
pub struct Skipped {
    /// The name that its tool would have had.
    pub name: String,
    /// Its HTTP method.
    pub method: Method,
    /// Its path, as the document writes it.
    pub path: String,
    /// Its `operationId`, when it has one.
    pub operation_id: Option<String>,
    /// Why it cannot be called.
    #[source]
    pub reason: Box<Reason>,
}

/// Why an operation cannot be called, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A reference that the request depends on leads nowhere.
    #[error("a reference is broken: {0}; mend it, or put the file beside the document")]
    BrokenReference(BrokenReference),
    /// The operation is not an object.
    #[error("the operation is not an object: mend the document")]
    NotAnObject,
    /// No server has a host, and nothing says where the document came from.
    #[error("no server is known (`{0}` has no host): give a base URL")]
    NoServer(String),
    /// A variable of the server's URL has no value.
    #[error("the server's variable `{variable}` has no value: set it, or give a base URL")]
    ServerVariable {
        /// Name of the variable.
        variable: String,
    },
    /// A variable of the server's URL was set to a value that the document does not allow.
    #[error("the server's variable `{variable}` may not be `{value}`: take one of its `enum`")]
    ServerVariableValue {
        /// Name of the variable.
        variable: String,
        /// The value that was set.
        value: String,
    },
    /// The server's URL is none, or is not HTTP.
    #[error("the server `{0}` is not an http or https URL: give a base URL")]
    InvalidServer(String),
    /// The document has fewer servers than the one that was chosen.
    #[error("server number {0} was chosen, but there are fewer: choose another")]
    NoSuchServer(usize),
    /// The path cannot be sent as it is written.
    #[error("the path cannot be requested: {0}; mend the document")]
    InvalidPath(String),
    /// A parameter cannot be understood, and the request may depend on it.
    #[error("parameter number {number} has no usable `{field}`: mend the document")]
    InvalidParameter {
        /// Which parameter, counted from 1.
        number: usize,
        /// The field that is missing or wrong.
        field: &'static str,
    },
    /// More parameters than anyone can give.
    #[error("it has more than {0} parameters: mend the document")]
    TooManyParameters(usize),
    /// A header that is required cannot stand in a request.
    #[error("the required header `{0}` is not a header name: mend the document")]
    InvalidHeaderName(String),
}

impl Reason {
    /// The kind of reason in a few words without values, for counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::BrokenReference(_) => "broken reference",
            Self::NotAnObject => "not an object",
            Self::NoServer(_) => "no server known",
            Self::ServerVariable { .. } => "server variable without value",
            Self::ServerVariableValue { .. } => "server variable with a forbidden value",
            Self::InvalidServer(_) => "server is not an HTTP URL",
            Self::NoSuchServer(_) => "no such server",
            Self::InvalidPath(_) => "path cannot be requested",
            Self::InvalidParameter { .. } => "parameter not understood",
            Self::TooManyParameters(_) => "too many parameters",
            Self::InvalidHeaderName(_) => "header name not allowed",
        }
    }
}
