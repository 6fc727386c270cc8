//! How long, and by whom, an answer may be kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
