//! The tables, and how a file of an older version comes to have them.
//!
//! Costs must not grow with how many tasks are kept: each question that a verb asks has an index, and what is counted is kept as a
//! number.

use rusqlite::{Connection, OptionalExtension};

use super::problem::{Problem, Result};

/// What says in the head of a file that it is one of ours: `MfTk`.
pub(super) const APPLICATION: i32 = 0x4d66_546b;

/// The steps from an empty file to today's. A step that was published never changes: what is new is another step.
const STEPS: [&str; 1] = [FIRST];

/// The version of the schema that this program knows: how many steps lead to it.
pub(super) const VERSION: usize = STEPS.len();

/// The row of a task holds what pollers need. `ready` tells what was seen to be due, so that what sleeps costs a claim nothing.
const FIRST: &str = "
CREATE TABLE tasks (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    owner BLOB NOT NULL,
    lane TEXT NOT NULL,
    state INTEGER NOT NULL,
    reason INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    expires INTEGER,
    due INTEGER,
    worker BLOB,
    fence INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    version INTEGER NOT NULL,
    open TEXT,
    answered TEXT,
    chunks INTEGER NOT NULL,
    ready INTEGER NOT NULL,
    notes BLOB NOT NULL,
    result BLOB
);
CREATE INDEX tasks_of_owner ON tasks (owner);
CREATE INDEX tasks_ready ON tasks (owner, lane, due) WHERE ready = 1;
CREATE INDEX tasks_due ON tasks (ready, due) WHERE due IS NOT NULL;
CREATE INDEX tasks_held ON tasks (worker) WHERE worker IS NOT NULL;
CREATE INDEX tasks_expiring ON tasks (expires) WHERE expires IS NOT NULL;
CREATE TABLE requests (
    place INTEGER PRIMARY KEY REFERENCES tasks ON DELETE CASCADE,
    request BLOB NOT NULL
);
CREATE TABLE chunks (
    place INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE,
    number INTEGER NOT NULL,
    chunk BLOB NOT NULL,
    PRIMARY KEY (place, number)
) WITHOUT ROWID;
CREATE TABLE answers (
    place INTEGER NOT NULL REFERENCES tasks ON DELETE CASCADE,
    key TEXT NOT NULL,
    answer BLOB NOT NULL,
    PRIMARY KEY (place, key)
) WITHOUT ROWID;
CREATE TABLE keys (
    owner BLOB NOT NULL,
    key BLOB NOT NULL,
    place INTEGER NOT NULL UNIQUE REFERENCES tasks ON DELETE CASCADE,
    digest BLOB NOT NULL,
    PRIMARY KEY (owner, key)
) WITHOUT ROWID;
CREATE TABLE workers (
    id BLOB PRIMARY KEY,
    until INTEGER NOT NULL,
    is_over INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX workers_until ON workers (is_over, until);
CREATE TABLE owners (
    owner BLOB PRIMARY KEY,
    active INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE counts (
    state INTEGER PRIMARY KEY,
    tasks INTEGER NOT NULL
);
";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing is in it yet.
    Nothing,
    /// A store of this version of the schema.
    Version(usize),
}

/// Says what a file is, and refuses what is not ours. It is seen as it is at one moment: another process may be making it.
pub(super) fn look(db: &Connection) -> Result<Found> {
    db.execute_batch("SAVEPOINT look")?;
    let found = look_within(db);
    db.execute_batch("RELEASE look")?;
    found
}

fn look_within(db: &Connection) -> Result<Found> {
    let application: i32 = pragma(db, "application_id")?;
    let version: i32 = pragma(db, "user_version")?;
    if application == APPLICATION {
        let version = usize::try_from(version).ok().filter(|version| *version > 0);
        return match version {
            Some(version) if version <= VERSION => Ok(Found::Version(version)),
            Some(version) => Err(Problem::Refused(format!(
                "it has schema version {version}, and this program knows versions up to {VERSION}: use a newer program"
            ))),
            None => Err(Problem::Damaged("it has no schema version".to_owned())),
        };
    }
    let table = db
        .query_row("SELECT name FROM sqlite_schema LIMIT 1", [], |row| {
            row.get::<_, String>(0)
        })
        .optional()?;
    if application == 0 && version == 0 && table.is_none() {
        return Ok(Found::Nothing);
    }
    Err(Problem::Refused(
        "it is the database of another program: name another file".to_owned(),
    ))
}

/// Brings a file to today's version, in one transaction.
pub(super) fn migrate(db: &Connection) -> Result<()> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    let migrated = steps(db).and_then(|()| Ok(db.execute_batch("COMMIT")?));
    if migrated.is_err() && !db.is_autocommit() {
        // The first error counts.
        let _ = db.execute_batch("ROLLBACK");
    }
    migrated
}

fn steps(db: &Connection) -> Result<()> {
    // Another process may have been first.
    let done = match look(db)? {
        Found::Nothing => 0,
        Found::Version(version) => version,
    };
    for step in STEPS.iter().skip(done) {
        db.execute_batch(step)?;
    }
    if done < VERSION {
        db.pragma_update(None, "application_id", APPLICATION)?;
        db.pragma_update(
            None,
            "user_version",
            i64::try_from(VERSION).unwrap_or(i64::MAX),
        )?;
    }
    Ok(())
}

pub(super) fn pragma<T: rusqlite::types::FromSql>(db: &Connection, name: &str) -> Result<T> {
    Ok(db.pragma_query_value(None, name, |row| row.get(0))?)
}
