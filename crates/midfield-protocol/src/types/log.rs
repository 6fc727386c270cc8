//! Log messages that a server sends to its client.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Raw;

/// How grave a message is; the levels of
/// [RFC 5424](https://datatracker.ietf.org/doc/html/rfc5424#section-6.2.1), least grave first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "RFC 5424 defines exactly these eight"
)]
pub enum LogLevel {
    /// Detail for debugging.
    Debug,
    /// Something happened, as expected.
    Info,
    /// Normal but significant.
    Notice,
    /// Something may go wrong.
    Warning,
    /// Something went wrong.
    Error,
    /// A component failed.
    Critical,
    /// Somebody must act at once.
    Alert,
    /// The system is unusable.
    Emergency,
}

/// A text that names no log level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown log level {requested:?}, expected debug, info, notice, warning, error, critical, alert or emergency"
)]
#[non_exhaustive]
pub struct UnknownLogLevel {
    /// What was asked for.
    pub requested: String,
}

impl LogLevel {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Debug, "debug"),
        (Self::Info, "info"),
        (Self::Notice, "notice"),
        (Self::Warning, "warning"),
        (Self::Error, "error"),
        (Self::Critical, "critical"),
        (Self::Alert, "alert"),
        (Self::Emergency, "emergency"),
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

impl FromStr for LogLevel {
    type Err = UnknownLogLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find_map(|(level, name)| (name == text).then_some(level))
            .ok_or_else(|| UnknownLogLevel {
                requested: text.to_owned(),
            })
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One message of a server's log
/// ([2025-11-25, logging](https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/logging)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogMessage {
    /// How grave it is.
    pub level: LogLevel,
    /// Which part of the server speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logger: Option<String>,
    /// What it says: any JSON. It must hold no secret and no personal data.
    pub data: Raw,
}

impl LogMessage {
    /// A message of no particular part of the server.
    pub fn new(level: LogLevel, data: Raw) -> Self {
        Self {
            level,
            logger: None,
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_reads_back_its_own_name() {
        for (level, name) in LogLevel::ALL {
            assert_eq!(level.as_str(), name);
            assert_eq!(name.parse(), Ok(level));
        }
        assert!("Warning".parse::<LogLevel>().is_err());
    }
}
