//! The endpoint: the path of one HTTP request, top to bottom.

use std::future::Future;
use std::sync::Arc;

use bytes::Buf;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use http_body::Body;
use midfield_protocol::Principal;
use midfield_protocol::jsonrpc::{self, Incoming, Message};
use midfield_protocol::wire::RequestMeta;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::body::{self, Unread};
use super::classify::{Class, classify, headers_are_modern};
use super::guard;
use super::left_behind::LeftBehind;
use super::legacy::Legacy;
use super::modern::{self, Modern};
use super::names::Path;
use super::options::Options;
use super::reply::Reply;
use super::sessions::Sessions;
use super::sse::{Full, NotTaken, Setting, Streams};
use crate::auth::Refusal;
use crate::clock::seconds_since_1970;
use crate::server::{Questions, Service};

/// What all requests share.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) service: Service,
    pub(super) options: Options,
    pub(super) sessions: Arc<Sessions>,
    /// The sessions of the old transport.
    streams: Arc<Streams>,
    pub(super) questions: Arc<Questions>,
    /// A permit for each call that may still be at work.
    calls: Arc<Semaphore>,
    max_calls: u32,
    /// Owns the calls whose client went away, where that is no cancellation.
    pub(super) left_behind: LeftBehind,
    /// Ends streams that have no end of their own, when the server stops.
    pub(super) stop: CancellationToken,
}

impl Endpoint {
    pub(super) fn new(service: Service, options: Options) -> Self {
        let max_calls = options.max_calls.min(Semaphore::MAX_PERMITS);
        let max_calls = u32::try_from(max_calls).unwrap_or(u32::MAX);
        Self {
            service,
            sessions: Arc::default(),
            streams: Arc::default(),
            questions: Arc::default(),
            stop: CancellationToken::new(),
            calls: Arc::new(Semaphore::new(max_calls as usize)),
            max_calls,
            left_behind: LeftBehind::default(),
            options,
        }
    }

    /// Ends streams and takes nothing more on, then waits for the connections and for what is at work: whether all
    /// was done in time.
    pub(super) async fn drain(&self, connections: impl Future<Output = ()>) -> bool {
        // In this order: what begins in between sees that it may not.
        self.stop.cancel();
        self.sessions.end_own_streams();
        self.streams.end();
        let drained = async {
            connections.await;
            // Whoever has all of them knows that no call has one.
            let _all = self.calls.acquire_many(self.max_calls).await;
            self.left_behind.wait().await;
        };
        let limit = self.options.drain_timeout;
        tokio::time::timeout(limit, drained).await.is_ok()
    }

    /// Takes the work of a reply on, if there is room for it.
    pub(super) fn admit(&self, reply: Reply) -> (Reply, Option<OwnedSemaphorePermit>) {
        let Reply::AtWork { work, .. } = &reply else {
            return (reply, None);
        };
        if self.stop.is_cancelled() {
            return (Reply::stopping(), None);
        }
        match self.calls.clone().try_acquire_owned() {
            Ok(permit) => (reply, Some(permit)),
            Err(_) => (Reply::busy(work), None),
        }
    }

    pub(super) async fn reply<B>(&self, head: &Parts, body: B) -> Reply
    where
        B: Body,
        B::Data: Buf,
    {
        let principal = match self.authenticate(&head.headers).await {
            Ok(principal) => principal,
            Err(refusal) => return refusal,
        };
        if self.options.is_old_transport(head.uri.path()) {
            return self.old_transport(head, body, &principal).await;
        }
        if head.method != Method::POST {
            return self.without_message(&head.method, &head.headers, &principal);
        }
        if let Err(refusal) = guard::check_media(&head.headers) {
            return Reply::refuse(refusal.status, refusal.message);
        }
        match body::read(body, self.options.max_body, self.options.body_timeout).await {
            Ok(bytes) => self.answer(&head.headers, &bytes, &principal),
            Err(unread) => refuse_unread(&unread),
        }
    }

    /// Finds out who asks.
    async fn authenticate(&self, headers: &HeaderMap) -> Result<Principal, Reply> {
        let Some(authenticator) = &self.options.authenticate else {
            return Ok(Principal::Anonymous);
        };
        let principal = authenticator.0.authenticate(headers);
        let limit = self.options.authenticate_timeout;
        let Ok(found) = tokio::time::timeout(limit, principal).await else {
            tracing::error!(?limit, "it took too long to find out who asks");
            return Err(Reply::not_told_apart());
        };
        found.map_err(|refusal| match refusal {
            Refusal::Unproven(challenge) => {
                Reply::Challenged(StatusCode::UNAUTHORIZED, challenge.header)
            }
            Refusal::Forbidden(challenge) => {
                Reply::Challenged(StatusCode::FORBIDDEN, challenge.header)
            }
            Refusal::Unavailable => Reply::not_told_apart(),
        })
    }

    /// Answers a request of the HTTP+SSE transport.
    async fn old_transport<B>(&self, head: &Parts, body: B, principal: &Principal) -> Reply
    where
        B: Body,
        B::Data: Buf,
    {
        match head.method {
            Method::GET => self.unless_it_stops(self.open_stream(&head.headers, principal)),
            Method::POST => self.send(head, body, principal).await,
            _ => Reply::NotAllowed {
                allowed: "POST, GET",
            },
        }
    }

