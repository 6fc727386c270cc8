//! How revision 2026-07-28 writes what is asked: every request carries its revision, its client's
//! capabilities and whatever else was once a session's.

mod adapt;
mod error;
mod headers;
mod input;
mod task;

pub(super) use adapt::{capabilities, tools};
pub use error::http_status;
pub(super) use error::{
    HEADER_MISMATCH, UNSUPPORTED_PROTOCOL_VERSION, error_object, is_own, supported_revisions,
};
pub use headers::{
    METHOD, MalformedHeader, NAME, PROTOCOL_VERSION, decode_header, encode_header, mirrored_name,
};
pub(super) use input::InputRequiredResult;
pub(super) use task::{DetailedTask, TASK, WireTask};

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{RequestMeta, params};
use crate::jsonrpc::Request;
use crate::types::UnknownLogLevel;
use crate::{Call, Caller, Era, Error, Retry, Revision, UnsupportedRevision};

/// The methods of the modern era; `None` for any other.
pub(super) fn decode<'a>(request: &Request<'a>) -> Result<Option<Call<'a>>, Error> {
    Ok(Some(match request.method.as_ref() {
        "tools/call" => params::call_tool(request, retry, params::no_task)?,
        "tools/list" => Call::ListTools {
            cursor: params::cursor(request)?,
        },
        "resources/read" => params::read_resource(request, retry)?,
        "resources/list" => Call::ListResources {
            cursor: params::cursor(request)?,
        },
        "resources/templates/list" => Call::ListResourceTemplates {
            cursor: params::cursor(request)?,
        },
        "prompts/get" => params::get_prompt(request, retry)?,
        "prompts/list" => Call::ListPrompts {
            cursor: params::cursor(request)?,
        },
        "completion/complete" => params::complete(request)?,
        "subscriptions/listen" => listen(request)?,
        "server/discover" => Call::Discover,
        "tasks/get" => Call::GetTask {
            id: params::task_id(request)?,
        },
        "tasks/update" => update_task(request)?,
        "tasks/cancel" => Call::CancelTask {
            id: params::task_id(request)?,
        },
        _ => return Ok(None),
    }))
}

/// What the client brings from the round trip before
/// ([multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).
fn retry<'a>(
    responses: Option<&'a RawValue>,
    state: Option<&'a RawValue>,
) -> Result<Retry<'a>, Error> {
    // A `null` is no text: taken for none, it would begin the request again, unasked.
    let state = state.map(|state| {
        serde_json::from_str::<String>(state.get())
            .map(Cow::Owned)
            .map_err(|_| {
                params::invalid("`requestState` is no text; send what the server gave, or nothing")
            })
    });
    Ok(Retry {
        responses: params::is_object("inputResponses", responses)?.map(Cow::Borrowed),
        state: state.transpose()?,
    })
}

fn listen<'a>(request: &Request<'a>) -> Result<Call<'a>, Error> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        notifications: &'a RawValue,
    }
    let params: Params<'a> = params::read(request)?;
    Ok(Call::Listen(params::object(
        "notifications",
        params.notifications,
    )?))
}

fn update_task<'a>(request: &Request<'a>) -> Result<Call<'a>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        #[serde(borrow)]
        task_id: Cow<'a, str>,
        #[serde(borrow)]
        input_responses: &'a RawValue,
    }
    let params: Params<'a> = params::read(request)?;
    params::is_object("inputResponses", Some(params.input_responses))?;
    Ok(Call::UpdateTask {
        id: params.task_id,
        responses: Cow::Borrowed(params.input_responses),
    })
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
    let trace = meta.trace();
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
        principal: crate::Principal::default(),
        capabilities: params::capabilities(CLIENT_CAPABILITIES, capabilities)?,
        client: meta
            .client_info
            .map(|info| params::object(CLIENT_INFO, info))
            .transpose()?,
        log_level,
        progress_token: meta.progress_token,
        trace,
    })
}

fn missing(key: &str) -> Error {
    Error::InvalidParams {
        detail: format!("`_meta` lacks `{key}`"),
    }
}

const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
