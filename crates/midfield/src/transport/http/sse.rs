//! The transport of revision 2024-11-05
//! ([HTTP with SSE](https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse)):
//! one stream of events for all that the server says, whose first event names where to send messages.
//!
//! Such a session is what a pair of pipes is: it begins with its stream and ends with it, and all of it lives
//! in the body of that stream's response. The messages that are sent to it are its lines.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use midfield_protocol::Principal;
use tokio::io::{AsyncRead, DuplexStream, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Interval, Sleep, sleep};

use super::reply::{KEEP_ALIVE, WRITE_SIZE, keep_alive};
use crate::seal::{Purpose, Sealer, random};
use crate::server::{Seat, Service, SessionKey};
use crate::transport::stdio::Connection;

/// The sessions whose streams are open.
#[derive(Debug, Default)]
pub(super) struct Streams(Mutex<HashMap<SessionKey, Inlet>>);

/// Where messages to a session go in.
#[derive(Clone, Debug)]
struct Inlet {
    messages: mpsc::Sender<Line>,
    /// How many bytes may still wait to be read.
    room: Arc<Semaphore>,
}

/// A message on its way.
#[derive(Debug)]
struct Line {
    text: Bytes,
    _room: OwnedSemaphorePermit,
}

/// What a session is opened with.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub(super) service: &'a Service,
    pub(super) principal: &'a Principal,
    pub(super) path: &'a str,
    pub(super) max_body: usize,
    pub(super) lifetime: Duration,
    /// The calls that may still be at work.
    pub(super) calls: &'a Arc<Semaphore>,
}

/// Why there can be no further session now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many as there can be.
    OfAll,
    /// This principal has as many streams as it may.
    OfOne,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// There is no such session, or it is another principal's.
    Unknown,
    /// The session has not read yet what was sent before.
    Full,
}

impl Streams {
    /// Opens a session and its stream.
    pub(super) fn open(self: &Arc<Self>, setting: &Setting<'_>) -> Result<Events, Full> {
        let seat = setting.service.hub().seat(setting.principal);
        let seat = seat.map_err(|_| Full::OfOne)?;
        let key: SessionKey = random().map_err(|_| Full::OfAll)?;
        let sealer = setting.service.sealer();
        let token = sealer
            .seal(Purpose::Session, setting.principal, &key)
            .map_err(|_| Full::OfAll)?;
        let (messages, lines) = mpsc::channel(QUEUED_MESSAGES);
        // One more for the end of the line.
        let max_line = setting.max_body.min(MAX_LINE);
        let room = Arc::new(Semaphore::new(max_line + 1));
        {
            let mut open = self.open_ones();
            if open.len() >= MAX_SESSIONS {
                return Err(Full::OfAll);
            }
            open.insert(key, Inlet { messages, room });
        }
        let (output, said) = tokio::io::duplex(WRITE_SIZE);
        let inbox = Inbox {
            lines,
            rest: Bytes::new(),
        };
        let connection = Connection::new(setting.service.clone())
            .principal(setting.principal.clone())
            .max_line(max_line)
            .calls(setting.calls.clone());
        let endpoint = format!(
            "event: endpoint\ndata: {}?session={token}\n\n",
            setting.path
        );
        Ok(Events {
            first: Some(endpoint.into()),
            work: Some(Box::pin(connection.run(inbox, output))),
            said,
            within_message: false,
            ends: Box::pin(sleep(setting.lifetime)),
            keep_alive: keep_alive(),
            _seat: seat,
            open: Open {
                streams: self.clone(),
                key,
            },
        })
    }

