//! Streamable HTTP: a request for each message, answered at once or by a stream of events
//! ([2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http),
//! [2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http)).

mod listen;
mod post;
mod sse;
mod stream;

pub(in crate::client) use sse::open as open_sse;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use http::header::HeaderValue;
use midfield_protocol::wire::Codec;
use reqwest::redirect::{Action, Attempt, Policy};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::super::Error;
use super::super::hear::Hearing;
use super::super::loopback::is_loopback;
use super::{Answer, Failure, Outgoing, Outlet, Sending};

/// An endpoint, and the session there if there is one.
pub(in crate::client) struct Http {
    server: Arc<str>,
    client: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    max_message: usize,
    /// How long a server may take to say that it has taken a message which is no request.
    patience: Duration,
    session: Mutex<Option<HeaderValue>>,
    /// The session has ended, as either side has said.
    is_over: AtomicBool,
    /// What is spoken, as soon as that is known.
    codec: OnceLock<Codec>,
    is_listening: AtomicBool,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Http {
    /// An endpoint that nothing was sent to yet.
    pub(in crate::client) fn new(
        server: Arc<str>,
        url: Url,
        headers: HeaderMap,
        max_message: usize,
        patience: Duration,
        hearing: &Hearing,
    ) -> Result<Arc<Self>, Error> {
        let client = client(&url, patience).map_err(|error| Error::Target {
            detail: format!("could not make the HTTP client: {}", chain(&error)),
        })?;
        Ok(Arc::new(Self {
            server,
            client,
            url,
            headers,
            max_message,
            patience,
            session: Mutex::default(),
            is_over: AtomicBool::new(false),
            codec: OnceLock::new(),
            is_listening: AtomicBool::new(false),
            tasks: hearing.tasks().clone(),
            stop: hearing.stop().child_token(),
        }))
    }

    /// From now on it is known what is spoken.
    pub(in crate::client) fn speak(&self, codec: Codec) {
        // A link has one beginning.
        let _ = self.codec.set(codec);
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn request(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        hearing: &Arc<Hearing>,
    ) -> Result<Answer, Failure> {
        let mut interest = Interest {
            http: self,
            outgoing,
            runtime: Handle::current(),
            is_over: false,
        };
        let answer = self.exchange(outgoing, hearing).await;
        interest.is_over = true;
        answer
    }

    async fn exchange(
        self: &Arc<Self>,
        outgoing: &Outgoing,
        hearing: &Arc<Hearing>,
    ) -> Result<Answer, Failure> {
        let response = self.post(outgoing).await?;
        match self.kind(response, outgoing).await? {
            post::Reply::Answer(answer) => Ok(answer),
            post::Reply::Body(body) => self.read_body(&body, outgoing, hearing),
            post::Reply::Events(response) => self.read_events(response, outgoing, hearing).await,
        }
    }

    /// Sends what is no request.
    pub(super) async fn send(&self, message: Vec<u8>) -> Result<(), Error> {
        self.post_message(message).await
    }

    pub(super) fn is_listening(&self) -> bool {
        self.is_listening.load(Ordering::Relaxed)
    }

    /// Ends the session, if there is one.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        let session = self.session().clone();
        if let Some(session) = session
            && !self.is_over.swap(true, Ordering::Relaxed)
        {
            self.delete(session).await;
        }
    }

    fn session(&self) -> std::sync::MutexGuard<'_, Option<HeaderValue>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn broken(&self, detail: impl Into<String>) -> Error {
        Error::Broken {
            server: self.server.clone(),
            detail: detail.into(),
        }
    }

    fn interrupted(&self, detail: impl Into<String>) -> Error {
        Error::Interrupted {
            server: self.server.clone(),
            detail: detail.into(),
        }
    }
}

impl Outlet for Http {
    fn send(&self, message: Vec<u8>) -> Sending<'_> {
        Box::pin(self.post_message(message))
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// The wish for an answer. When nobody wants it any more a legacy server is told so; a modern one sees that its stream is closed.
struct Interest<'a> {
    http: &'a Arc<Http>,
    outgoing: &'a Outgoing,
    /// It may be dropped where there is no runtime.
    runtime: Handle,
    is_over: bool,
}

impl Drop for Interest<'_> {
    fn drop(&mut self) {
        if self.is_over || !self.outgoing.is_cancellable || !self.outgoing.codec.has_sessions() {
            return;
        }
        let id = midfield_protocol::jsonrpc::RequestId::Integer(self.outgoing.id);
        let Ok(message) = midfield_protocol::wire::cancelled(&id, Some("no longer wanted")) else {
            return;
        };
        let http = self.http.clone();
        let cancelling = async move {
            if let Err(error) = http.post_message(message).await {
                tracing::debug!(%error, "a request could not be cancelled");
            }
        };
        self.http.tasks.spawn_on(cancelling, &self.runtime);
    }
}

fn client(url: &Url, patience: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("midfield/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(patience)
        .redirect(Policy::custom(within_origin));
    // A proxy of the environment does not lead to this machine.
    if url.host().as_ref().is_some_and(is_loopback) {
        builder.no_proxy().build()
    } else {
        builder.build()
    }
}

/// Another origin may be another party, which neither arguments nor secrets are meant for. And by any other status the request
/// would be followed without its body.
fn within_origin(attempt: Attempt<'_>) -> Action {
    let first = attempt.previous().first();
    let is_own = first.is_some_and(|first| first.origin() == attempt.url().origin());
    let is_whole = matches!(attempt.status().as_u16(), 307 | 308);
    if is_own && is_whole && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// An error with its causes, without the URL, which may hold a secret.
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&error.to_string());
        cause = error.source();
    }
    if text.is_empty() {
        "the HTTP client failed".into()
    } else {
        text
    }
}

/// Most redirects within an origin that are followed.
const MAX_REDIRECTS: usize = 3;
