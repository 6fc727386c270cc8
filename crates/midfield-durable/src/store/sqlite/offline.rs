//! What a command line does with a file.

use std::path::Path;

use rusqlite::Connection;

use super::open::Place;
use super::problem::{Problem, Result};
use super::row::{self, columns};
use super::schema::{self, Found, VERSION};
use super::{Sqlite, SqliteOptions};
use crate::store::StoreError;
use crate::task::Record;

/// How many problems a report tells of at most.
const MOST_PROBLEMS: usize = 100;

/// What is wrong with a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The version of its schema.
    pub version: usize,
    /// How many tasks it keeps.
    pub tasks: u64,
    /// What is wrong, in words; at most 100.
    pub problems: Vec<String>,
}

impl Sqlite {
    /// Looks through the whole file: by SQLite's own check, and by what this program relies on. It changes nothing, and may run
    /// while a server has the file open; it takes as long as reading all of it.
    ///
    /// # Errors
    ///
    /// When there is no store, or so much is wrong that nothing can be read.
    pub fn check(path: impl AsRef<Path>) -> std::result::Result<Report, StoreError> {
        let place = Place::new(path.as_ref(), SqliteOptions::default())?;
        check(&place).map_err(|problem| problem.told("check", &place.path))
    }

    /// Writes the file anew, without the room that tasks have left that are gone. It needs as much room on the disk as the file has,
    /// twice. When it is stopped half-way, the file is as it was.
    ///
    /// # Errors
    ///
    /// When a process has the file open, or it is no store.
    pub fn compact(path: impl AsRef<Path>) -> std::result::Result<(), StoreError> {
        let place = Place::new(path.as_ref(), SqliteOptions::default())?;
        alone(&place, "compact", |db| {
            db.execute_batch("VACUUM")?;
            truncate_log(db)
        })
    }

    /// Brings a file of an older version of the schema up to date; gives the version that it had.
    ///
    /// # Errors
    ///
    /// When a process has the file open, it is no store, or of a newer version.
    pub fn migrate(path: impl AsRef<Path>) -> std::result::Result<usize, StoreError> {
        let place = Place::new(path.as_ref(), SqliteOptions::default())?;
        alone(&place, "migrate", |db| {
            let before = version(schema::look(db)?)?;
            schema::migrate(db)?;
            Ok(before)
        })
    }
}

/// Does something to a store that nobody has open.
fn alone<T>(
    place: &Place,
    tried: &str,
    work: impl FnOnce(&Connection) -> Result<T>,
) -> std::result::Result<T, StoreError> {
    let told = |problem: Problem| problem.told(tried, &place.path);
    // First of all, so that no lock is left beside a file that is none of ours.
    let db = place.connect().map_err(told)?;
    version(schema::look(&db).map_err(told)?).map_err(told)?;
    let (lock, is_alone) = place.lock()?;
    if !is_alone {
        return Err(told(Problem::Refused(
            "a process has it open: stop that one first".to_owned(),
        )));
    }
    let done = work(&db).map_err(told);
    drop(db);
    drop(lock);
    done
}

fn truncate_log(db: &Connection) -> Result<()> {
    Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

fn version(found: Found) -> Result<usize> {
    match found {
        Found::Version(version) => Ok(version),
        Found::Nothing => Err(Problem::Refused("it is empty".to_owned())),
    }
}

fn check(place: &Place) -> Result<Report> {
    let db = place.connect_reader()?;
    let mut report = Report {
        version: version(schema::look(&db)?)?,
        ..Report::default()
    };
    // One view of everything, whatever a server does meanwhile.
    db.execute_batch("BEGIN")?;
    let mut statement = db.prepare("PRAGMA integrity_check(100)")?;
    let said = statement.query_map([], |row| row.get::<_, String>(0))?;
    for line in said {
        let line = line?;
        if line != "ok" {
            report.add(line);
        }
    }
    if report.version == VERSION && report.problems.is_empty() {
        relations(&db, &mut report)?;
        records(&db, &mut report)?;
    }
    Ok(report)
}

impl Report {
    fn add(&mut self, problem: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// What must not be there, as a question that gives a place or a state for each of it.
const RELATIONS: [(&str, &str); 8] = [
    (
        "the task at place {} has not ended and has no request",
        "SELECT place FROM tasks WHERE state < 2 AND place NOT IN (SELECT place FROM requests)",
    ),
    (
        "the task at place {} has ended and still has contents of its run",
        "SELECT place FROM tasks WHERE state >= 2 AND (place IN (SELECT place FROM requests) \
         OR place IN (SELECT place FROM chunks) OR place IN (SELECT place FROM answers))",
    ),
    (
        "the journal of the task at place {} has gaps",
        "SELECT place FROM tasks LEFT JOIN (SELECT place AS of, count(*) AS n, max(number) AS last FROM chunks GROUP BY place) \
         ON of = place WHERE state < 2 AND (ifnull(n, 0) <> chunks OR ifnull(last, -1) <> chunks - 1)",
    ),
    (
        "the task at place {} has other answers than it says",
        "SELECT place FROM tasks WHERE state < 2 AND (SELECT count(*) FROM answers WHERE answers.place = tasks.place) \
         <> json_array_length(ifnull(answered, '[]'))",
    ),
    (
        "the task at place {} is of another owner than its key",
        "SELECT place FROM keys JOIN tasks USING (place) WHERE keys.owner <> tasks.owner",
    ),
    (
        "something is kept for place {}, where there is no task",
        "SELECT place FROM (SELECT place FROM requests UNION SELECT place FROM chunks UNION SELECT place FROM answers \
         UNION SELECT place FROM keys) WHERE place NOT IN (SELECT place FROM tasks)",
    ),
    (
        "the number of tasks in state {} is wrong",
        "SELECT s.state FROM (SELECT state FROM tasks UNION SELECT state FROM counts) s \
         WHERE (SELECT count(*) FROM tasks t WHERE t.state = s.state) \
         <> ifnull((SELECT c.tasks FROM counts c WHERE c.state = s.state), 0)",
    ),
    (
        "the number of tasks is wrong of the owner of the task at place {}",
        "SELECT min(place) FROM tasks LEFT JOIN owners USING (owner) GROUP BY tasks.owner \
         HAVING sum(state < 2) <> ifnull(max(active), 0)",
    ),
];

fn relations(db: &Connection, report: &mut Report) -> Result<()> {
    for (problem, question) in RELATIONS {
        let mut statement = db.prepare(question)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            report.add(problem.replace("{}", &number.to_string()));
        }
    }
    Ok(())
}

fn records(db: &Connection, report: &mut Report) -> Result<()> {
    let mut statement = db.prepare(concat!("SELECT ", columns!(), " FROM tasks ORDER BY place"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        report.tasks += 1;
        match row::record(row) {
            Ok(record) => {
                if let Some(problem) = contradiction(&record) {
                    report.add(format!("the task at place {} {problem}", record.place));
                }
            }
            Err(Problem::Damaged(what)) => report.add(what),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// What a record says that cannot be.
fn contradiction(record: &Record) -> Option<&'static str> {
    if record.state.has_ended() && (record.due.is_some() || record.worker.is_some()) {
        return Some("has ended, and is held or due");
    }
    if record.due.is_some() && record.worker.is_some() {
        return Some("is held and due at once");
    }
    if record.updated < record.created {
        return Some("changed before it was made");
    }
    let is_open = |key: &String| record.open.contains(key);
    if !record.answered.iter().all(is_open) && record.worker.is_none() {
        return Some("has an answer to what it did not ask");
    }
    None
}
