//! How a client finds out what a server speaks: `server/discover` in the modern era, `initialize` before.

use serde::{Deserialize, Serialize};

use super::read::{self, Hints};
use super::{ClientDescription, FromResult, InvalidAnswer};
use crate::jsonrpc::{self, RequestId};
use crate::types::{ClientCapabilities, Freshness, Implementation, ServerCapabilities};
use crate::wire::{Codec, SERVER_INFO, legacy};
use crate::{Error, Raw, Revision};

/// What `server/discover` was answered with
/// ([2026-07-28, discovery](https://modelcontextprotocol.io/specification/2026-07-28/server/discover)).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Discovery {
    /// The revisions that the server speaks, as it names them.
    pub supported: Vec<String>,
    /// What it offers.
    pub capabilities: ServerCapabilities,
    /// What it says it is.
    pub implementation: Option<Implementation>,
    /// How to use it, for the model.
    pub instructions: Option<String>,
    /// How long this may be kept.
    pub freshness: Freshness,
}

impl FromResult for Discovery {
    fn from_result(_: Codec, result: &Raw) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            supported_versions: Vec<String>,
            capabilities: ServerCapabilities,
            #[serde(default)]
            instructions: Option<String>,
        }
        let wire: Wire = read::object(result)?;
        let meta = read::meta(result)?;
        let implementation = meta.and_then(|meta| {
            let info = meta.get(SERVER_INFO)?;
            Implementation::deserialize(info).ok()
        });
        Ok(Self {
            supported: wire.supported_versions,
            capabilities: wire.capabilities,
            implementation,
            instructions: wire.instructions,
            freshness: Hints::read(result).freshness(),
        })
    }
}

/// What `initialize` was answered with
/// ([2025-11-25, initialization](https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#initialization)).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Handshake {
    /// The revision that the session speaks.
    pub revision: Revision,
    /// What the server offers.
    pub capabilities: ServerCapabilities,
    /// What it says it is.
    pub implementation: Implementation,
    /// How to use it, for the model.
    pub instructions: Option<String>,
}

impl Handshake {
    /// The request that opens a session, with the revision that is wished for.
    ///
    /// # Errors
    /// When what the client says of itself cannot be written as JSON.
    pub fn request(
        id: &RequestId,
        wished: Revision,
        client: &ClientDescription,
    ) -> Result<Vec<u8>, Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Params<'a> {
            protocol_version: &'static str,
            capabilities: ClientCapabilities,
            client_info: &'a Implementation,
        }
        let params = Params {
            protocol_version: wished.as_str(),
            capabilities: client.legacy(),
            client_info: &client.implementation,
        };
        jsonrpc::request(id, legacy::INITIALIZE, Some(&params)).map_err(|error| {
            Error::InvalidParams {
                detail: error.to_string(),
            }
        })
    }

    /// The notification that says that the client is ready.
    pub fn initialized() -> Vec<u8> {
        jsonrpc::bare_notification(legacy::INITIALIZED)
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// When it is none, or when the server wants a revision that has no sessions or that we do not speak: the client has to
    /// disconnect then.
    pub fn read(result: &Raw) -> Result<Self, InvalidAnswer> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            protocol_version: String,
            #[serde(default)]
            capabilities: ServerCapabilities,
            server_info: Implementation,
            #[serde(default)]
            instructions: Option<String>,
        }
        let invalid = |detail: String| InvalidAnswer::new(legacy::INITIALIZE, detail);
        let wire: Wire = read::object(result).map_err(invalid)?;
        let revision = wire.protocol_version.parse::<Revision>().ok();
        let revision = revision.filter(|revision| *revision <= Revision::NEWEST_LEGACY);
        let revision = revision.ok_or_else(|| {
            invalid(format!(
                "the server wants to speak {:?}, which is no revision with sessions that this client knows",
                wire.protocol_version
            ))
        })?;
        Ok(Self {
            revision,
            capabilities: wire.capabilities,
            implementation: wire.server_info,
            instructions: wire.instructions,
        })
    }
}
