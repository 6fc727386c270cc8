//! Pointers into JSON: where a rule looks for something.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// A JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)), such as `/properties/provisioningState`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

/// A text is no JSON pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a JSON pointer begins with a slash, as in /status or /job/state; ~0 stands for ~ and ~1 for /"
)]
#[non_exhaustive]
pub struct NotAPointer;

impl Pointer {
    /// One of our own.
    pub(super) fn known(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What it leads to; nothing where that is `null`.
    pub(super) fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        value.pointer(&self.0).filter(|found| !found.is_null())
    }
}

impl FromStr for Pointer {
    type Err = NotAPointer;

    fn from_str(text: &str) -> Result<Self, NotAPointer> {
        let escapes_fit = text
            .split('~')
            .skip(1)
            .all(|after| after.starts_with(['0', '1']));
        if text.starts_with('/') && escapes_fit {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAPointer)
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
