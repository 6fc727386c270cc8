//! What a run writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use tokio::time::Instant;

use super::super::live::Live;
use super::super::notes::{Notes, inner_key};
use super::super::put::Put;
use super::super::runner::Ended;
use super::super::seal::Place;
use super::super::{Engine, Error, cause};
use super::Drive;
use crate::execution::Unkept;
use crate::failure::Failure;
use crate::journal::Entry;
use crate::kind::Kind;
use crate::store::{Next, Write};
use crate::task::Record;

impl Drive {
    /// Writes what is new. `false` when the task is not this run's any more.
    pub(super) async fn keep(&mut self, unkept: &Unkept) -> bool {
        let write = match self.write(unkept) {
            Ok(write) => write,
            Err(error) => {
                self.give_back(&error).await;
                return false;
            }
        };
        let is_kept = self.put(write).await;
        if is_kept {
            self.run.execution().kept();
        }
        is_kept
    }

    /// Puts the task away, to be run again from its journal.
    pub(super) async fn park(&mut self, due: Option<u64>) {
        let unkept = self.run.execution().take_unkept();
        match self.write(&unkept) {
            Ok(mut write) => {
                write.next = Next::Park { due };
                self.put(write).await;
            }
            Err(error) => self.give_back(&error).await,
        }
    }

    /// Writes the end.
    pub(super) async fn end(&mut self, ended: Ended) {
        let notes = match self.live.take_message() {
            // What it said last stays to be seen.
            Some(message) => Notes {
                message: Some(message),
                ..Notes::default()
            },
            None => return self.engine.end(&self.record, &self.live, None, ended).await,
        };
        let notes = Some(&notes);
        self.engine
            .end(&self.record, &self.live, notes, ended)
            .await;
    }

    /// Lets a cancelled handler clean up.
    pub(super) async fn clean_up(&mut self) {
        self.run.execution().stop_keeping();
        let run = &mut self.run;
        let rest =
            std::future::poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| run.poll(cx))) {
                Ok(Poll::Pending) if run.execution().failure().is_none() => Poll::Pending,
                _ => Poll::Ready(()),
            });
        let grace = self.engine.0.options.cancel_grace;
        // What has not ended by then is dropped.
        let _ = tokio::time::timeout(grace, rest).await;
    }

    /// The outer keys of answers that did not fit: their questions are open all the same.
    pub(super) fn unfit(&self) -> impl Iterator<Item = &String> {
        let open = if self.answered.is_empty() {
            Vec::new()
        } else {
            self.run.execution().open_questions()
        };
        let is_open = move |outer: &&String| {
            let key = inner_key(outer);
            open.iter().any(|question| question.key == key)
        };
        self.answered.iter().filter(is_open)
    }

    /// What is to be written.
    fn write(&mut self, unkept: &Unkept) -> Result<Write, Error> {
        let mut write = Write::at(self.engine.now());
        if !unkept.entries.is_empty() {
            let place = Place::Chunk(self.record.chunks);
            write.append = vec![self.engine.seal(self.record.id, place, &unkept.entries)?];
        }
        let unfit: Vec<String> = self.unfit().cloned().collect();
        for outer in &unfit {
            let key = inner_key(outer).to_owned();
            *self.notes.refused.entry(key).or_default() += 1;
        }
        let message = self.live.take_message();
        if unkept.has_moved || message.is_some() {
            if message.is_some() {
                self.next_message = Instant::now() + self.engine.0.options.message_interval;
            }
            let message = message.or_else(|| self.notes.message.take());
            self.notes = Notes::of(self.run.execution(), &self.notes, message);
            write.open = Some(self.notes.outer_keys());
            write.notes = Some(
                self.engine
                    .seal(self.record.id, Place::Notes, &self.notes)?,
            );
        }
        let is_over =
            |outer: &mut String| unfit.contains(outer) || is_learned(outer, &unkept.entries);
        write.learned = self.answered.extract_if(.., is_over).collect();
        Ok(write)
    }

    async fn put(&mut self, write: Write) -> bool {
        match self.engine.put(&self.record, &self.live, write).await {
            Put::Kept(record) => {
                self.record = *record;
                // An answer may have come through another process meanwhile.
                self.live.answered_elsewhere(&self.record.answered);
                true
            }
            Put::Gone => false,
        }
    }

    /// Something cannot be sealed: the task is tried again later.
    async fn give_back(&mut self, error: &Error) {
        self.engine.give_back(&self.record, &self.live, error).await;
    }
}

impl Engine {
    /// Writes the end of a task that is held.
    pub(super) async fn end(
        &self,
        record: &Record,
        live: &Arc<Live>,
        notes: Option<&Notes>,
        ended: Ended,
    ) {
        let max = self.0.options.max_result;
        let ended = match ended {
            Ended::Completed(result) if result.as_str().len() > max => {
                let size = result.as_str().len();
                let failure = Failure::Other(format!(
                    "the result of the task has {size} bytes, of at most {max}"
                ));
                Ended::Failed(self.failed(&failure))
            }
            ended => ended,
        };
        let (Ended::Completed(raw) | Ended::Failed(raw)) = &ended;
        let mut write = Write::at(self.now());
        let notes = notes.map(|notes| self.seal(record.id, Place::Notes, notes));
        write.notes = notes.and_then(Result::ok);
        let sealed = self.seal(record.id, Place::Result, raw);
        write.next = match (sealed, ended) {
            (Ok(result), Ended::Completed(_)) => Next::Complete { result },
            (Ok(result), Ended::Failed(_)) => Next::Fail { result },
            (Err(error), _) => return self.give_back(record, live, &error).await,
        };
        let _ = self.put(record, live, write).await;
    }

    async fn give_back(&self, record: &Record, live: &Arc<Live>, error: &Error) {
        let cause = cause(error);
        tracing::error!(task = %record.id, cause, "a task cannot be written");
        let now = self.now();
        let mut write = Write::at(now);
        write.next = Next::Park {
            due: Some(now + LATER),
        };
        let _ = self.put(record, live, write).await;
    }
}

/// Whether the answer under `outer` is among what the handler has learned.
fn is_learned(outer: &str, entries: &[Entry]) -> bool {
    let key = inner_key(outer);
    let is_it = |entry: &Entry| {
        !matches!(entry.kind, Kind::Step | Kind::Sleep) && entry.key.to_string() == key
    };
    entries.iter().any(is_it)
}

/// How many milliseconds a task is left alone that cannot be written.
const LATER: u64 = 1_000;
