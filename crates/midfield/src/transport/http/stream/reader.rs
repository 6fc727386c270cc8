//! Reading a stream, which drives what it is about.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::left_behind::LeftBehind;
use super::Stream;

/// Whoever reads a stream. When it is dropped before the end, a task goes on with the work.
#[derive(Debug)]
pub(in crate::transport::http) struct Reader {
    pub(super) stream: Arc<Stream>,
    pub(super) number: u64,
    /// The number of the event that is read next.
    pub(super) next: u64,
    pub(super) left_behind: LeftBehind,
}

impl Reader {
    /// Polls for the next bytes: every event that is ready, up to `size` or so; `None` at the end.
    pub(in crate::transport::http) fn poll_bytes(
        &mut self,
        task: &mut Context<'_>,
        size: usize,
    ) -> Poll<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        let mut log = self.take(task, size, &mut bytes);
        if log == Rest::Nothing && bytes.len() < size {
            // Only once everything is read: a slow reader makes the source wait. Ready or not, what it has
            // said is in the log.
            let _ = self.stream.poll_source(task);
            log = self.take(task, size, &mut bytes);
        }
        if !bytes.is_empty() {
            return Poll::Ready(Some(bytes));
        }
        match log {
            Rest::End => Poll::Ready(None),
            Rest::Nothing | Rest::More => Poll::Pending,
        }
    }

    /// Takes what there is to read now, up to `size` or so.
    fn take(&mut self, task: &mut Context<'_>, size: usize, bytes: &mut Vec<u8>) -> Rest {
        let mut log = self.stream.log();
        if log.reader != self.number {
            drop(log);
            self.stream.wake_reader();
            return Rest::End;
        }
        // A client may name an event that was never written.
        self.next = self.next.clamp(log.first, log.next());
        while bytes.len() < size {
            let at = usize::try_from(self.next - log.first).unwrap_or(usize::MAX);
            let Some(event) = log.events.get(at) else {
                break;
            };
            bytes.extend_from_slice(event);
            self.next += 1;
        }
        log.unread = Some(self.next);
        if self.next < log.next() {
            return Rest::More;
        }
        if log.ended.is_some() || log.lets_go {
            return Rest::End;
        }
        log.waker = Some(task.waker().clone());
        Rest::Nothing
    }
}

/// What a reader has still to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    /// Events that are kept.
    More,
    /// Nothing yet.
    Nothing,
    /// Nothing any more.
    End,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let is_needed = {
            let mut log = self.stream.log();
            let is_the_reader = log.reader == self.number;
            if is_the_reader {
                log.unread = None;
                log.waker = None;
            }
            is_the_reader && log.ended.is_none()
        };
        if !is_needed {
            self.stream.wake_reader();
        }
        // Changes are kept where they are until somebody reads again.
        if is_needed && !self.stream.is_about_changes {
            self.left_behind
                .spawn(self.stream.clone().drive(self.number));
        }
    }
}
