//! How revision 2026-07-28 writes what is asked: every request carries its revision, its client's
//! capabilities and whatever else was once a session's.

mod adapt;
mod error;
mod headers;

pub(super) use adapt::{capabilities, tools};
pub use error::http_status;
pub(super) use error::{error_object, supported_revisions};
pub use headers::{METHOD, MalformedHeader, NAME, PROTOCOL_VERSION, decode_header, mirrored_name};

use super::{RequestMeta, params};
use crate::jsonrpc::Request;
use crate::types::UnknownLogLevel;
use crate::{Call, Caller, Era, Error, Revision, UnsupportedRevision};

/// The methods of the modern era; `None` for any other.
pub(super) fn decode<'a>(request: &Request<'a>) -> Result<Option<Call<'a>>, Error> {
    Ok(Some(match request.method.as_ref() {
        "tools/call" => params::call_tool(request)?,
        "tools/list" => params::list_tools(request)?,
        "server/discover" => Call::Discover,
        _ => return Ok(None),
    }))
}

/// The revision that a modern request names.
///
/// # Errors
/// [`Error::InvalidParams`] where it names none, [`Error::UnsupportedRevision`] where it names one
/// that is not of this era or not known.
pub fn revision(meta: &RequestMeta<'_>) -> Result<Revision, Error> {
    let Some(requested) = &meta.protocol_version else {
        return Err(missing("io.modelcontextprotocol/protocolVersion"));
    };
    match requested.parse::<Revision>() {
        Ok(revision) if revision.era() == Era::Modern => Ok(revision),
        _ => Err(UnsupportedRevision {
            requested: requested.clone().into_owned(),
        }
        .into()),
    }
}

/// Who sends a request with this `meta`.
///
/// # Errors
/// [`Error::InvalidParams`] where a required key is missing or one has the wrong type.
pub fn caller(meta: RequestMeta<'_>) -> Result<Caller, Error> {
    let capabilities = meta
        .client_capabilities
        .ok_or_else(|| missing(CLIENT_CAPABILITIES))?;
    let log_level = match meta.log_level {
        Some(level) => {
            Some(
                level
                    .parse()
                    .map_err(|unknown: UnknownLogLevel| Error::InvalidParams {
                        detail: unknown.to_string(),
                    })?,
            )
        }
        None => None,
    };
    Ok(Caller {
        capabilities: params::capabilities(CLIENT_CAPABILITIES, capabilities)?,
        client: meta
            .client_info
            .map(|info| params::object(CLIENT_INFO, info))
            .transpose()?,
        log_level,
        progress_token: meta.progress_token,
    })
}

fn missing(key: &str) -> Error {
    Error::InvalidParams {
        detail: format!("`_meta` lacks `{key}`"),
    }
}

const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
