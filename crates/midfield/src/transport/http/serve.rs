//! Accepting connections, and stopping: no new ones, then those that are at work, each within a limit.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::lines::WholeLineEnds;
use super::options::Options;
use super::reply::{Reply, ReplyBody};
use super::service::HttpService;
use crate::server::{ServeError, Service};

/// Serves `service` on `listener` until `shutdown` completes, then lets what is at work finish within the
/// limit that the options set.
///
/// # Errors
/// When the options make no endpoint, or the listener fails for good.
///
/// # Cancel safety
/// Dropping the future cuts all connections.
pub async fn serve(
    listener: TcpListener,
    service: Service,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let endpoint = HttpService::new(service.clone(), options.apart()?)?;
    let tasks = service.serve_tasks();
    let connections = Arc::new(Semaphore::new(
        endpoint
            .options()
            .max_connections
            .min(Semaphore::MAX_PERMITS),
    ));
    let tracker = TaskTracker::new();
    let stop = CancellationToken::new();
    // Whatever way this future ends, its connections end too, and what they have left behind.
    let cut = CancellationToken::new();
    let _cut_on_drop = (cut.clone().drop_guard(), endpoint.cut_on_drop());
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &connections) => accepted?,
        };
        tracker.spawn(connection(
            accepted,
            endpoint.clone(),
            stop.clone(),
            cut.clone(),
        ));
    }
    drop(listener);
    stop.cancel();
    tracker.close();
    endpoint.close_after(tracker.wait()).await;
    tasks.end().await;
    Ok(())
}

type Accepted = (TcpStream, OwnedSemaphorePermit);

/// Accepts the next connection, once there is room for it.
async fn accept(listener: &TcpListener, connections: &Arc<Semaphore>) -> io::Result<Accepted> {
    let permit = connections
        .clone()
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Without it a kept-alive connection waits 40 ms for the client's acknowledgement.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "could not set TCP_NODELAY");
                }
                return Ok((stream, permit));
            }
            Err(error) if is_about_one_connection(&error) => {}
            // Out of file descriptors, most likely: others will be closed.
            Err(error) => {
                tracing::error!(%error, "could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Serves one connection until it ends, or until `stop` and the end of the request that is at work, or until
/// `cut`. That is looked at in here, since a future around this one would hold its size three times.
async fn connection(
    (stream, _permit): Accepted,
    endpoint: HttpService,
    stop: CancellationToken,
    cut: CancellationToken,
) {
    let header_timeout = endpoint.options().header_timeout;
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(endpoint.options().write_timeout));
    let stream = WholeLineEnds::new(Box::pin(stream));
    let answer = service_fn(|request: Request<Incoming>| {
        let endpoint = endpoint.clone();
        async move { Ok::<_, Infallible>(route(&endpoint, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = cut.cancelled() => return,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = &mut connection => ended,
                () = cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

async fn route(endpoint: &HttpService, request: Request<Incoming>) -> Response<ReplyBody> {
    let options = endpoint.options();
    let path = request.uri().path();
    if path == options.path.as_str() || options.is_old_transport(path) {
        return endpoint.handle(request).await;
    }
    let message = "there is nothing at this path";
    Reply::refuse(StatusCode::NOT_FOUND, message)
        .into_response(None)
        .await
}

/// Most headers of a request; a further one is answered with 431.
const MAX_HEADERS: usize = 100;

/// Most bytes of a request's head, and of what is read ahead.
const MAX_BUFFER: usize = 64 * 1024;

/// How long to wait when no connection can be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
