//! What goes back: one JSON body, or a stream of events once there is something to say before the
//! response.

mod body;
mod work;

pub use body::ReplyBody;
pub(super) use body::{KEEP_ALIVE, WRITE_SIZE, keep_alive, push_event};
pub(super) use work::{AfterDrop, Resumable};

use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use midfield_protocol::jsonrpc::{self, Code, ErrorObject};
use tokio::sync::OwnedSemaphorePermit;

use self::body::Content;
use self::work::Guarded;
use super::legacy::SESSION_ID;
use super::sse::Events;
use super::stream::Reader;
use crate::server::{Answered, Piece, Seat};
use crate::transport::work::Work;

/// What one HTTP request is answered with, before it is known whether that takes a stream.
#[derive(Debug)]
pub(super) enum Reply {
    /// A JSON-RPC message.
    Json(StatusCode, Vec<u8>),
    /// A session was opened.
    Opened { id: String, response: Vec<u8> },
    /// A notification was taken.
    Accepted,
    /// An answer is being kept: it is taken when it is.
    Keeping(Answered),
    /// A session was ended.
    NoContent,
    /// The method is none that the endpoint has.
    NotAllowed { allowed: &'static str },
    /// Nobody has proven to be anybody, or to be somebody who may do this.
    Challenged(StatusCode, HeaderValue),
    /// A stream of a session is read.
    Read {
        reader: Reader,
        /// Its place among the streams of its principal.
        seat: Seat,
        /// After how long it ends with its session, where it has no end of its own.
        ends: Option<Duration>,
    },
    /// A session of the old transport was opened.
    Events(Box<Events>),
    /// Handlers are at work.
    AtWork { work: Work, guard: AfterDrop },
}

impl Reply {
    /// A refusal that belongs to no request.
    pub(super) fn refuse(status: StatusCode, message: &'static str) -> Self {
        let error = ErrorObject::new(Code::INVALID_REQUEST, message);
        Self::Json(status, jsonrpc::error(None, &error))
    }

    /// The refusal of one more stream of a principal that has as many as it may.
    pub(super) fn too_many_streams() -> Self {
        Self::refuse(
            StatusCode::TOO_MANY_REQUESTS,
            "you listen by as many streams as one client may have open; end one of them first",
        )
    }

    /// The refusal of a request of which it cannot be found out who makes it.
    pub(super) fn not_told_apart() -> Self {
        Self::refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "it cannot be found out now who asks: try again later",
        )
    }

    /// The refusal of what would begin while the server stops.
    pub(super) fn stopping() -> Self {
        Self::refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server stops and takes nothing more on; try again later",
        )
    }

    /// The refusal to do this work now.
    pub(super) fn busy(work: &Work) -> Self {
        let message = "the server works on as many calls as it can; try again later";
        let error = ErrorObject::new(Code::INTERNAL_ERROR, message);
        let id = match work {
            Work::One(exchange) => Some(exchange.id()),
            Work::Batch(_) | Work::Preceded(..) => None,
        };
        Self::Json(StatusCode::SERVICE_UNAVAILABLE, jsonrpc::error(id, &error))
    }

    /// The HTTP response. Waits until it is known whether it is a stream.
    pub(super) async fn into_response(
        self,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Response<ReplyBody> {
        let (work, guard) = match self {
            Self::Json(status, bytes) => return json(status, bytes),
            Self::Opened { id, response } => return opened(&id, response),
            Self::Accepted => return empty(StatusCode::ACCEPTED),
            Self::Keeping(keeping) => return kept(keeping.kept().await),
            Self::NoContent => return empty(StatusCode::NO_CONTENT),
            Self::NotAllowed { allowed } => return not_allowed(allowed),
            Self::Challenged(status, challenge) => return challenged(status, challenge),
            Self::Read { reader, seat, ends } => {
                return stream(ReplyBody::reader(reader, Some(seat), ends));
            }
            Self::Events(events) => return stream(ReplyBody(Content::Events(events))),
            Self::AtWork { work, guard } => (work, guard),
        };
        let mut work = Guarded {
            work: Some(work),
            guard,
            permit,
        };
        let first = tokio::time::timeout(work.stream_after(), work.next()).await;
        match first {
            Ok(Piece::Response(response)) => {
                let status = StatusCode::from_u16(response.http_status);
                json(status.unwrap_or(StatusCode::OK), response.bytes)
            }
            Ok(Piece::Cancelled) => stream(ReplyBody(Content::Empty)),
            Ok(piece) => stream(work.into_stream(Some(piece))),
            // A stream that says nothing yet keeps proxies from giving up on the request.
            Err(_) => stream(work.into_stream(None)),
        }
    }
}

fn json(status: StatusCode, bytes: Vec<u8>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody(Content::Full(Bytes::from(bytes))));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn not_allowed(allowed: &'static str) -> Response<ReplyBody> {
    let error = ErrorObject::new(Code::INVALID_REQUEST, "send messages by POST");
    let mut response = json(StatusCode::METHOD_NOT_ALLOWED, jsonrpc::error(None, &error));
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn challenged(status: StatusCode, challenge: HeaderValue) -> Response<ReplyBody> {
    let message = if status == StatusCode::FORBIDDEN {
        "who asks may not do this"
    } else {
        "the server serves only those who prove who they are; send `Authorization: Bearer …`"
    };
    let error = ErrorObject::new(Code::INVALID_REQUEST, message);
    let mut response = json(status, jsonrpc::error(None, &error));
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn opened(id: &str, bytes: Vec<u8>) -> Response<ReplyBody> {
    let mut response = json(StatusCode::OK, bytes);
    // The id is base64, so that it is a header value.
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(&SESSION_ID, id);
    }
    response
}

/// What is said of an answer that was to be kept.
fn kept(kept: Result<(), midfield_protocol::Error>) -> Response<ReplyBody> {
    match kept {
        Ok(()) => empty(StatusCode::ACCEPTED),
        Err(error) => {
            let error = ErrorObject::new(Code::INTERNAL_ERROR, error.to_string());
            json(
                StatusCode::SERVICE_UNAVAILABLE,
                jsonrpc::error(None, &error),
            )
        }
    }
}

fn empty(status: StatusCode) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody(Content::Empty));
    *response.status_mut() = status;
    response
}

fn stream(body: ReplyBody) -> Response<ReplyBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
