//! What a stream has said and still keeps, and who reads it.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;

/// What was written, and who reads it.
#[derive(Debug, Default)]
pub(super) struct Log {
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
    /// The number of the next event.
    pub(super) fn next(&self) -> u64 {
        self.first
            .saturating_add(u64::try_from(self.events.len()).unwrap_or(u64::MAX))
    }

    /// Keeps an event; when there are too many, the oldest are lost, except those that somebody is about
    /// to read.
    pub(super) fn push(&mut self, event: Bytes) {
        self.bytes += event.len();
        self.events.push_back(event);
        while (self.events.len() > MAX_EVENTS || self.bytes > MAX_BYTES)
            && self.events.len() > 1
            && self.unread.is_none_or(|unread| self.first < unread)
        {
            self.drop_oldest();
        }
    }

    pub(super) fn drop_oldest(&mut self) {
        if let Some(oldest) = self.events.pop_front() {
            self.bytes -= oldest.len();
            self.first += 1;
        }
    }
}

/// Most events of one stream that are kept, and most of their bytes.
pub(super) const MAX_EVENTS: usize = 1_024;
pub(super) const MAX_BYTES: usize = 1024 * 1024;
