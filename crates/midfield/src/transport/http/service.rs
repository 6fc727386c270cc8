//! The endpoint as a service that a router can mount, and stop.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Buf;
use http::header::ORIGIN;
use http::{Request, Response};
use http_body::Body;
use tokio_util::sync::DropGuard;

use super::cors;
use super::endpoint::Endpoint;
use super::guard;
use super::names::OptionsError;
use super::options::Options;
use super::reply::{Reply, ReplyBody};
use crate::server::Service;

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

impl HttpService {
    /// Puts `service` behind HTTP.
    ///
    /// # Errors
    /// When a path, a host or an origin in `options` is none.
    pub fn new(service: Service, options: Options) -> Result<Self, OptionsError> {
        Ok(Self(Arc::new(Endpoint::new(service, options.checked()?))))
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
        endpoint.service.begin_tasks();
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
        if !self.0.drain(connections).await {
            tracing::warn!("calls were still at work when the time to finish them was over");
        }
    }

    /// Stops the calls whose clients went away when the guard is dropped.
    pub(super) fn cut_on_drop(&self) -> DropGuard {
        self.0.left_behind.drop_guard()
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
