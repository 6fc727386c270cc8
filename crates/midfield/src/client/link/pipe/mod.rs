//! One stream of bytes in each direction, a message in each line
//! ([2026-07-28, stdio](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio)).

mod waiting;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use midfield_protocol::jsonrpc::{Incoming, Message, Rejected, RequestId, Response};
use midfield_protocol::wire;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use self::waiting::{Cancelled, Waiting};
use super::super::Error;
use super::super::hear::Hearing;
use super::super::shown::shown;
use super::{Answer, Failure, Outgoing, Outlet, Sending};
use crate::transport::stdio::{Line, Lines};

/// The caller's end of the pipe. When it is dropped the other end learns that nothing more comes.
#[derive(Debug)]
pub(in crate::client) struct Pipe(Arc<Shared>);

/// What callers and the driver share.
struct Shared {
    server: Arc<str>,
    /// What is written next.
    out: Mutex<BytesMut>,
    /// There is something to write.
    wake: Notify,
    waiting: Mutex<Waiting>,
    close: CancellationToken,
    /// The server does not read what it is sent.
    is_full: CancellationToken,
    max_message: usize,
}

impl Pipe {
    /// A pipe to `server`, and what drives it: nothing happens unless that runs.
    pub(in crate::client) fn new(server: Arc<str>, max_message: usize) -> Self {
        Self(Arc::new(Shared {
            server,
            out: Mutex::default(),
            wake: Notify::new(),
            waiting: Mutex::default(),
            close: CancellationToken::new(),
            is_full: CancellationToken::new(),
            max_message,
        }))
    }

