//! The endpoint: the path of one HTTP request, top to bottom.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Buf;
use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use midfield_protocol::Principal;
use midfield_protocol::jsonrpc::{self, Incoming, Message};
use midfield_protocol::wire::RequestMeta;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::body::{self, Unread};
use super::classify::{Class, classify, headers_are_modern};
use super::cors;
use super::guard;
use super::left_behind::LeftBehind;
use super::legacy::Legacy;
use super::modern::{self, Modern};
use super::names::{OptionsError, Path};
use super::options::Options;
use super::reply::{Reply, ReplyBody};
use super::sessions::Sessions;
use super::sse::{Full, NotTaken, Setting, Streams};
use crate::auth::Refusal;
use crate::clock::seconds_since_1970;
use crate::server::{Questions, Service};

/// A server behind HTTP. It is a [`tower_service::Service`], to be mounted in a router:
///
/// ```
/// use axum::Router;
/// use midfield::Server;
/// use midfield::transport::http::{HttpService, Options};
///
/// let service = Server::new("demo", "1.0.0").build()?;
/// let router: Router = Router::new().route_service("/mcp", HttpService::new(service, Options::new())?);
/// # Ok::<(), midfield::ServeError>(())
/// ```
///
/// With [`Options::legacy_sse`] the same service, mounted at that path too, serves clients of the old
/// HTTP+SSE transport:
///
/// ```
/// # use axum::Router;
/// # use midfield::Server;
/// # use midfield::transport::http::{HttpService, Options};
/// # let service = Server::new("demo", "1.0.0").build()?;
/// let service = HttpService::new(service, Options::new().legacy_sse("/sse"))?;
/// let router: Router = Router::new()
///     .route_service("/mcp", service.clone())
///     .route_service("/sse", service);
/// # Ok::<(), midfield::ServeError>(())
/// ```
///
/// Clones are handles to the same endpoint.
#[derive(Clone, Debug)]
pub struct HttpService(Arc<Endpoint>);

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

impl HttpService {
    /// Puts `service` behind HTTP.
    ///
    /// # Errors
    /// When a path, a host or an origin in `options` is none.
    pub fn new(service: Service, options: Options) -> Result<Self, OptionsError> {
        let options = options.checked()?;
        let max_calls = options.max_calls.min(Semaphore::MAX_PERMITS);
        let max_calls = u32::try_from(max_calls).unwrap_or(u32::MAX);
        Ok(Self(Arc::new(Endpoint {
            service,
            sessions: Arc::default(),
            streams: Arc::default(),
            questions: Arc::default(),
            stop: CancellationToken::new(),
            calls: Arc::new(Semaphore::new(max_calls as usize)),
            max_calls,
            left_behind: LeftBehind::default(),
            options,
        })))
    }

    /// Answers one HTTP request, whatever its path.
    ///
    /// # Cancel safety
    /// Dropping the future is what a client's going away does: a modern request is cancelled, a legacy one
    /// goes on.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<ReplyBody>
    where
        B: Body,
        B::Data: Buf,
    {
        let (head, body) = request.into_parts();
        let endpoint = &self.0;
        let source = guard::check_source(&endpoint.options, head.version, &head.uri, &head.headers);
        let (reply, page) = match source {
            Err(refusal) => (Reply::refuse(refusal.status, refusal.message), None),
            // A browser asks without saying who asks.
            Ok(Some(_)) if cors::is_preflight(&head) => {
                (Reply::NoContent, head.headers.get(ORIGIN))
            }
            Ok(page) => (endpoint.reply(&head, body).await, page),
        };
        let (reply, permit) = endpoint.admit(reply);
        let mut response = reply.into_response(permit).await;
        if let Some(page) = page {
            if cors::is_preflight(&head) {
                cors::answer_preflight(&head.headers, response.headers_mut());
            }
            cors::let_read(response.headers_mut(), page.clone());
        }
        response
    }

    pub(super) fn options(&self) -> &Options {
        &self.0.options
    }

    /// Stops the endpoint, before the router that it is mounted in: streams that have no end of their own are
    /// ended, no further calls are taken on (503), and those that are at work may go on until they are done or
    /// [`Options::drain_timeout`] is over. What is then still at work for a client that waits ends with its
    /// connection; what is at work for one that went away is stopped.
    ///
    /// ```no_run
    /// use axum::Router;
    /// use midfield::Server;
    /// use midfield::transport::Stop;
    /// use midfield::transport::http::{HttpService, Options};
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let service = Server::new("demo", "1.0.0").build()?;
    /// let endpoint = HttpService::new(service, Options::new())?;
    /// let router: Router = Router::new().route_service("/mcp", endpoint.clone());
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:7420").await?;
    /// let mut stop = Stop::listen()?;
    /// // Without `close`, axum would wait for clients that listen, and they for the server.
    /// let stopped = async move {
    ///     stop.asked().await;
    ///     endpoint.close().await;
    /// };
    /// axum::serve(listener, router).with_graceful_shutdown(stopped).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future stops the waiting; the endpoint stays closed.
    pub async fn close(&self) {
        let _cut_on_drop = self.0.left_behind.drop_guard();
        self.close_after(std::future::ready(())).await;
    }

    /// Stops the endpoint: first the connections end, whose calls may be left behind by it.
    pub(super) async fn close_after(&self, connections: impl Future<Output = ()>) {
        let endpoint = &self.0;
        // In this order: what begins in between sees that it may not.
        endpoint.stop.cancel();
        endpoint.sessions.end_own_streams();
        endpoint.streams.end();
        let drained = async {
            connections.await;
            // Whoever has all of them knows that no call has one.
            let _all = endpoint.calls.acquire_many(endpoint.max_calls).await;
            endpoint.left_behind.wait().await;
        };
        let limit = endpoint.options.drain_timeout;
        if tokio::time::timeout(limit, drained).await.is_err() {
            tracing::warn!("calls were still at work when the time to finish them was over");
        }
    }

    /// Stops the calls whose clients went away when the guard is dropped.
    pub(super) fn cut_on_drop(&self) -> DropGuard {
        self.0.left_behind.drop_guard()
    }
}

impl Endpoint {
    /// Takes the work of a reply on, if there is room for it.
    fn admit(&self, reply: Reply) -> (Reply, Option<OwnedSemaphorePermit>) {
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

    async fn reply<B>(&self, head: &Parts, body: B) -> Reply
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

impl<B> tower_service::Service<Request<B>> for HttpService
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: Send,
{
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.handle(request).await) })
    }
}
