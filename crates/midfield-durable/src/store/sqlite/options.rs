//! Settings of a store in a file.

use std::time::Duration;

/// When a write counts as kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Synchronous {
    /// When the disk says that it has it. What was acknowledged survives a loss of power.
    #[default]
    Full,
    /// When the operating system has it. What was acknowledged survives the end of this process in any way, but a loss of
    /// power, or a crash of the operating system, may take back what was acknowledged in the last moments. What is left is
    /// whole: the file is never damaged by it.
    Normal,
}

/// Settings of a [`super::Sqlite`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// When a write counts as kept. Default: [`Synchronous::Full`].
    pub synchronous: Synchronous,
    /// For how long a verb waits for another process that writes to the same file. Default: 5 s. After that it fails, and
    /// nothing of it was done.
    pub busy_timeout: Duration,
    /// How many verbs may wait in line; those beyond wait outside of it. Default: 1,024.
    pub queue: usize,
    /// To how many bytes the database may grow. A verb that needs more fails, and nothing of it was done. Default: `None`, as
    /// much as the disk has.
    pub most_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::default(),
            busy_timeout: Duration::from_secs(5),
            queue: 1024,
            most_bytes: None,
        }
    }
}

impl SqliteOptions {
    /// With another [`SqliteOptions::synchronous`].
    #[must_use]
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// With another [`SqliteOptions::busy_timeout`].
    #[must_use]
    pub fn busy_timeout(mut self, busy_timeout: Duration) -> Self {
        self.busy_timeout = busy_timeout;
        self
    }

    /// With another [`SqliteOptions::queue`].
    #[must_use]
    pub fn queue(mut self, queue: usize) -> Self {
        self.queue = queue;
        self
    }

    /// With another [`SqliteOptions::most_bytes`].
    #[must_use]
    pub fn most_bytes(mut self, most_bytes: u64) -> Self {
        self.most_bytes = Some(most_bytes);
        self
    }
}
