//! One stream of bytes in each direction, a message in each line
//! ([2026-07-28, stdio](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio)).

mod driver;
mod waiting;

pub(super) use driver::End;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use midfield_protocol::jsonrpc::{Rejected, RequestId, Response};
use midfield_protocol::wire;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use self::driver::Driver;
use self::waiting::{Cancelled, Waiting};
use super::super::Error;
use super::super::hear::Hearing;
use super::super::shown::shown;
use super::{Answer, Failure, Outgoing, Outlet, Sending};

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

#[cfg(test)]
mod tests;