    /// Hands a message to the session that `token` names. It must be JSON: the ends of lines within it are
    /// white space.
    pub(super) fn send(
        &self,
        token: &str,
        principal: &Principal,
        sealer: &Sealer,
        message: &[u8],
    ) -> Result<(), NotTaken> {
        let key = sealer
            .open(Purpose::Session, principal, token)
            .and_then(|key| SessionKey::try_from(key).ok())
            .ok_or(NotTaken::Unknown)?;
        let inlet = self.open_ones().get(&key).cloned();
        let inlet = inlet.ok_or(NotTaken::Unknown)?;
        let size = u32::try_from(message.len() + 1).map_err(|_| NotTaken::Full)?;
        let room = inlet.room.try_acquire_many_owned(size);
        let room = room.map_err(|_| NotTaken::Full)?;
        let blank = |byte: &u8| match byte {
            b'\n' | b'\r' => b' ',
            byte => *byte,
        };
        let text = message.iter().map(blank).chain([b'\n']).collect();
        let line = Line { text, _room: room };
        inlet.messages.try_send(line).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotTaken::Full,
            mpsc::error::TrySendError::Closed(_) => NotTaken::Unknown,
        })
    }

    /// Takes no more messages: what is at work is finished, then the streams end.
    pub(super) fn end(&self) {
        let ended = std::mem::take(&mut *self.open_ones());
        drop(ended);
    }

    fn open_ones(&self) -> MutexGuard<'_, HashMap<SessionKey, Inlet>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lines of a session, as they come.
#[derive(Debug)]
struct Inbox {
    lines: mpsc::Receiver<Line>,
    rest: Bytes,
}

impl AsyncRead for Inbox {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(self.lines.poll_recv(task)) {
                Some(line) => self.rest = line.text,
                None => return Poll::Ready(Ok(())),
            }
        }
        let size = buffer.remaining().min(self.rest.len());
        buffer.put_slice(&self.rest.split_to(size));
        Poll::Ready(Ok(()))
    }
}

/// The stream of a session, with the session. Dropping it ends both.
pub(super) struct Events {
    first: Option<Bytes>,
    /// Empty once the session is over.
    work: Option<Pin<Box<dyn Future<Output = io::Result<()>> + Send>>>,
    /// What the session says, line by line.
    said: DuplexStream,
    /// A message was begun and is not at its end.
    within_message: bool,
    /// When no more messages are taken.
    ends: Pin<Box<Sleep>>,
    keep_alive: Interval,
    _seat: Seat,
    open: Open,
}

/// An entry among the open sessions.
#[derive(Debug)]
struct Open {
    streams: Arc<Streams>,
    key: SessionKey,
}

impl Events {
    /// Polls for the next bytes; `None` at the end.
    pub(super) fn poll_bytes(&mut self, task: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        if !self.ends.is_elapsed() && self.ends.as_mut().poll(task).is_ready() {
            self.open.close();
        }
        if let Some(work) = &mut self.work
            && let Poll::Ready(ended) = work.as_mut().poll(task)
        {
            self.work = None;
            if let Err(error) = ended {
                tracing::debug!(%error, "a session of the old transport broke off");
            }
        }
        let mut space = [0; 4 * 1024];
        let mut bytes = Vec::new();
        let mut has_ended = false;
        while bytes.len() < WRITE_SIZE {
            let mut read = ReadBuf::new(&mut space);
            match Pin::new(&mut self.said).poll_read(task, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    self.push(&mut bytes, read.filled());
                }
                Poll::Ready(_) => {
                    has_ended = true;
                    break;
                }
                Poll::Pending => break,
            }
        }
        if !bytes.is_empty() {
            self.keep_alive.reset();
            return Poll::Ready(Some(bytes.into()));
        }
        if has_ended {
            return Poll::Ready(None);
        }
        if self.within_message {
            return Poll::Pending;
        }
        self.keep_alive
            .poll_tick(task)
            .map(|_| Some(Bytes::from_static(KEEP_ALIVE)))
    }

    /// Writes lines, or parts of them, as events.
    fn push(&mut self, bytes: &mut Vec<u8>, said: &[u8]) {
        for part in said.split_inclusive(|byte| *byte == b'\n') {
            if !self.within_message {
                bytes.extend_from_slice(b"event: message\ndata: ");
            }
            bytes.extend_from_slice(part);
            self.within_message = !part.ends_with(b"\n");
            if !self.within_message {
                bytes.push(b'\n');
            }
        }
    }
}

impl Open {
    fn close(&self) {
        let inlet = self.streams.open_ones().remove(&self.key);
        drop(inlet);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events")
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// Most sessions at once.
const MAX_SESSIONS: usize = 10_000;

/// Most messages that wait for one session, and most bytes of one.
const QUEUED_MESSAGES: usize = 64;
const MAX_LINE: usize = 16 * 1024 * 1024;
