//! Rows, and what they say. The file may hold anything: whatever does not fit is a [`Problem`].

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::problem::{Problem, Result};
use crate::store::Seen;
use crate::task::{Owner, Reason, Record, State, TaskId, WorkerId};

/// The columns of a record, in the order in which [`record`] reads them.
macro_rules! columns {
    () => {
        "place, id, owner, lane, state, reason, created, updated, expires, due, worker, fence, deliveries, version, open, \
         answered, chunks"
    };
}
pub(super) use columns;

/// How many columns [`columns`] has: what follows is a caller's.
pub(super) const RECORD: usize = 17;

/// A number for a column. Times that a column cannot hold are past all that is: the last one stands for them.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn number(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| damaged(row, "a number below zero"))
}

fn time(row: &Row<'_>, column: usize) -> Result<Option<u64>> {
    let time: Option<i64> = row.get(column)?;
    time.map(u64::try_from)
        .transpose()
        .map_err(|_| damaged(row, "a time below zero"))
}

fn damaged(row: &Row<'_>, what: &str) -> Problem {
    match row.get::<_, i64>(0) {
        Ok(place) => Problem::Damaged(format!("the row of the task at place {place} has {what}")),
        Err(_) => Problem::Damaged(format!("a row of a task has {what}")),
    }
}

/// Keys as a column holds them: most tasks have none.
fn keys(keys: &[String]) -> Option<String> {
    (!keys.is_empty()).then(|| serde_json::Value::from(keys).to_string())
}

fn read_keys(row: &Row<'_>, column: usize) -> Result<Vec<String>> {
    let text: Option<String> = row.get(column)?;
    match text {
        None => Ok(Vec::new()),
        Some(text) => {
            serde_json::from_str(&text).map_err(|_| damaged(row, "keys that are no list"))
        }
    }
}

fn state(row: &Row<'_>, column: usize) -> Result<State> {
    let number: u16 = row.get(column)?;
    let state = State::ALL.get(usize::from(number)).copied();
    state.ok_or_else(|| damaged(row, "a state that there is not"))
}

const fn reason_number(reason: Reason) -> i64 {
    match reason {
        Reason::Expired => 0,
        Reason::Undeliverable => 1,
    }
}

fn reason(row: &Row<'_>, column: usize) -> Result<Option<Reason>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(0) => Ok(Some(Reason::Expired)),
        Some(1) => Ok(Some(Reason::Undeliverable)),
        Some(_) => Err(damaged(row, "a reason that there is not")),
    }
}

/// Reads a record from the first columns of a row.
pub(super) fn record(row: &Row<'_>) -> Result<Record> {
    let id = TaskId::from_bytes(row.get(1)?);
    let mut record = Record::new(id, Owner(row.get(2)?), row.get(3)?, number(row, 6)?);
    record.place = number(row, 0)?;
    record.state = state(row, 4)?;
    record.reason = reason(row, 5)?;
    record.updated = number(row, 7)?;
    record.expires = time(row, 8)?;
    record.due = time(row, 9)?;
    record.worker = row.get::<_, Option<_>>(10)?.map(WorkerId);
    record.fence = number(row, 11)?;
    record.deliveries = row.get(12)?;
    record.version = number(row, 13)?;
    record.open = read_keys(row, 14)?;
    record.answered = read_keys(row, 15)?;
    record.chunks = number(row, 16)?;
    Ok(record)
}

/// Reads a record and what pollers see with it, from the columns after it.
pub(super) fn seen(row: &Row<'_>) -> Result<Seen> {
    Ok(Seen {
        record: record(row)?,
        notes: row.get(RECORD)?,
        result: row.get(RECORD + 1)?,
    })
}

pub(super) fn find(db: &Connection, id: TaskId) -> Result<Option<Record>> {
    let mut statement =
        db.prepare_cached(concat!("SELECT ", columns!(), " FROM tasks WHERE id = ?1"))?;
    let found = statement.query_row([id.as_bytes()], |row| Ok(record(row)));
    found.optional()?.transpose()
}

pub(super) fn at(db: &Connection, place: u64) -> Result<Record> {
    let mut statement = db.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM tasks WHERE place = ?1"
    ))?;
    let found = statement.query_row([int(place)], |row| Ok(record(row)));
    match found.optional()? {
        Some(record) => record,
        None => Err(Problem::Damaged(format!(
            "an index names the place {place}, where there is no task"
        ))),
    }
}

pub(super) fn find_seen(db: &Connection, id: TaskId) -> Result<Option<Seen>> {
    let mut statement = db.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        ", notes, result FROM tasks WHERE id = ?1"
    ))?;
    let found = statement.query_row([id.as_bytes()], |row| Ok(seen(row)));
    found.optional()?.transpose()
}

/// The tasks of an owner after a place.
pub(super) fn list(db: &Connection, owner: Owner, after: u64, most: usize) -> Result<Vec<Seen>> {
    let mut statement = db.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        ", notes, result FROM tasks INDEXED BY tasks_of_owner WHERE owner = ?1 AND place > ?2 \
         ORDER BY place LIMIT ?3"
    ))?;
    let mut rows = statement.query(params![owner.0, int(after), int(most as u64)])?;
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        list.push(seen(row)?);
    }
    Ok(list)
}

/// Adds a record; gives its place.
pub(super) fn insert(db: &Connection, record: &Record, ready: bool) -> Result<u64> {
    let mut statement = db.prepare_cached(
        "INSERT INTO tasks (id, owner, lane, state, reason, created, updated, expires, due, worker, fence, deliveries, \
         version, open, answered, chunks, ready, notes) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, x'')",
    )?;
    let place = statement.insert(params![
        record.id.as_bytes(),
        record.owner.0,
        record.lane,
        record.state as i64,
        record.reason.map(reason_number),
        int(record.created),
        int(record.updated),
        record.expires.map(int),
        record.due.map(int),
        record.worker.map(|worker| worker.0),
        int(record.fence),
        record.deliveries,
        int(record.version),
        keys(&record.open),
        keys(&record.answered),
        int(record.chunks),
        ready,
    ])?;
    u64::try_from(place).map_err(|_| Problem::Damaged("a place below zero".to_owned()))
}

/// Writes a record back, and what pollers see where it has changed. The expiry stays.
pub(super) fn update(
    db: &Connection,
    record: &Record,
    ready: bool,
    notes: Option<&[u8]>,
    result: Option<&[u8]>,
) -> Result<()> {
    let mut statement = db.prepare_cached(
        "UPDATE tasks SET state = ?2, reason = ?3, updated = ?4, due = ?5, worker = ?6, fence = ?7, deliveries = ?8, \
         version = ?9, open = ?10, answered = ?11, chunks = ?12, ready = ?13, notes = ifnull(?14, notes), \
         result = ifnull(?15, result) WHERE place = ?1",
    )?;
    statement.execute(params![
        int(record.place),
        record.state as i64,
        record.reason.map(reason_number),
        int(record.updated),
        record.due.map(int),
        record.worker.map(|worker| worker.0),
        int(record.fence),
        record.deliveries,
        int(record.version),
        keys(&record.open),
        keys(&record.answered),
        int(record.chunks),
        ready,
        notes,
        result,
    ])?;
    Ok(())
}
