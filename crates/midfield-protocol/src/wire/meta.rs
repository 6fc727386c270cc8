//! What a request says about itself in `_meta`, read before its method is known.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Error;
use crate::jsonrpc::Request;
use crate::types::ProgressToken;

/// The `_meta` of a request, borrowed. What it claims is checked by whoever needs it
/// ([2026-07-28, `_meta`](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).
#[derive(Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct RequestMeta<'a> {
    /// The revision that a modern request speaks. Its presence makes the request a modern one.
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    pub protocol_version: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientCapabilities")]
    pub(super) client_capabilities: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientInfo")]
    pub(super) client_info: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/logLevel")]
    pub(super) log_level: Option<Cow<'a, str>>,
    /// What the requestor recognizes progress by.
    #[serde(default, rename = "progressToken")]
    pub progress_token: Option<ProgressToken>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<RequestMeta<'a>>,
}

impl<'a> RequestMeta<'a> {
    /// Reads the `_meta` of `request`; an empty one where there is none.
    ///
    /// # Errors
    /// [`Error::InvalidParams`] when `_meta`, or one of the reserved keys in it, has the wrong type.
    pub fn read(request: &Request<'a>) -> Result<Self, Error> {
        let Some(params) = request.params else {
            return Ok(Self::default());
        };
        let params: Params<'a> =
            serde_json::from_str(params.get()).map_err(|error| Error::InvalidParams {
                detail: format!("`_meta`: {error}"),
            })?;
        Ok(params.meta.unwrap_or_default())
    }
}
