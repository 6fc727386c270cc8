//! Requests to a provider, and its answers as far as they are bounded.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, redirect};
use tokio::time::timeout;
use url::Url;

use super::super::failure::{Failure, Word};
use super::super::key::{ApiKey, ApiKeyError};
use super::draft::Draft;
use super::stream::MAX_EVENT;
use super::{Dialect, ProviderError, Timeouts, is_this_machine, kind_of};
use crate::client::retry_after;
use crate::event_stream::Events;

/// Where a provider is asked, and as whom.
#[derive(Debug)]
pub(in super::super) struct Endpoint {
    client: Client,
    url: Url,
    key: Option<ApiKey>,
    headers: HeaderMap,
    timeouts: Timeouts,
}

impl Endpoint {
    pub(super) fn new(
        url: Url,
        key: Option<ApiKey>,
        dialect: Dialect,
        timeouts: Timeouts,
    ) -> Result<Self, ProviderError> {
        Ok(Self {
            client: client(&url, timeouts)?,
            headers: headers(key.as_ref(), dialect)?,
            url,
            key,
            timeouts,
        })
    }

    pub(super) fn with_timeouts(&self, timeouts: Timeouts) -> Result<Self, ProviderError> {
        Ok(Self {
            client: client(&self.url, timeouts)?,
            url: self.url.clone(),
            key: self.key.clone(),
            headers: self.headers.clone(),
            timeouts,
        })
    }

    /// Asks once.
    pub(super) async fn ask(&self, dialect: Dialect, body: Bytes) -> Result<Draft, Failure> {
        let whole = self.timeouts.whole;
        let answer = timeout(whole, self.answer(dialect, body)).await;
        answer.unwrap_or_else(|_| Err(too_slow("did not finish", whole)))
    }

    async fn answer(&self, dialect: Dialect, body: Bytes) -> Result<Draft, Failure> {
        let request = self.client.post(self.url.clone());
        let request = request.headers(self.headers.clone()).body(body);
        let response = self.in_time(request.send()).await?;
        let response = response.map_err(|error| self.lost(error))?;
        if !response.status().is_success() {
            return Err(self.refused(response).await);
        }
        let is_stream = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.trim_start().starts_with("text/event-stream"));
        if is_stream {
            self.follow(response, dialect).await
        } else {
            // Some servers do not stream.
            let body = self.body(response, MAX_BODY).await?;
            dialect.read(&body)
        }
    }

    async fn follow(&self, mut response: Response, dialect: Dialect) -> Result<Draft, Failure> {
        let mut stream = dialect.stream();
        let mut events = Events::new(MAX_EVENT);
        let mut length = 0;
        while !stream.is_done() {
            let Some(chunk) = self.chunk(&mut response).await? else {
                break;
            };
            length += chunk.len();
            if length > MAX_BODY {
                return Err(too_large());
            }
            events.add(&chunk);
            stream.take_all(&mut events)?;
        }
        stream.finish()
    }

    async fn body(&self, mut response: Response, most: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk(&mut response).await? {
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    async fn chunk(&self, response: &mut Response) -> Result<Option<Bytes>, Failure> {
        let chunk = self.in_time(response.chunk()).await?;
        chunk.map_err(|error| self.lost(error))
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let silence = self.timeouts.first_byte;
        let done = timeout(silence, work).await;
        done.map_err(|_| too_slow("said nothing", silence))
    }

    /// Logs why there is no connection any more, or none at all.
    fn lost(&self, error: reqwest::Error) -> Failure {
        let is_connect = error.is_connect();
        let error = error.without_url();
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes.push(self.scrub(&error.to_string()));
            cause = error.source();
        }
        tracing::warn!(
            host = self.host(),
            "a model's provider: {error}: {}",
            causes.join(": ")
        );
        if is_connect {
            Failure::Unreachable
        } else {
            Failure::Cut
        }
    }

    /// Logs what the provider has against it, which only its own kind of error is told of.
    async fn refused(&self, response: Response) -> Failure {
        let status = response.status().as_u16();
        let after = response.headers().get(RETRY_AFTER);
        let after = after.and_then(|value| value.to_str().ok());
        let retry_after = after.and_then(|value| retry_after(value, SystemTime::now()));
        // A body that is too large, or never ends, tells nothing.
        let body = self.body(response, MAX_ERROR).await.unwrap_or_default();
        let kind = kind_of(&body).filter(|kind| self.scrub(kind) == *kind);
        let kind = kind.as_deref().and_then(Word::new);
        // What is said of a key may quote a part of it.
        let said = match status {
            401 | 403 => String::new(),
            300..=399 => "it points elsewhere, where the key is not sent".to_owned(),
            // A key that is cut would not be known any more.
            _ => excerpt(&self.scrub(&String::from_utf8_lossy(&body))),
        };
        tracing::warn!(
            host = self.host(),
            status,
            kind = kind.as_ref().map(Word::as_str),
            "a model's provider refuses: {said}"
        );
        let is_busy = matches!(status, 429 | 503 | 529);
        let is_out_of_money = kind.as_ref().map(Word::as_str) == Some("insufficient_quota");
        if is_busy && !is_out_of_money {
            Failure::Busy {
                status,
                retry_after,
            }
        } else {
            Failure::Refused { status, kind }
        }
    }

    fn scrub(&self, text: &str) -> String {
        match &self.key {
            Some(key) => key.scrub(text),
            None => text.to_owned(),
        }
    }

    fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

fn client(url: &Url, timeouts: Timeouts) -> Result<Client, ProviderError> {
    let mut client = Client::builder()
        .user_agent(concat!("midfield/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .connect_timeout(timeouts.connect)
        // The key would go along.
        .redirect(redirect::Policy::none());
    if is_this_machine(url) {
        client = client.no_proxy();
    }
    client.build().map_err(ProviderError::Client)
}

fn headers(key: Option<&ApiKey>, dialect: Dialect) -> Result<HeaderMap, ApiKeyError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("text/event-stream, application/json"),
    );
    match dialect {
        Dialect::Anthropic => {
            let version = HeaderName::from_static("anthropic-version");
            headers.insert(version, HeaderValue::from_static("2023-06-01"));
            if let Some(key) = key {
                headers.insert(HeaderName::from_static("x-api-key"), key.header("")?);
            }
        }
        Dialect::OpenAi(_) => {
            if let Some(key) = key {
                headers.insert(AUTHORIZATION, key.header("Bearer ")?);
            }
        }
    }
    Ok(headers)
}

/// The beginning of what a provider says, on one line.
fn excerpt(text: &str) -> String {
    let shown = text.chars().filter(|it| !it.is_control());
    shown.take(MAX_EXCERPT).collect()
}

fn too_slow(what: &str, limit: Duration) -> Failure {
    Failure::TimedOut(format!("{what} within {} s", limit.as_secs_f64()))
}

fn too_large() -> Failure {
    Failure::unusable(format!("it is larger than {} MiB", MAX_BODY >> 20))
}

/// Most bytes of an answer, of which a stream has many for each that is said.
const MAX_BODY: usize = 16 << 20;
/// Most bytes of an answer that refuses.
const MAX_ERROR: usize = 64 << 10;
/// Most characters of it in the log.
const MAX_EXCERPT: usize = 500;
