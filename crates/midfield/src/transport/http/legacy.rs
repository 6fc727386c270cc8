//! Messages of the revisions with sessions
//! ([2025-11-25, Streamable HTTP](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http)).

use std::sync::Arc;

use http::{HeaderMap, HeaderName, StatusCode};
use midfield_protocol::jsonrpc::{Message, Notification, Rejected, Request, RequestId};
use midfield_protocol::types::ProgressToken;
use midfield_protocol::wire::{Codec, RequestMeta, legacy};
use midfield_protocol::{Call, Caller, Era, Error, Revision};

use super::guard::{Header, PROTOCOL_VERSION, single};
use super::left_behind::LeftBehind;
use super::options::Options;
use super::reply::{AfterDrop, Reply};
use super::session::{AtWork, Session, Sessions};
use crate::server::{Answering, Service};
use crate::transport::work::{Batch, Work};

/// What the legacy side of an endpoint works with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Legacy<'a> {
    pub(super) service: &'a Service,
    pub(super) options: &'a Options,
    pub(super) sessions: &'a Arc<Sessions>,
    /// Owns the calls whose client went away: that is no cancellation in this era.
    pub(super) left_behind: &'a LeftBehind,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// The session of a message, or what stands for one.
enum Place {
    Session(Box<Session>),
    /// The server keeps no sessions: every message stands for itself.
    None {
        revision: Revision,
    },
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
            Message::Response(_) => no_such_question(),
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
                Ok(Message::Response(_)) => {}
                Err(rejected) => answers.push(Answering::Done(midfield_protocol::jsonrpc::error(
                    rejected.id.as_ref(),
                    &rejected.error,
                ))),
            }
        }
        if answers.is_empty() {
            return Reply::Accepted;
        }
        let work = Work::Batch(Batch::new(answers));
        Reply::AtWork {
            work,
            guard: self.keep(guards),
        }
    }

    /// Ends a session.
    pub(super) fn delete(self, headers: &HeaderMap) -> Reply {
        match self.place(headers) {
            Ok(Place::Session(session)) => match self.sessions.end(&session, self.now) {
                Ok(()) => Reply::NoContent,
                Err(_) => Reply::refuse(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many sessions have ended early; this one ends by itself",
                ),
            },
            Ok(Place::None { .. }) => self.not_allowed(),
            Err(reply) => reply,
        }
    }

    /// Refuses to open a stream that belongs to no request: the server has nothing to say there. A client
    /// whose session is over learns that here as everywhere.
    pub(super) fn listen(self, headers: &HeaderMap) -> Reply {
        match self.place(headers) {
            Err(reply) if headers.contains_key(&SESSION_ID) => reply,
            _ => self.not_allowed(),
        }
    }

    /// Refuses a method.
    pub(super) fn not_allowed(self) -> Reply {
        Reply::NotAllowed {
            allowed: if self.options.sessions {
                "POST, DELETE"
            } else {
                "POST"
            },
        }
    }

    fn initialize(self, headers: &HeaderMap, request: &Request<'_>) -> Reply {
        if let Err(reply) = version(headers) {
            return reply;
        }
        let codec = Codec::new(Revision::NEWEST_LEGACY);
        let failed = |error: &Error| {
            Reply::Json(
                StatusCode::OK,
                self.service
                    .encoder()
                    .error(codec, Some(&request.id), error),
            )
        };
        let initialize = match legacy::decode_initialize(request) {
            Ok(initialize) => initialize,
            Err(error) => return failed(&error),
        };
        let lifetime = self.options.session_lifetime;
        let revision = initialize.negotiated();
        let opened = Session::open(initialize, lifetime, self.now, self.service.sealer());
        let response = self.service.encoder().initialized(revision, &request.id);
        match (opened, response) {
            (Ok((_, id)), Ok(response)) if self.options.sessions => Reply::Opened { id, response },
            (Ok(_), Ok(response)) => Reply::Json(StatusCode::OK, response),
            _ => failed(&Error::Internal),
        }
    }

    fn request(
        self,
        place: &Place,
        request: Request<'_>,
        meta: Result<RequestMeta<'_>, Error>,
    ) -> Reply {
        match self.begin(place, request, meta) {
            (Answering::Done(response), _) => Reply::Json(StatusCode::OK, response),
            (Answering::Running(exchange), guard) => {
                let guard = self.keep(guard.into_iter().collect());
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
        request: Request<'_>,
        meta: Result<RequestMeta<'_>, Error>,
    ) -> (Answering, Option<AtWork>) {
        let codec = Codec::new(place.revision());
        let fail = |id: &RequestId, error: &Error| {
            Answering::Done(self.service.encoder().error(codec, Some(id), error))
        };
        let token = match meta {
            Ok(meta) => meta.progress_token,
            Err(error) => return (fail(&request.id, &error), None),
        };
        let call = match codec.decode(&request) {
            Ok(call) => call,
            Err(error) => return (fail(&request.id, &error), None),
        };
        if let (Call::SetLogLevel(level), Place::Session(session)) = (&call, place)
            && self
                .sessions
                .set_log_level(session, *level, self.now)
                .is_err()
        {
            return (fail(&request.id, &Error::Internal), None);
        }
        let answering = self
            .service
            .answer(codec, place.caller(token), request.id, call);
        let (Answering::Running(exchange), Place::Session(session)) = (&answering, place) else {
            return (answering, None);
        };
        let begun = self
            .sessions
            .begin(session, exchange.id(), exchange.cancel_handle());
        if begun.is_none() {
            let detail = "a request with this id is at work already".to_owned();
            return (fail(exchange.id(), &Error::InvalidRequest { detail }), None);
        }
        (answering, begun)
    }

    fn notification(self, place: &Place, notification: &Notification<'_>) {
        let Place::Session(session) = place else {
            return;
        };
        if notification.method == legacy::CANCELLED
            && let Some(id) = legacy::cancelled_request(notification)
        {
            self.sessions.cancel(session, id);
        }
    }

    fn keep(self, guards: Vec<AtWork>) -> AfterDrop {
        AfterDrop::GoOn {
            left_behind: self.left_behind.clone(),
            guards,
        }
    }

    /// The session that a message names, checked.
    fn place(self, headers: &HeaderMap) -> Result<Place, Reply> {
        let named = version(headers)?;
        if !self.options.sessions {
            return Ok(Place::None {
                revision: named.unwrap_or(Revision::ASSUMED),
            });
        }
        let id = match single(headers, &SESSION_ID) {
            Header::Single(id) => id,
            Header::Absent | Header::Invalid => {
                return Err(Reply::refuse(
                    StatusCode::BAD_REQUEST,
                    "invalid request: exactly one Mcp-Session-Id header is needed; begin with `initialize`",
                ));
            }
        };
        match Session::find(id, self.now, self.service.sealer(), self.sessions) {
            Some(session) => Ok(Place::Session(Box::new(session))),
            None => Err(Reply::refuse(
                StatusCode::NOT_FOUND,
                "the session is unknown or has ended; begin a new one with `initialize`",
            )),
        }
    }
}

impl Place {
    fn revision(&self) -> Revision {
        match self {
            Self::Session(session) => session.revision,
            Self::None { revision } => *revision,
        }
    }

    fn caller(&self, progress_token: Option<ProgressToken>) -> Caller {
        let mut caller = match self {
            Self::Session(session) => session.caller.clone(),
            Self::None { .. } => Caller::default(),
        };
        caller.progress_token = progress_token;
        caller
    }
}

/// The revision that the version header names, if there is one. A session keeps its own revision, so
/// any that the server knows will do.
fn version(headers: &HeaderMap) -> Result<Option<Revision>, Reply> {
    let named = match single(headers, &PROTOCOL_VERSION) {
        Header::Absent => return Ok(None),
        Header::Single(version) => version.parse::<Revision>().ok(),
        Header::Invalid => None,
    };
    match named {
        Some(revision) if revision.era() == Era::Legacy => Ok(Some(revision)),
        _ => Err(Reply::refuse(
            StatusCode::BAD_REQUEST,
            "invalid request: the MCP-Protocol-Version header names no version that fits the message; \
             supported are 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, and 2026-07-28 with `_meta`",
        )),
    }
}

fn no_such_question() -> Reply {
    Reply::refuse(
        StatusCode::BAD_REQUEST,
        "invalid request: the server has sent no request that this could answer",
    )
}

/// The header that names a session.
pub(super) static SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
