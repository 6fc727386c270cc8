//! The verbs that change one task, or those whose time is over.

use rusqlite::{OptionalExtension, params};

use super::claims::meet;
use crate::store::sqlite::problem::{Problem, Result};
use crate::store::sqlite::row::{self, int};
use crate::store::sqlite::writing::{Contents, Writing};
use crate::store::{Answer, Answered, Created, Expired, NewTask, Next, Write};
use crate::task::{Record, TaskId};

pub(in crate::store::sqlite) fn create(
    writing: &mut Writing<'_>,
    new: &NewTask,
) -> Result<Created> {
    let db = writing.db;
    if let Some(key) = new.key
        && let Some(created) = made_before(writing, new, key)?
    {
        return Ok(created);
    }
    let mut record = new.record.clone();
    if row::find(db, record.id)?.is_some() {
        return Err(Problem::Refused(format!(
            "there is a task with the id {} already",
            record.id
        )));
    }
    if writing.active(record.owner)? >= new.most {
        return Ok(Created::TooMany);
    }
    if let Some(worker) = new.worker
        && meet(db, worker, record.created)?
    {
        record.claim(worker, u32::MAX, record.created);
    }
    record.place = row::insert(db, &record, record.is_due(record.created))?;
    let mut statement =
        db.prepare_cached("INSERT INTO requests (place, request) VALUES (?1, ?2)")?;
    statement.execute(params![int(record.place), new.request])?;
    if let Some(key) = new.key {
        let mut statement = db.prepare_cached(
            "INSERT INTO keys (owner, key, place, digest) VALUES (?1, ?2, ?3, ?4)",
        )?;
        statement.execute(params![record.owner.0, key, int(record.place), new.digest])?;
    }
    writing.count_new(&record)?;
    Ok(Created::New(record))
}

/// What was made under the same key before.
fn made_before(writing: &Writing<'_>, new: &NewTask, key: [u8; 32]) -> Result<Option<Created>> {
    let mut statement = writing.db.prepare_cached(
        "SELECT id, digest FROM keys JOIN tasks USING (place) WHERE keys.owner = ?1 AND key = ?2",
    )?;
    let found: Option<([u8; 16], [u8; 32])> = statement
        .query_row(params![new.record.owner.0, key], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((id, digest)) = found else {
        return Ok(None);
    };
    if digest != new.digest {
        return Ok(Some(Created::KeyReused));
    }
    let seen = row::find_seen(writing.db, TaskId::from_bytes(id))?;
    Ok(seen.map(Created::Again))
}

pub(in crate::store::sqlite) fn write(
    writing: &mut Writing<'_>,
    id: TaskId,
    fence: u64,
    write: &Write,
) -> Result<Option<Record>> {
    let Some(mut record) = row::find(writing.db, id)?.filter(|record| record.is_held(fence)) else {
        return Ok(None);
    };
    let before = record.clone();
    record.write(write);
    let result = match &write.next {
        Next::Complete { result } | Next::Fail { result } => Some(result.as_slice()),
        Next::Hold | Next::Park { .. } => None,
    };
    let notes = write.notes.as_deref();
    if !record.state.has_ended() {
        append(writing, before.chunks, &record, write)?;
        for key in &before.answered {
            if !record.answered.contains(key) {
                let mut statement = writing
                    .db
                    .prepare_cached("DELETE FROM answers WHERE place = ?1 AND key = ?2")?;
                statement.execute(params![int(record.place), key])?;
            }
        }
    }
    writing.save(before.state, &record, write.now, Contents { notes, result })?;
    Ok(Some(record))
}

fn append(writing: &Writing<'_>, first: u64, record: &Record, write: &Write) -> Result<()> {
    for (number, chunk) in (first..).zip(&write.append) {
        let mut statement = writing
            .db
            .prepare_cached("INSERT INTO chunks (place, number, chunk) VALUES (?1, ?2, ?3)")?;
        statement.execute(params![int(record.place), int(number), chunk])?;
    }
    Ok(())
}

pub(in crate::store::sqlite) fn answer(
    writing: &mut Writing<'_>,
    id: TaskId,
    now: u64,
    answers: &[Answer],
) -> Result<Option<Answered>> {
    let Some(mut record) = row::find(writing.db, id)? else {
        return Ok(None);
    };
    let before = record.state;
    let taken = record.answer(answers.iter().map(|answer| answer.key.as_str()), now);
    for key in &taken {
        // The first answer under a key counts.
        if let Some(answer) = answers.iter().find(|answer| answer.key == *key) {
            let mut statement = writing
                .db
                .prepare_cached("INSERT INTO answers (place, key, answer) VALUES (?1, ?2, ?3)")?;
            statement.execute(params![int(record.place), key, answer.answer])?;
        }
    }
    if !taken.is_empty() {
        writing.save(before, &record, now, Contents::default())?;
    }
    Ok(Some(Answered { record, taken }))
}

pub(in crate::store::sqlite) fn cancel(
    writing: &mut Writing<'_>,
    id: TaskId,
    now: u64,
) -> Result<Option<Record>> {
    let Some(mut record) = row::find(writing.db, id)? else {
        return Ok(None);
    };
    let before = record.state;
    if record.cancel(now) {
        writing.save(before, &record, now, Contents::default())?;
    }
    Ok(Some(record))
}

pub(in crate::store::sqlite) fn expire(
    writing: &mut Writing<'_>,
    now: u64,
    grace: u64,
    most: usize,
) -> Result<Expired> {
    let db = writing.db;
    let mut statement = db.prepare_cached(
        "SELECT place FROM tasks INDEXED BY tasks_expiring WHERE expires IS NOT NULL AND expires <= ?1 \
         ORDER BY expires, place LIMIT ?2",
    )?;
    let places = statement.query_map(params![int(now), int(most as u64)], |row| {
        row.get::<_, i64>(0)
    })?;
    let places: Vec<i64> = places.collect::<rusqlite::Result<_>>()?;
    let mut expired = Expired::default();
    for place in places {
        let mut record = row::at(db, u64::try_from(place).unwrap_or(0))?;
        let before = record.state;
        if record.expire(now, grace) {
            writing.remove(&record)?;
            expired.gone.push(record.id);
            continue;
        }
        let mut statement = db.prepare_cached("UPDATE tasks SET expires = ?2 WHERE place = ?1")?;
        statement.execute(params![place, record.expires.map(int)])?;
        writing.save(before, &record, now, Contents::default())?;
        expired.failed.push(record);
    }
    Ok(expired)
}
