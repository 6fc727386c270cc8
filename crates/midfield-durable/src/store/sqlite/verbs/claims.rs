//! Workers, and what they are given.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::room::{Room, Turn};
use crate::store::sqlite::problem::{Problem, Result};
use crate::store::sqlite::row::{self, int};
use crate::store::sqlite::writing::{Contents, Writing};
use crate::store::{Answer, Claim, Claimed, Loaded, REMEMBERED};
use crate::task::{Delivered, Owner, Record, WorkerId};

pub(in crate::store::sqlite) fn claim(writing: &mut Writing<'_>, claim: &Claim) -> Result<Claimed> {
    let db = writing.db;
    sweep(writing, claim.now)?;
    let mut claimed = Claimed::default();
    if !meet(db, claim.worker, claim.now)? {
        return Ok(claimed);
    }
    let mut wake = db.prepare_cached(
        "UPDATE tasks INDEXED BY tasks_due SET ready = 1 WHERE ready = 0 AND due IS NOT NULL AND due <= ?1",
    )?;
    wake.execute([int(claim.now)])?;
    let mut room = Room::of(claim);
    let mut turn = Turn::after(writing.memory.last);
    let mut again = Vec::new();
    while !room.is_full()
        && let Some(owner) = turn.try_next(|after| ready_after(db, after))?
    {
        if give(writing, owner, claim, &mut room, &mut claimed)? {
            again.push(owner);
        }
    }
    // Each round gives every owner one; those that got nothing are not asked again.
    while !again.is_empty() && !room.is_full() {
        let mut next = Vec::new();
        for owner in again {
            if !room.is_full() && give(writing, owner, claim, &mut room, &mut claimed)? {
                next.push(owner);
            }
        }
        again = next;
    }
    Ok(claimed)
}

/// The next owner of whom something is due.
fn ready_after(db: &Connection, after: Option<Owner>) -> Result<Option<Owner>> {
    let after = after.as_ref().map_or(&[][..], |owner| &owner.0);
    let mut statement = db.prepare_cached(
        "SELECT owner FROM tasks INDEXED BY tasks_ready WHERE ready = 1 AND owner > ?1 ORDER BY owner LIMIT 1",
    )?;
    let owner: Option<[u8; 32]> = statement.query_row([after], |row| row.get(0)).optional()?;
    if owner.is_some_and(|owner| owner[..] <= *after) {
        return Err(out_of_order());
    }
    Ok(owner.map(Owner))
}

/// An index that goes in a circle, so that whoever follows it would never come to an end.
fn out_of_order() -> Problem {
    Problem::Damaged("an index is out of order".to_owned())
}

/// Gives the oldest that there is room for, of an owner; `false` when there is none.
fn give(
    writing: &mut Writing<'_>,
    owner: Owner,
    claim: &Claim,
    room: &mut Room<'_>,
    claimed: &mut Claimed,
) -> Result<bool> {
    if !room.has_owner(&owner) {
        return Ok(false);
    }
    // A clock may have gone back since a task was seen to be due.
    let oldest = oldest(writing.db, owner, room)?.filter(|(due, _)| *due <= int(claim.now));
    let Some((_, place)) = oldest else {
        return Ok(false);
    };
    let mut record = row::at(writing.db, place)?;
    if !record.is_due(claim.now) || record.worker.is_some() || record.state.has_ended() {
        return Err(Problem::Damaged(format!(
            "an index says that the task at place {place} is due, and it is not"
        )));
    }
    let before = record.state;
    let delivered = record.claim(claim.worker, claim.deliveries, claim.now);
    if delivered == Delivered::GivenUp {
        writing.save(before, &record, claim.now, Contents::default())?;
        claimed.given_up.push(record);
    } else {
        let loaded = load(writing.db, record)?;
        writing.save(before, &loaded.record, claim.now, Contents::default())?;
        room.take(&loaded.record);
        claimed.tasks.push(loaded);
    }
    writing.memory.last = Some(owner);
    Ok(true)
}

