//! One request being answered: notifications and questions while its handler works, then the response,
//! all as bytes.

use std::collections::VecDeque;
use std::future::{Future as _, Pending, pending};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_util::future::{AbortHandle, Abortable, Aborted};
use midfield_protocol::Error;
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::InputRequest;
use midfield_protocol::wire::{self, Codec};
use tokio::sync::mpsc;

use super::Service;
use super::ask::Asking;
use super::listen::Listening;
use super::questions::Asker;
use super::running::Running;

/// An answer, or the work on one.
#[derive(Debug)]
pub(crate) enum Answering {
    /// The response.
    Done(Response),
    /// The work on it.
    Running(Box<Exchange>),
}

/// A response, written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) bytes: Vec<u8>,
    /// The status of an HTTP response that carries nothing else.
    pub(crate) http_status: u16,
}

impl Response {
    /// A response that goes with the status of an answered call.
    pub(crate) fn answered(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            http_status: 200,
        }
    }
}

/// What comes out of an exchange next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A notification, or a request to the client; more will come.
    Event(Vec<u8>),
    /// The client may go and come back for the rest; more will come.
    LetGo,
    /// The response; nothing more will come.
    Response(Response),
    /// The request was cancelled; nothing more will come.
    Cancelled,
}

/// A request that is being answered. Dropping it stops its handler.
pub(crate) struct Exchange {
    service: Service,
    codec: Codec,
    id: RequestId,
    work: Work,
    /// Ends when the request is cancelled.
    cancelled: Abortable<Pending<()>>,
    cancel: AbortHandle,
    events: Option<mpsc::Receiver<Vec<u8>>>,
    /// The questions that were sent and may still be open, by their keys.
    asked: Vec<(String, RequestId)>,
    /// What was found out while the handler was polled, and comes next.
    next: VecDeque<Piece>,
    /// The last piece, held back while there are events that were said before it.
    last: Option<Piece>,
}

/// What a request waits for.
pub(in crate::server) enum Work {
    /// A handler.
    Handler(Running),
    /// Changes to hear of.
    Listening(Listening),
    /// A look at tasks, or the wait for one.
    Task(super::tasks::Answering),
}

impl Exchange {
    pub(super) fn new(
        service: Service,
        codec: Codec,
        id: RequestId,
        work: Work,
        events: Option<mpsc::Receiver<Vec<u8>>>,
    ) -> Self {
        let (cancel, registration) = AbortHandle::new_pair();
        Self {
            service,
            codec,
            id,
            work,
            cancelled: Abortable::new(pending(), registration),
            cancel,
            events,
            asked: Vec::new(),
            next: VecDeque::new(),
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

    /// Polls for the next piece. Not to be asked again after the last one.
    pub(crate) fn poll_next(&mut self, task: &mut TaskContext<'_>) -> Poll<Piece> {
        if self.last.is_none() && self.next.is_empty() {
            match self.poll_work(task) {
                Poll::Ready(Ok(Step::Event(event))) => return Poll::Ready(Piece::Event(event)),
                Poll::Ready(Ok(Step::Done(answer))) => {
                    if let Some(events) = &mut self.events {
                        events.close();
                    }
                    self.withdraw_all();
                    let response = self.service.write(self.codec, &self.id, &answer);
                    self.last = Some(Piece::Response(response));
                }
                Poll::Ready(Err(Aborted)) => {
                    self.withdraw_all();
                    self.last = Some(Piece::Cancelled);
                    self.events = None;
                }
                Poll::Pending => self.look_at_questions(),
            }
        }
        if let Some(events) = &mut self.events {
            let event = match &self.last {
                // What was said before the end comes before it; what a left-over task says later does not.
                Some(_) => events.try_recv().ok(),
                None => match events.poll_recv(task) {
                    Poll::Ready(event) => event,
                    Poll::Pending => None,
                },
            };
            if let Some(event) = event {
                return Poll::Ready(Piece::Event(event));
            }
        }
        if let Some(piece) = self.next.pop_front() {
            return Poll::Ready(piece);
        }
        self.last.take().map_or(Poll::Pending, Poll::Ready)
    }

    fn poll_work(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<Step, Aborted>> {
        if Pin::new(&mut self.cancelled).poll(task).is_ready() {
            return Poll::Ready(Err(Aborted));
        }
        self.work.poll_step(task).map(Ok)
    }

    /// Sends the questions that the handler has asked since, and takes back those that it no longer waits
    /// for.
    fn look_at_questions(&mut self) {
        let Work::Handler(running) = &self.work else {
            return;
        };
        let context = running.context().clone();
        if context.take_let_go() {
            self.next.push_back(Piece::LetGo);
        }
        let Asking::Live { questions, session } = context.asking() else {
            return;
        };
        for question in context.execution().take_new_questions() {
            let asker = Asker::Handler(context.clone(), question.key.clone());
            let id = questions.ask(*session, asker);
            match self.question(&id, &question.request) {
                Ok(bytes) => {
                    self.asked.push((question.key, id));
                    self.next.push_back(Piece::Event(bytes));
                }
                Err(error) => {
                    questions.withdraw(*session, &id);
                    context.refuse(error);
                }
            }
        }
        for key in context.execution().take_withdrawn() {
            if let Some(at) = self.asked.iter().position(|(asked, _)| *asked == key) {
                let (_, id) = self.asked.swap_remove(at);
                if questions.withdraw(*session, &id)
                    && let Ok(bytes) = wire::cancelled(&id, None)
                {
                    self.next.push_back(Piece::Event(bytes));
                }
            }
        }
    }

    fn question(&self, id: &RequestId, request: &midfield_protocol::Raw) -> Result<Vec<u8>, Error> {
        let request: InputRequest = request.read().map_err(|_| Error::Internal)?;
        wire::question(self.codec, id, &request)
    }

    /// Nobody waits for answers any more: the client is told so.
    fn withdraw_all(&mut self) {
        let Work::Handler(running) = &self.work else {
            return;
        };
        let Asking::Live { questions, session } = running.context().asking() else {
            return;
        };
        for (_, id) in self.asked.drain(..) {
            if questions.withdraw(*session, &id)
                && let Ok(bytes) = wire::cancelled(&id, None)
            {
                self.next.push_back(Piece::Event(bytes));
            }
        }
    }
}

/// What work comes to.
pub(super) enum Step {
    /// Something to say; it goes on.
    Event(Vec<u8>),
    /// The end.
    Done(Result<midfield_protocol::Answer, Error>),
}

impl Work {
    fn poll_step(&mut self, task: &mut TaskContext<'_>) -> Poll<Step> {
        match self {
            Self::Handler(running) => Pin::new(running).poll(task).map(Step::Done),
            Self::Listening(listening) => listening.poll_step(task),
            Self::Task(answering) => answering.as_mut().poll(task).map(Step::Done),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.withdraw_all();
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
