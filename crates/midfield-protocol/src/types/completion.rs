//! Suggestions for the value of an argument.

use serde::{Deserialize, Serialize};

/// Most values that one answer holds.
pub(crate) const MAX_VALUES: usize = 100;

/// Suggested values, best first
/// ([2026-07-28, completion results](https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/completion#completion-results)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Completion {
    /// The values. No more than 100 are written; of more the peer learns only that there are.
    pub values: Vec<String>,
    /// How many there are altogether, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Whether there are more than these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_more: Option<bool>,
}

impl Completion {
    /// These values, of which it is not said whether there are more.
    pub fn new(values: Vec<String>) -> Self {
        Self {
            values,
            ..Self::default()
        }
    }

    /// The same values, of as many as `total`.
    #[must_use]
    pub fn total(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }

    /// The same values with a word on whether there are more.
    #[must_use]
    pub fn has_more(mut self, has_more: bool) -> Self {
        self.has_more = Some(has_more);
        self
    }
}
