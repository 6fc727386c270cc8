//! The stream of events that a request was answered with, and where it goes on after it broke
//! ([2025-11-25, resumability](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#resumability-and-redelivery)).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use midfield_protocol::jsonrpc::{Incoming, Message, RequestId};
use reqwest::{Response, StatusCode};

use super::super::super::Error;
use super::super::super::hear::Hearing;
use super::super::{Answer, Failure, Outgoing, Outlet};
use super::post::essence;
use super::{Http, chain};
use crate::event_stream::Events;

impl Http {
    /// Reads a body of one message, or of a batch.
    pub(super) fn read_body(
        self: &Arc<Self>,
        body: &[u8],
        outgoing: &Outgoing,
        hearing: &Arc<Hearing>,
    ) -> Result<Answer, Failure> {
        match self.messages(body, outgoing, hearing)? {
            Some(answer) => Ok(answer),
            None => Err(self
                .broken("its answer does not answer the request that it was sent")
                .into()),
        }
    }

    /// Hears what `bytes` hold; the answer to our request, if it is among it.
    fn messages(
        self: &Arc<Self>,
        bytes: &[u8],
        outgoing: &Outgoing,
        hearing: &Arc<Hearing>,
    ) -> Result<Option<Answer>, Error> {
        let incoming = Incoming::parse(bytes)
            .map_err(|rejected| self.broken(format!("it sent what is no message: {rejected}")))?;
        let messages = match incoming {
            Incoming::Single(message) => vec![message],
            Incoming::Batch(messages) => messages.into_iter().flatten().collect(),
        };
        let mut answer = None;
        for message in messages {
            match message {
                Message::Response(response) => {
                    let is_ours = match &response.id {
                        Some(id) => *id == RequestId::Integer(outgoing.id),
                        // An error about a request whose id could not be read: on this stream there is but ours.
                        None => response.result.is_err(),
                    };
                    if is_ours {
                        answer.get_or_insert(response.result);
                    } else {
                        hearing.note("it answered a request that nobody waits for".into());
                    }
                }
                Message::Notification(notification) => {
                    hearing.notification(&notification, Some(outgoing.id));
                }
                Message::Request(request) => {
                    let outlet: Arc<dyn Outlet> = self.clone();
                    hearing.request(&request, outlet, outgoing.name.as_deref());
                }
            }
        }
        Ok(answer)
    }

    /// Reads events until the answer is among them; a stream that breaks before is asked for again where that is possible.
    pub(super) async fn read_events(
        self: &Arc<Self>,
        mut response: Response,
        outgoing: &Outgoing,
        hearing: &Arc<Hearing>,
    ) -> Result<Answer, Failure> {
        let mut events = Events::new(self.max_message);
        let mut fruitless = 0;
        loop {
            let (broke, has_come) = match self
                .read_until_answer(&mut response, &mut events, outgoing, hearing)
                .await?
            {
                Read::Answer(answer) => {
                    self.drain(response);
                    return Ok(answer);
                }
                Read::Broke { detail, has_come } => (detail, has_come),
            };
            fruitless = if has_come { 0 } else { fruitless + 1 };
            let Some(id) = events
                .last_id()
                .filter(|_| outgoing.codec.has_sessions() && fruitless <= MAX_FRUITLESS)
            else {
                return Err(self.interrupted(broke).into());
            };
            let id = id.to_owned();
            let pause = events.retry().unwrap_or(RETRY).max(MIN_RETRY);
            response = self.resume(&id, pause, &broke).await?;
            events.begin_anew();
        }
    }

