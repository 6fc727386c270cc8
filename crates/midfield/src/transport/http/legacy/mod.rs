//! Messages of the revisions with sessions
//! ([2025-11-25, Streamable HTTP](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http)).

mod listen;
mod place;

pub(super) use place::SESSION_ID;

use http::{HeaderMap, StatusCode};
use midfield_protocol::jsonrpc::{Message, Notification, Rejected, Request as Frame, RequestId};
use midfield_protocol::wire::{Codec, RequestMeta, legacy};
use midfield_protocol::{Call, Caller, Error, Principal, Revision};

use self::place::{Place, version};
use super::endpoint::Endpoint;
use super::reply::{AfterDrop, Reply, Resumable};
use super::session::Session;
use super::sessions::AtWork;
use crate::server::{Answering, Asking, Request, Response, Taken};
use crate::transport::work::{Batch, Work};

/// The legacy side of an endpoint, for one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Legacy<'a> {
    pub(super) endpoint: &'a Endpoint,
    /// Who asks.
    pub(super) principal: &'a Principal,
    /// Seconds since 1970.
    pub(super) now: u64,
}

impl Legacy<'_> {
    /// Answers one message.
    pub(super) fn answer(
        self,
        headers: &HeaderMap,
        message: Message<'_>,
        meta: Result<RequestMeta<'_>, Error>,
    ) -> Reply {
        if let Message::Request(request) = &message
            && request.method == legacy::INITIALIZE
        {
            return self.initialize(headers, request);
        }
        let place = match self.place(headers) {
            Ok(place) => place,
            Err(reply) => return reply,
        };
        match message {
            Message::Request(request) => self.request(&place, request, meta),
            Message::Notification(notification) => {
                self.notification(&place, &notification);
                Reply::Accepted
            }
            Message::Response(response) => match &place {
                Place::Session(session) => {
                    match self.endpoint.questions.answer(session.id, response) {
                        Taken::Handler => Reply::Accepted,
                        Taken::Task(keeping) => Reply::Keeping(keeping),
                        Taken::Nobody => no_such_question(),
                    }
                }
                Place::None { .. } => no_such_question(),
            },
        }
    }

    /// Answers a batch, where the revision has them.
    pub(super) fn answer_batch(
        self,
        headers: &HeaderMap,
        messages: Vec<Result<Message<'_>, Rejected>>,
    ) -> Reply {
        let place = match self.place(headers) {
            Ok(place) => place,
            Err(reply) => return reply,
        };
        if !place.revision().rules().accepts_batches {
            return Reply::refuse(
                StatusCode::BAD_REQUEST,
                "invalid request: this revision has no batches; send one message in each body",
            );
        }
        let mut answers = Vec::new();
        let mut guards = Vec::new();
        for message in messages {
            match message {
                Ok(Message::Request(request)) => {
                    let meta = RequestMeta::read(&request);
                    let (answer, guard) = self.begin(&place, request, meta);
                    answers.push(answer);
                    guards.extend(guard);
                }
                Ok(Message::Notification(notification)) => self.notification(&place, &notification),
                Ok(Message::Response(response)) => {
                    if let Place::Session(session) = &place {
                        // Revisions that have batches have no tasks: the handler has it, or nobody.
                        let _ = self.endpoint.questions.answer(session.id, response);
                    }
                }
                Err(rejected) => {
                    let refusal =
                        midfield_protocol::jsonrpc::error(rejected.id.as_ref(), &rejected.error);
                    answers.push(Answering::Done(Response::answered(refusal)));
                }
            }
        }
        if answers.is_empty() {
            return Reply::Accepted;
        }
        let work = Work::Batch(Batch::new(answers));
        Reply::AtWork {
            work,
            guard: self.keep(&place, guards),
        }
    }

    /// Ends a session.
    pub(super) fn delete(self, headers: &HeaderMap) -> Reply {
        match self.place(headers) {
            Ok(Place::Session(session)) => {
                self.endpoint.sessions.end(&session, self.now);
                Reply::NoContent
            }
            Ok(Place::None { .. }) => self.not_allowed(),
            Err(reply) => reply,
        }
    }

    /// Refuses a method.
    pub(super) fn not_allowed(self) -> Reply {
        Reply::NotAllowed {
            allowed: if self.endpoint.options.sessions {
                "POST, GET, DELETE"
            } else {
                "POST"
            },
        }
    }

    fn initialize(self, headers: &HeaderMap, request: &Frame<'_>) -> Reply {
        if let Err(reply) = version(headers) {
            return reply;
        }
        let codec = Codec::new(Revision::NEWEST_LEGACY);
        let failed = |error: &Error| {
            Reply::Json(
                StatusCode::OK,
                self.endpoint
                    .service
                    .encoder()
                    .error(codec, Some(&request.id), error),
            )
        };
        let initialize = match legacy::decode_initialize(request) {
            Ok(initialize) => initialize,
            Err(error) => return failed(&error),
        };
        let lifetime = self.endpoint.options.session_lifetime;
        let revision = initialize.negotiated();
        let opened = Session::open(
            initialize,
            self.principal.clone(),
            lifetime,
            self.now,
            self.endpoint.service.sealer(),
        );
        let response =
            self.endpoint
                .service
                .encoder()
                .initialized(revision, self.principal, &request.id);
        match (opened, response) {
            (Ok((_, id)), Ok(response)) if self.endpoint.options.sessions => {
                Reply::Opened { id, response }
            }
            (Ok(_), Ok(response)) => Reply::Json(StatusCode::OK, response),
            _ => failed(&Error::Internal),
        }
    }

    fn request(
        self,
        place: &Place,
        request: Frame<'_>,
        meta: Result<RequestMeta<'_>, Error>,
    ) -> Reply {
        match self.begin(place, request, meta) {
            (Answering::Done(response), _) => Reply::Json(StatusCode::OK, response.bytes),
            (Answering::Running(exchange), guard) => {
                let guard = self.keep(place, guard.into_iter().collect());
                Reply::AtWork {
                    work: Work::One(exchange),
                    guard,
                }
            }
        }
    }

    /// Begins to answer a request, and remembers it as one that can be cancelled.
    fn begin(
        self,
        place: &Place,
        request: Frame<'_>,
        meta: Result<RequestMeta<'_>, Error>,
    ) -> (Answering, Option<AtWork>) {
        let codec = Codec::new(place.revision());
        let fail = |id: &RequestId, error: Error| {
            Answering::Done(self.endpoint.service.write(codec, id, &Err(error)))
        };
        let meta = match meta {
            Ok(meta) => meta,
            Err(error) => return (fail(&request.id, error), None),
        };
        let call = match codec.decode(&request) {
            Ok(call) => call,
            Err(error) => return (fail(&request.id, error), None),
        };
        if let Err(error) = self.remember(place, &call) {
            return (fail(&request.id, error), None);
        }
        let answering = self.endpoint.service.answer(
            Request {
                codec,
                caller: self.caller(place, &meta),
                asking: self.asking(place),
                id: request.id,
                mirror: None,
                stop: &self.endpoint.stop,
            },
            call,
        );
        let (Answering::Running(exchange), Place::Session(session)) = (&answering, place) else {
            return (answering, None);
        };
        let begun = self
            .endpoint
            .sessions
            .begin(session, exchange.id(), exchange.cancel_handle());
        if begun.is_none() {
            let detail = "a request with this id is at work already".to_owned();
            return (fail(exchange.id(), Error::InvalidRequest { detail }), None);
        }
        (answering, begun)
    }

    /// Remembers what a call changes in its session.
    fn remember(self, place: &Place, call: &Call<'_>) -> Result<(), Error> {
        if !self.endpoint.service.offers(call) {
            // It is answered that there is no such method.
            return Ok(());
        }
        let Place::Session(session) = place else {
            return match call {
                Call::Subscribe { .. } | Call::Unsubscribe { .. } => Err(Error::InvalidRequest {
                    detail: "the server keeps no sessions, so that there is nothing to subscribe"
                        .to_owned(),
                }),
                _ => Ok(()),
            };
        };
        let full = || Error::Failed {
            detail: "too many sessions have a state of their own; try again later".to_owned(),
        };
        match call {
            Call::SetLogLevel(level) => self
                .endpoint
                .sessions
                .set_log_level(session, *level, self.now)
                .map_err(|_| full()),
            Call::Subscribe { uri } => {
                self.endpoint.service.check_resource(uri)?;
                let own_stream =
                    self.endpoint
                        .sessions
                        .own_stream(session, &self.endpoint.service, self.now);
                let own_stream = own_stream.map_err(|_| full())?;
                match own_stream.with_listener(|listener| listener.subscribe(uri)) {
                    Some(subscribed) => Ok(subscribed?),
                    None => Ok(()),
                }
            }
            Call::Unsubscribe { uri } => {
                // Who hears of nothing is subscribed to nothing.
                if let Some(own_stream) = self.endpoint.sessions.find_own_stream(session) {
                    own_stream.with_listener(|listener| listener.unsubscribe(uri));
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn caller(self, place: &Place, meta: &RequestMeta<'_>) -> Caller {
        let mut caller = match place {
            Place::Session(session) => session.caller.clone(),
            Place::None { .. } => {
                let mut caller = Caller::default();
                caller.principal = self.principal.clone();
                caller
            }
        };
        caller.progress_token.clone_from(&meta.progress_token);
        caller.trace = meta.trace();
        caller
    }

    fn asking(self, place: &Place) -> Asking {
        match place {
            Place::Session(session) => Asking::Live {
                questions: self.endpoint.questions.clone(),
                session: session.id,
            },
            Place::None { .. } => Asking::Never,
        }
    }

    fn notification(self, place: &Place, notification: &Notification<'_>) {
        let Place::Session(session) = place else {
            return;
        };
        if notification.method == legacy::CANCELLED
            && let Some(id) = legacy::cancelled_request(notification)
        {
            self.endpoint.sessions.cancel(session, id);
        }
    }

    fn keep(self, place: &Place, guards: Vec<AtWork>) -> AfterDrop {
        let resumable = match place {
            Place::Session(session) => Some(Resumable {
                sessions: self.endpoint.sessions.clone(),
                priming: session.priming(),
                session: session.id,
            }),
            Place::None { .. } => None,
        };
        AfterDrop::GoOn {
            left_behind: self.endpoint.left_behind.clone(),
            guards,
            resumable,
        }
    }
}

fn no_such_question() -> Reply {
    Reply::refuse(
        StatusCode::BAD_REQUEST,
        "invalid request: the server has sent no request that this could answer",
    )
}
