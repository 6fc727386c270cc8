//! The settings of the HTTP transport.

use std::sync::Arc;
use std::time::Duration;

use super::names::{Host, OptionsError, Origin, Path};
use crate::auth::Authenticate;

/// The settings of the HTTP transport. The defaults are safe for a server on the user's own machine.
///
/// A path, host or origin that is none is told when the endpoint is made: see [`OptionsError`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    pub(super) path: Path,
    pub(super) hosts: Hosts,
    pub(super) origins: Vec<Origin>,
    pub(super) max_body: usize,
    pub(super) max_connections: usize,
    pub(super) max_calls: usize,
    pub(super) header_timeout: Duration,
    pub(super) body_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) drain_timeout: Duration,
    pub(super) sessions: bool,
    pub(super) session_lifetime: Duration,
    pub(super) authenticate: Option<Authenticator>,
    pub(super) authenticate_timeout: Duration,
    pub(super) legacy_sse: Option<Path>,
    /// The first thing that was given and is none.
    refused: Option<OptionsError>,
}

/// What finds out who asks.
#[derive(Clone)]
pub(super) struct Authenticator(pub(super) Arc<dyn Authenticate>);

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator")
    }
}

/// Which names of itself the server answers to.
#[derive(Clone, Debug)]
pub(super) enum Hosts {
    /// `localhost`, `127.0.0.1` and `[::1]`, and those that are added.
    Loopback { more: Vec<Host> },
    /// Any.
    Any,
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            path: Path::default(),
            hosts: Hosts::Loopback { more: Vec::new() },
            origins: Vec::new(),
            max_body: 4 * 1024 * 1024,
            max_connections: 10_000,
            max_calls: 10_000,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_mins(1),
            drain_timeout: Duration::from_secs(10),
            sessions: true,
            session_lifetime: Duration::from_hours(24),
            authenticate: None,
            authenticate_timeout: Duration::from_secs(10),
            legacy_sse: None,
            refused: None,
        }
    }

    /// Sets the path of the endpoint. Default: `/mcp`. [`HttpService`](super::HttpService) in a router of
    /// its own ignores it.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        if let Some(path) = self.given(Path::parse(path.into())) {
            self.path = path;
        }
        self
    }

    /// Adds a host name, such as `mcp.example.com`, that requests may be addressed to, on any port. By
    /// default only names of the own machine are: that stops web pages from reaching the server by DNS
    /// rebinding.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        let host = self.given(Host::parse(host.into()));
        if let Hosts::Loopback { more } = &mut self.hosts {
            more.extend(host);
        }
        self
    }

    /// Accepts requests whatever host they are addressed to. Only behind a proxy that checks it.
    pub fn allow_any_host(mut self) -> Self {
        self.hosts = Hosts::Any;
        self
    }

    /// Adds an origin, such as `https://app.example.com`, whose pages may call the server and read its answers: it
    /// answers what their browsers ask beforehand (CORS). By default only pages of the own machine may; a request
    /// without `Origin` comes from no page.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        let origin = self.given(Origin::parse(origin.into()));
        self.origins.extend(origin);
        self
    }

    /// Sets the most bytes of a body. Default: 4 MiB. A longer one is answered with 413.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sets the most connections at once. Default: 10,000. Further ones wait to be accepted.
    pub fn max_connections(mut self, count: usize) -> Self {
        self.max_connections = count;
        self
    }

    /// Sets the most calls that handlers work on at once. Default: 10,000. A further one is answered
    /// with 503.
    pub fn max_calls(mut self, count: usize) -> Self {
        self.max_calls = count;
        self
    }

    /// Sets the longest time that a connection may take to send the head of a request. Default: 30 s.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// Sets the longest time that a client may take to send a body. Default: 30 s.
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.body_timeout = timeout;
        self
    }

    /// Sets the longest time that a client may read nothing while there is something to write to it.
    /// Default: 60 s. Its connection is then cut: a handler that speaks to a client which does not read would
    /// wait for ever.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Sets how long requests that are at work may go on after the server was told to stop. Default: 10 s.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }

    /// Sets whether clients of legacy revisions get a session. Default: yes.
    ///
    /// Without one each of their requests stands for itself: it is taken for the revision that its version
    /// header names, cannot be cancelled, and its log level cannot be set.
    pub fn sessions(mut self, sessions: bool) -> Self {
        self.sessions = sessions;
        self
    }

    /// Sets how the server finds out who asks. Default: it does not, and serves everybody alike.
    pub fn authenticate(mut self, authenticate: impl Authenticate) -> Self {
        self.authenticate = Some(Authenticator(Arc::new(authenticate)));
        self
    }

    /// Sets the longest time that it may take to find out who asks. Default: 10 s. The request is then answered
    /// with 503.
    pub fn authenticate_timeout(mut self, timeout: Duration) -> Self {
        self.authenticate_timeout = timeout;
        self
    }

    /// Serves clients of revision 2024-11-05, which know only the
    /// [HTTP+SSE transport](https://modelcontextprotocol.io/specification/2024-11-05/basic/transports#http-with-sse),
    /// at `path`, such as `/sse`. Default: not at all. It is the path as clients know it: they are told to send
    /// their messages there. The work of such a session ends with its stream. [`Options::sessions`] is about
    /// the other transport and changes nothing here.
    pub fn legacy_sse(mut self, path: impl Into<String>) -> Self {
        self.legacy_sse = self.given(Path::parse(path.into()));
        self
    }

    /// Sets how long a session lasts, from its beginning. Default: 24 hours. A client whose session has
    /// ended begins a new one.
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.session_lifetime = lifetime;
        self
    }

    /// What was given, unless it is none.
    fn given<T>(&mut self, parsed: Result<T, OptionsError>) -> Option<T> {
        parsed
            .map_err(|error| self.refused.get_or_insert(error))
            .ok()
    }

    /// The options, if everything that was given is one.
    pub(super) fn checked(mut self) -> Result<Self, OptionsError> {
        match self.refused.take() {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    /// The options, if they give each endpoint a path of its own.
    pub(super) fn apart(self) -> Result<Self, OptionsError> {
        if self.legacy_sse.as_ref() == Some(&self.path) {
            let path = self.path.as_str().to_owned();
            return Err(OptionsError::SamePath { path });
        }
        Ok(self)
    }

    /// Whether a request to this path is one of the HTTP+SSE transport.
    pub(super) fn is_old_transport(&self, path: &str) -> bool {
        let old = self.legacy_sse.as_ref();
        old.is_some_and(|old| old.as_str() == path)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
