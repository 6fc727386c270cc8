//! The one thread that writes. It takes all verbs that wait and commits them together.

use std::fmt;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::open::Place;
use super::problem::{Problem, Result};
use super::writing::{Memory, Writing};
use crate::store::StoreError;

/// How many verbs are committed together at most.
const MOST_TOGETHER: usize = 256;

/// A verb that waits in line.
pub(super) trait Job: Send {
    /// Whether it writes.
    fn writes(&self) -> bool;

    /// Does it within a transaction; again, when the first one came to nothing.
    fn run(&mut self, writing: &mut Writing<'_>) -> Result<()>;

    /// Tells the caller what came of it: what [`Job::run`] said, unless something failed.
    fn done(self: Box<Self>, failed: Option<StoreError>);
}

impl fmt::Debug for dyn Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Job")
    }
}

/// A verb: what it does, and who waits for what it says.
pub(super) struct Verb<T, F> {
    pub(super) run: F,
    pub(super) writes: bool,
    pub(super) said: Option<T>,
    pub(super) reply: oneshot::Sender<std::result::Result<T, StoreError>>,
}

impl<T, F> Job for Verb<T, F>
where
    T: Send,
    F: FnMut(&mut Writing<'_>) -> Result<T> + Send,
{
    fn writes(&self) -> bool {
        self.writes
    }

    fn run(&mut self, writing: &mut Writing<'_>) -> Result<()> {
        self.said = Some((self.run)(writing)?);
        Ok(())
    }

    fn done(self: Box<Self>, failed: Option<StoreError>) {
        let said = match (failed, self.said) {
            (None, Some(said)) => Ok(said),
            (Some(error), _) => Err(error),
            (None, None) => Err(StoreError::new("a verb was never run")),
        };
        // The caller may have gone away; that changes nothing of what was done.
        let _ = self.reply.send(said);
    }
}

/// Writes until the last handle is dropped and the line is empty.
#[derive(Debug)]
pub(super) struct Writer {
    db: Connection,
    place: Place,
    memory: Memory,
}

impl Writer {
    pub(super) fn new(db: Connection, place: Place) -> Result<Self> {
        let memory = Memory {
            last: None,
            data_version: Some(super::schema::pragma(&db, "data_version")?),
        };
        Ok(Self { db, place, memory })
    }

    pub(super) fn run(mut self, mut line: mpsc::Receiver<Box<dyn Job>>) {
        let mut jobs = Vec::new();
        while line.blocking_recv_many(&mut jobs, MOST_TOGETHER) > 0 {
            self.group(std::mem::take(&mut jobs));
        }
    }

    /// Does all; and when one of them fails, each for itself, so that one that cannot be done fails alone.
    fn group(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let failed = self.together(&mut jobs).err();
        if jobs.len() == 1 || !matches!(failed, Some(Failed::Verb(_))) {
            return self.tell(jobs, failed.as_ref());
        }
        for job in jobs {
            let mut alone = vec![job];
            let failed = self.together(&mut alone).err();
            self.tell(alone, failed.as_ref());
        }
    }

    fn tell(&self, jobs: Vec<Box<dyn Job>>, failed: Option<&Failed>) {
        for job in jobs {
            job.done(failed.map(|failed| failed.told(&self.place)));
        }
    }

    /// Runs and commits; or leaves everything as it was.
    fn together(&mut self, jobs: &mut [Box<dyn Job>]) -> std::result::Result<(), Failed> {
        let before = self.memory;
        let done = self.attempt(jobs);
        if done.is_err() {
            self.memory = before;
            self.clean();
        }
        done
    }

    fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> std::result::Result<(), Failed> {
        let writes = jobs.iter().any(|job| job.writes());
        if writes {
            self.execute("BEGIN IMMEDIATE").map_err(Failed::Begin)?;
        }
        let mut writing = Writing::new(&self.db, &mut self.memory);
        let run = jobs.iter_mut().try_for_each(|job| job.run(&mut writing));
        run.and_then(|()| writing.finish()).map_err(Failed::Verb)?;
        if writes {
            self.execute("COMMIT").map_err(Failed::Commit)?;
        }
        Ok(())
    }

    fn execute(&self, sql: &str) -> Result<()> {
        self.db.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Leaves no transaction open, so that the next group starts from what is in the file.
    fn clean(&mut self) {
        if !self.db.is_autocommit() {
            // When this fails, the connection is of no use any more, as seen below.
            let _ = self.db.execute_batch("ROLLBACK");
        }
        if self.db.is_autocommit() {
            return;
        }
        match self.place.connect_writer() {
            Ok(db) => {
                self.db = db;
                // Others may have written in between: it is better to look once more than not at all.
                self.memory.data_version = None;
            }
            Err(problem) => tracing::error!(
                path = %self.place.path.display(),
                ?problem,
                "could not open the task database again after an error"
            ),
        }
    }
}

/// Why a group came to nothing.
#[derive(Debug)]
enum Failed {
    Begin(Problem),
    Verb(Problem),
    Commit(Problem),
}

impl Failed {
    fn told(&self, place: &Place) -> StoreError {
        match self {
            Self::Begin(problem) => problem.told("begin to write to", &place.path),
            Self::Verb(problem) => problem.told("write to", &place.path),
            Self::Commit(problem) => {
                let told = problem.told("commit to", &place.path);
                if problem.leaves_open() {
                    told.unknown()
                } else {
                    told
                }
            }
        }
    }
}
