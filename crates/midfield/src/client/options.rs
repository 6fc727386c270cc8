//! How patient a client is, and how much it takes.

use std::time::Duration;

use midfield_protocol::types::LogLevel;
use midfield_protocol::{Era, Revision};

/// Which revisions a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Speak {
    /// What the server speaks, the newest that both know. Default.
    #[default]
    Auto,
    /// Only 2026-07-28 and later: nothing is probed.
    Modern,
    /// Only revisions with sessions, 2025-11-25 and earlier.
    Legacy,
}

/// The revisions of the same era.
impl From<Revision> for Speak {
    fn from(revision: Revision) -> Self {
        match revision.era() {
            Era::Modern => Self::Modern,
            Era::Legacy => Self::Legacy,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) speak: Speak,
    pub(super) timeout: Duration,
    pub(super) max_time: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) probe_timeout: Duration,
    pub(super) max_task_time: Duration,
    pub(super) max_message: usize,
    pub(super) max_rounds: usize,
    pub(super) max_items: usize,
    pub(super) attempts: usize,
    pub(super) log_level: Option<LogLevel>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            speak: Speak::Auto,
            timeout: Duration::from_mins(1),
            max_time: Duration::from_mins(30),
            connect_timeout: Duration::from_secs(30),
            probe_timeout: Duration::from_secs(5),
            max_task_time: Duration::from_hours(24),
            max_message: 16 << 20,
            max_rounds: 10,
            max_items: 10_000,
            attempts: 3,
            log_level: None,
        }
    }
}
