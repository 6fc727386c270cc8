//! Results as a client reads them: by what was asked, never by their shape.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::types::{CacheScope, Completion, Freshness, Meta, PromptResult, ReadResult, ToolResult};
use crate::wire::{Codec, SERVER_INFO, SUBSCRIPTION_ID};
use crate::{Era, Raw};

/// What a complete result becomes.
pub trait FromResult: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    fn from_result(codec: Codec, result: &Raw) -> Result<Self, String>;
}

/// Whatever it says.
impl FromResult for Raw {
    fn from_result(_: Codec, result: &Raw) -> Result<Self, String> {
        Ok(result.clone())
    }
}

/// The fact alone counts.
impl FromResult for () {
    fn from_result(_: Codec, _: &Raw) -> Result<Self, String> {
        Ok(())
    }
}

impl FromResult for ToolResult {
    fn from_result(codec: Codec, result: &Raw) -> Result<Self, String> {
        let mut read: Self = object(result)?;
        read.meta = own(read.meta);
        // Since it may be any JSON value, `null` is one, and not as good as absent.
        if codec.revision().era() == Era::Modern && read.structured_content.is_none() {
            read.structured_content = member(result, "structuredContent").ok();
        }
        Ok(read)
    }
}

impl FromResult for ReadResult {
    fn from_result(_: Codec, result: &Raw) -> Result<Self, String> {
        let mut read: Self = object(result)?;
        read.meta = own(read.meta);
        read.freshness = Some(Hints::read(result).freshness());
        Ok(read)
    }
}

impl FromResult for PromptResult {
    fn from_result(_: Codec, result: &Raw) -> Result<Self, String> {
        let mut read: Self = object(result)?;
        read.meta = own(read.meta);
        Ok(read)
    }
}

impl FromResult for Completion {
    fn from_result(_: Codec, result: &Raw) -> Result<Self, String> {
        member(result, "completion")
    }
}

/// What is attached, without what every modern result says of its server.
fn own(meta: Option<Meta>) -> Option<Meta> {
    let mut meta = meta?;
    meta.retain(|key| key != SERVER_INFO && key != SUBSCRIPTION_ID);
    (!meta.is_empty()).then_some(meta)
}

/// Reads an object as a `T`. The derived code alone would take an array for the members in order.
pub(super) fn object<T: DeserializeOwned>(raw: &Raw) -> Result<T, String> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(members))
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(raw.as_str());
    deserializer
        .deserialize_map(Object(PhantomData))
        .map_err(|error| error.to_string())
}

/// Reads one member of an object.
pub(super) fn member<T: DeserializeOwned>(raw: &Raw, key: &'static str) -> Result<T, String> {
    struct Member<T>(&'static str, PhantomData<T>);

    impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Member<T> {
        type Value = Option<T>;

        fn deserialize<D: Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }
    }

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Member<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            use serde::de::Error as _;
            let mut found = None;
            while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                if name != self.0 {
                    members.next_value::<IgnoredAny>()?;
                } else if found.replace(members.next_value()?).is_some() {
                    return Err(A::Error::duplicate_field(self.0));
                }
            }
            Ok(found)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(raw.as_str());
    Member(key, PhantomData)
        .deserialize(&mut deserializer)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("it lacks `{key}`"))
}

/// The `_meta` of a result.
pub(super) fn meta(result: &Raw) -> Result<Option<Meta>, String> {
    #[derive(Deserialize)]
    struct Attached {
        #[serde(default, rename = "_meta")]
        meta: Option<Meta>,
    }
    let attached: Attached = object(result)?;
    Ok(attached.meta)
}

/// What a result says of how long it may be kept. Whatever is wrong with it means: not at all
/// ([2026-07-28, caching](https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/caching)).
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hints {
    #[serde(default)]
    ttl_ms: Option<serde_json::Value>,
    #[serde(default)]
    cache_scope: Option<serde_json::Value>,
}

impl Hints {
    pub(super) fn read(result: &Raw) -> Self {
        object(result).unwrap_or_default()
    }

    pub(super) fn freshness(&self) -> Freshness {
        let ttl = self.ttl_ms.as_ref().and_then(serde_json::Value::as_u64);
        let is_public = self
            .cache_scope
            .as_ref()
            .is_some_and(|scope| scope == "public");
        Freshness::new(
            Duration::from_millis(ttl.unwrap_or(0)),
            if is_public {
                CacheScope::Public
            } else {
                CacheScope::Private
            },
        )
    }
}
