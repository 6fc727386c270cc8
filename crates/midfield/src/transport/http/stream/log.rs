//! What a stream has said and still keeps, and who reads it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;

/// How many bytes all streams of an endpoint keep together. Clones count the same.
#[derive(Clone, Debug, Default)]
pub(in crate::transport::http) struct Together(Arc<AtomicUsize>);

impl Together {
    pub(in crate::transport::http) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether that is more than it may be.
    fn is_too_much(&self) -> bool {
        self.bytes() > MAX_KEPT_BYTES
    }
}

/// What was written, and who reads it.
#[derive(Debug)]
pub(super) struct Log {
    /// Counts what is kept of it, too.
    together: Together,
    /// The number of the first event that is kept.
    pub(super) first: u64,
    pub(super) events: VecDeque<Bytes>,
    /// The size of what is kept.
    pub(super) bytes: usize,
    pub(super) ended: Option<Instant>,
    /// The client was let go: its reader ends, the work goes on.
    pub(super) lets_go: bool,
    /// Which reader reads; those before it have ended.
    pub(super) reader: u64,
    /// The number of the event that it reads next; `None` while nobody reads.
    pub(super) unread: Option<u64>,
    pub(super) waker: Option<Waker>,
    /// What drives the work while nobody reads.
    pub(super) driver: Option<Waker>,
}

impl Log {
    /// Nothing yet, counted together with others.
    pub(super) fn counted(together: Together) -> Self {
        Self {
            together,
            first: 0,
            events: VecDeque::new(),
            bytes: 0,
            ended: None,
            lets_go: false,
            reader: 0,
            unread: None,
            waker: None,
            driver: None,
        }
    }

    /// The number of the next event.
    pub(super) fn next(&self) -> u64 {
        self.first
            .saturating_add(u64::try_from(self.events.len()).unwrap_or(u64::MAX))
    }

    /// Keeps an event; when there are too many, in this stream or in all together, the oldest are lost, except
    /// those that somebody is about to read.
    pub(super) fn push(&mut self, event: Bytes) {
        self.bytes += event.len();
        self.together.0.fetch_add(event.len(), Ordering::Relaxed);
        self.events.push_back(event);
        let most = if self.together.is_too_much() {
            SHRUNK_BYTES
        } else {
            MAX_BYTES
        };
        while (self.events.len() > MAX_EVENTS || self.bytes > most)
            && self.events.len() > 1
            && self.unread.is_none_or(|unread| self.first < unread)
        {
            self.drop_oldest();
        }
    }

    pub(super) fn drop_oldest(&mut self) {
        if let Some(oldest) = self.events.pop_front() {
            self.bytes -= oldest.len();
            self.together.0.fetch_sub(oldest.len(), Ordering::Relaxed);
            self.first += 1;
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.together.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Most events of one stream that are kept, and most of their bytes.
pub(super) const MAX_EVENTS: usize = 1_024;
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// Most bytes of all streams together. Beyond, a stream that says more keeps little of it.
pub(in crate::transport::http) const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Most bytes of one stream that are kept when there is too much of all of them.
pub(super) const SHRUNK_BYTES: usize = 16 * 1024;
