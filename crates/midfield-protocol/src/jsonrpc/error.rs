//! Error objects, and why a frame is refused.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::RequestId;
use crate::Raw;

/// The number that names an error on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Code(i32);

impl Code {
    /// The text is no JSON.
    pub const PARSE_ERROR: Self = Self(-32700);
    /// The JSON is no message.
    pub const INVALID_REQUEST: Self = Self(-32600);
    /// No such method here.
    pub const METHOD_NOT_FOUND: Self = Self(-32601);
    /// The parameters do not fit the method.
    pub const INVALID_PARAMS: Self = Self(-32602);
    /// The receiver failed.
    pub const INTERNAL_ERROR: Self = Self(-32603);

    /// The code with this number.
    pub const fn new(number: i32) -> Self {
        Self(number)
    }

    /// The number on the wire.
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The `error` member of an error response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorObject {
    /// What kind of error it is.
    pub code: Code,
    /// One sentence for a person.
    pub message: Cow<'static, str>,
    /// More, for a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Raw>,
}

impl ErrorObject {
    /// An error without data.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// The same error with `data`.
    #[must_use]
    pub fn data(mut self, data: Raw) -> Self {
        self.data = Some(data);
        self
    }

    /// The same error with `data`, or without where that cannot be written as JSON.
    pub(crate) fn data_of<T: Serialize>(self, data: &T) -> Self {
        match Raw::of(data) {
            Ok(data) => self.data(data),
            Err(_) => self,
        }
    }
}

/// A frame that is no message. It carries the id where one could be read, so that the peer can tell
/// which of its requests was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", error.message)]
#[non_exhaustive]
pub struct Rejected {
    /// The id of the request, where it could be read.
    pub id: Option<RequestId>,
    /// What the peer is told.
    pub error: ErrorObject,
}

impl Rejected {
    pub(super) fn parse(detail: impl fmt::Display) -> Self {
        let message = format!("parse error: {detail}");
        Self {
            id: None,
            error: ErrorObject::new(Code::PARSE_ERROR, message),
        }
    }

    pub(super) fn request(id: Option<RequestId>, detail: impl fmt::Display) -> Self {
        let message = format!("invalid request: {detail}");
        Self {
            id,
            error: ErrorObject::new(Code::INVALID_REQUEST, message),
        }
    }
}
