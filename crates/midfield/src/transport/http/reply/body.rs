//! The body of a response: nothing, one message, or a stream of events.

use std::convert::Infallible;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};

use super::work::Guarded;
use crate::server::{Piece, Seat};
use crate::transport::http::sse::Events;
use crate::transport::http::stream::Reader;

/// One message as an event.
pub(super) fn sse(message: &[u8]) -> Vec<u8> {
    let mut event = Vec::with_capacity(message.len() + 24);
    push_event(&mut event, message);
    event
}

pub(in crate::transport::http) fn push_event(events: &mut Vec<u8>, message: &[u8]) {
    events.extend_from_slice(b"event: message\ndata: ");
    events.extend_from_slice(message);
    events.extend_from_slice(b"\n\n");
}

/// The body of a response.
#[derive(Debug)]
pub struct ReplyBody(pub(super) Content);

#[derive(Debug)]
pub(super) enum Content {
    Empty,
    Full(Bytes),
    Stream(Box<Stream>),
    Reader(Box<Reading>),
    Events(Box<Events>),
}

/// A stream of a session, being read.
#[derive(Debug)]
pub(super) struct Reading {
    reader: Reader,
    /// What a client opened to listen has one.
    _seat: Option<Seat>,
    keep_alive: Interval,
    ends: Option<Pin<Box<Sleep>>>,
}

/// Events of a request that is being answered.
#[derive(Debug)]
pub(super) struct Stream {
    /// What was written before the stream began.
    first: Vec<u8>,
    work: Guarded,
    keep_alive: Interval,
}

impl ReplyBody {
    pub(super) fn stream(first: Vec<u8>, work: Guarded) -> Self {
        Self(Content::Stream(Box::new(Stream {
            first,
            work,
            keep_alive: keep_alive(),
        })))
    }

    pub(super) fn reader(reader: Reader, seat: Option<Seat>, ends: Option<Duration>) -> Self {
        Self(Content::Reader(Box::new(Reading {
            reader,
            _seat: seat,
            keep_alive: keep_alive(),
            ends: ends.map(|after| Box::pin(sleep(after))),
        })))
    }
}

pub(in crate::transport::http) fn keep_alive() -> Interval {
    let mut keep_alive = interval(KEEP_ALIVE_PERIOD);
    keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    keep_alive.reset();
    keep_alive
}

impl Reading {
    fn poll_bytes(&mut self, task: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Poll::Ready(bytes) = self.reader.poll_bytes(task, WRITE_SIZE) {
            self.keep_alive.reset();
            return Poll::Ready(bytes.map(Bytes::from));
        }
        if let Some(ends) = &mut self.ends
            && ends.as_mut().poll(task).is_ready()
        {
            return Poll::Ready(None);
        }
        self.keep_alive
            .poll_tick(task)
            .map(|_| Some(Bytes::from_static(KEEP_ALIVE)))
    }
}

impl Stream {
    /// The next bytes: every event that is ready, up to a limit, in one write.
    fn poll_bytes(&mut self, task: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut bytes = std::mem::take(&mut self.first);
        while bytes.len() < WRITE_SIZE && self.work.is_unfinished() {
            match self.work.poll_next(task) {
                Poll::Ready(Piece::Event(message)) => push_event(&mut bytes, &message),
                Poll::Ready(Piece::Response(response)) => push_event(&mut bytes, &response.bytes),
                // Nobody could come back for the rest.
                Poll::Ready(Piece::LetGo | Piece::Cancelled) => {}
                Poll::Pending => break,
            }
        }
        if !bytes.is_empty() {
            self.keep_alive.reset();
            return Poll::Ready(Some(bytes.into()));
        }
        if !self.work.is_unfinished() {
            return Poll::Ready(None);
        }
        self.keep_alive
            .poll_tick(task)
            .map(|_| Some(Bytes::from_static(KEEP_ALIVE)))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Content::Empty => Poll::Ready(None),
            Content::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Content::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Content::Stream(stream) => stream
                .poll_bytes(task)
                .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
            Content::Reader(reading) => reading
                .poll_bytes(task)
                .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
            Content::Events(events) => events
                .poll_bytes(task)
                .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Empty => SizeHint::with_exact(0),
            Content::Full(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Content::Stream(_) | Content::Reader(_) | Content::Events(_) => SizeHint::default(),
        }
    }
}

/// How long a stream may be silent.
const KEEP_ALIVE_PERIOD: Duration = Duration::from_secs(15);

/// An event-stream comment, which readers skip.
pub(in crate::transport::http) const KEEP_ALIVE: &[u8] = b":\n\n";

/// Events are gathered into one write up to this size.
pub(in crate::transport::http) const WRITE_SIZE: usize = 16 * 1024;
