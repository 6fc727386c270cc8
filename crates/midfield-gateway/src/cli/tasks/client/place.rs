//! Where the server is, and as whom it is asked.

use clap::Args;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::{Host, Url};

use super::super::Failure;
use crate::config::http_url;

/// Where the server is, and as whom it is asked.
#[derive(Debug, Args)]
pub(in crate::cli::tasks) struct Place {
    /// The endpoint of the server.
    #[arg(
        long,
        value_name = "URL",
        global = true,
        default_value = "http://127.0.0.1:7420/mcp"
    )]
    url: String,

    /// A header to send with every request, such as `X-Tenant: oncology`. May be given more than once.
    #[arg(long, value_name = "NAME: VALUE", global = true)]
    header: Vec<String>,

    /// The environment variable that holds the bearer token; without one, none is sent.
    #[arg(
        long,
        value_name = "NAME",
        global = true,
        default_value = "MIDFIELD_TOKEN"
    )]
    token_env: String,
}

impl Place {
    /// Read here and not by clap, which would quote a URL that holds a password.
    pub(super) fn url(&self) -> Result<Url, Failure> {
        http_url(&self.url).map_err(|told| Failure::Usage(format!("`--url` {told}")))
    }

    /// What is sent with every request.
    pub(super) fn headers(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        if let Some(token) = std::env::var_os(&self.token_env).filter(|token| !token.is_empty()) {
            let token = token
                .to_str()
                .map(|token| format!("Bearer {}", token.trim()));
            let value = token.and_then(|token| HeaderValue::from_str(&token).ok());
            let mut value = value.ok_or_else(|| {
                Failure::Usage(format!(
                    "the token in `{}` has characters that no header can hold",
                    self.token_env
                ))
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        for text in &self.header {
            let (name, value) = parse_header(text).ok_or_else(|| {
                // The value may be a secret.
                Failure::Usage("`--header` takes `NAME: VALUE`".to_owned())
            })?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

fn parse_header(text: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(':')?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name.trim().parse().ok()?, value))
}

/// Whether the URL leads to this machine, which no proxy does.
pub(super) fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
