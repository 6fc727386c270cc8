//! Request ids: a string or an integer, never null and never a fraction.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a request, given back unchanged in its response
/// ([2026-07-28, messages](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#requests)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification defines exactly these two"
)]
pub enum RequestId {
    /// An integer of up to 64 bits, kept exactly.
    Integer(i64),
    /// A string, possibly empty.
    String(Box<str>),
}

impl RequestId {
    /// Reads an id from its JSON text; `None` for anything but a string or a 64-bit integer.
    pub(super) fn from_json(text: &str) -> Option<Self> {
        match text.as_bytes().first()? {
            b'"' => serde_json::from_str(text).ok().map(Self::String),
            b'-' | b'0'..=b'9' => text.parse().ok().map(Self::Integer),
            _ => None,
        }
    }
}

impl From<i64> for RequestId {
    fn from(id: i64) -> Self {
        Self::Integer(id)
    }
}

impl From<&str> for RequestId {
    fn from(id: &str) -> Self {
        Self::String(id.into())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(id) => id.fmt(f),
            Self::String(id) => id.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_string_or_a_64_bit_integer() {
        let kept = [
            "0",
            "-1",
            "9007199254740993",
            "9223372036854775807",
            r#""""#,
            r#""é\u00e9""#,
        ];
        for text in kept {
            assert!(RequestId::from_json(text).is_some(), "{text}");
        }
        let refused = [
            "null",
            "true",
            "1.5",
            "1e3",
            "1.0",
            "1e400",
            "{}",
            "[]",
            "9223372036854775808",
        ];
        for text in refused {
            assert_eq!(RequestId::from_json(text), None, "{text}");
        }
    }
}
