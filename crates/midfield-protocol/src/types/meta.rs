//! `_meta`: what implementations attach to messages beside their content.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A `_meta` object
/// ([2026-07-28, `_meta`](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Meta(Map<String, Value>);

impl Meta {
    /// An empty object.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The same object with `value` under `key`. Keys carry a prefix in reverse-DNS form, such as
    /// `com.example/trace`; a server leaves out of its answers what is no [`MetaKey`] or is reserved.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// The entries in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// Keeps the entries whose keys `keep` wants.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|key, _| keep(key));
    }

    /// Whether nothing is attached.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A key of `_meta`: a name, with or without a prefix of labels. Extensions are called in the same way
/// ([2026-07-28, `_meta`](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetaKey<'a> {
    /// The labels, without the slash that ends them.
    pub prefix: Option<&'a str>,
    /// The name, which may be empty.
    pub name: &'a str,
}

impl<'a> MetaKey<'a> {
    /// Reads a key; `None` where it is not one of the grammar.
    pub fn parse(key: &'a str) -> Option<Self> {
        let (prefix, name) = match key.split_once('/') {
            Some((prefix, name)) => (Some(prefix), name),
            None => (None, key),
        };
        let is_valid = prefix.is_none_or(|prefix| prefix.split('.').all(is_label)) && is_name(name);
        is_valid.then_some(Self { prefix, name })
    }

    /// Whether the prefix is one of those that the protocol keeps for itself and its extensions.
    pub fn is_reserved(&self) -> bool {
        let second = self.prefix.and_then(|prefix| prefix.split('.').nth(1));
        matches!(second, Some("modelcontextprotocol" | "mcp"))
    }
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return true;
    };
    first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_name_with_or_without_a_prefix_of_labels() {
        for key in [
            "ui",
            "a",
            "",
            "9",
            "a.b_c-d",
            "com.example/name",
            "com.example/",
            "a/b",
            "a-b.c1/x.y",
        ] {
            assert!(MetaKey::parse(key).is_some(), "{key}");
        }
        for key in [
            "/a", "-a", "a-", "_a", "a b", "a/b/c", "1a/b", "a-/b", "-a/b", "a..b/c", ".a/b",
            "a./b", "a_b/c", "a/-b", "a/b.", "\u{e4}/b", "a/\u{e4}", "a\n", "a/b\u{0}",
        ] {
            assert_eq!(MetaKey::parse(key), None, "{key:?}");
        }
    }

    #[test]
    fn a_prefix_is_reserved_by_its_second_label_alone() {
        let is_reserved = |key| MetaKey::parse(key).expect("a key").is_reserved();
        for key in [
            "io.modelcontextprotocol/x",
            "dev.mcp/x",
            "org.modelcontextprotocol.api/x",
            "com.mcp.tools/",
        ] {
            assert!(is_reserved(key), "{key}");
        }
        for key in [
            "com.example.mcp/x",
            "mcp/x",
            "modelcontextprotocol.io/x",
            "com.mcps/x",
            "mcp",
        ] {
            assert!(!is_reserved(key), "{key}");
        }
    }
}
