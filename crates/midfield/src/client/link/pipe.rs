//! One stream of bytes in each direction, a message in each line
//! ([2026-07-28, stdio](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio)).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use midfield_protocol::jsonrpc::{Incoming, Message, RequestId, Response};
use midfield_protocol::wire;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::super::Error;
use super::super::hear::Hearing;
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
    max_message: usize,
}

#[derive(Default)]
struct Waiting {
    answers: HashMap<i64, oneshot::Sender<Result<Answer, Failure>>>,
    /// Why nothing comes any more.
    ended: Option<Error>,
    /// What came that nobody waits for, for the error of whoever waits in vain.
    stray: Option<String>,
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
        let (sender, receiver) = oneshot::channel();
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
            is_over: false,
        };
        self.0.write(&outgoing.bytes);
        let answer = receiver.await;
        interest.is_over = true;
        answer.unwrap_or_else(|_| Err(Failure::gone(Error::Closed, false)))
    }

    pub(super) fn send(&self, message: Vec<u8>) -> Result<(), Error> {
        if let Some(ended) = &self.0.waiting().ended {
            return Err(ended.clone());
        }
        self.0.write(&message);
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

    /// What came that nobody has asked for, for a person; empty where nothing did.
    pub(in crate::client) fn stray(&self) -> String {
        self.0.waiting().stray.clone().unwrap_or_default()
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
        out.reserve(message.len() + 1);
        out.extend_from_slice(message);
        out.extend_from_slice(b"\n");
        let is_too_much = out.len() > MAX_UNREAD;
        drop(out);
        if is_too_much {
            // A server that only ever writes would fill our memory with what it does not read.
            self.close.cancel();
        }
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

    /// Hands an answer to whoever waits for it.
    fn answer(&self, response: Response) {
        let mut waiting = self.waiting();
        let sender = match &response.id {
            Some(RequestId::Integer(id)) => waiting.answers.remove(id),
            _ => None,
        };
        if let Some(sender) = sender {
            // Whoever asked may have gone.
            let _ = sender.send(Ok(response.result));
            return;
        }
        let stray = match (&response.id, &response.result) {
            (None, Err(error)) => format!(
                "it could not read what it was sent, and said: {} ({})",
                short(&error.message),
                error.code
            ),
            (Some(id), _) => format!(
                "it answered the request {}, which nobody waits for",
                short(&id.to_string())
            ),
            (None, Ok(_)) => return,
        };
        tracing::debug!(server = %self.server, "{stray}");
        waiting.stray = Some(stray);
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
    is_over: bool,
}

impl Drop for Interest<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let was_waiting = self
            .shared
            .waiting()
            .answers
            .remove(&self.outgoing.id)
            .is_some();
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
                let text = short(&String::from_utf8_lossy(line));
                tracing::warn!(server = %self.shared.server, %rejected, text, "the server wrote a line that is no message");
                self.shared.waiting().stray =
                    Some(format!("it wrote a line that is no message: {text:?}"));
            }
        }
    }

    fn message(&self, message: Message<'_>) {
        match message {
            Message::Response(response) => self.shared.answer(response),
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
fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

/// Most bytes that a server has not read yet.
const MAX_UNREAD: usize = 256 << 20;

/// How long a server that no longer reads is still listened to.
const REST: std::time::Duration = std::time::Duration::from_secs(1);
