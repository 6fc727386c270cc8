//! Results of extensions: objects of which the wire knows no more than what every result says.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::shapes::COMPLETE;
use crate::Raw;
use crate::types::Implementation;
use crate::wire::SERVER_INFO;

/// An extension's result with what every modern result says.
pub(super) struct Extended<'a> {
    members: Members<'a>,
    meta: Members<'a>,
    server: &'a Implementation,
}

impl<'a> Extended<'a> {
    /// `raw` as the result of `server`.
    pub(super) fn read(
        raw: &'a Raw,
        server: &'a Implementation,
    ) -> Result<Self, serde_json::Error> {
        let members: Members<'a> = serde_json::from_str(raw.as_str())?;
        let meta = match members.get("_meta") {
            Some(meta) => serde_json::from_str(meta.get())?,
            None => Members(Vec::new()),
        };
        Ok(Self {
            members,
            meta,
            server,
        })
    }
}

impl Serialize for Extended<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.members.get("resultType").is_none() {
            map.serialize_entry("resultType", COMPLETE)?;
        }
        for (key, value) in &self.members.0 {
            if key != "_meta" {
                map.serialize_entry(key, value)?;
            }
        }
        map.serialize_entry(
            "_meta",
            &Meta {
                own: &self.meta,
                server: self.server,
            },
        )?;
        map.end()
    }
}

struct Meta<'a> {
    own: &'a Members<'a>,
    server: &'a Implementation,
}

impl Serialize for Meta<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(SERVER_INFO, self.server)?;
        for (key, value) in &self.own.0 {
            if key != SERVER_INFO {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

/// The members of an object in the order in which they stand there.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .find_map(|(name, value)| (name == key).then_some(*value))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    members.push((key.0, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
