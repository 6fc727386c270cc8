//! What a client connects to.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::{Command, Error, config};
use crate::server::{Server, Service};

/// A server to connect to: an address, a program, or a server within this process.
///
/// It is made from a URL, as a [`Url`] or a text, from a [`Command`], from a pair of streams by [`Target::pipe`], and from a
/// [`Server`] or a [`Service`], for tests.
#[derive(Clone)]
pub struct Target {
    pub(super) kind: Kind,
    pub(super) name: Option<String>,
    driver: Option<Driver>,
}

/// What has to run beside the client for its server to answer.
type Driver = Arc<Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>>;

#[derive(Clone)]
pub(super) enum Kind {
    Http {
        url: Url,
        headers: HeaderMap,
        transport: Transport,
    },
    Command(Command),
    Memory(Service),
    Pipe(Arc<Mutex<Option<Ends>>>),
}

/// A stream to read from and one to write to.
pub(super) type Ends = (
    Box<dyn AsyncRead + Send + Unpin>,
    Box<dyn AsyncWrite + Send + Unpin>,
);

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
        Self {
            kind,
            name: None,
            driver: None,
        }
    }

    /// A server at the other end of a pair of streams, a message in each line: `input` is what it writes, `output` what it reads. It
    /// serves for whatever this library does not connect to by itself, such as a socket or a channel of SSH.
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
    pub fn pipe(
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let ends: Ends = (Box::new(input), Box::new(output));
        Self::of(Kind::Pipe(Arc::new(Mutex::new(Some(ends)))))
    }

    /// The same, with what plays the server, which runs as long as the client.
    pub(super) fn driven(mut self, driver: impl Future<Output = ()> + Send + 'static) -> Self {
        self.driver = Some(Arc::new(Mutex::new(Some(Box::pin(driver)))));
        self
    }

    /// What has to run beside the client, to be taken once.
    pub(super) fn take_driver(&self) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let driver = self.driver.as_ref()?;
        driver.lock().unwrap_or_else(PoisonError::into_inner).take()
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
            Kind::Command(command) => command.name(),
            Kind::Memory(_) => "the server in memory".into(),
            Kind::Pipe(_) => "the server at the pipe".into(),
        }
    }

    /// Whether it can be connected to more than once: a pair of streams that somebody else has opened cannot.
    pub(super) fn can_reopen(&self) -> bool {
        !matches!(self.kind, Kind::Pipe(_))
    }

    /// What tells the server from all others, also after a restart: what it is called, and where it is. `None` for one that is nowhere
    /// and has no name.
    pub(super) fn identity(&self) -> Option<[u8; 32]> {
        let place = match &self.kind {
            Kind::Http { url, .. } => url.to_string(),
            Kind::Command(command) => command.words(),
            Kind::Memory(_) | Kind::Pipe(_) if self.name.is_none() => return None,
            Kind::Memory(_) | Kind::Pipe(_) => String::new(),
        };
        let name = self.name.as_deref().unwrap_or_default();
        let mut hash = Sha256::new_with_prefix(b"midfield server\0");
        hash.update(name.len().to_be_bytes());
        hash.update(name);
        hash.update(place);
        Some(hash.finalize().into())
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

/// What a host's file says of a server. Variables must have been put in: see [`config::Configured::resolve`].
impl TryFrom<config::Entry> for Target {
    type Error = Error;

    fn try_from(entry: config::Entry) -> Result<Self, Error> {
        match entry {
            config::Entry::Command(written) => {
                let mut command = Command::new(written.program).args(written.arguments);
                for (name, value) in written.environment.iter() {
                    command = command.env(name, value);
                }
                if let Some(folder) = written.folder {
                    command = command.folder(folder);
                }
                Ok(command.into())
            }
            config::Entry::Url(endpoint) => {
                let mut target = Self::try_from(endpoint.url.as_str())?;
                for (name, value) in endpoint.headers.iter() {
                    let invalid = || Error::Target {
                        detail: format!("the header {name:?} of the server's file cannot be sent"),
                    };
                    let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
                    target = target.header(name.parse().map_err(|_| invalid())?, value);
                }
                Ok(match endpoint.transport {
                    Some(config::Transport::Sse) => target.transport(Transport::Sse),
                    _ => target,
                })
            }
        }
    }
}