    /// Moves bytes until one side ends, or the pipe is closed or dropped.
    pub(super) fn drive<R, W>(
        &self,
        input: R,
        output: W,
        hearing: Arc<Hearing>,
    ) -> impl Future<Output = End> + Send + 'static
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let driver = Driver {
            shared: self.0.clone(),
            hearing,
        };
        driver.run(input, output)
    }

    /// Runs the pipe as a task of the client's.
    pub(in crate::client) fn spawn<R, W>(&self, input: R, output: W, hearing: &Arc<Hearing>)
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let shared = self.0.clone();
        let driving = self.drive(input, output, hearing.clone());
        hearing.tasks().spawn(async move {
            let end = driving.await;
            shared.end(&end.to_string());
        });
    }

    pub(super) async fn request(&self, outgoing: &Outgoing) -> Result<Answer, Failure> {
        let (sender, answer) = oneshot::channel();
        {
            let mut waiting = self.0.waiting();
            if let Some(ended) = &waiting.ended {
                return Err(Failure::gone(ended.clone(), true));
            }
            waiting.answers.insert(outgoing.id, sender);
        }
        let mut interest = Interest {
            shared: &self.0,
            outgoing,
            answer,
            is_over: false,
        };
        self.0.write(&outgoing.bytes);
        let answer = (&mut interest.answer).await;
        interest.is_over = true;
        answer.unwrap_or_else(|_| Err(Failure::gone(Error::Closed, false)))
    }

    pub(super) fn send(&self, message: &[u8]) -> Result<(), Error> {
        if let Some(ended) = &self.0.waiting().ended {
            return Err(ended.clone());
        }
        self.0.write(message);
        Ok(())
    }

    pub(super) fn close(&self) {
        self.0.close.cancel();
    }

    pub(super) fn closing(&self) -> CancellationToken {
        self.0.close.clone()
    }

    /// What fails all that wait, and whatever is asked later.
    pub(super) fn failing(&self) -> impl Fn(&str) + Send + 'static {
        let shared = self.0.clone();
        move |detail| shared.end(detail)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.0.close.cancel();
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, message: &[u8]) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if out.len() > MAX_UNREAD {
            // A server that only ever writes would fill our memory with what it does not read.
            self.is_full.cancel();
            return;
        }
        out.reserve(message.len() + 1);
        out.extend_from_slice(message);
        out.extend_from_slice(b"\n");
        drop(out);
        self.wake.notify_one();
    }

    fn end(&self, detail: &str) {
        let ended = Error::Interrupted {
            server: self.server.clone(),
            detail: detail.to_owned(),
        };
        let answers = {
            let mut waiting = self.waiting();
            waiting.ended.get_or_insert_with(|| ended.clone());
            std::mem::take(&mut waiting.answers)
        };
        for answer in answers.into_values() {
            // Whoever asked may have gone.
            let _ = answer.send(Err(Failure::gone(ended.clone(), false)));
        }
    }

    /// Hands an answer to whoever waits for it; else, what is to be said of it.
    fn answer(&self, response: Response) -> Option<String> {
        let mut waiting = self.waiting();
        let sender = match &response.id {
            Some(RequestId::Integer(id)) => waiting.answers.remove(id),
            _ => None,
        };
        if let Some(sender) = sender {
            // Whoever asked may have gone.
            let _ = sender.send(Ok(response.result));
            return None;
        }
        if let Some(cancelled) = waiting.take_cancelled(response.id.as_ref()) {
            drop(waiting);
            cancelled.came(response.result);
            return None;
        }
        match (&response.id, &response.result) {
            (None, Err(error)) => Some(format!(
                "it could not read what it was sent, and said: {} ({})",
                short(error.message.as_bytes()),
                error.code
            )),
            (Some(id), _) => Some(format!(
                "it answered the request {}, which nobody waits for",
                short(id.to_string().as_bytes())
            )),
            (None, Ok(_)) => None,
        }
    }

    /// Fails whoever waits for an answer that came and is none.
    fn spoiled(&self, rejected: &Rejected, line: &[u8]) {
        #[derive(Deserialize)]
        struct Shape {
            method: Option<IgnoredAny>,
        }
        let Some(RequestId::Integer(id)) = &rejected.id else {
            return;
        };
        // A request of the server's has ids of its own.
        let is_answer =
            serde_json::from_slice::<Shape>(line).is_ok_and(|shape| shape.method.is_none());
        let sender = is_answer
            .then(|| self.waiting().answers.remove(id))
            .flatten();
        if let Some(sender) = sender {
            let error = Error::Broken {
                server: self.server.clone(),
                detail: format!("its answer is no message: {}", rejected.error.message),
            };
            // Whoever asked may have gone.
            let _ = sender.send(Err(error.into()));
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// The wish for an answer. When nobody wants it any more the server is told so.
struct Interest<'a> {
    shared: &'a Shared,
    outgoing: &'a Outgoing,
    answer: oneshot::Receiver<Result<Answer, Failure>>,
    is_over: bool,
}

impl Drop for Interest<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let was_waiting = self.shared.waiting().give_up(self.outgoing);
        // It may have come, and nobody has looked yet.
        if let (Some(cancelled), Ok(Ok(answer))) =
            (Cancelled::of(self.outgoing), self.answer.try_recv())
        {
            cancelled.came(answer);
        }
        if was_waiting && self.outgoing.is_cancellable {
            let id = RequestId::Integer(self.outgoing.id);
            if let Ok(message) = wire::cancelled(&id, Some("no longer wanted")) {
                self.shared.write(&message);
            }
        }
    }
}

/// Why a pipe ended.
#[derive(Debug)]
pub(super) enum End {
    Closed,
    Output(std::io::Error),
    Input(Option<std::io::Error>),
    TooLong(usize),
    Unread,
    /// The process has ended, and what it has started keeps the streams open.
    Exited,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("this client has closed it"),
            Self::Output(error) => write!(f, "nothing can be written any more: {error}"),
            Self::Input(None) => f.write_str("the server has closed its output"),
            Self::Input(Some(error)) => write!(f, "nothing can be read any more: {error}"),
            Self::TooLong(limit) => write!(
                f,
                "the server wrote a line of more than {limit} bytes, see `max_message`"
            ),
            Self::Unread => write!(
                f,
                "the server does not read what it is sent, of which more than {MAX_UNREAD} bytes wait"
            ),
            Self::Exited => {
                f.write_str("the server has ended, and left behind what keeps its output open")
            }
        }
    }
}

struct Driver {
    shared: Arc<Shared>,
    hearing: Arc<Hearing>,
}

