//! What a client connects to.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::{Command, Error};
use crate::server::{Server, Service};

/// A server to connect to: an address, a program, or a server within this process.
///
/// It is made from a URL, as a [`Url`] or a text, from a [`Command`], from a pair of streams by [`Target::pipe`], and from a
/// [`Server`] or a [`Service`], for tests.
#[derive(Clone)]
pub struct Target {
    pub(super) kind: Kind,
    pub(super) name: Option<String>,
}

#[derive(Clone)]
pub(super) enum Kind {
    Http {
        url: Url,
        headers: HeaderMap,
        transport: Transport,
    },
    Command(Command),
    Memory(Service),
    Streams(Streams),
}

/// What is read from, and what is written to.
pub(super) type Pair = (
    Box<dyn AsyncRead + Send + Unpin>,
    Box<dyn AsyncWrite + Send + Unpin>,
);

/// Two streams of bytes, which are there until they are taken.
#[derive(Clone)]
pub(super) struct Streams(Arc<Mutex<Option<Pair>>>);

impl Streams {
    /// The streams, once.
    pub(super) fn take(&self) -> Option<Pair> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// How an address is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// By Streamable HTTP, or by HTTP+SSE where the server knows no other. Default.
    #[default]
    Auto,
    /// By HTTP+SSE, the transport of revision 2024-11-05.
    Sse,
}

impl Target {
    fn of(kind: Kind) -> Self {
        Self { kind, name: None }
    }

    /// A server at the other end of two streams of bytes, a message in each line: `input` is what it writes, `output` what it
    /// reads. It serves for whatever this library does not connect to by itself, such as a socket or a channel of SSH.
    ///
    /// The streams are used once. When they end, so does the client: nothing is connected anew, and of the clones of such a
    /// target only the first that connects has a server.
    ///
    /// ```no_run
    /// use midfield::client::Target;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let socket = tokio::net::TcpStream::connect("127.0.0.1:9000").await?;
    /// let (input, output) = socket.into_split();
    /// let client = midfield::Client::connect(Target::pipe(input, output)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pipe<R, W>(input: R, output: W) -> Self
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let pair: Pair = (Box::new(input), Box::new(output));
        Self::of(Kind::Streams(Streams(Arc::new(Mutex::new(Some(pair))))))
    }

    /// Calls the server so, in errors and before those who are asked on its behalf. Default: the address without what may be
    /// secret, or the program.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sends a header with every request, such as `Authorization`. Only addresses have headers: elsewhere it changes nothing.
    #[must_use]
    pub fn header(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        if let Kind::Http { headers, .. } = &mut self.kind {
            value.set_sensitive(true);
            headers.append(name, value);
        }
        self
    }

    /// Sets how an address is spoken to.
    #[must_use]
    pub fn transport(mut self, by: Transport) -> Self {
        if let Kind::Http { transport, .. } = &mut self.kind {
            *transport = by;
        }
        self
    }

    /// What the server is called.
    pub(super) fn server(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        match &self.kind {
            Kind::Http { url, .. } => {
                let mut shown = url.clone();
                shown.set_query(None);
                shown.set_fragment(None);
                // An address that cannot have them has none.
                let _ = shown.set_username("");
                let _ = shown.set_password(None);
                shown.to_string()
            }
            Kind::Command(command) => command.words(),
            Kind::Memory(_) => "the server in memory".into(),
            Kind::Streams(_) => "the server at the pipe".into(),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("server", &self.server())
            .finish_non_exhaustive()
    }
}

impl TryFrom<Url> for Target {
    type Error = Error;

    fn try_from(url: Url) -> Result<Self, Error> {
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(Error::Target {
                detail: format!(
                    "a server is at an `http` or `https` URL, not at one of `{}`",
                    url.scheme()
                ),
            });
        }
        Ok(Self::of(Kind::Http {
            url,
            headers: HeaderMap::new(),
            transport: Transport::Auto,
        }))
    }
}

impl TryFrom<&str> for Target {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        let url = Url::parse(text).map_err(|error| Error::Target {
            detail: format!("the address of the server is no URL: {error}"),
        })?;
        url.try_into()
    }
}

impl From<Command> for Target {
    fn from(command: Command) -> Self {
        Self::of(Kind::Command(command))
    }
}

impl From<Service> for Target {
    fn from(service: Service) -> Self {
        Self::of(Kind::Memory(service))
    }
}

impl TryFrom<Server> for Target {
    type Error = Error;

    fn try_from(server: Server) -> Result<Self, Error> {
        let service = server.build().map_err(|error| Error::Target {
            detail: error.to_string(),
        })?;
        Ok(service.into())
    }
}

/// A conversion that cannot fail does not.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
