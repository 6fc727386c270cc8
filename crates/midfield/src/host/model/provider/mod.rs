//! Who runs models, and how they are asked.

mod anthropic;
mod content;
mod draft;
mod http;
mod names;
mod open_ai;
mod own;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::types::{CreateMessage, SamplingContent};
use serde_json::Value;
use url::{Host, Url};

pub(super) use self::draft::{Completion, Usage};
use self::http::Endpoint;
use self::names::Names;
use self::open_ai::LengthField;
use self::own::Own;
use self::stream::Stream;
use super::failure::Failure;
use super::key::{ApiKey, ApiKeyError};
use crate::client::{Asker, Sample};

/// Who runs a model. Cheap to clone; several models may have the same.
#[derive(Clone, Debug)]
#[must_use]
pub struct Provider(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Http(Arc<Endpoint>, Dialect),
    Own(Own),
}

/// Which API an endpoint has.
#[derive(Clone, Copy, Debug)]
enum Dialect {
    Anthropic,
    OpenAi(LengthField),
}

/// Why a provider cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// A key would be readable on its way.
    #[error(
        "the address of the provider at `{host}` is no `https` one, which only this very machine may have"
    )]
    NotSecure {
        /// The host.
        host: String,
    },
    /// It is no address. It is not repeated, as it may hold a password.
    #[error(
        "the address of the provider is no absolute `https` URL, or has a user, a query or a fragment"
    )]
    Address,
    /// The key cannot be sent.
    #[error(transparent)]
    Key(#[from] ApiKeyError),
    /// There is no HTTP client.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
}

/// How long a provider may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Timeouts {
    connect: Duration,
    first_byte: Duration,
    whole: Duration,
}

impl Timeouts {
    /// 10 s to connect, 2 minutes to the first byte and between any two, 10 minutes in all.
    pub const fn new() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(2),
            whole: Duration::from_mins(10),
        }
    }

    /// Sets how long a connection may take to come about. Default: 10 s.
    pub const fn connect(mut self, connect: Duration) -> Self {
        self.connect = connect;
        self
    }

    /// Sets how long the provider may be silent, from the request to its first byte and between any two. Default: 2 minutes.
    pub const fn first_byte(mut self, first_byte: Duration) -> Self {
        self.first_byte = first_byte;
        self
    }

    /// Sets how long one attempt may take from its beginning to the last byte of the answer. Default: 10 minutes.
    pub const fn whole(mut self, whole: Duration) -> Self {
        self.whole = whole;
        self
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider {
    /// The Messages API of Anthropic.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn anthropic(key: ApiKey) -> Result<Self, ProviderError> {
        Self::anthropic_at("https://api.anthropic.com/v1", key)
    }

    /// The same API elsewhere. `base` is the address up to and including the version, `https` unless it is on this machine.
    ///
    /// # Errors
    /// When the address is none or not secure, or no HTTP client can be made.
    pub fn anthropic_at(base: &str, key: ApiKey) -> Result<Self, ProviderError> {
        Self::http(base, "messages", Some(key), Dialect::Anthropic)
    }

    /// The Chat Completions API of OpenAI.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn open_ai(key: ApiKey) -> Result<Self, ProviderError> {
        let provider = Self::open_ai_at("https://api.openai.com/v1", Some(key))?;
        Ok(provider.max_completion_tokens())
    }

    /// The same API elsewhere, such as a server of models on this machine: `http://127.0.0.1:8080/v1`. `base` is the address up to
    /// and including the version, `https` unless it is on this machine.
    ///
    /// # Errors
    /// When the address is none or not secure, or no HTTP client can be made.
    pub fn open_ai_at(base: &str, key: Option<ApiKey>) -> Result<Self, ProviderError> {
        let dialect = Dialect::OpenAi(LengthField::MaxTokens);
        Self::http(base, "chat/completions", key, dialect)
    }

    /// A model that is asked in a way of one's own. It does not say what was spent, so that of budgets the most that it may
    /// cost is taken.
    pub fn own(model: impl Sample) -> Self {
        Self(Kind::Own(Own::new(model)))
    }

    /// Calls the limit of an answer's length `max_completion_tokens`, as OpenAI's own newer models want it, and not
    /// `max_tokens`, as others understand it. Of no matter to other APIs.
    pub fn max_completion_tokens(mut self) -> Self {
        if let Kind::Http(_, Dialect::OpenAi(length)) = &mut self.0 {
            *length = LengthField::MaxCompletionTokens;
        }
        self
    }

    /// Sets how long the provider may take. Of no matter to a model of one's own.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Result<Self, ProviderError> {
        if let Kind::Http(endpoint, _) = &mut self.0 {
            *endpoint = Arc::new(endpoint.with_timeouts(timeouts)?);
        }
        Ok(self)
    }

    fn http(
        base: &str,
        path: &str,
        key: Option<ApiKey>,
        dialect: Dialect,
    ) -> Result<Self, ProviderError> {
        let url = address(base, path)?;
        let endpoint = Endpoint::new(url, key, dialect, Timeouts::new())?;
        Ok(Self(Kind::Http(Arc::new(endpoint), dialect)))
    }

    /// Puts a request as this provider wants it.
    pub(super) fn prepare(
        &self,
        model: &str,
        request: &CreateMessage,
        max_tokens: u32,
    ) -> Result<Prepared, Failure> {
        let (endpoint, dialect) = match &self.0 {
            Kind::Http(endpoint, dialect) => (endpoint.clone(), *dialect),
            Kind::Own(own) => {
                let mut request = request.clone();
                request.max_tokens = max_tokens;
                return Ok(Prepared(Ready::Own(own.clone(), Box::new(request))));
            }
        };
        let names = Names::of(&tool_names(request));
        let body = match dialect {
            Dialect::Anthropic => anthropic::write(model, request, max_tokens, &names)?,
            Dialect::OpenAi(length) => open_ai::write(model, request, max_tokens, &names, length)?,
        };
        Ok(Prepared(Ready::Http {
            endpoint,
            dialect,
            model: model.to_owned(),
            names,
            body: body.to_string().into(),
        }))
    }
}

