//! Errors as the legacy revisions number them.

use crate::Error;
use crate::jsonrpc::{Code, ErrorObject};

pub(in crate::wire) fn error_object(error: &Error) -> ErrorObject {
    let code = match error {
        Error::MethodNotFound { .. } => Code::METHOD_NOT_FOUND,
        Error::InvalidParams { .. } | Error::UnknownTool { .. } | Error::InvalidCursor => {
            Code::INVALID_PARAMS
        }
        Error::InvalidRequest { .. }
        | Error::HeaderMismatch { .. }
        | Error::MissingCapability { .. }
        | Error::UnsupportedRevision(_) => Code::INVALID_REQUEST,
        Error::Internal => Code::INTERNAL_ERROR,
    };
    ErrorObject::new(code, error.to_string())
}
