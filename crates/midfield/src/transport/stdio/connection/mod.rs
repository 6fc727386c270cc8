//! One client on one pair of pipes, or on what is like one.

mod message;

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::FutureExt as _;
use midfield_protocol::Principal;
use midfield_protocol::session::Session;
use midfield_protocol::wire::Codec;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::lines::Lines;
use super::requests::{Ids, Requests, Said};
use crate::seal::random;
use crate::server::{Answering, Listener, News, Piece, Questions, Service, SessionKey, written};
use crate::transport::work::Work;

/// The state of one connection.
pub(in crate::transport) struct Connection {
    service: Service,
    /// Who asks.
    principal: Principal,
    /// Longest line that is read.
    max_line: usize,
    session: Session,
    /// The number of the session, for questions that are asked in it.
    key: SessionKey,
    questions: Arc<Questions>,
    /// What the session hears of changes, once it is open.
    changes: Option<Listener>,
    /// Ends subscriptions when the input has ended.
    stop: CancellationToken,
    requests: Requests,
    /// What is written next.
    out: BytesMut,
}

impl Connection {
    /// A connection of the process that started this one.
    pub(in crate::transport) fn new(service: Service) -> Self {
        Self {
            service,
            principal: Principal::Parent,
            max_line: MAX_LINE,
            session: Session::default(),
            // Without randomness the one session of this pair of pipes has a number all the same.
            key: random().unwrap_or_default(),
            questions: Arc::default(),
            changes: None,
            stop: CancellationToken::new(),
            requests: Requests::new(),
            out: BytesMut::new(),
        }
    }

    /// Answers `principal` instead.
    pub(in crate::transport) fn principal(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    /// Reads lines of at most this many bytes.
    pub(in crate::transport) fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// Takes a permit for each call.
    pub(in crate::transport) fn calls(mut self, calls: Arc<Semaphore>) -> Self {
        self.requests.share(calls);
        self
    }

    /// Answers until the input ends, then for a while longer, so that what was asked is answered.
    pub(in crate::transport) async fn run<R, W>(self, input: R, output: W) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        self.run_until(input, output, pending()).await
    }

    /// The same, until `shutdown` completes, if that is earlier.
    pub(super) async fn run_until<R, W>(
        mut self,
        mut input: R,
        mut output: W,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut shutdown = pin!(shutdown);
        let mut lines = Lines::new(self.max_line);
        self.service.begin_tasks();
        let has_ended = loop {
            while let Some(line) = lines.next() {
                self.line(&line);
                if self.out.len() >= WRITE_SIZE {
                    self.flush(&mut output).await?;
                }
            }
            while let Some(said) = self.requests.try_next() {
                self.take(said);
            }
            self.flush(&mut output).await?;
            tokio::select! {
                read = input.read_buf(lines.buffer()) => if read? == 0 { break true },
                () = &mut shutdown => break false,
                Some(said) = self.requests.next() => self.take(said),
                news = next_news(self.changes.as_ref()) => self.tell(&news),
            }
        };
        // Where more may come, what was read of a line is none yet.
        if has_ended && let Some(line) = lines.last() {
            self.line(&line);
        }
        self.changes = None;
        self.stop.cancel();
        // When the time is over the tasks end with the connection.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, self.drain(&mut output)).await;
        // A client that has ended its side may not read any more either.
        let flushed = tokio::time::timeout(DRAIN_TIMEOUT, self.flush(&mut output)).await;
        flushed.unwrap_or_else(|elapsed| Err(elapsed.into()))
    }

    async fn drain<W: AsyncWrite + Unpin>(&mut self, output: &mut W) -> io::Result<()> {
        while !self.requests.is_empty() {
            self.flush(output).await?;
            match self.requests.next().await {
                Some(said) => self.take(said),
                None => break,
            }
        }
        Ok(())
    }

    /// Writes what there is to write.
    ///
    /// # Cancel safety
    /// What is written already is not written again.
    async fn flush<W: AsyncWrite + Unpin>(&mut self, output: &mut W) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let size = self.out.len();
        output.write_all_buf(&mut self.out).await?;
        if size > KEPT_SIZE {
            self.out = BytesMut::new();
        }
        output.flush().await
    }

    fn take(&mut self, said: Said) {
        if let Some(message) = self.requests.take(said) {
            self.write(&message);
        }
    }

    fn write(&mut self, message: &[u8]) {
        self.out.extend_from_slice(message);
        self.out.extend_from_slice(b"\n");
    }

    /// Tells the client what has changed.
    fn tell(&mut self, news: &News) {
        let codec = Codec::new(self.session.revision());
        match written(codec, news, None) {
            Ok(message) => self.write(&message),
            Err(error) => tracing::error!(%error, "a notification cannot be written as JSON"),
        }
    }

    /// Writes an answer, or sees to the work on it.
    fn see_to(&mut self, answering: Answering) {
        match answering {
            Answering::Done(response) => self.write(&response.bytes),
            Answering::Running(exchange) => {
                self.work_on(Ids::One(exchange.id().clone()), Work::One(exchange));
            }
        }
    }

    /// Works on what was asked: what can be done without waiting is done here. The rest gets a task, and is
    /// among what is at work: at the end of the input it is waited for.
    fn work_on(&mut self, ids: Ids, mut work: Work) {
        loop {
            match work.next().now_or_never() {
                Some(Piece::Event(event)) => self.write(&event),
                // There is no stream to close.
                Some(Piece::LetGo) => {}
                Some(Piece::Response(response)) => {
                    self.requests.end(&ids);
                    return self.write(&response.bytes);
                }
                Some(Piece::Cancelled) => return self.requests.end(&ids),
                None => return self.requests.spawn(ids, work),
            }
        }
    }
}

/// What has changed next; never, where nobody listens.
async fn next_news(changes: Option<&Listener>) -> News {
    match changes {
        Some(changes) => poll_fn(|task| changes.poll_news(task)).await,
        None => pending().await,
    }
}

/// Longest line that is read.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// Output is written once there is this much of it, or nothing more to read.
const WRITE_SIZE: usize = 64 * 1024;

/// Largest buffer of output that is kept for what comes next.
const KEPT_SIZE: usize = 2 * WRITE_SIZE;

/// How long calls may go on after the input has ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
