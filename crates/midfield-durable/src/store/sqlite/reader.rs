//! The threads that read. Each question is one statement, and sees all that was acknowledged before it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::problem::Result;
use crate::store::StoreError;

/// A question that waits in line.
pub(super) struct Question(Box<Ask>);

type Ask = dyn FnOnce(&Connection, &Path) + Send;

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Question")
    }
}

impl Question {
    pub(super) fn new<T, F>(
        ask: F,
        reply: oneshot::Sender<std::result::Result<T, StoreError>>,
    ) -> Self
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        Self(Box::new(move |db, path| {
            let said = ask(db).map_err(|problem| problem.told("read from", path));
            // The caller may have gone away; nobody needs to know then.
            let _ = reply.send(said);
        }))
    }
}

/// The line, which the readers share.
pub(super) type Line = Arc<Mutex<mpsc::Receiver<Question>>>;

/// Reads until the last handle is dropped and the line is empty.
#[expect(clippy::needless_pass_by_value, reason = "it is what the thread owns")]
pub(super) fn run(db: Connection, path: PathBuf, line: Line) {
    loop {
        // Whoever waits for the next question holds the lock; it is free as soon as there is one.
        let next = line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        match next {
            Some(Question(answer)) => answer(&db, &path),
            None => return,
        }
    }
}
