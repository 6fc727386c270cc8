//! Streams of events that belong to a session, and can be resumed: what was written is kept for a while, so
//! that a client which lost its connection finds it when it comes back
//! ([2025-11-25, resumability](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#resumability-and-redelivery)).
//!
//! A stream has one reader at a time. Whoever reads also drives the work; when nobody reads, a task does.

mod event_id;
mod log;
mod reader;

pub(super) use event_id::{EventId, Name};
pub(super) use log::{MAX_KEPT_BYTES, Together};
pub(super) use reader::Reader;

use std::future::poll_fn;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use self::log::{Log, SHRUNK_BYTES};
use super::left_behind::LeftBehind;
use super::reply::push_event;
use super::sessions::AtWork;
use crate::server::{Listener, Piece, written};
use crate::transport::work::Work;

/// A stream of a session.
#[derive(Debug)]
pub(super) struct Stream {
    name: Name,
    priming: Priming,
    is_about_changes: bool,
    source: Mutex<Source>,
    log: Mutex<Log>,
}

/// What a stream is about.
#[derive(Debug)]
pub(super) enum Source {
    /// Requests that are being answered.
    Requests {
        work: Work,
        /// Dropped with the work, which says that it is done.
        _guards: Vec<AtWork>,
        _permit: Option<OwnedSemaphorePermit>,
    },
    /// What changes meanwhile.
    Changes(Listener),
    /// Nothing more.
    Nothing,
}

/// How a stream's events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priming {
    /// The first event is empty, and names the stream before there is anything to say.
    Primed,
    /// Older clients would take it for a message.
    Unprimed,
}

impl Stream {
    /// A stream of `source`. What it keeps counts `together` with what others do.
    pub(super) fn new(name: Name, source: Source, priming: Priming, together: Together) -> Self {
        let stream = Self {
            name,
            priming,
            is_about_changes: matches!(source, Source::Changes(_)),
            source: Mutex::new(source),
            log: Mutex::new(Log::counted(together)),
        };
        stream.prime(&mut stream.log());
        stream
    }

    /// Says by what name the stream is found, before there is anything else to say.
    fn prime(&self, log: &mut Log) {
        if self.priming == Priming::Primed {
            let id = self.id(log.next());
            log.push(Bytes::from(format!("id: {id}\nretry: {RETRY}\ndata: \n\n")));
        }
    }

    /// The name by which it is found.
    pub(super) fn name(&self) -> Name {
        self.name
    }

    /// For how long nothing more will have been written; `None` while something may be.
    pub(super) fn ended_for(&self) -> Option<Duration> {
        self.log().ended.map(|ended| ended.elapsed())
    }

    /// Whether somebody reads it now.
    pub(super) fn is_read(&self) -> bool {
        self.log().unread.is_some()
    }

    /// The size of what is kept.
    pub(super) fn bytes(&self) -> usize {
        self.log().bytes
    }

    /// Keeps little of what has been read already: there is too much of it in all streams together.
    pub(super) fn shrink(&self) {
        let mut log = self.log();
        let unread = log.unread.unwrap_or(u64::MAX);
        while log.bytes > SHRUNK_BYTES && log.events.len() > 1 && log.first < unread {
            log.drop_oldest();
        }
    }

    /// Begins to read after the event numbered `after`, from the beginning without. Whoever read before
    /// ends.
    pub(super) fn reader(self: &Arc<Self>, after: Option<u64>, left_behind: LeftBehind) -> Reader {
        let next = after.map_or(0, |after| after.saturating_add(1));
        self.read_from(|_| next, left_behind)
    }

    /// Begins to read what is said from now on. Whoever read before ends.
    pub(super) fn reader_from_now(self: &Arc<Self>, left_behind: LeftBehind) -> Reader {
        let now = |log: &mut Log| {
            // The first reader is told what was written when the stream was made.
            if log.reader == 0 {
                return log.first;
            }
            let next = log.next();
            self.prime(log);
            next
        };
        self.read_from(now, left_behind)
    }

