//! The time of day, read once.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The time of day as it was read once, moved on with tokio's clock: it is not set back, and stands still with it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    since_epoch: Duration,
    read_at: Instant,
}

impl Clock {
    /// Reads the system's clock.
    pub fn system() -> Self {
        Self::starting_at(SystemTime::now())
    }

    /// A clock that shows `time` now.
    pub fn starting_at(time: SystemTime) -> Self {
        Self {
            since_epoch: time
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default(),
            read_at: Instant::now(),
        }
    }

    /// The time that has passed since 1970.
    pub(crate) fn since_epoch(&self) -> Duration {
        self.since_epoch.saturating_add(self.read_at.elapsed())
    }
}
