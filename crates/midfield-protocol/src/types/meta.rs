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
    /// `com.example/trace`.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// The entries in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// Whether nothing is attached.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
