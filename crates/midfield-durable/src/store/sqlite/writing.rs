//! A transaction that verbs write in.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::problem::{Problem, Result};
use super::row::{self, int};
use crate::task::{Owner, Record, State};

/// What the writer remembers from one transaction to the next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memory {
    /// The owner to whom something was given last.
    pub(super) last: Option<Owner>,
    /// What SQLite said last of changes by others.
    pub(super) data_version: Option<i64>,
}

/// An open transaction. What is counted is written once, at its end.
#[derive(Debug)]
pub(super) struct Writing<'a> {
    pub(super) db: &'a Connection,
    pub(super) memory: &'a mut Memory,
    counts: [i64; State::ALL.len()],
    active: HashMap<Owner, Active>,
}

/// How many tasks of an owner have not ended: before the transaction, and how many more there are since.
#[derive(Clone, Copy, Debug)]
struct Active {
    before: i64,
    more: i64,
}

/// What pollers see, where it has changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Contents<'a> {
    pub(super) notes: Option<&'a [u8]>,
    pub(super) result: Option<&'a [u8]>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(db: &'a Connection, memory: &'a mut Memory) -> Self {
        Self {
            db,
            memory,
            counts: [0; State::ALL.len()],
            active: HashMap::new(),
        }
    }

    /// How many tasks of an owner have not ended.
    pub(super) fn active(&mut self, owner: Owner) -> Result<usize> {
        let active = self.active_entry(owner)?;
        Ok(usize::try_from(active.before.saturating_add(active.more)).unwrap_or(0))
    }

    fn active_entry(&mut self, owner: Owner) -> Result<&mut Active> {
        use std::collections::hash_map::Entry;
        match self.active.entry(owner) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let mut statement = self
                    .db
                    .prepare_cached("SELECT active FROM owners WHERE owner = ?1")?;
                let before = statement.query_row([owner.0], |row| row.get(0));
                Ok(entry.insert(Active {
                    before: before.optional()?.unwrap_or(0),
                    more: 0,
                }))
            }
        }
    }

    fn count(&mut self, state: State, more: i64) {
        self.counts[state as usize] += more;
    }

    /// Counts a task that is new.
    pub(super) fn count_new(&mut self, record: &Record) -> Result<()> {
        self.count(record.state, 1);
        if !record.state.has_ended() {
            self.active_entry(record.owner)?.more += 1;
        }
        Ok(())
    }

    /// Writes a task back that was in the state `before`.
    pub(super) fn save(
        &mut self,
        before: State,
        record: &Record,
        now: u64,
        contents: Contents<'_>,
    ) -> Result<()> {
        let Contents { notes, result } = contents;
        row::update(self.db, record, record.is_due(now), notes, result)?;
        if before != record.state {
            self.count(before, -1);
            self.count(record.state, 1);
            if record.state.has_ended() && !before.has_ended() {
                self.active_entry(record.owner)?.more -= 1;
                self.let_go(record)?;
            }
        }
        Ok(())
    }

    /// Takes away what only runs of the task need.
    fn let_go(&self, record: &Record) -> Result<()> {
        for sql in [
            "DELETE FROM requests WHERE place = ?1",
            "DELETE FROM chunks WHERE place = ?1",
            "DELETE FROM answers WHERE place = ?1",
        ] {
            self.db.prepare_cached(sql)?.execute([int(record.place)])?;
        }
        Ok(())
    }

    /// Takes a task away that has ended.
    pub(super) fn remove(&mut self, record: &Record) -> Result<()> {
        self.count(record.state, -1);
        let mut statement = self
            .db
            .prepare_cached("DELETE FROM tasks WHERE place = ?1")?;
        statement.execute([int(record.place)])?;
        Ok(())
    }

    /// Writes what was counted; to be called before the commit.
    pub(super) fn finish(&mut self) -> Result<()> {
        for (state, more) in State::ALL.iter().zip(self.counts) {
            if more != 0 {
                let mut statement = self.db.prepare_cached(
                    "INSERT INTO counts (state, tasks) VALUES (?1, ?2) \
                     ON CONFLICT DO UPDATE SET tasks = tasks + excluded.tasks",
                )?;
                statement.execute(params![*state as i64, more])?;
            }
        }
        for (owner, active) in &self.active {
            if active.more == 0 {
                continue;
            }
            let Some(now) = active
                .before
                .checked_add(active.more)
                .filter(|now| *now >= 0)
            else {
                return Err(Problem::Damaged(
                    "the number of tasks of an owner is wrong".to_owned(),
                ));
            };
            let sql = if now == 0 {
                "DELETE FROM owners WHERE owner = ?1 AND ?2 = 0"
            } else {
                "INSERT INTO owners (owner, active) VALUES (?1, ?2) \
                 ON CONFLICT DO UPDATE SET active = excluded.active"
            };
            self.db
                .prepare_cached(sql)?
                .execute(params![owner.0, now])?;
        }
        Ok(())
    }
}
