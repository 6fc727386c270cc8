//! What a server is to its client: a command to start, or a URL to call.

use std::fmt;
use std::path::PathBuf;

use url::Url;

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Entry {
    /// It is started, and spoken to over its standard streams.
    Command(Process),
    /// It is called over HTTP.
    Url(Endpoint),
}

/// The process of a server, and how it is started. Arguments are passed on one by one; no shell reads them.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// A path, or a name that is looked for in `PATH`.
    pub program: String,
    /// What the program is given.
    pub arguments: Vec<String>,
    /// Variables that are set for it, beside those that it inherits.
    pub environment: Secrets,
    /// The folder that it is started in. Default: the client's own.
    pub folder: Option<PathBuf>,
}

/// Without arguments: they may be secrets that stood in variables.
impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("program", &self.program)
            .field("environment", &self.environment)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Process {
    /// A process without variables of its own.
    pub fn new(
        program: impl Into<String>,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            environment: Secrets::default(),
            folder: None,
        }
    }
}

/// Where a server is called.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoint {
    /// The URL. Of a resolved entry it is one of `http` or `https`.
    pub url: String,
    /// Headers that go with every request, such as `Authorization`.
    pub headers: Secrets,
    /// The transport that its file names. Without one, Streamable HTTP is tried first.
    pub transport: Option<Transport>,
}

impl Endpoint {
    /// An endpoint without headers.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Secrets::default(),
            transport: None,
        }
    }
}

/// User name, password, query and fragment may be secrets, and are not shown.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = Url::parse(&self.url).map_or_else(
            |_| "…".to_owned(),
            |url| {
                let host = url.host_str().unwrap_or_default();
                let port = url
                    .port()
                    .map_or_else(String::new, |port| format!(":{port}"));
                format!("{}://{host}{port}{}", url.scheme(), url.path())
            },
        );
        f.debug_struct("Endpoint")
            .field("url", &shown)
            .field("headers", &self.headers)
            .field("transport", &self.transport)
            .finish()
    }
}

/// The transport of an endpoint
/// ([2026-07-28, transports](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Streamable HTTP.
    Http,
    /// HTTP+SSE of revision 2024-11-05.
    Sse,
}

impl Transport {
    /// The word for it in configuration files.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Sse => "sse",
        }
    }
}

/// Names and values in their order. The values may be secrets: `Debug` shows the names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<(String, String)>);

impl Secrets {
    /// The names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The value under `name`, in whichever case that was written.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut all = self.iter();
        all.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Adds a name, or gives a known one another value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut secrets = Self::default();
        for (name, value) in pairs {
            secrets.set(name, value);
        }
        secrets
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
