//! The listener of figures: `GET /metrics` and nothing else.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use midfield::Service;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::scrape;
use super::text::MEDIA_TYPE;

/// Serves the figures of `service`, until the future is dropped: then all connections are cut.
pub(crate) async fn serve(listener: TcpListener, service: Service) {
    let mut connections = JoinSet::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let is_local = listener
        .local_addr()
        .is_ok_and(|address| address.ip().is_loopback());
    loop {
        // A permit that is dropped again lets the next connection in.
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match accept(&listener).await {
            Ok(stream) => {
                let service = service.clone();
                connections.spawn(async move {
                    let _permit = permit;
                    connection(stream, service, is_local).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection for figures could not be accepted");
                tokio::time::sleep(AFTER_AN_ERROR).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _peer): (_, SocketAddr) = listener.accept().await?;
    Ok(stream)
}

async fn connection(stream: TcpStream, service: Service, is_local: bool) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(answer(&request, &service, is_local).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(DEADLINE)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer);
    // Whoever does not read is let go; nobody is told of a connection that broke.
    let _ = tokio::time::timeout(2 * DEADLINE, connection).await;
}

async fn answer(
    request: &Request<Incoming>,
    service: &Service,
    is_local: bool,
) -> Response<Full<Bytes>> {
    if is_local && !names_this_machine(request) {
        return refusal(
            StatusCode::FORBIDDEN,
            "figures are for this machine: call it localhost\n",
        );
    }
    if request.uri().path() != "/metrics" {
        return refusal(StatusCode::NOT_FOUND, "figures are at /metrics\n");
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = refusal(StatusCode::METHOD_NOT_ALLOWED, "figures are only read\n");
        let allowed = HeaderValue::from_static("GET, HEAD");
        refused.headers_mut().insert(ALLOW, allowed);
        return refused;
    }
    let mut response = Response::new(Full::from(scrape(service).await));
    let media_type = HeaderValue::from_static(MEDIA_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// A web page whose name was pointed at this machine does not call it by a name of its own.
fn names_this_machine(request: &Request<Incoming>) -> bool {
    let Some(host) = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
    else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn refusal(status: StatusCode, told: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(told));
    *response.status_mut() = status;
    response
}

/// Whoever gathers figures has one connection; a few more do no harm.
const MAX_CONNECTIONS: usize = 16;
const MAX_HEAD: usize = 16 << 10;
const DEADLINE: Duration = Duration::from_secs(10);
const AFTER_AN_ERROR: Duration = Duration::from_millis(200);
