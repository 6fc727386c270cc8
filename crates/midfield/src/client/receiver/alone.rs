//! A file of tasks is for one receiver at a time: what another one took of it would wait there for a server that it does not know.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::server::StoreError;

/// Locks the tasks at `store`. As long as the file is open no other receiver has them, in this process or another; the operating system
/// frees what a process held that was killed.
pub(super) fn lock(store: &Path) -> Result<File, StoreError> {
    let mut path = store.as_os_str().to_owned();
    path.push("-receiver");
    let path = PathBuf::from(path);
    let failed = |error: std::io::Error| {
        StoreError::new(format!("could not lock {}", path.display())).because(error)
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::new(format!(
            "could not receive tasks into {}: another receiver of it is at work, in this process or another: \
             shut that one down first, or use another file",
            store.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}