    async fn read_until_answer(
        self: &Arc<Self>,
        response: &mut Response,
        events: &mut Events,
        outgoing: &Outgoing,
        hearing: &Arc<Hearing>,
    ) -> Result<Read, Failure> {
        let mut has_come = false;
        loop {
            while let Some(event) = events.next().map_err(|_| self.too_large())? {
                has_come = true;
                let is_message = matches!(event.kind.as_str(), "" | "message");
                let data = event.data.filter(|data| is_message && !data.is_empty());
                let Some(data) = data else {
                    continue;
                };
                if let Some(answer) = self.messages(&data, outgoing, hearing)? {
                    return Ok(Read::Answer(answer));
                }
            }
            // A server that sends without end must leave a turn to whoever watches the clock.
            tokio::task::consume_budget().await;
            match response.chunk().await {
                Ok(Some(chunk)) => events.add(&chunk),
                Ok(None) => {
                    let detail = "the stream of events ended".to_owned();
                    return Ok(Read::Broke { detail, has_come });
                }
                Err(error) => {
                    let detail = chain(&error);
                    return Ok(Read::Broke { detail, has_come });
                }
            }
        }
    }

    /// Asks for the rest of a stream, for a while.
    async fn resume(&self, id: &str, wished: Duration, broke: &str) -> Result<Response, Failure> {
        let mut pause = wished;
        for _ in 0..MAX_RESUMES {
            tokio::time::sleep(pause).await;
            match self.get(Some(id)).await {
                Ok(response) if response.status().is_success() => {
                    let essence = essence(&response);
                    if essence == "text/event-stream" {
                        return Ok(response);
                    }
                    let detail = format!(
                        "{broke}, and it cannot be resumed: what came instead has the content type `{essence}`"
                    );
                    return Err(self.interrupted(detail).into());
                }
                Ok(response) if response.status() == StatusCode::NOT_FOUND => {
                    self.is_over.store(true, Ordering::Relaxed);
                    let error =
                        self.interrupted(format!("{broke}, and the session has ended meanwhile"));
                    return Err(Failure::gone(error, false));
                }
                Ok(response) if response.status().is_client_error() => {
                    let status = response.status().as_u16();
                    let detail = format!("{broke}, and it cannot be resumed: HTTP status {status}");
                    return Err(self.interrupted(detail).into());
                }
                // A server that is being started anew may need a moment.
                Ok(_) | Err(_) => {
                    pause = pause.saturating_mul(2).max(AFTER_FAILURE);
                    pause = pause.min(MAX_RETRY.max(wished));
                }
            }
        }
        Err(self
            .interrupted(format!("{broke}, and it could not be resumed"))
            .into())
    }

    fn too_large(&self) -> Error {
        self.broken(format!(
            "it sent an event of more than {} bytes, see `max_message`",
            self.max_message
        ))
    }

    /// Reads the end of a stream whose answer has come, so that its connection can be used again.
    fn drain(&self, mut response: Response) {
        if let Some(Ok(None) | Err(_)) = response.chunk().now_or_never() {
            return;
        }
        self.tasks.spawn(async move {
            let rest = async {
                let mut size = 0;
                while let Ok(Some(chunk)) = response.chunk().await {
                    size += chunk.len();
                    if size > MAX_REST {
                        break;
                    }
                }
            };
            // A stream that is not ended costs its connection.
            let _ = tokio::time::timeout(REST, rest).await;
        });
    }
}

/// How far a stream was read.
enum Read {
    Answer(Answer),
    Broke {
        detail: String,
        /// There was at least one event.
        has_come: bool,
    },
}

/// How long to wait before a stream is asked for again, where the server does not say.
const RETRY: Duration = Duration::from_secs(1);

/// The shortest such wait, whatever the server says. What it says beyond that is respected, however long.
const MIN_RETRY: Duration = Duration::from_millis(50);

/// The shortest and the longest wait after an attempt that failed, where the server does not say.
const AFTER_FAILURE: Duration = Duration::from_millis(100);
const MAX_RETRY: Duration = Duration::from_secs(30);

/// How often it is asked for again before that is given up.
const MAX_RESUMES: usize = 5;

/// How many streams in a row may bring nothing.
const MAX_FRUITLESS: usize = 10;

/// How long, and how much, is read of a stream after its answer.
const REST: Duration = Duration::from_secs(2);
const MAX_REST: usize = 64 << 10;
