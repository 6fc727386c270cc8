//! Where the server is, and as whom it is asked.

use clap::Args;
use reqwest::header::HeaderMap;
use url::{Host, Url};

use super::super::Failure;
use crate::cli::connection;
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
        connection::headers(&self.header, Some(&self.token_env)).map_err(Failure::Usage)
    }
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
