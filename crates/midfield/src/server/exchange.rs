//! One request being answered: notifications while its handler works, then the response, all as bytes.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_util::future::{AbortHandle, Abortable, Aborted};
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::wire::Codec;
use tokio::sync::mpsc;

use super::Service;
use super::dispatch::Running;

/// An answer, or the work on one.
#[derive(Debug)]
pub(crate) enum Answering {
    /// The response.
    Done(Vec<u8>),
    /// The work on it.
    Running(Box<Exchange>),
}

/// What comes out of an exchange next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A notification; more will come.
    Event(Vec<u8>),
    /// The response; nothing more will come.
    Response(Vec<u8>),
    /// The request was cancelled; nothing more will come.
    Cancelled,
}

/// A request whose handler is at work. Dropping it stops the handler.
pub(crate) struct Exchange {
    service: Service,
    codec: Codec,
    id: RequestId,
    running: Abortable<Running>,
    cancel: AbortHandle,
    events: Option<mpsc::Receiver<Vec<u8>>>,
    /// The last piece, held back while there are events that were said before it.
    last: Option<Piece>,
}

impl Exchange {
    pub(super) fn new(
        service: Service,
        codec: Codec,
        id: RequestId,
        running: Running,
        events: Option<mpsc::Receiver<Vec<u8>>>,
    ) -> Self {
        let (cancel, registration) = AbortHandle::new_pair();
        let running = Abortable::new(running, registration);
        Self {
            service,
            codec,
            id,
            running,
            cancel,
            events,
            last: None,
        }
    }

    /// The request's id.
    pub(crate) fn id(&self) -> &RequestId {
        &self.id
    }

    /// A handle by which the request can be cancelled from elsewhere.
    pub(crate) fn cancel_handle(&self) -> AbortHandle {
        self.cancel.clone()
    }

    /// The next piece. Not to be asked again after the last one.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: what was not returned is returned by the next call.
    pub(crate) async fn next(&mut self) -> Piece {
        poll_fn(|task| self.poll_next(task)).await
    }

    /// Polls for the next piece; see [`Exchange::next`].
    pub(crate) fn poll_next(&mut self, task: &mut TaskContext<'_>) -> Poll<Piece> {
        if self.last.is_none() {
            match Pin::new(&mut self.running).poll(task) {
                Poll::Ready(Ok(answer)) => {
                    if let Some(events) = &mut self.events {
                        events.close();
                    }
                    self.last = Some(Piece::Response(
                        self.service.write(self.codec, &self.id, &answer),
                    ));
                }
                Poll::Ready(Err(Aborted)) => return Poll::Ready(Piece::Cancelled),
                Poll::Pending => {}
            }
        }
        if let Some(events) = &mut self.events {
            let event = match &self.last {
                // What was said before the end comes before it; what a left-over task says later does not.
                Some(_) => events.try_recv().ok(),
                None => match events.poll_recv(task) {
                    Poll::Ready(event) => event,
                    Poll::Pending => return Poll::Pending,
                },
            };
            if let Some(event) = event {
                return Poll::Ready(Piece::Event(event));
            }
        }
        self.last.take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
