//! Who waits for answers, and what comes of answers that nobody waits for any more.

use std::collections::{HashMap, VecDeque};
use std::sync::Weak;

use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::wire::Codec;
use tokio::sync::oneshot;

use super::super::{Answer, Failure, Outgoing, Unclaimed};
use crate::client::Error;

#[derive(Default)]
pub(super) struct Waiting {
    pub(super) answers: HashMap<i64, oneshot::Sender<Result<Answer, Failure>>>,
    /// The last requests that were cancelled and whose results are somebody's all the same.
    cancelled: VecDeque<Cancelled>,
    /// Why nothing comes any more.
    pub(super) ended: Option<Error>,
}

impl Waiting {
    /// Whether somebody still waited for the answer, which from now on nobody does.
    pub(super) fn give_up(&mut self, outgoing: &Outgoing) -> bool {
        let was_waiting = self.answers.remove(&outgoing.id).is_some();
        if let Some(cancelled) = Cancelled::of(outgoing).filter(|_| was_waiting) {
            self.cancelled.truncate(MAX_CANCELLED - 1);
            self.cancelled.push_front(cancelled);
        }
        was_waiting
    }

    /// The request of this id, if it was cancelled and its result is somebody's.
    pub(super) fn take_cancelled(&mut self, id: Option<&RequestId>) -> Option<Cancelled> {
        let Some(RequestId::Integer(id)) = id else {
            return None;
        };
        let at = self.cancelled.iter().position(|other| other.id == *id)?;
        self.cancelled.remove(at)
    }
}

/// A request that was cancelled. The server may have answered it before it heard of that.
pub(super) struct Cancelled {
    id: i64,
    codec: Codec,
    unclaimed: Weak<dyn Unclaimed>,
}

impl Cancelled {
    pub(super) fn of(outgoing: &Outgoing) -> Option<Self> {
        outgoing.unclaimed.clone().map(|unclaimed| Self {
            id: outgoing.id,
            codec: outgoing.codec,
            unclaimed,
        })
    }

    /// Its answer has come.
    pub(super) fn came(self, answer: Answer) {
        if let (Some(unclaimed), Ok(result)) = (self.unclaimed.upgrade(), answer) {
            unclaimed.came(self.codec, result);
        }
    }
}

/// Most of them that are remembered: a server that heeds the cancellation never answers.
const MAX_CANCELLED: usize = 256;
