//! What the steps of tasks have done in the world outside, in a file that only grows: a line for each effect, with the
//! idempotency key under which it was done.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The world outside.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    file: File,
}

impl Ledger {
    /// The ledger at `path`, which is made if it is not there.
    pub(crate) fn open(path: &str) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self {
            path: path.into(),
            file,
        })
    }

    /// Writes a line, durably.
    pub(crate) fn enter(&self, task: &str, step: &str, key: &str, what: &str) -> io::Result<()> {
        (&self.file).write_all(format!("{task}\t{step}\t{key}\t{what}\n").as_bytes())?;
        self.file.sync_data()
    }

    /// Whether `step` of `task` was done.
    pub(crate) fn holds(&self, task: &str, step: &str) -> io::Result<bool> {
        let lines = std::fs::read_to_string(&self.path)?;
        let is_it =
            |line: &str| line.starts_with(&format!("{task}\t{step}\t")) && line.ends_with("\tdone");
        Ok(lines.lines().any(is_it))
    }
}
