//! Requests at work, whatever transport brought them: one, or several in one body or line. Only revision
//! 2025-03-26 has [batches](https://modelcontextprotocol.io/specification/2025-03-26/basic#batching).

use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::server::{Answering, Exchange, Piece, Response};

/// Requests at work. Dropping them stops their handlers.
#[derive(Debug)]
pub(super) enum Work {
    /// One.
    One(Box<Exchange>),
    /// A batch.
    Batch(Batch),
    /// One or the other, with a piece that came out of it already.
    Preceded(Option<Piece>, Box<Self>),
}

impl Work {
    /// The same work, with a piece that came out of it already put back.
    pub(super) fn preceded_by(self, piece: Option<Piece>) -> Self {
        match piece {
            Some(piece) => Self::Preceded(Some(piece), Box::new(self)),
            None => self,
        }
    }

    /// The next piece: see [`Exchange::poll_next`].
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: what was not returned is returned by the next call.
    pub(super) async fn next(&mut self) -> Piece {
        poll_fn(|task| self.poll_next(task)).await
    }

    /// Polls for the next piece.
    pub(super) fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<Piece> {
        match self {
            Self::One(exchange) => exchange.poll_next(task),
            Self::Batch(batch) => batch.poll_next(task),
            Self::Preceded(first, work) => match first.take() {
                Some(first) => Poll::Ready(first),
                None => work.poll_next(task),
            },
        }
    }
}

/// A batch at work: notifications as they come, then the responses as one array.
#[derive(Debug)]
pub(super) struct Batch {
    responses: Vec<Response>,
    running: Vec<Exchange>,
}

impl Batch {
    /// The batch of these answers. Requests that are cancelled get no response in the array.
    pub(super) fn new(answers: Vec<Answering>) -> Self {
        let mut batch = Self {
            responses: Vec::with_capacity(answers.len()),
            running: Vec::new(),
        };
        for answer in answers {
            match answer {
                Answering::Done(response) => batch.responses.push(response),
                Answering::Running(exchange) => batch.running.push(*exchange),
            }
        }
        batch
    }

    /// The requests that are at work.
    pub(super) fn running(&self) -> &[Exchange] {
        &self.running
    }

    /// Polls for the next piece.
    fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<Piece> {
        let mut at = 0;
        while let Some(exchange) = self.running.get_mut(at) {
            match exchange.poll_next(task) {
                Poll::Pending => at += 1,
                Poll::Ready(piece @ (Piece::Event(_) | Piece::LetGo)) => {
                    return Poll::Ready(piece);
                }
                Poll::Ready(Piece::Response(response)) => {
                    self.responses.push(response);
                    self.running.swap_remove(at);
                }
                Poll::Ready(Piece::Cancelled) => drop(self.running.swap_remove(at)),
            }
        }
        if !self.running.is_empty() {
            return Poll::Pending;
        }
        if self.responses.is_empty() {
            return Poll::Ready(Piece::Cancelled);
        }
        Poll::Ready(Piece::Response(array(&self.responses)))
    }
}

fn array(responses: &[Response]) -> Response {
    let mut bytes = vec![b'['];
    for (at, response) in responses.iter().enumerate() {
        if at > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(&response.bytes);
    }
    bytes.push(b']');
    Response::answered(bytes)
}
