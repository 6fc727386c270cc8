//! The HTTP side: one POST, one answer, on axum.

use std::convert::Infallible;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::routing::post;
use axum::serve::ListenerExt;
use bytes::Bytes;
use futures_util::stream;
use tokio::net::TcpListener;

use crate::Responses;
use crate::answer::{Answer, answer};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// Serves `/mcp` until the process ends.
pub(crate) async fn serve(port: u16, responses: Responses) -> Result<()> {
    let app = Router::new()
        .route("/mcp", post(respond))
        .with_state(responses);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(
        listener.tap_io(|stream| drop(stream.set_nodelay(true))),
        app,
    )
    .await?)
}

async fn respond(State(responses): State<Responses>, body: Bytes) -> Response<Body> {
    let (message, opens_session) = match answer(&body) {
        Err(_) => return empty(StatusCode::BAD_REQUEST),
        Ok(Answer::Nothing) => return empty(StatusCode::ACCEPTED),
        Ok(Answer::Initialized(message)) => (message, true),
        Ok(Answer::One(message)) => (message, false),
        Ok(Answer::Progress(progress)) => {
            let events = progress
                .messages()
                .map(|message| Ok::<_, Infallible>(Bytes::from(event(&message))));
            return with_type(Body::from_stream(stream::iter(events)), EVENTS);
        }
    };
    let mut response = match responses {
        Responses::Sse => with_type(Body::from(event(&message)), EVENTS),
        Responses::Json => with_type(Body::from(message), JSON),
    };
    if opens_session {
        response
            .headers_mut()
            .insert("mcp-session-id", HeaderValue::from_static("limit"));
    }
    response
}

fn with_type(body: Body, content_type: HeaderValue) -> Response<Body> {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn event(message: &[u8]) -> Vec<u8> {
    let mut event = Vec::with_capacity(message.len() + 24);
    event.extend_from_slice(b"event: message\ndata: ");
    event.extend_from_slice(message);
    event.extend_from_slice(b"\n\n");
    event
}
