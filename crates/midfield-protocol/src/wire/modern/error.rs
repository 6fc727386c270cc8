//! Errors as revision 2026-07-28 numbers them, and the HTTP status that goes with each
//! ([error codes](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#error-codes)).

use serde::Serialize;

use crate::jsonrpc::{Code, ErrorObject};
use crate::types::ClientCapabilities;
use crate::wire::{NotFound, application};
use crate::{Error, Revision};

pub(in crate::wire) const HEADER_MISMATCH: Code = Code::new(-32020);
const MISSING_REQUIRED_CLIENT_CAPABILITY: Code = Code::new(-32021);
pub(in crate::wire) const UNSUPPORTED_PROTOCOL_VERSION: Code = Code::new(-32022);

/// Whether only this revision has the code.
pub(in crate::wire) fn is_own(code: Code) -> bool {
    [
        HEADER_MISMATCH,
        MISSING_REQUIRED_CLIENT_CAPABILITY,
        UNSUPPORTED_PROTOCOL_VERSION,
    ]
    .contains(&code)
}

pub(in crate::wire) fn error_object(error: &Error) -> ErrorObject {
    let object = |code| ErrorObject::new(code, error.to_string());
    match error {
        Error::InvalidRequest { .. } | Error::UrlElicitationRequired { .. } => {
            object(Code::INVALID_REQUEST)
        }
        Error::MethodNotFound { .. } | Error::TaskRequired { .. } | Error::TaskForbidden { .. } => {
            object(Code::METHOD_NOT_FOUND)
        }
        Error::InvalidParams { .. }
        | Error::UnknownTool { .. }
        | Error::UnknownPrompt { .. }
        | Error::UnknownTask { .. }
        | Error::InvalidCursor => object(Code::INVALID_PARAMS),
        Error::ResourceNotFound { uri } => object(Code::INVALID_PARAMS).data_of(&NotFound { uri }),
        Error::HeaderMismatch { .. } => object(HEADER_MISMATCH),
        Error::MissingCapability { required } => object(MISSING_REQUIRED_CLIENT_CAPABILITY)
            .data_of(&MissingCapability {
                required_capabilities: required,
            }),
        Error::UnsupportedRevision(unsupported) => {
            object(UNSUPPORTED_PROTOCOL_VERSION).data_of(&Unsupported {
                supported: supported_revisions(),
                requested: &unsupported.requested,
            })
        }
        Error::Application {
            code,
            message,
            data,
        } => application(*code, message, data.as_ref()),
        Error::Failed { .. } | Error::Internal => object(Code::INTERNAL_ERROR),
    }
}

/// The status of an HTTP response that carries `error`. What the protocol itself refuses is a `4xx`;
/// what the server found out while it answered is a `200`, as every answered call.
pub fn http_status(error: &Error) -> u16 {
    match error {
        Error::MethodNotFound { .. } | Error::TaskRequired { .. } | Error::TaskForbidden { .. } => {
            404
        }
        Error::InvalidRequest { .. }
        | Error::InvalidParams { .. }
        | Error::HeaderMismatch { .. }
        | Error::MissingCapability { .. }
        | Error::UnsupportedRevision(_) => 400,
        Error::UnknownTool { .. }
        | Error::UnknownPrompt { .. }
        | Error::UnknownTask { .. }
        | Error::ResourceNotFound { .. }
        | Error::UrlElicitationRequired { .. }
        | Error::Application { .. }
        | Error::InvalidCursor
        | Error::Failed { .. }
        | Error::Internal => 200,
    }
}

/// Every revision that the server speaks, newest first, as a client would choose.
pub(in crate::wire) fn supported_revisions() -> [&'static str; Revision::ALL.len()] {
    let mut names = Revision::ALL.map(Revision::as_str);
    names.reverse();
    names
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MissingCapability<'a> {
    required_capabilities: &'a ClientCapabilities,
}

#[derive(Serialize)]
struct Unsupported<'a> {
    supported: [&'static str; Revision::ALL.len()],
    requested: &'a str,
}
