//! A store in a file, by SQLite.
//!
//! One thread writes, and commits together what waits in line; two read. Several processes may have the same file open.
//!
//! For a command line there is [`Sqlite::check`], which looks for damage and may run beside a server, [`Sqlite::compact`], which gives
//! room back, and [`Sqlite::migrate`], which brings a file of an older version up to date: opening it does that too.

mod offline;
mod open;
mod options;
mod problem;
mod reader;
mod row;
mod schema;
mod verbs;
mod writer;
mod writing;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{
    Answer, Answered, Claim, Claimed, Counts, Created, Expired, NewTask, Pending, Seen, Store,
    StoreError, Write,
};
use crate::task::{Owner, Record, TaskId, WorkerId};
use open::Place;
use problem::Result;
use reader::Question;
use writer::{Job, Verb, Writer};
use writing::Writing;

pub use offline::Report;
pub use options::{SqliteOptions, Synchronous};

/// How many threads read.
const READERS: usize = 2;

/// Tasks in a file. A clone is another handle to the same store.
///
/// When the last handle is dropped, what waits in line is done first; that blocks for as long.
///
/// Times past 2^63 milliseconds are kept as that.
#[derive(Clone, Debug)]
pub struct Sqlite(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    place: Place,
    /// `None` only while it is dropped.
    lines: Option<Lines>,
    writer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
    /// Says to other processes that this one has the file open.
    _lock: File,
}

#[derive(Debug)]
struct Lines {
    writer: mpsc::Sender<Box<dyn Job>>,
    readers: mpsc::Sender<Question>,
}

impl Sqlite {
    /// Opens the store at `path`, and makes it when there is none; its folder must be there.
    ///
    /// When no other process has it open, all workers are dead: what they held is free at once.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, is no store, is damaged, or was written by a newer version. The message says which, and what to
    /// do; the file is left as it was.
    pub fn open(
        path: impl AsRef<Path>,
        options: SqliteOptions,
    ) -> std::result::Result<Self, StoreError> {
        let place = Place::new(path.as_ref(), options)?;
        place.make()?;
        let lock = place.prepare()?;
        let told = |problem: problem::Problem| problem.told("open", &place.path);
        let writer = place
            .connect_writer()
            .and_then(|db| Writer::new(db, place.clone()))
            .map_err(told)?;
        let (line, jobs) = mpsc::channel(place.options.queue.max(1));
        let writer = start(&place, "midfield-writer", move || writer.run(jobs))?;
        let (questions, asked) = mpsc::channel(place.options.queue.max(1));
        let asked = Arc::new(Mutex::new(asked));
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let db = place.connect_reader().map_err(told)?;
            let asked = Arc::clone(&asked);
            let path = place.path.to_path_buf();
            let run = move || reader::run(db, path, asked);
            readers.push(start(&place, "midfield-reader", run)?);
        }
        Ok(Self(Arc::new(Shared {
            place,
            lines: Some(Lines {
                writer: line,
                readers: questions,
            }),
            writer: Some(writer),
            readers,
            _lock: lock,
        })))
    }

    /// Puts a verb in line.
    fn change<T, F>(&self, writes: bool, run: F) -> Pending<'_, T>
    where
        T: Send + 'static,
        F: FnMut(&mut Writing<'_>) -> Result<T> + Send + 'static,
    {
        let (reply, said) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Verb {
            run,
            writes,
            said: None,
            reply,
        });
        Box::pin(async move {
            let lines = self.0.lines.as_ref().ok_or_else(|| self.stopped())?;
            let sent = lines.writer.send(job).await;
            sent.map_err(|_| self.stopped())?;
            said.await.map_err(|_| self.stopped().unknown())?
        })
    }

    /// Asks a reader.
    fn ask<T, F>(&self, ask: F) -> Pending<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let (reply, said) = oneshot::channel();
        let question = Question::new(ask, reply);
        Box::pin(async move {
            let lines = self.0.lines.as_ref().ok_or_else(|| self.stopped())?;
            let sent = lines.readers.send(question).await;
            sent.map_err(|_| self.stopped())?;
            said.await.map_err(|_| self.stopped())?
        })
    }

    fn stopped(&self) -> StoreError {
        let path = self.0.place.path.display();
        StoreError::new(format!(
            "could not use {path}: a thread of the store has stopped; start the process again"
        ))
    }
}

fn start(
    place: &Place,
    name: &str,
    run: impl FnOnce() + Send + 'static,
) -> std::result::Result<JoinHandle<()>, StoreError> {
    let started = Builder::new().name(name.to_owned()).spawn(run);
    started.map_err(|error| place.failed("start a thread for", error))
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Without a sender, threads end when their line is empty. The writer is the last to close the file, so that it can copy the
        // log into the database: where two close at once, neither does.
        let Some(Lines { writer, readers }) = self.lines.take() else {
            return;
        };
        drop(readers);
        for reader in self.readers.drain(..) {
            // One that has panicked has said so itself.
            let _ = reader.join();
        }
        drop(writer);
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Store for Sqlite {
    fn create(&self, new: NewTask) -> Pending<'_, Created> {
        self.change(true, move |writing| verbs::create(writing, &new))
    }

    fn claim(&self, claim: Claim) -> Pending<'_, Claimed> {
        self.change(true, move |writing| verbs::claim(writing, &claim))
    }

    fn renew(&self, worker: WorkerId, now: u64, until: u64) -> Pending<'_, bool> {
        self.change(true, move |writing| {
            verbs::renew(writing, worker, now, until)
        })
    }

    fn retire(&self, worker: WorkerId, now: u64) -> Pending<'_, ()> {
        self.change(true, move |writing| verbs::retire(writing, worker, now))
    }

    fn write(&self, id: TaskId, fence: u64, write: Write) -> Pending<'_, Option<Record>> {
        self.change(true, move |writing| {
            verbs::write(writing, id, fence, &write)
        })
    }

    fn answer(&self, id: TaskId, now: u64, answers: Vec<Answer>) -> Pending<'_, Option<Answered>> {
        self.change(true, move |writing| {
            verbs::answer(writing, id, now, &answers)
        })
    }

    fn cancel(&self, id: TaskId, now: u64) -> Pending<'_, Option<Record>> {
        self.change(true, move |writing| verbs::cancel(writing, id, now))
    }

    fn expire(&self, now: u64, grace: u64, most: usize) -> Pending<'_, Expired> {
        self.change(true, move |writing| {
            verbs::expire(writing, now, grace, most)
        })
    }

    fn get(&self, id: TaskId) -> Pending<'_, Option<Seen>> {
        self.ask(move |db| row::find_seen(db, id))
    }

    fn list(&self, owner: Owner, after: u64, most: usize) -> Pending<'_, Vec<Seen>> {
        self.ask(move |db| row::list(db, owner, after, most))
    }

    fn next_due(&self) -> Pending<'_, Option<u64>> {
        self.ask(verbs::next_due)
    }

    fn counts(&self) -> Pending<'_, Counts> {
        self.ask(verbs::counts)
    }

    fn has_changed_elsewhere(&self) -> Pending<'_, bool> {
        self.change(false, |writing| {
            let version = schema::pragma(writing.db, "data_version")?;
            let before = writing.memory.data_version.replace(version);
            Ok(before != Some(version))
        })
    }
}
