//! What goes back: one JSON body, or a stream of events once there is something to say before the
//! response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use midfield_protocol::jsonrpc::{self, Code, ErrorObject};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::left_behind::LeftBehind;
use super::legacy::SESSION_ID;
use super::session::AtWork;
use crate::server::Piece;
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
    /// A session was ended.
    NoContent,
    /// The method is none that the endpoint has.
    NotAllowed { allowed: &'static str },
    /// Handlers are at work.
    AtWork { work: Work, guard: AfterDrop },
}

/// What becomes of work whose client goes away before it is done.
#[derive(Debug)]
pub(super) enum AfterDrop {
    /// It is stopped.
    Stop,
    /// It goes on until it is done, and can be cancelled meanwhile.
    GoOn {
        left_behind: LeftBehind,
        guards: Vec<AtWork>,
    },
}

impl Reply {
    /// A refusal that belongs to no request.
    pub(super) fn refuse(status: StatusCode, message: &'static str) -> Self {
        let error = ErrorObject::new(Code::INVALID_REQUEST, message);
        Self::Json(status, jsonrpc::error(None, &error))
    }

    /// The refusal to do this work now.
    pub(super) fn busy(work: &Work) -> Self {
        let message = "the server works on as many calls as it can; try again later";
        let error = ErrorObject::new(Code::INTERNAL_ERROR, message);
        let id = match work {
            Work::One(exchange) => Some(exchange.id()),
            Work::Batch(_) => None,
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
            Self::NoContent => return empty(StatusCode::NO_CONTENT),
            Self::NotAllowed { allowed } => return not_allowed(allowed),
            Self::AtWork { work, guard } => (work, guard),
        };
        let mut work = Kept {
            work: Some(work),
            guard,
            permit,
        };
        match tokio::time::timeout(STREAM_AFTER, work.next()).await {
            Ok(Piece::Response(bytes)) => json(StatusCode::OK, bytes),
            Ok(Piece::Cancelled) => stream(ReplyBody(Content::Empty)),
            Ok(Piece::Event(event)) => stream(ReplyBody::stream(sse(&event), work)),
            // A stream that says nothing yet keeps proxies from giving up on the request.
            Err(_) => stream(ReplyBody::stream(KEEP_ALIVE.to_vec(), work)),
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

fn opened(id: &str, bytes: Vec<u8>) -> Response<ReplyBody> {
    let mut response = json(StatusCode::OK, bytes);
    // The id is base64, so that it is a header value.
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(&SESSION_ID, id);
    }
    response
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

/// One message as an event.
fn sse(message: &[u8]) -> Vec<u8> {
    let mut event = Vec::with_capacity(message.len() + 24);
    push_event(&mut event, message);
    event
}

fn push_event(events: &mut Vec<u8>, message: &[u8]) {
    events.extend_from_slice(b"event: message\ndata: ");
    events.extend_from_slice(message);
    events.extend_from_slice(b"\n\n");
}

/// The body of a response.
#[derive(Debug)]
pub struct ReplyBody(Content);

#[derive(Debug)]
enum Content {
    Empty,
    Full(Bytes),
    Stream(Box<Stream>),
}

/// Events of a request that is being answered.
#[derive(Debug)]
struct Stream {
    /// What was written before the stream began.
    first: Vec<u8>,
    work: Kept,
    keep_alive: Interval,
}

impl ReplyBody {
    fn stream(first: Vec<u8>, work: Kept) -> Self {
        let mut keep_alive = interval(KEEP_ALIVE_PERIOD);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        keep_alive.reset();
        Self(Content::Stream(Box::new(Stream {
            first,
            work,
            keep_alive,
        })))
    }
}

impl Stream {
    /// The next bytes: every event that is ready, up to a limit, in one write.
    fn poll_bytes(&mut self, task: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut bytes = std::mem::take(&mut self.first);
        while bytes.len() < WRITE_SIZE && self.work.is_unfinished() {
            match self.work.poll_next(task) {
                Poll::Ready(Piece::Event(message) | Piece::Response(message)) => {
                    push_event(&mut bytes, &message);
                }
                Poll::Ready(Piece::Cancelled) => {}
                Poll::Pending => break,
            }
        }
        if !bytes.is_empty() {
            self.keep_alive.reset();
            return Poll::Ready(Some(bytes.into()));
        }
        if !self.work.is_unfinished() {
            return Poll::Ready(None);
        }
        self.keep_alive
            .poll_tick(task)
            .map(|_| Some(Bytes::from_static(KEEP_ALIVE)))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Content::Empty => Poll::Ready(None),
            Content::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Content::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Content::Stream(stream) => stream
                .poll_bytes(task)
                .map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Content::Empty)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Empty => SizeHint::with_exact(0),
            Content::Full(bytes) => {
                SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            }
            Content::Stream(_) => SizeHint::default(),
        }
    }
}

/// Work whose end is seen to when the client goes away.
#[derive(Debug)]
struct Kept {
    /// Empty once the last piece is out.
    work: Option<Work>,
    guard: AfterDrop,
    permit: Option<OwnedSemaphorePermit>,
}

impl Kept {
    fn is_unfinished(&self) -> bool {
        self.work.is_some()
    }

    async fn next(&mut self) -> Piece {
        std::future::poll_fn(|task| self.poll_next(task)).await
    }

    fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<Piece> {
        let Some(work) = &mut self.work else {
            return Poll::Ready(Piece::Cancelled);
        };
        let piece = work.poll_next(task);
        if matches!(piece, Poll::Ready(Piece::Response(_) | Piece::Cancelled)) {
            self.work = None;
        }
        piece
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let (
            Some(work),
            AfterDrop::GoOn {
                left_behind,
                guards,
            },
        ) = (self.work.take(), &mut self.guard)
        else {
            return;
        };
        // While the runtime goes down there is nobody left to go on.
        if tokio::runtime::Handle::try_current().is_ok() {
            let guards = std::mem::take(guards);
            let permit = self.permit.take();
            left_behind.spawn(async move {
                let mut work = work;
                while let Piece::Event(_) = work.next().await {}
                drop((guards, permit));
            });
        }
    }
}

/// How long a request may be silent before its answer becomes a stream.
const STREAM_AFTER: Duration = Duration::from_secs(10);

/// How long a stream may be silent.
const KEEP_ALIVE_PERIOD: Duration = Duration::from_secs(15);

/// An event-stream comment, which readers skip.
const KEEP_ALIVE: &[u8] = b":\n\n";

/// Events are gathered into one write up to this size.
const WRITE_SIZE: usize = 16 * 1024;
