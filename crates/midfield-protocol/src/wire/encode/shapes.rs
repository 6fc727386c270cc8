//! Results as they stand on the wire.

use serde::{Serialize, Serializer};

use crate::jsonrpc::RequestId;
use crate::types::{
    CacheScope, Completion, Content, Freshness, Implementation, Meta, PromptMessage,
    ResourceContents, ServerCapabilities,
};
use crate::wire::{SERVER_INFO, SUBSCRIPTION_ID};
use crate::{Raw, Revision};

/// What a modern result says that is no question.
pub(in crate::wire) const COMPLETE: &str = "complete";

#[derive(Serialize)]
pub(in crate::wire) struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct Complete<'a> {
    pub(in crate::wire) result_type: &'static str,
    pub(in crate::wire) content: &'a [Content],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) structured_content: Option<&'a Raw>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::wire) is_error: bool,
    #[serde(rename = "_meta")]
    pub(in crate::wire) meta: ResultMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct Discovery<'a> {
    pub(in crate::wire) result_type: &'static str,
    pub(in crate::wire) supported_versions: [&'static str; Revision::ALL.len()],
    pub(in crate::wire) capabilities: &'a ServerCapabilities,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) instructions: Option<&'a str>,
    #[serde(flatten)]
    pub(in crate::wire) freshness: WireFreshness,
    #[serde(rename = "_meta")]
    pub(in crate::wire) meta: ResultMeta<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct Initialized<'a> {
    pub(in crate::wire) protocol_version: &'static str,
    pub(in crate::wire) capabilities: &'a ServerCapabilities,
    pub(in crate::wire) server_info: &'a Implementation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) instructions: Option<&'a str>,
}

/// A modern result: what it says, and what every result says beside.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct Finished<'a, T> {
    pub(in crate::wire) result_type: &'static str,
    #[serde(flatten)]
    pub(in crate::wire) body: T,
    #[serde(flatten)]
    pub(in crate::wire) freshness: Option<WireFreshness>,
    #[serde(rename = "_meta")]
    pub(in crate::wire) meta: ResultMeta<'a>,
}

#[derive(Serialize)]
pub(in crate::wire) struct Contents<'a> {
    pub(in crate::wire) contents: &'a [ResourceContents],
}

#[derive(Serialize)]
pub(in crate::wire) struct Messages<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::wire) description: Option<&'a str>,
    pub(in crate::wire) messages: &'a [PromptMessage],
}

#[derive(Serialize)]
pub(in crate::wire) struct Completed<'a> {
    pub(in crate::wire) completion: &'a Completion,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::wire) struct WireFreshness {
    pub(in crate::wire) ttl_ms: u64,
    pub(in crate::wire) cache_scope: CacheScope,
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
pub(in crate::wire) struct ResultMeta<'a> {
    pub(in crate::wire) own: Option<&'a Meta>,
    pub(in crate::wire) server: &'a Implementation,
    pub(in crate::wire) subscription: Option<&'a RequestId>,
}

impl Serialize for ResultMeta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(SERVER_INFO, self.server)?;
        if let Some(subscription) = self.subscription {
            map.serialize_entry(SUBSCRIPTION_ID, subscription)?;
        }
        for (key, value) in self.own.into_iter().flat_map(Meta::iter) {
            if key != SERVER_INFO && key != SUBSCRIPTION_ID {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}
