//! The endpoint: the path of one HTTP request, top to bottom.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Buf;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body::Body;
use midfield_protocol::jsonrpc::{self, Incoming, Message};
use midfield_protocol::wire::RequestMeta;
use tokio::sync::Semaphore;

use super::body::{self, Unread};
use super::classify::{Class, classify, headers_are_modern};
use super::guard;
use super::left_behind::LeftBehind;
use super::legacy::Legacy;
use super::modern;
use super::options::Options;
use super::reply::{Reply, ReplyBody};
use super::session::Sessions;
use crate::server::Service;

/// A server behind HTTP. It is a [`tower_service::Service`], to be mounted in a router:
///
/// ```
/// use axum::Router;
/// use midfield::Server;
/// use midfield::transport::http::{HttpService, Options};
///
/// let service = Server::new("demo", "1.0.0").build()?;
/// let router: Router = Router::new().route_service("/mcp", HttpService::new(service, Options::new()));
/// # Ok::<(), midfield::BuildError>(())
/// ```
///
/// Clones are handles to the same endpoint.
#[derive(Clone, Debug)]
pub struct HttpService(Arc<Endpoint>);

#[derive(Debug)]
struct Endpoint {
    service: Service,
    options: Options,
    sessions: Arc<Sessions>,
    calls: Arc<Semaphore>,
    left_behind: LeftBehind,
}

impl HttpService {
    /// Puts `service` behind HTTP.
    pub fn new(service: Service, options: Options) -> Self {
        Self(Arc::new(Endpoint {
            service,
            sessions: Arc::default(),
            calls: Arc::new(Semaphore::new(
                options.max_calls.min(Semaphore::MAX_PERMITS),
            )),
            left_behind: LeftBehind::default(),
            options,
        }))
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
        let reply = self.0.reply(request).await;
        let Reply::AtWork { work, .. } = &reply else {
            return reply.into_response(None).await;
        };
        if let Ok(permit) = self.0.calls.clone().try_acquire_owned() {
            return reply.into_response(Some(permit)).await;
        }
        Reply::busy(work).into_response(None).await
    }

    pub(super) fn options(&self) -> &Options {
        &self.0.options
    }

    /// The calls whose clients went away, and which go on.
    pub(super) fn left_behind(&self) -> &LeftBehind {
        &self.0.left_behind
    }
}

impl Endpoint {
    async fn reply<B>(&self, request: Request<B>) -> Reply
    where
        B: Body,
        B::Data: Buf,
    {
        let (head, body) = request.into_parts();
        let checked = guard::check_source(&self.options, head.version, &head.uri, &head.headers);
        if let Err(refusal) = checked {
            return Reply::refuse(refusal.status, refusal.message);
        }
        if head.method != Method::POST {
            return self.without_message(&head.method, &head.headers);
        }
        if let Err(refusal) = guard::check_media(&head.headers) {
            return Reply::refuse(refusal.status, refusal.message);
        }
        match body::read(body, self.options.max_body, self.options.body_timeout).await {
            Ok(bytes) => self.answer(&head.headers, &bytes),
            Err(unread) => refuse_unread(&unread),
        }
    }

    /// Answers a request that brings no message. Only the legacy era knows such ones.
    fn without_message(&self, method: &Method, headers: &HeaderMap) -> Reply {
        let is_legacy = self.options.sessions && !headers_are_modern(headers);
        match *method {
            Method::DELETE if is_legacy => self.legacy().delete(headers),
            Method::GET if is_legacy => self.legacy().listen(headers),
            _ => self.legacy().not_allowed(),
        }
    }

    /// Answers a body. The era is decided here and nowhere below.
    fn answer(&self, headers: &HeaderMap, bytes: &[u8]) -> Reply {
        match Incoming::parse(bytes) {
            Ok(Incoming::Single(Message::Request(request))) => match classify(headers, &request) {
                Class::Modern(meta) => modern::answer(&self.service, headers, meta, &request),
                Class::Legacy(meta) => {
                    self.legacy()
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
                self.legacy()
                    .answer(headers, message, Ok(RequestMeta::default()))
            }
            Ok(Incoming::Batch(messages)) => self.legacy().answer_batch(headers, messages),
            Err(rejected) => {
                let error = jsonrpc::error(rejected.id.as_ref(), &rejected.error);
                Reply::Json(StatusCode::BAD_REQUEST, error)
            }
        }
    }

    fn legacy(&self) -> Legacy<'_> {
        Legacy {
            service: &self.service,
            options: &self.options,
            sessions: &self.sessions,
            left_behind: &self.left_behind,
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

fn seconds_since_1970() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
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
