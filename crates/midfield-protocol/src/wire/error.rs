//! What both eras write of an error alike, and the HTTP status of each.

use serde::Serialize;

use super::{Codec, modern};
use crate::jsonrpc::{Code, ErrorObject};
use crate::{Era, Error, Raw};

impl Codec {
    /// The status of an HTTP response that carries `error` as the answer to a request. Legacy revisions
    /// answer every request that they could read with `200`.
    pub fn http_status(self, error: &Error) -> u16 {
        match self.revision().era() {
            Era::Legacy => 200,
            Era::Modern => modern::http_status(error),
        }
    }
}

/// Which resource was not found.
#[derive(Serialize)]
pub(super) struct NotFound<'a> {
    pub(super) uri: &'a str,
}

/// The error that an extension asked for, unless its code is the specification's
/// ([2026-07-28, error codes](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#error-codes)):
/// nobody could tell the two apart.
pub(super) fn application(code: i32, message: &str, data: Option<&Raw>) -> ErrorObject {
    if (-32_099..=-32_000).contains(&code) {
        return ErrorObject::new(Code::INTERNAL_ERROR, Error::Internal.to_string());
    }
    let mut object = ErrorObject::new(Code::new(code), message.to_owned());
    object.data = data.cloned();
    object
}
