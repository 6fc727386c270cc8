//! How far a request has come.

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::jsonrpc::RequestId;

/// What the requestor chose to recognize the progress of one request by. It has the form of a request id.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgressToken(pub RequestId);

/// One step of progress
/// ([2026-07-28, progress](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/progress)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// How far the work has come, in units of the work's own. It increases with each step.
    #[serde(serialize_with = "number")]
    pub progress: f64,
    /// How far it will come, where that is known.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "maybe_number"
    )]
    pub total: Option<f64>,
    /// What is being done, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Progress {
    /// Progress without a known end.
    pub fn new(progress: f64) -> Self {
        Self {
            progress,
            total: None,
            message: None,
        }
    }

    /// The same progress with a known end.
    #[must_use]
    pub fn total(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    /// The same progress with a word about it.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

/// Whole numbers are written without a fraction, as a person would. What JSON has no number for is an
/// error: written as `null`, it would make the whole message invalid.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if !value.is_finite() {
        return Err(S::Error::custom(format_args!(
            "JSON has no number for {value}"
        )));
    }
    if value.fract() == 0.0 && value.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number within 2^53 is exact"
        )]
        return serializer.serialize_i64(*value as i64);
    }
    serializer.serialize_f64(*value)
}

#[expect(clippy::ref_option, reason = "serde's signature")]
pub(super) fn maybe_number<S: Serializer>(
    value: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => number(value, serializer),
        None => serializer.serialize_none(),
    }
}