    fn read_from(
        self: &Arc<Self>,
        from: impl FnOnce(&mut Log) -> u64,
        left_behind: LeftBehind,
    ) -> Reader {
        let (number, next, wakers) = {
            let mut log = self.log();
            let next = from(&mut log);
            log.reader += 1;
            log.lets_go = false;
            log.unread = Some(next);
            (log.reader, next, [log.waker.take(), log.driver.take()])
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
        Reader {
            stream: self.clone(),
            number,
            next,
            left_behind,
        }
    }

    /// Wakes whoever reads now: somebody who no longer does may have taken its place with the source.
    fn wake_reader(&self) {
        let waker = self.log().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Looks at who listens to changes, where that is what the stream is about.
    pub(super) fn with_listener<R>(&self, look: impl FnOnce(&Listener) -> R) -> Option<R> {
        match &*self.source() {
            Source::Changes(listener) => Some(look(listener)),
            Source::Requests { .. } | Source::Nothing => None,
        }
    }

    /// Whether it tells what changes, and has no end of its own.
    pub(super) fn is_about_changes(&self) -> bool {
        self.is_about_changes
    }

    /// Ends it, whatever there was still to say.
    pub(super) fn end(&self) {
        *self.source() = Source::Nothing;
        self.finish();
    }

    /// Keeps a message, written as an event.
    fn keep(&self, message: &[u8]) {
        let mut log = self.log();
        let mut event = Vec::with_capacity(message.len() + AROUND_MESSAGE);
        // A vector takes whatever is written.
        let _ = writeln!(event, "id: {}", self.id(log.next()));
        push_event(&mut event, message);
        log.push(event.into());
    }

    fn id(&self, number: u64) -> EventId {
        EventId {
            stream: self.name,
            number,
        }
    }

    /// Drives the source and keeps what it says, up to a limit at a time; ready when it has ended.
    fn poll_source(&self, task: &mut Context<'_>) -> Poll<()> {
        let mut source = self.source();
        let mut kept = 0;
        loop {
            let message = match &mut *source {
                Source::Nothing => {
                    drop(source);
                    self.finish();
                    return Poll::Ready(());
                }
                Source::Changes(listener) => match listener.poll_news(task) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(news) => written(listener.codec(), &news, None).ok(),
                },
                Source::Requests { work, .. } => match work.poll_next(task) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Piece::Event(message)) => Some(message),
                    // Without a name for the stream nobody could come back.
                    Poll::Ready(Piece::LetGo) if self.priming == Priming::Unprimed => None,
                    Poll::Ready(Piece::LetGo) => {
                        self.log().lets_go = true;
                        task.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Ready(Piece::Response(response)) => {
                        *source = Source::Nothing;
                        Some(response.bytes)
                    }
                    Poll::Ready(Piece::Cancelled) => {
                        *source = Source::Nothing;
                        None
                    }
                },
            };
            if let Some(message) = message {
                kept += message.len();
                self.keep(&message);
            }
            if kept >= DRIVEN_SIZE {
                // The others on this thread have a turn, and what was kept is written.
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Nothing more will be written: whoever reads learns it.
    fn finish(&self) {
        let wakers = {
            let mut log = self.log();
            log.ended.get_or_insert_with(Instant::now);
            [log.waker.take(), log.driver.take()]
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Drives the work while nobody reads, until it is done or somebody reads again.
    async fn drive(self: Arc<Self>, reader: u64) {
        poll_fn(|task| {
            {
                let mut log = self.log();
                if log.reader != reader || log.ended.is_some() {
                    return Poll::Ready(());
                }
                log.driver = Some(task.waker().clone());
            }
            self.poll_source(task)
        })
        .await;
        self.wake_reader();
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for what stands around a message in its event.
const AROUND_MESSAGE: usize = 64;

/// How long a client waits before it comes back, in milliseconds.
const RETRY: u32 = 500;

/// How much a source may say before it is written.
const DRIVEN_SIZE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::log::{MAX_BYTES, MAX_EVENTS};
    use super::*;

    fn stream(together: &Together) -> Stream {
        let together = together.clone();
        Stream::new([0; 12], Source::Nothing, Priming::Primed, together)
    }

    #[test]
    fn all_streams_together_keep_little_more_than_they_may() {
        let together = Together::default();
        let message = vec![b'x'; 10 * 1024];
        let mut streams = Vec::new();
        for number in 1..=200 {
            let talkative = stream(&together);
            for _ in 0..MAX_BYTES / message.len() {
                talkative.keep(&message);
            }
            streams.push(talkative);
            let each: usize = streams.iter().map(Stream::bytes).sum();
            assert_eq!(together.bytes(), each);
            assert!(
                each <= MAX_KEPT_BYTES + number * SHRUNK_BYTES,
                "{each} bytes"
            );
        }
        // Those that were there before lose theirs too, as soon as they say something.
        for talkative in &streams {
            talkative.keep(&message);
        }
        assert!(streams[0].bytes() < MAX_BYTES / 2);
        drop(streams);
        assert_eq!(together.bytes(), 0);
    }

    #[test]
    fn a_stream_that_says_much_keeps_the_newest() {
        let stream = stream(&Together::default());
        for number in 0..MAX_EVENTS {
            stream.keep(number.to_string().as_bytes());
        }
        let log = stream.log();
        assert_eq!(log.events.len(), MAX_EVENTS);
        assert_eq!(log.first, 1);
        assert!(log.bytes <= MAX_BYTES);
    }
}
