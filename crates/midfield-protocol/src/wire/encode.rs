//! Writing answers, errors and notifications in the words of a revision.

use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::{Codec, legacy, modern};
use crate::jsonrpc::{self, RequestId};
use crate::types::{Content, Implementation, Meta, ServerCapabilities, Tool};
use crate::{Answer, Era, Error, Raw, Revision};

/// What a server says of itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ServerDescription {
    /// Its name and version.
    pub implementation: Implementation,
    /// What it offers.
    pub capabilities: ServerCapabilities,
    /// How to use it, for the model.
    pub instructions: Option<String>,
    /// How long its lists may be kept.
    pub freshness: Freshness,
}

/// How long, and by whom, a result may be kept
/// ([2026-07-28, caching](https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/caching)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Freshness {
    /// How long it may be taken as fresh. Default: zero, ask again each time.
    pub lifetime: Duration,
    /// Who may keep it. Default: only the caller itself.
    pub scope: CacheScope,
}

/// Who may keep a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification defines exactly these two"
)]
pub enum CacheScope {
    /// Anybody: it is the same for every caller.
    Public,
    /// Only the caller.
    Private,
}

impl Freshness {
    /// A result that stays fresh for `lifetime` within `scope`.
    pub const fn new(lifetime: Duration, scope: CacheScope) -> Self {
        Self { lifetime, scope }
    }
}

impl Default for Freshness {
    fn default() -> Self {
        Self::new(Duration::ZERO, CacheScope::Private)
    }
}

/// Writes what one server has to say, in any revision.
#[derive(Debug)]
pub struct Encoder {
    description: ServerDescription,
    /// What every result says of the server: enough to recognize it by. Discovery says the rest.
    identity: Implementation,
}

impl Encoder {
    /// The encoder of the server that is described.
    pub fn new(description: ServerDescription) -> Self {
        let full = &description.implementation;
        let identity = Implementation {
            title: full.title.clone(),
            ..Implementation::new(&full.name, &full.version)
        };
        Self {
            description,
            identity,
        }
    }

    /// What the server says of itself.
    pub fn description(&self) -> &ServerDescription {
        &self.description
    }

    /// The response to the request `id`.
    ///
    /// # Errors
    /// When a `_meta` or a priority of a result cannot be written as JSON.
    pub fn answer(
        &self,
        codec: Codec,
        id: &RequestId,
        answer: &Answer,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let meta = ResultMeta {
            own: None,
            server: &self.identity,
        };
        match (answer, codec.revision().era()) {
            (Answer::Page(page), _) => jsonrpc::result(id, page.as_ref()),
            (Answer::Tool(result), Era::Legacy) => jsonrpc::result(
                id,
                legacy::tool_result(result, codec.revision().rules()).as_ref(),
            ),
            (Answer::Tool(result), Era::Modern) => jsonrpc::result(
                id,
                &Complete {
                    result_type: "complete",
                    content: &result.content,
                    structured_content: result.structured_content.as_ref(),
                    is_error: result.is_error,
                    meta: ResultMeta {
                        own: result.meta.as_ref(),
                        ..meta
                    },
                },
            ),
            (Answer::Empty, Era::Legacy) => jsonrpc::result(id, &Empty {}),
            (Answer::Empty, Era::Modern) => jsonrpc::result(
                id,
                &CompleteEmpty {
                    result_type: "complete",
                    meta,
                },
            ),
            (Answer::Discovery, _) => jsonrpc::result(
                id,
                &Discovery {
                    result_type: "complete",
                    supported_versions: modern::supported_revisions(),
                    capabilities: &modern::capabilities(&self.description.capabilities),
                    instructions: self.description.instructions.as_deref(),
                    freshness: self.description.freshness.into(),
                    meta: ResultMeta {
                        server: &self.description.implementation,
                        ..meta
                    },
                },
            ),
        }
    }

    /// The response to an `initialize` request: the session speaks `revision`.
    ///
    /// # Errors
    /// When the server's description cannot be written as JSON.
    pub fn initialized(
        &self,
        revision: Revision,
        id: &RequestId,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let rules = revision.rules();
        jsonrpc::result(
            id,
            &Initialized {
                protocol_version: revision.as_str(),
                capabilities: &legacy::capabilities(&self.description.capabilities, rules),
                server_info: &legacy::implementation(&self.description.implementation, rules),
                instructions: self.description.instructions.as_deref(),
            },
        )
    }

    /// The error response to the request `id`.
    pub fn error(&self, codec: Codec, id: Option<&RequestId>, error: &Error) -> Vec<u8> {
        let object = match codec.revision().era() {
            Era::Legacy => legacy::error_object(error),
            Era::Modern => modern::error_object(error),
        };
        jsonrpc::error(id, &object)
    }

    /// One page of the list of tools, to be kept and sent as [`Answer::Page`].
    ///
    /// # Errors
    /// When a schema or a `_meta` cannot be written as JSON.
    pub fn tools_page(
        &self,
        codec: Codec,
        tools: &[Tool],
        next_cursor: Option<&str>,
    ) -> Result<Arc<RawValue>, serde_json::Error> {
        let page = match codec.revision().era() {
            Era::Legacy => {
                let rules = codec.revision().rules();
                let tools: Vec<Tool> = tools.iter().map(|tool| legacy::tool(tool, rules)).collect();
                to_raw_value(&ToolsPage {
                    tools: &tools,
                    next_cursor,
                })?
            }
            Era::Modern => to_raw_value(&CompleteToolsPage {
                result_type: "complete",
                tools: &modern::tools(tools),
                next_cursor,
                freshness: self.description.freshness.into(),
                meta: ResultMeta {
                    own: None,
                    server: &self.identity,
                },
            })?,
        };
        Ok(page.into())
    }
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompleteEmpty<'a> {
    result_type: &'static str,
    #[serde(rename = "_meta")]
    meta: ResultMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Complete<'a> {
    result_type: &'static str,
    content: &'a [Content],
    #[serde(skip_serializing_if = "Option::is_none")]
    structured_content: Option<&'a Raw>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_error: bool,
    #[serde(rename = "_meta")]
    meta: ResultMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Discovery<'a> {
    result_type: &'static str,
    supported_versions: [&'static str; Revision::ALL.len()],
    capabilities: &'a ServerCapabilities,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    #[serde(flatten)]
    freshness: WireFreshness,
    #[serde(rename = "_meta")]
    meta: ResultMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialized<'a> {
    protocol_version: &'static str,
    capabilities: &'a ServerCapabilities,
    server_info: &'a Implementation,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolsPage<'a> {
    tools: &'a [Tool],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompleteToolsPage<'a> {
    result_type: &'static str,
    tools: &'a [Tool],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    #[serde(flatten)]
    freshness: WireFreshness,
    #[serde(rename = "_meta")]
    meta: ResultMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFreshness {
    ttl_ms: u64,
    cache_scope: CacheScope,
}

impl From<Freshness> for WireFreshness {
    fn from(freshness: Freshness) -> Self {
        Self {
            ttl_ms: u64::try_from(freshness.lifetime.as_millis()).unwrap_or(u64::MAX),
            cache_scope: freshness.scope,
        }
    }
}

/// The `_meta` of a modern result: the server's identity beside what the handler attached
/// ([2026-07-28, `_meta`](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).
#[derive(Clone, Copy)]
struct ResultMeta<'a> {
    own: Option<&'a Meta>,
    server: &'a Implementation,
}

impl Serialize for ResultMeta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(SERVER_INFO, self.server)?;
        for (key, value) in self.own.into_iter().flat_map(Meta::iter) {
            if key != SERVER_INFO {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