/// A request that is ready to be sent, also more than once.
#[derive(Debug)]
pub(super) struct Prepared(Ready);

#[derive(Debug)]
enum Ready {
    Http {
        endpoint: Arc<Endpoint>,
        dialect: Dialect,
        model: String,
        names: Names,
        body: bytes::Bytes,
    },
    Own(Own, Box<CreateMessage>),
}

impl Prepared {
    /// Asks once.
    pub(super) async fn ask(&self, asker: &Asker) -> Result<Completion, Failure> {
        match &self.0 {
            Ready::Http {
                endpoint,
                dialect,
                model,
                names,
                body,
            } => {
                let draft = endpoint.ask(*dialect, body.clone()).await?;
                draft.finish(model, names)
            }
            Ready::Own(own, request) => own.ask((**request).clone(), asker.clone()).await,
        }
    }
}

impl Dialect {
    fn stream(self) -> Stream {
        match self {
            Self::Anthropic => Stream::Anthropic(anthropic::Stream::default()),
            Self::OpenAi(_) => Stream::OpenAi(open_ai::Stream::default()),
        }
    }

    /// Reads an answer that came whole.
    fn read(self, body: &[u8]) -> Result<draft::Draft, Failure> {
        match self {
            Self::Anthropic => anthropic::read(body),
            Self::OpenAi(_) => open_ai::read(body),
        }
    }
}

/// The names of all tools that a request tells of.
fn tool_names(request: &CreateMessage) -> Vec<&str> {
    let described = request.tools.iter().map(|tool| tool.name.as_str());
    let contents = request.messages.iter().flat_map(|it| &it.content);
    let used = contents.filter_map(|content| match content {
        SamplingContent::ToolUse(tool_use) => Some(tool_use.name.as_str()),
        _ => None,
    });
    described.chain(used).collect()
}

fn address(base: &str, path: &str) -> Result<Url, ProviderError> {
    let mut url = Url::parse(base).map_err(|_| ProviderError::Address)?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let host = url.host_str().filter(|_| is_bare);
    let host = host.ok_or(ProviderError::Address)?.to_owned();
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine(&url) => {}
        "http" => return Err(ProviderError::NotSecure { host }),
        _ => return Err(ProviderError::Address),
    }
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path.split('/'));
    }
    Ok(url)
}

/// Whether the URL leads to this machine, which no proxy does. A name below `localhost` is not taken for it: where that leads is up to
/// whoever resolves names, and a key would be readable on its way.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A provider's word for a kind of error, in the body that comes with it.
fn kind_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let kind = error["code"].as_str().or_else(|| error["type"].as_str());
    kind.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked_without_encryption() {
        let told = |base: &str| address(base, "a/b").map(String::from);
        for (base, url) in [
            ("https://models.test/v1", "https://models.test/v1/a/b"),
            ("https://models.test/v1/", "https://models.test/v1/a/b"),
            ("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1/a/b"),
            ("http://[::1]:1", "http://[::1]:1/a/b"),
            ("http://localhost/v1", "http://localhost/v1/a/b"),
        ] {
            assert_eq!(told(base).ok().as_deref(), Some(url));
        }
        for base in [
            "http://models.test/v1",
            "http://127.0.0.1.models.test",
            "http://localhost.models.test",
            "http://10.0.0.1/v1",
            "ftp://127.0.0.1/",
            "https://user:secret@models.test",
            "https://models.test/?key=secret",
            "models.test",
            "data:text/plain,x",
        ] {
            let error = told(base).expect_err(base);
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
