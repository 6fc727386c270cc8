//! Why a server gets no answer.

use std::borrow::Cow;

use midfield_protocol::jsonrpc::{Code, ErrorObject};

/// Why a server gets no answer to what it asked: the error that it is told, where its revision has a place for one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct Refusal(Box<ErrorObject>);

impl Refusal {
    fn of(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(ErrorObject::new(code, message)))
    }

    /// A person or a policy does not want it: the error `-1`
    /// ([sampling, error handling](https://modelcontextprotocol.io/specification/2025-11-25/client/sampling#error-handling)).
    pub fn rejected(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Code::new(-1), message)
    }

    /// The question itself is wrong: the error `-32602`.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Code::INVALID_PARAMS, message)
    }

    /// The client does not do that: the error `-32601`.
    pub fn not_offered(method: &str) -> Self {
        Self::of(
            Code::METHOD_NOT_FOUND,
            format!("method not found: {method}; this client does not declare it"),
        )
    }

    /// Something failed on this side: the error `-32603`. The message goes to the server, so it holds no secret.
    pub fn failed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Code::INTERNAL_ERROR, message)
    }

    /// What the server is told.
    pub fn error(&self) -> &ErrorObject {
        &self.0
    }
}
