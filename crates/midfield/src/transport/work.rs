//! Requests at work, whatever transport brought them: one, or several in one body or line. Only revision
//! 2025-03-26 has [batches](https://modelcontextprotocol.io/specification/2025-03-26/basic#batching).

use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::server::{Answering, Exchange, Piece};

/// Requests at work. Dropping them stops their handlers.
#[derive(Debug)]
pub(super) enum Work {
    /// One.
    One(Box<Exchange>),
    /// A batch.
    Batch(Batch),
}

impl Work {
    /// The next piece: see [`Exchange::next`].
    pub(super) async fn next(&mut self) -> Piece {
        poll_fn(|task| self.poll_next(task)).await
    }

    /// Polls for the next piece.
    pub(super) fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<Piece> {
        match self {
            Self::One(exchange) => exchange.poll_next(task),
            Self::Batch(batch) => batch.poll_next(task),
        }
    }
}

/// A batch at work: notifications as they come, then the responses as one array.
#[derive(Debug)]
pub(super) struct Batch {
    responses: Vec<Vec<u8>>,
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
                Poll::Ready(Piece::Event(event)) => return Poll::Ready(Piece::Event(event)),
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

fn array(responses: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![b'['];
    bytes.extend(responses.join(&b','));
    bytes.push(b']');
    bytes
}
