//! Parameters that both eras write alike.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::call::CallTool;
use crate::jsonrpc::Request;
use crate::types::ClientCapabilities;
use crate::{Call, Error};

/// Longest text of a client's capabilities, in bytes. Their settings are kept as values, which can take a
/// hundred times the room of their text, for as long as a request or a session lasts.
const MAX_CAPABILITIES: usize = 16 << 10;

#[derive(Deserialize)]
pub(super) struct ListParams<'a> {
    #[serde(borrow, default)]
    cursor: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct CallToolParams<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

pub(super) fn list_tools<'a>(request: &Request<'a>) -> Result<Call<'a>, Error> {
    let params: ListParams<'a> = read(request)?;
    Ok(Call::ListTools {
        cursor: params.cursor,
    })
}

pub(super) fn call_tool<'a>(request: &Request<'a>) -> Result<Call<'a>, Error> {
    let params: CallToolParams<'a> = read(request)?;
    if params
        .arguments
        .is_some_and(|arguments| !arguments.get().starts_with('{'))
    {
        return Err(Error::InvalidParams {
            detail: "`arguments` is no object".into(),
        });
    }
    Ok(Call::CallTool(CallTool {
        name: params.name,
        arguments: params.arguments,
    }))
}

/// Reads what a client says it can do; `key` is where it says so.
pub(super) fn capabilities(key: &str, raw: &RawValue) -> Result<ClientCapabilities, Error> {
    if raw.get().len() > MAX_CAPABILITIES {
        return Err(Error::InvalidParams {
            detail: format!("`{key}` is longer than {MAX_CAPABILITIES} bytes"),
        });
    }
    object(key, raw)
}

/// Reads the object `raw`, which stands at `key`, as a `T`.
pub(super) fn object<'a, T: Deserialize<'a>>(key: &str, raw: &'a RawValue) -> Result<T, Error> {
    // The derived code would take an array for the members in order.
    if !raw.get().starts_with('{') {
        return Err(Error::InvalidParams {
            detail: format!("`{key}` is no object"),
        });
    }
    serde_json::from_str(raw.get()).map_err(|error| Error::InvalidParams {
        detail: format!("`{key}`: {error}"),
    })
}

/// Reads the parameters as a `T`; absent ones as an empty object.
pub(super) fn read<'a, T: Deserialize<'a>>(request: &Request<'a>) -> Result<T, Error> {
    let text = request.params.map_or("{}", RawValue::get);
    serde_json::from_str(text).map_err(|error| Error::InvalidParams {
        detail: error.to_string(),
    })
}
