//! How messages get to a server and back. A link knows frames, and of MCP only what its transport has to show of them.

mod child;
mod http;
mod pipe;

pub(super) use child::Child;
pub use child::Command;
pub(super) use http::{Http, open_sse};
pub(super) use pipe::Pipe;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use http_types::{HeaderName, HeaderValue};
use midfield_protocol::Raw;
use midfield_protocol::jsonrpc::ErrorObject;
use midfield_protocol::wire::Codec;

use super::Error;
use super::hear::Hearing;

use ::http as http_types;

/// What a request was answered with: a result, or an error of the server's.
pub(super) type Answer = Result<Raw, ErrorObject>;

/// Why a request got no answer, and what that means for another attempt.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    /// The server has not begun with it, so that it may be sent again whatever it does.
    pub(super) is_unsent: bool,
    /// The session or the process that it was sent to is there no more.
    pub(super) is_gone: bool,
}

impl Failure {
    pub(super) fn unsent(error: Error) -> Self {
        Self {
            error,
            is_unsent: true,
            is_gone: false,
        }
    }

    pub(super) fn gone(error: Error, is_unsent: bool) -> Self {
        Self {
            error,
            is_unsent,
            is_gone: true,
        }
    }
}

/// A request that may have been carried out, or not.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            is_unsent: false,
            is_gone: false,
        }
    }
}

/// A request that is ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) id: i64,
    pub(super) method: String,
    pub(super) bytes: Bytes,
    pub(super) codec: Codec,
    /// What the header `Mcp-Name` says, where the call has one.
    pub(super) name: Option<String>,
    /// Headers that repeat arguments.
    pub(super) mirrored: Vec<(HeaderName, HeaderValue)>,
    /// Nobody but the server can end it: `initialize` must not be cancelled.
    pub(super) is_cancellable: bool,
    /// Who is told of a result that comes after it was cancelled, where such a result may have left something behind.
    pub(super) unclaimed: Option<Weak<dyn Unclaimed>>,
}

/// Is told of results that nobody waits for any more.
pub(super) trait Unclaimed: Send + Sync {
    fn came(self: Arc<Self>, codec: Codec, result: Raw);
}

/// A way to send what is no request: notifications, and answers to the server's own requests.
pub(super) trait Outlet: Send + Sync {
    fn send(&self, message: Vec<u8>) -> Sending<'_>;
}

pub(super) type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// A connection to a server.
#[derive(Debug)]
pub(super) enum Link {
    /// One stream of bytes in each direction, shared by all.
    Pipe(Pipe),
    /// The same with a process at its other end.
    Child(Child),
    /// A request of HTTP for each message.
    Http(Arc<Http>),
}

impl Link {
    /// Sends a request and waits for its answer. What the server says meanwhile goes to `hearing`. Dropping the future cancels
    /// the request.
    pub(super) async fn request(
        &self,
        outgoing: &Outgoing,
        hearing: &Arc<Hearing>,
    ) -> Result<Answer, Failure> {
        match self {
            Self::Pipe(pipe) => pipe.request(outgoing).await,
            Self::Child(child) => child.pipe().request(outgoing).await,
            // Most of it is the HTTP client's, and a call over a pipe need not carry it.
            Self::Http(http) => Box::pin(http.request(outgoing, hearing)).await,
        }
    }

    /// Sends what is no request.
    pub(super) async fn send(&self, message: Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Pipe(pipe) => pipe.send(&message),
            Self::Child(child) => child.pipe().send(&message),
            Self::Http(http) => http.send(message).await,
        }
    }

    /// Whether notifications come by themselves, without a request that carries them.
    pub(super) fn hears_unasked(&self) -> bool {
        match self {
            Self::Pipe(_) | Self::Child(_) => true,
            Self::Http(http) => http.is_listening(),
        }
    }

    /// Ends it in good order.
    pub(super) async fn close(&self) {
        match self {
            Self::Pipe(pipe) => pipe.close(),
            Self::Child(child) => child.close().await,
            Self::Http(http) => http.close().await,
        }
    }
}