    /// The reply, unless it is a stream that would have no end while the server stops. Asked once the stream is
    /// there: either this sees that the server stops, or whoever stops it has seen the stream.
    fn unless_it_stops(&self, reply: Reply) -> Reply {
        match reply {
            Reply::Read { ends: Some(_), .. } | Reply::Events(_) if self.stop.is_cancelled() => {
                Reply::stopping()
            }
            reply => reply,
        }
    }

    fn open_stream(&self, headers: &HeaderMap, principal: &Principal) -> Reply {
        if !guard::accepts_events(headers) {
            return Reply::refuse(
                StatusCode::NOT_ACCEPTABLE,
                "the Accept header must list text/event-stream",
            );
        }
        let opened = self.streams.open(&Setting {
            service: &self.service,
            principal,
            path: self.options.legacy_sse.as_ref().map_or("", Path::as_str),
            max_body: self.options.max_body,
            lifetime: self.options.session_lifetime,
            calls: &self.calls,
        });
        match opened {
            Ok(events) => Reply::Events(Box::new(events)),
            Err(Full::OfOne) => Reply::too_many_streams(),
            Err(Full::OfAll) => Reply::refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "there are as many sessions as there can be; try again later",
            ),
        }
    }

    /// Takes a message to a session of the HTTP+SSE transport. The answer goes by the session's stream.
    async fn send<B>(&self, head: &Parts, body: B, principal: &Principal) -> Reply
    where
        B: Body,
        B::Data: Buf,
    {
        if let Err(refusal) = guard::check_json(&head.headers) {
            return Reply::refuse(refusal.status, refusal.message);
        }
        let token = head.uri.query().and_then(|query| {
            let mut parameters = query.split('&');
            parameters.find_map(|parameter| parameter.strip_prefix("session="))
        });
        let Some(token) = token else {
            return Reply::refuse(
                StatusCode::BAD_REQUEST,
                "invalid request: send messages to the URI that the stream's first event names",
            );
        };
        let bytes = match body::read(body, self.options.max_body, self.options.body_timeout).await {
            Ok(bytes) => bytes,
            Err(unread) => return refuse_unread(&unread),
        };
        if let Err(rejected) = Incoming::parse(&bytes) {
            let error = jsonrpc::error(rejected.id.as_ref(), &rejected.error);
            return Reply::Json(StatusCode::BAD_REQUEST, error);
        }
        let sealer = self.service.sealer();
        match self.streams.send(token, principal, sealer, &bytes) {
            Ok(()) => Reply::Accepted,
            Err(NotTaken::Unknown) => Reply::refuse(
                StatusCode::NOT_FOUND,
                "the session is unknown or has ended; open a new stream",
            ),
            Err(NotTaken::Full) => Reply::refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "the session has not read yet what was sent before; read its stream",
            ),
        }
    }

    /// Answers a request that brings no message. Only the legacy era knows such ones.
    fn without_message(
        &self,
        method: &Method,
        headers: &HeaderMap,
        principal: &Principal,
    ) -> Reply {
        let is_legacy = self.options.sessions && !headers_are_modern(headers);
        match *method {
            Method::DELETE if is_legacy => self.legacy(principal).delete(headers),
            Method::GET if is_legacy => {
                self.unless_it_stops(self.legacy(principal).listen(headers))
            }
            _ => self.legacy(principal).not_allowed(),
        }
    }

    /// Answers a body. The era is decided here and nowhere below.
    fn answer(&self, headers: &HeaderMap, bytes: &[u8], principal: &Principal) -> Reply {
        match Incoming::parse(bytes) {
            Ok(Incoming::Single(Message::Request(request))) => match classify(headers, &request) {
                Class::Modern(meta) => {
                    modern::answer(self.modern(principal), headers, meta, &request)
                }
                Class::Legacy(meta) => {
                    self.legacy(principal)
                        .answer(headers, Message::Request(request), meta)
                }
            },
            Ok(Incoming::Single(Message::Notification(_))) if headers_are_modern(headers) => {
                Reply::Accepted
            }
            Ok(Incoming::Single(_) | Incoming::Batch(_)) if headers_are_modern(headers) => {
                Reply::refuse(
                    StatusCode::BAD_REQUEST,
                    "invalid request: a body of revision 2026-07-28 is one request or one notification",
                )
            }
            Ok(Incoming::Single(message)) => {
                self.legacy(principal)
                    .answer(headers, message, Ok(RequestMeta::default()))
            }
            Ok(Incoming::Batch(messages)) => self.legacy(principal).answer_batch(headers, messages),
            Err(rejected) => {
                let error = jsonrpc::error(rejected.id.as_ref(), &rejected.error);
                Reply::Json(StatusCode::BAD_REQUEST, error)
            }
        }
    }

    fn modern<'a>(&'a self, principal: &'a Principal) -> Modern<'a> {
        Modern {
            endpoint: self,
            principal,
        }
    }

    fn legacy<'a>(&'a self, principal: &'a Principal) -> Legacy<'a> {
        Legacy {
            endpoint: self,
            principal,
            now: seconds_since_1970(),
        }
    }
}

fn refuse_unread(unread: &Unread) -> Reply {
    match unread {
        Unread::TooLarge => Reply::refuse(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is larger than the server reads",
        ),
        Unread::TooSlow => Reply::refuse(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        ),
        Unread::Broken => Reply::refuse(StatusCode::BAD_REQUEST, "the body broke off"),
    }
}
