//! Opening a file: whether it is ours and whole, who else has it, and how each connection to it is set up.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::options::{SqliteOptions, Synchronous};
use super::problem::{Problem, Result};
use super::schema::{self, Found, VERSION};
use super::writing::{Memory, Writing};
use super::{row, verbs};
use crate::store::StoreError;

/// The page cache of a connection, in KiB.
const CACHE: i64 = 64 * 1024;

/// To how many bytes the log is cut back when it has been longer.
const LOG: i64 = 64 * 1024 * 1024;

/// How many pages the log may have before they are copied into the database.
const CHECKPOINT: i64 = 4000;

/// How many prepared statements a connection keeps: all that there are.
const STATEMENTS: usize = 64;

/// How long to wait before a busy file is asked again.
const AGAIN: Duration = Duration::from_millis(5);

/// Where a database is, and how it is to be used.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: Arc<PathBuf>,
    pub(super) options: SqliteOptions,
}

impl Place {
    pub(super) fn new(
        path: &Path,
        options: SqliteOptions,
    ) -> std::result::Result<Self, StoreError> {
        // An absolute path is never one of the names that mean something else to SQLite, such as `:memory:`.
        let path = std::path::absolute(path).map_err(|error| {
            StoreError::new(format!("could not tell where {} is", path.display())).because(error)
        })?;
        Ok(Self {
            path: Arc::new(path),
            options,
        })
    }

    /// A connection that may write, to a database that is ours. It may be of an older version.
    pub(super) fn connect(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&*self.path, flags)?;
        self.set_up(&db)?;
        // What is not ours is left as it is, before anything of it changes.
        schema::look(&db)?;
        let mode = self.write_ahead(&db)?;
        if !mode.eq_ignore_ascii_case("wal") {
            return Err(Problem::Refused(format!(
                "its journal is in the mode {mode} and cannot be a write-ahead log: put it on a local disk"
            )));
        }
        Ok(db)
    }

    /// Asks for a write-ahead log, and says which journal there is then. SQLite does not wait for others who turn a new file into one
    /// at the same moment: it is asked again for as long as a verb would wait.
    fn write_ahead(&self, db: &Connection) -> Result<String> {
        let end = Instant::now() + self.options.busy_timeout;
        loop {
            let mode = db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
            match mode.map_err(Problem::from) {
                Err(problem) if problem.is_busy() && Instant::now() < end => thread::sleep(AGAIN),
                mode => return mode,
            }
        }
    }

    /// A connection for the thread that writes.
    pub(super) fn connect_writer(&self) -> Result<Connection> {
        let db = self.connect()?;
        let synchronous = match self.options.synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        db.pragma_update(None, "synchronous", synchronous)?;
        if let Some(most) = self.options.most_bytes {
            let page: i64 = schema::pragma(&db, "page_size")?;
            let pages = row::int(most) / page.max(1);
            db.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))?;
        }
        Ok(db)
    }

    /// A connection that only reads.
    pub(super) fn connect_reader(&self) -> Result<Connection> {
        let db = self.connect()?;
        db.pragma_update(None, "query_only", true)?;
        Ok(db)
    }

    fn set_up(&self, db: &Connection) -> Result<()> {
        db.busy_timeout(self.options.busy_timeout)?;
        db.set_prepared_statement_cache_capacity(STATEMENTS);
        // The file may have been given to us: nothing in it may do more than keep data.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        db.pragma_update(None, "cell_size_check", true)?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.pragma_update(None, "cache_size", -CACHE)?;
        db.pragma_update(None, "temp_store", "memory")?;
        db.pragma_update_and_check(None, "journal_size_limit", LOG, |_| Ok(()))?;
        db.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT, |_| Ok(()))?;
        Ok(())
    }

    /// Makes the file if there is none, so that nobody but its owner can read it.
    pub(super) fn make(&self) -> std::result::Result<(), StoreError> {
        match private(OpenOptions::new().write(true).create_new(true)).open(&*self.path) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                warn_if_others_may_read(&self.path);
                Ok(())
            }
            Err(error) => Err(self.failed("make", error)),
        }
    }

    pub(super) fn failed(&self, tried: &str, error: std::io::Error) -> StoreError {
        let path = self.path.display();
        StoreError::new(format!(
            "could not {tried} {path}: see whether its folder is there and may be written to"
        ))
        .because(error)
    }

    /// The file that says who has the database open.
    fn lock_file(&self) -> std::result::Result<File, StoreError> {
        let mut name = OsString::from(self.path.as_os_str());
        name.push("-lock");
        private(
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false),
        )
        .open(name)
        .map_err(|error| self.failed("make the lock of", error))
    }

    /// Opens the lock, and says whether nobody else has it.
    pub(super) fn lock(&self) -> std::result::Result<(File, bool), StoreError> {
        let lock = self.lock_file()?;
        match lock.try_lock() {
            Ok(()) => Ok((lock, true)),
            Err(TryLockError::WouldBlock) => Ok((lock, false)),
            Err(TryLockError::Error(error)) => Err(self.failed("lock", error)),
        }
    }

    /// Brings the database to today's version and frees what dead workers held. Gives the lock that is to be held for as long as the
    /// database is open.
    pub(super) fn prepare(&self) -> std::result::Result<File, StoreError> {
        let (lock, is_alone) = self.lock()?;
        self.set_ready(is_alone)
            .map_err(|problem| problem.told("open", &self.path))?;
        // Two steps, because not every system can turn the one lock into the other. Whoever comes in between finds nothing to
        // do: this store has no worker yet.
        if is_alone {
            lock.unlock()
                .map_err(|error| self.failed("unlock", error))?;
        }
        lock.lock_shared()
            .map_err(|error| self.failed("lock", error))?;
        Ok(lock)
    }

    fn set_ready(&self, is_alone: bool) -> Result<()> {
        let db = self.connect()?;
        let found = schema::look(&db)?;
        if found != Found::Version(VERSION) {
            if let Found::Version(version) = found
                && !is_alone
            {
                return Err(Problem::Refused(format!(
                    "it has schema version {version}, this program needs {VERSION}, and another process has it open: stop that one first"
                )));
            }
            schema::migrate(&db)?;
        }
        if is_alone {
            free_all(&db)?;
        }
        // What is missing or damaged where every verb looks is better told now than by the first request.
        verbs::counts(&db)?;
        verbs::next_due(&db)?;
        Ok(())
    }
}

/// Frees what workers held of whom none is alive, in one transaction.
fn free_all(db: &Connection) -> Result<()> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    let mut memory = Memory::default();
    let mut writing = Writing::new(db, &mut memory);
    verbs::free_all(&mut writing)?;
    writing.finish()?;
    // An error above leaves the transaction open; it ends with the connection.
    db.execute_batch("COMMIT")?;
    Ok(())
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn warn_if_others_may_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(metadata) = path.metadata() else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        tracing::warn!(
            path = %path.display(),
            mode = format!("{mode:o}"),
            "others than its owner may open the task database: take that from them (chmod 600)"
        );
    }
}

#[cfg(not(unix))]
fn warn_if_others_may_read(_: &Path) {}