/// When and where the oldest task is in those lanes of an owner that have room: one look for each lane.
fn oldest(db: &Connection, owner: Owner, room: &Room<'_>) -> Result<Option<(i64, u64)>> {
    let mut first = db.prepare_cached(
        "SELECT lane, due, place FROM tasks INDEXED BY tasks_ready WHERE ready = 1 AND owner = ?1 \
         ORDER BY lane, due, place LIMIT 1",
    )?;
    let mut next = db.prepare_cached(
        "SELECT lane, due, place FROM tasks INDEXED BY tasks_ready WHERE ready = 1 AND owner = ?1 AND lane > ?2 \
         ORDER BY lane, due, place LIMIT 1",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(2)?,
        ))
    };
    let mut oldest = None;
    let mut found = first.query_row([owner.0], read).optional()?;
    while let Some((lane, due, place)) = found {
        let place = u64::try_from(place)
            .map_err(|_| Problem::Damaged("a task has a place below zero".to_owned()))?;
        if room.has_lane(&lane) && oldest.is_none_or(|oldest| (due, place) < oldest) {
            oldest = Some((due, place));
        }
        found = next.query_row(params![owner.0, lane], read).optional()?;
        if found.as_ref().is_some_and(|(next, ..)| *next <= lane) {
            return Err(out_of_order());
        }
    }
    Ok(oldest)
}

/// All that is needed to run a task.
fn load(db: &Connection, record: Record) -> Result<Loaded> {
    let place = int(record.place);
    let mut statement = db.prepare_cached("SELECT request FROM requests WHERE place = ?1")?;
    let request = statement.query_row([place], |row| row.get(0)).optional()?;
    let request = request
        .ok_or_else(|| Problem::Damaged(format!("the task at place {place} has no request")))?;
    let mut statement = db.prepare_cached("SELECT notes FROM tasks WHERE place = ?1")?;
    let notes = statement.query_row([place], |row| row.get(0))?;
    Ok(Loaded {
        request,
        journal: journal(db, &record)?,
        notes,
        answers: answers(db, &record)?,
        record,
    })
}

fn journal(db: &Connection, record: &Record) -> Result<Vec<Vec<u8>>> {
    let mut journal = Vec::new();
    if record.chunks > 0 {
        let mut statement =
            db.prepare_cached("SELECT number, chunk FROM chunks WHERE place = ?1 ORDER BY number")?;
        let mut rows = statement.query([int(record.place)])?;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(0)? != int(journal.len() as u64) {
                break;
            }
            journal.push(row.get(1)?);
        }
    }
    if journal.len() as u64 == record.chunks {
        return Ok(journal);
    }
    Err(Problem::Damaged(format!(
        "the task at place {} has {} of the {} chunks of its journal",
        record.place,
        journal.len(),
        record.chunks
    )))
}

fn answers(db: &Connection, record: &Record) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for key in &record.answered {
        let mut statement =
            db.prepare_cached("SELECT answer FROM answers WHERE place = ?1 AND key = ?2")?;
        let answer = statement.query_row(params![int(record.place), key], |row| row.get(0));
        let answer = answer.optional()?.ok_or_else(|| {
            Problem::Damaged(format!(
                "the task at place {} lacks an answer",
                record.place
            ))
        })?;
        answers.push(Answer {
            key: key.clone(),
            answer,
        });
    }
    Ok(answers)
}

/// Notes a worker that has not said how long it lives; `false` for one whose time is over.
pub(super) fn meet(db: &Connection, worker: WorkerId, now: u64) -> Result<bool> {
    let known = known(db, worker)?;
    if known.is_none() {
        set_worker(db, worker, now, false)?;
    }
    Ok(known.is_none_or(|(_, is_over)| !is_over))
}

