//! The requests of a connection that are at work: how each is cancelled, and the tasks of those that wait.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::AbortHandle;
use midfield_protocol::Error;
use midfield_protocol::jsonrpc::RequestId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::server::{Answered, Exchange, Piece};
use crate::transport::work::Work;

/// The requests of a connection that are at work. Dropping it stops them.
pub(super) struct Requests {
    at_work: HashMap<RequestId, AtWork>,
    /// The calls that may still be at work, where others share them.
    calls: Option<Arc<Semaphore>>,
    tasks: JoinSet<()>,
    /// What the tasks say.
    said: mpsc::Receiver<Said>,
    say: mpsc::Sender<Said>,
}

/// A request at work.
struct AtWork {
    cancel: AbortHandle,
    _permit: Option<OwnedSemaphorePermit>,
}

/// What a task says.
pub(super) enum Said {
    /// A notification; more will come.
    Event(Arc<Ids>, Vec<u8>),
    /// The requests are no longer at work. With the last message, unless they were cancelled.
    Done(Arc<Ids>, Option<Vec<u8>>),
}

/// What a task works on.
pub(super) enum Ids {
    One(RequestId),
    Batch(Vec<RequestId>),
}

impl Requests {
    /// None yet.
    pub(super) fn new() -> Self {
        let (say, said) = mpsc::channel(QUEUED_MESSAGES);
        Self {
            at_work: HashMap::new(),
            calls: None,
            tasks: JoinSet::new(),
            said,
            say,
        }
    }

    /// Takes a permit for each request.
    pub(super) fn share(&mut self, calls: Arc<Semaphore>) {
        self.calls = Some(calls);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at_work.is_empty()
    }

    /// Checks that no request with this id is at work.
    pub(super) fn check_id(&self, id: &RequestId) -> Result<(), Error> {
        if self.at_work.contains_key(id) {
            let detail = "a request with this id is at work already".to_owned();
            return Err(Error::InvalidRequest { detail });
        }
        Ok(())
    }

    /// Checks that there may be one more.
    pub(super) fn check_room(&self) -> Result<(), Error> {
        if self.at_work.len() >= MAX_AT_WORK {
            let detail = format!("more than {MAX_AT_WORK} requests are at work; wait for answers");
            return Err(Error::InvalidRequest { detail });
        }
        Ok(())
    }

    /// Remembers a request as one that can be cancelled.
    ///
    /// # Errors
    /// When the calls that others share are all at work.
    pub(super) fn begin(&mut self, exchange: &Exchange) -> Result<(), Error> {
        let permit = match &self.calls {
            Some(calls) => Some(calls.clone().try_acquire_owned().map_err(|_| busy())?),
            None => None,
        };
        let work = AtWork {
            cancel: exchange.cancel_handle(),
            _permit: permit,
        };
        self.at_work.insert(exchange.id().clone(), work);
        Ok(())
    }

    /// Cancels a request, if it is at work.
    pub(super) fn cancel(&self, id: &RequestId) {
        if let Some(work) = self.at_work.get(id) {
            work.cancel.abort();
        }
    }

    /// Forgets requests that were answered in place.
    pub(super) fn end(&mut self, ids: &Ids) {
        for id in ids.as_slice() {
            self.at_work.remove(id);
        }
    }

    /// Gives requests a task of their own.
    pub(super) fn spawn(&mut self, ids: Ids, mut work: Work) {
        let ids = Arc::new(ids);
        let say = self.say.clone();
        self.tasks.spawn(async move {
            let last = loop {
                match work.next().await {
                    Piece::Event(message) => {
                        let event = Said::Event(ids.clone(), message);
                        // When the connection has ended nobody is left to hear it.
                        if say.send(event).await.is_err() {
                            return;
                        }
                    }
                    // There is no stream to close.
                    Piece::LetGo => {}
                    Piece::Response(response) => break Some(response.bytes),
                    Piece::Cancelled => break None,
                }
            };
            // In one with the end, so that the ids are free when their answer is written.
            let _ = say.send(Said::Done(ids, last)).await;
        });
    }

    /// Sees to it that an answer is kept. Nobody waits to be told so.
    pub(super) fn keep(&mut self, keeping: Answered) {
        self.tasks.spawn(async move {
            if let Err(error) = keeping.kept().await {
                tracing::warn!(%error, "an answer to a task could not be kept");
            }
        });
    }

    /// What a task says next; `None` only once there can be none.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Said> {
        self.said.recv().await
    }

    /// What a task has said already.
    pub(super) fn try_next(&mut self) -> Option<Said> {
        self.said.try_recv().ok()
    }

    /// Takes note of what a task says, and gives what is to be written of it.
    pub(super) fn take(&mut self, said: Said) -> Option<Vec<u8>> {
        match said {
            Said::Event(ids, message) => (!self.is_cancelled(&ids)).then_some(message),
            Said::Done(ids, message) => {
                let message = message.filter(|_| !self.is_cancelled(&ids));
                self.end(&ids);
                // Reaps the task that said so.
                while self.tasks.try_join_next().is_some() {}
                message
            }
        }
    }

    /// Whether nothing more may be written about the request: its cancellation was read, perhaps after
    /// its task has spoken. A batch answers for those of its requests that were not cancelled.
    fn is_cancelled(&self, ids: &Ids) -> bool {
        match ids {
            Ids::One(id) => self
                .at_work
                .get(id)
                .is_some_and(|work| work.cancel.is_aborted()),
            Ids::Batch(_) => false,
        }
    }
}

impl Ids {
    fn as_slice(&self) -> &[RequestId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Batch(ids) => ids,
        }
    }
}

fn busy() -> Error {
    Error::Failed {
        detail: "the server works on as many calls as it can; try again later".to_owned(),
    }
}

/// Most requests at work at once.
const MAX_AT_WORK: usize = 1_000;

/// Messages that wait to be written before their tasks wait too.
const QUEUED_MESSAGES: usize = 64;
