//! Whether there is anything at the URL of a server: its name, its port, TLS, HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use midfield::client::config::Endpoint;
use reqwest::StatusCode;
use tokio::net::TcpStream;
use url::Url;

use super::{Record, Went};

/// Goes to the address, layer by layer.
pub(super) async fn check(record: &Record, endpoint: &Endpoint) -> Went {
    let Ok(url) = Url::parse(&endpoint.url) else {
        return record.bad("url", "it is no URL", "write it as https://HOST/PATH");
    };
    let has_proxy = [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ]
    .iter()
    .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if has_proxy {
        let advice = "where it fails, try without: `NO_PROXY` names the hosts that it is not for";
        record.fair(
            "proxy",
            "the environment names a proxy, which may be asked instead",
            advice,
        )?;
    } else {
        let addresses = match resolve(record, &url).await? {
            Ok(addresses) => addresses,
            Err(failed) => return Ok(Err(failed)),
        };
        if let Err(failed) = connect(record, &addresses).await? {
            return Ok(Err(failed));
        }
    }
    http(record, &url).await
}

async fn resolve(record: &Record, url: &Url) -> Went<Vec<SocketAddr>> {
    let host = url.host_str().unwrap_or_default();
    // As the resolver wants it, an IPv6 address has no brackets.
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let looked =
        tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port))).await;
    let addresses: Vec<SocketAddr> = match looked {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => {
            let advice = "look for a slip in the name; a name of an inner network needs its VPN or its resolver";
            return record.bad("dns", &format!("`{host}` has no address: {error}"), advice);
        }
        Err(_) => return record.bad("dns", "the resolver does not answer", "look at the network"),
    };
    let told: Vec<String> = addresses
        .iter()
        .take(4)
        .map(|it| it.ip().to_string())
        .collect();
    record.good("dns", &format!("{host} is {}", told.join(", ")))?;
    Ok(Ok(addresses))
}

async fn connect(record: &Record, addresses: &[SocketAddr]) -> Went {
    let mut seen = "there is no address".to_owned();
    for address in addresses {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                record.good("tcp", &format!("{address} accepts connections"))?;
                return Ok(Ok(()));
            }
            Ok(Err(error)) => seen = format!("{address}: {error}"),
            Err(_) => seen = format!("{address} does not answer within {} s", PATIENCE.as_secs()),
        }
    }
    let advice =
        "start the server, and look at the port; without an answer a firewall may be in between";
    record.bad("tcp", &seen, advice)
}

/// What an ordinary GET is answered with. A server need not know it; what matters is that one answers by HTTP.
async fn http(record: &Record, url: &Url) -> Went {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()?;
    let step = if url.scheme() == "https" {
        "tls, http"
    } else {
        "http"
    };
    let asked = client
        .get(url.clone())
        .header("accept", "text/event-stream")
        .send()
        .await;
    let response = match asked {
        Ok(response) => response,
        Err(error) => {
            let advice = if step == "http" {
                "is it a server of HTTPS, or of something else?"
            } else {
                "look at the certificate and its name; is it a server of plain HTTP, at http://?"
            };
            return record.bad(step, &chain(&error.without_url()), advice);
        }
    };
    let status = response.status();
    let seen = format!("GET is answered with {status}");
    if status.is_redirection() {
        let place = response
            .headers()
            .get("location")
            .and_then(|it| it.to_str().ok());
        let seen = format!(
            "{seen}, to {}",
            place.map_or_else(|| "nowhere".to_owned(), super::shown)
        );
        record.fair(
            step,
            &seen,
            "redirects are not followed: use the URL that it points to",
        )?;
    } else if status.is_server_error() {
        record.fair(
            step,
            &seen,
            "the server, or a proxy in front of it, is in trouble: look at its log",
        )?;
    } else if status == StatusCode::NOT_FOUND {
        record.fair(
            step,
            &seen,
            "does the URL end in the endpoint's path, such as /mcp?",
        )?;
    } else {
        record.good(step, &seen)?;
    }
    Ok(Ok(()))
}

/// An error with all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// How long a layer may take.
const PATIENCE: Duration = Duration::from_secs(10);
