//! What moves the bytes of a pipe, and why it ends.

use std::fmt;
use std::sync::{Arc, PoisonError};

use bytes::BytesMut;
use midfield_protocol::jsonrpc::{Incoming, Message};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{MAX_UNREAD, Shared, short};
use crate::client::hear::Hearing;
use crate::client::link::Outlet;
use crate::transport::stdio::{Line, Lines};

/// Why a pipe ended.
#[derive(Debug)]
pub(in crate::client::link) enum End {
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

/// Moves the bytes, as long as it runs.
pub(super) struct Driver {
    pub(super) shared: Arc<Shared>,
    pub(super) hearing: Arc<Hearing>,
}

impl Driver {
    pub(super) async fn run<R, W>(self, mut input: R, mut output: W) -> End
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut lines = Lines::new(self.shared.max_message);
        let mut out = BytesMut::new();
        let mut is_flushed = true;
        loop {
            // A server that writes without end leaves no turn to what is looked at below.
            if self.shared.close.is_cancelled() {
                return End::Closed;
            }
            if self.shared.is_full.is_cancelled() {
                return End::Unread;
            }
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

/// How long a server that no longer reads is still listened to.
const REST: std::time::Duration = std::time::Duration::from_secs(1);
