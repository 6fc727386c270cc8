//! Parameters that both eras write alike.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::call::CallTool;
use crate::jsonrpc::Request;
use crate::{Call, Error};

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

/// Reads the parameters as a `T`; absent ones as an empty object.
pub(super) fn read<'a, T: Deserialize<'a>>(request: &Request<'a>) -> Result<T, Error> {
    let text = request.params.map_or("{}", RawValue::get);
    serde_json::from_str(text).map_err(|error| Error::InvalidParams {
        detail: error.to_string(),
    })
}
