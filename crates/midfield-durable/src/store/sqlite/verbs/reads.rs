//! The verbs that look at all tasks without touching them.

use rusqlite::Connection;

use crate::store::Counts;
use crate::store::sqlite::problem::{Problem, Result};
use crate::task::State;

/// When the next thing happens.
pub(in crate::store::sqlite) fn next_due(db: &Connection) -> Result<Option<u64>> {
    let mut statement = db.prepare_cached(
        "SELECT min(at) FROM (
            SELECT * FROM (SELECT due AS at FROM tasks INDEXED BY tasks_due
                WHERE ready = 0 AND due IS NOT NULL ORDER BY due LIMIT 1)
            UNION ALL
            SELECT * FROM (SELECT due FROM tasks INDEXED BY tasks_due
                WHERE ready = 1 AND due IS NOT NULL ORDER BY due LIMIT 1)
            UNION ALL
            SELECT * FROM (SELECT expires FROM tasks INDEXED BY tasks_expiring
                WHERE expires IS NOT NULL ORDER BY expires LIMIT 1)
            UNION ALL
            SELECT * FROM (SELECT until FROM workers WHERE is_over = 0 ORDER BY until LIMIT 1)
        )",
    )?;
    let next: Option<i64> = statement.query_row([], |row| row.get(0))?;
    next.map(u64::try_from)
        .transpose()
        .map_err(|_| Problem::Damaged("a task has a time below zero".to_owned()))
}

/// How many tasks there are in each state: kept as numbers, not counted.
pub(in crate::store::sqlite) fn counts(db: &Connection) -> Result<Counts> {
    let mut statement = db.prepare_cached("SELECT state, tasks FROM counts")?;
    let mut rows = statement.query([])?;
    let mut counts = Counts::default();
    while let Some(row) = rows.next()? {
        let state: u16 = row.get(0)?;
        let tasks: i64 = row.get(1)?;
        match (State::ALL.get(usize::from(state)), u64::try_from(tasks)) {
            (Some(state), Ok(tasks)) => counts.add(*state, tasks),
            _ => return Err(Problem::Damaged("a number of tasks is wrong".to_owned())),
        }
    }
    Ok(counts)
}