impl Driver {
    async fn run<R, W>(self, mut input: R, mut output: W) -> End
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut lines = Lines::new(self.shared.max_message);
        let mut out = BytesMut::new();
        let mut is_flushed = true;
        loop {
            while let Some(line) = lines.next() {
                match line {
                    Line::Text(line) => self.line(&line),
                    Line::TooLong => return End::TooLong(self.shared.max_message),
                }
            }
            // It may have no end.
            if lines.is_too_long() {
                return End::TooLong(self.shared.max_message);
            }
            if out.is_empty() {
                let mut next = self
                    .shared
                    .out
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                std::mem::swap(&mut *next, &mut out);
            }
            // Reading goes on while a write waits: the server may be waiting for us to read.
            tokio::select! {
                biased;
                pushed = push(&mut output, &mut out), if !out.is_empty() || !is_flushed => match pushed {
                    Ok(flushed) => is_flushed = flushed,
                    Err(error) => return self.rest(input, lines, error).await,
                },
                read = input.read_buf(lines.buffer()) => match read {
                    Ok(0) => {
                        if let Some(Line::Text(line)) = lines.last() {
                            self.line(&line);
                        }
                        return End::Input(None);
                    }
                    Ok(_) => {}
                    Err(error) => return End::Input(Some(error)),
                },
                () = self.shared.wake.notified(), if out.is_empty() => {}
                () = self.shared.close.cancelled() => return End::Closed,
                () = self.shared.is_full.cancelled() => return End::Unread,
            }
        }
    }

    /// A server that no longer reads may still have answered: what it wrote before is read, within a time.
    async fn rest<R: AsyncRead + Unpin>(
        &self,
        mut input: R,
        mut lines: Lines,
        error: std::io::Error,
    ) -> End {
        let reading = async {
            while input
                .read_buf(lines.buffer())
                .await
                .is_ok_and(|read| read > 0)
            {
                while let Some(Line::Text(line)) = lines.next() {
                    self.line(&line);
                }
            }
        };
        // When the time is over, what has not come is as lost as if it had never been written.
        let _ = tokio::time::timeout(REST, reading).await;
        End::Output(error)
    }

    fn line(&self, line: &[u8]) {
        match Incoming::parse(line) {
            Ok(Incoming::Single(message)) => self.message(message),
            Ok(Incoming::Batch(messages)) => {
                for message in messages.into_iter().flatten() {
                    self.message(message);
                }
            }
            Err(rejected) => {
                let text = short(line);
                tracing::warn!(server = %self.shared.server, %rejected, text, "the server wrote a line that is no message");
                self.hearing
                    .note(format!("it wrote a line that is no message: `{text}`"));
                self.shared.spoiled(&rejected, line);
            }
        }
    }

    fn message(&self, message: Message<'_>) {
        match message {
            Message::Response(response) => {
                if let Some(stray) = self.shared.answer(response) {
                    self.hearing.note(stray);
                }
            }
            Message::Notification(notification) => self.hearing.notification(&notification, None),
            Message::Request(request) => {
                let outlet: Arc<dyn Outlet> = self.shared.clone();
                self.hearing.request(&request, outlet, None);
            }
        }
    }
}

/// Writes some of what there is to write, or flushes when all is written; whether it has flushed.
///
/// # Cancel safety
/// What is written already is not written again.
async fn push<W: AsyncWrite + Unpin>(output: &mut W, out: &mut BytesMut) -> std::io::Result<bool> {
    if out.is_empty() {
        return output.flush().await.map(|()| true);
    }
    match output.write_buf(out).await? {
        0 => Err(std::io::ErrorKind::WriteZero.into()),
        _ => Ok(false),
    }
}

impl Outlet for Shared {
    fn send(&self, message: Vec<u8>) -> Sending<'_> {
        self.write(&message);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// As much of a text as an error message has room for.
fn short(text: &[u8]) -> String {
    let beginning = text.get(..LONGEST * 4).unwrap_or(text);
    shown(&String::from_utf8_lossy(beginning), LONGEST)
}

/// Most characters of what a server wrote that an error message shows.
const LONGEST: usize = 120;

/// Most bytes that a server has not read yet, before another message is added.
const MAX_UNREAD: usize = 64 << 20;

/// How long a server that no longer reads is still listened to.
const REST: std::time::Duration = std::time::Duration::from_secs(1);

#[cfg(test)]
mod tests;
