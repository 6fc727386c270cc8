//! What a request says about itself in `_meta`, read before its method is known.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::jsonrpc::Request;
use crate::types::{ProgressToken, TraceContext};
use crate::{Era, Error, Revision};

/// The `_meta` of a request, borrowed. What it claims is checked by whoever needs it
/// ([2026-07-28, `_meta`](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).
#[derive(Debug, Default, Deserialize)]
#[non_exhaustive]
pub struct RequestMeta<'a> {
    /// The revision that a modern request speaks.
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
    #[serde(borrow, default)]
    traceparent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tracestate: Option<&'a RawValue>,
    #[serde(borrow, default)]
    baggage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, default, rename = "_meta", deserialize_with = "object")]
    meta: RequestMeta<'a>,
}

/// Reads a `_meta` from an object and from nothing else: the derived code would take an array for the
/// members in order.
pub(super) fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(T::default())
        }
    }

    deserializer.deserialize_any(Object(PhantomData))
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
        Ok(params.meta)
    }

    /// The distributed trace that the request belongs to, in any revision; `None` where it says nothing
    /// valid of one. Values that are no strings are dropped like invalid ones: a trace fails no request.
    pub fn trace(&self) -> Option<TraceContext> {
        let text = |value: Option<&RawValue>| -> Option<String> {
            value.and_then(|value| serde_json::from_str(value.get()).ok())
        };
        if self.traceparent.is_none() && self.baggage.is_none() {
            return None;
        }
        TraceContext::read(
            text(self.traceparent).as_deref(),
            text(self.tracestate).as_deref(),
            text(self.baggage).as_deref(),
        )
    }

    /// Whether it makes its request one of the modern era: it names a revision that is none of the legacy
    /// ones, or it names none and says what only modern requests say. The latter is a malformed one
    /// ([2026-07-28, per-request protocol fields](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).
    pub fn is_modern(&self) -> bool {
        match &self.protocol_version {
            Some(version) => version
                .parse::<Revision>()
                .map_or(true, |revision| revision.era() == Era::Modern),
            None => {
                self.client_capabilities.is_some()
                    || self.client_info.is_some()
                    || self.log_level.is_some()
            }
        }
    }
}