pub(in crate::store::sqlite) fn renew(
    writing: &mut Writing<'_>,
    worker: WorkerId,
    now: u64,
    until: u64,
) -> Result<bool> {
    let known = known(writing.db, worker)?;
    let was_over = known.is_some_and(|(before, is_over)| is_over || before <= int(now));
    if was_over {
        free(writing, worker, Some(now))?;
    }
    set_worker(writing.db, worker, until, false)?;
    Ok(!was_over)
}

pub(in crate::store::sqlite) fn retire(
    writing: &mut Writing<'_>,
    worker: WorkerId,
    now: u64,
) -> Result<()> {
    free(writing, worker, Some(now))?;
    if known(writing.db, worker)?.is_some() {
        set_worker(writing.db, worker, now, true)?;
    }
    Ok(())
}

/// Until when a worker lives, and whether its time was over and what it held was freed.
fn known(db: &Connection, worker: WorkerId) -> Result<Option<(i64, bool)>> {
    let mut statement = db.prepare_cached("SELECT until, is_over FROM workers WHERE id = ?1")?;
    let known = statement.query_row([worker.0], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(known.optional()?)
}

fn set_worker(db: &Connection, worker: WorkerId, until: u64, is_over: bool) -> Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT OR REPLACE INTO workers (id, until, is_over) VALUES (?1, ?2, ?3)",
    )?;
    statement.execute(params![worker.0, int(until), is_over])?;
    Ok(())
}

/// Frees what workers held whose time is over, and forgets those of long ago.
fn sweep(writing: &mut Writing<'_>, now: u64) -> Result<()> {
    let db = writing.db;
    let mut statement = db.prepare_cached(
        "SELECT id FROM workers WHERE is_over = 0 AND until <= ?1 ORDER BY until",
    )?;
    let over = statement.query_map([int(now)], |row| row.get(0))?;
    let over: Vec<[u8; 16]> = over.collect::<rusqlite::Result<_>>()?;
    for worker in over {
        free(writing, WorkerId(worker), Some(now))?;
        let mut statement = db.prepare_cached("UPDATE workers SET is_over = 1 WHERE id = ?1")?;
        statement.execute([worker])?;
    }
    if let Some(before) = now.checked_sub(REMEMBERED) {
        let mut statement =
            db.prepare_cached("DELETE FROM workers WHERE is_over = 1 AND until <= ?1")?;
        statement.execute([int(before)])?;
    }
    Ok(())
}

/// Frees what a worker held; without a time, as of when each of it changed last.
fn free(writing: &mut Writing<'_>, worker: WorkerId, now: Option<u64>) -> Result<()> {
    let db = writing.db;
    let mut statement = db.prepare_cached(
        "SELECT place FROM tasks INDEXED BY tasks_held WHERE worker = ?1 ORDER BY place",
    )?;
    let places = statement.query_map([worker.0], |row| row.get::<_, i64>(0))?;
    let places: Vec<i64> = places.collect::<rusqlite::Result<_>>()?;
    for place in places {
        let mut record = row::at(db, u64::try_from(place).unwrap_or(0))?;
        let now = now.unwrap_or(record.updated);
        record.free(now);
        writing.save(record.state, &record, now, Contents::default())?;
    }
    Ok(())
}

/// Frees what all workers held: whoever has the file for itself knows that they are dead.
pub(in crate::store::sqlite) fn free_all(writing: &mut Writing<'_>) -> Result<()> {
    let db = writing.db;
    let mut statement = db.prepare(
        "SELECT DISTINCT worker FROM tasks INDEXED BY tasks_held WHERE worker IS NOT NULL",
    )?;
    let workers = statement.query_map([], |row| row.get(0))?;
    let workers: Vec<[u8; 16]> = workers.collect::<rusqlite::Result<_>>()?;
    for worker in workers {
        free(writing, WorkerId(worker), None)?;
    }
    db.execute("UPDATE workers SET is_over = 1 WHERE is_over = 0", [])?;
    Ok(())
}
