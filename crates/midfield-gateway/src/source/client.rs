//! The HTTP clients that documents are fetched and services are called with.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Response};
use url::Url;

use super::address::{ChosenBy, is_public};

/// The clients of one gateway. Clones share connections.
///
/// None uses a proxy, follows a redirect to another origin, or unpacks compressed answers.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    following: Pair,
    still: Pair,
}

/// A client for each of those who may choose an address.
#[derive(Clone, Debug)]
struct Pair {
    any: Client,
    public: Client,
}

impl Clients {
    /// Makes the clients. Connects to nothing.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            following: Pair::new(|| builder().redirect(Policy::custom(within_origin)))?,
            still: Pair::new(|| builder().redirect(Policy::none()))?,
        })
    }

    /// The client for addresses that were chosen so.
    pub(super) fn of(&self, chosen_by: ChosenBy) -> &Client {
        self.following.of(chosen_by)
    }

    /// The client for addresses that were chosen so, which gives redirects to its caller.
    pub(super) fn still(&self, chosen_by: ChosenBy) -> &Client {
        self.still.of(chosen_by)
    }
}

impl Pair {
    fn new(builder: impl Fn() -> reqwest::ClientBuilder) -> anyhow::Result<Self> {
        let tried = "could not make the HTTP client";
        Ok(Self {
            any: builder().build().context(tried)?,
            public: builder()
                .dns_resolver(PublicResolver)
                .build()
                .context(tried)?,
        })
    }

    fn of(&self, chosen_by: ChosenBy) -> &Client {
        match chosen_by {
            ChosenBy::Operator => &self.any,
            ChosenBy::Document => &self.public,
        }
    }
}

fn builder() -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("midfield/", env!("CARGO_PKG_VERSION")))
        .referer(false)
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
}

/// Another origin may be another party, which neither arguments nor secrets are meant for.
fn within_origin(attempt: Attempt<'_>) -> Action {
    let first = attempt.previous().first();
    let is_own = first.is_some_and(|first| first.origin() == attempt.url().origin());
    if is_own && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// Looks names up and drops the addresses that are not on the internet.
///
/// Not asked for addresses that are written as numbers; those are checked where they are read.
struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(NotPublic {
                    name: name.as_str().to_owned(),
                }
                .into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{name} is not on the internet: set `base_url` to allow it")]
struct NotPublic {
    name: String,
}

/// Fetches the document or file at `url`.
pub(super) async fn fetch(client: &Client, url: &Url, limit: usize) -> Result<Vec<u8>, FetchError> {
    let mut response = client
        .get(url.clone())
        .header("Accept", "application/json, application/yaml, */*;q=0.5")
        .timeout(FETCH_TIMEOUT)
        .send()
        .await
        .map_err(FetchError::send)?;
    let status = response.status();
    if !status.is_success() {
        return Err(FetchError::Status(status.as_u16()));
    }
    body(&mut response, limit).await
}

/// The body of an answer, up to `limit` bytes.
pub(super) async fn body(response: &mut Response, limit: usize) -> Result<Vec<u8>, FetchError> {
    // Nothing was asked to be compressed, and what is unpacked has no size that was agreed on.
    if let Some(encoding) = response.headers().get(reqwest::header::CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(FetchError::Compressed);
    }
    let too_large = || FetchError::TooLarge { limit };
    let announced = response
        .content_length()
        .and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = Vec::with_capacity(announced.unwrap_or_default());
    while let Some(chunk) = response.chunk().await.map_err(FetchError::send)? {
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Why an answer did not come. No text of it holds the URL, which may hold a secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer came in time")]
    TooSlow,
    #[error("could not connect")]
    Connect(#[source] reqwest::Error),
    #[error("the connection broke before the answer was complete, or it is not HTTP")]
    Broken(#[source] reqwest::Error),
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the answer is compressed, which was not asked for")]
    Compressed,
    #[error("the answer has the status {0}")]
    Status(u16),
}

impl FetchError {
    /// Whether it may be otherwise when the same is asked again.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::TooSlow | Self::Connect(_) | Self::Broken(_))
    }

    pub(super) fn send(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_timeout() {
            Self::TooSlow
        } else if error.is_connect() {
            Self::Connect(error)
        } else {
            Self::Broken(error)
        }
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);
pub(super) const MAX_REDIRECTS: usize = 5;

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_found() {
        let name = Name::from_str("localhost").unwrap();
        let error = PublicResolver.resolve(name).await.err().unwrap();
        assert_eq!(
            error.to_string(),
            "localhost is not on the internet: set `base_url` to allow it"
        );
    }
}
