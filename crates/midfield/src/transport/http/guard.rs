//! What is checked before a body is read: to whom the request is addressed, from which page it comes,
//! and whether both sides can read each other.

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, Version};
use midfield_protocol::wire::modern;

use super::names::Origin;
use super::options::{Hosts, Options};

/// A request that is refused for its head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: &'static str,
}

const fn refuse<T>(status: StatusCode, message: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, message })
}

/// Checks `Host` and `Origin`, against pages that reach the server by DNS rebinding
/// ([security](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#security--endpoint)).
/// The origin of the page that the request comes from, if it comes from one.
pub(super) fn check_source<'a>(
    options: &Options,
    version: Version,
    uri: &Uri,
    headers: &'a HeaderMap,
) -> Result<Option<&'a HeaderValue>, Refusal> {
    let host = match (single(headers, &HOST), uri.host()) {
        (Header::Single(host), _) => host_name(host),
        (Header::Absent, Some(host)) if version >= Version::HTTP_2 => Some(host),
        (Header::Absent, _) if version < Version::HTTP_11 => None,
        _ => {
            return refuse(
                StatusCode::BAD_REQUEST,
                "the request needs exactly one Host header",
            );
        }
    };
    // Where the target names a host itself, that one counts (RFC 9112, section 3.2.2).
    let hosts = [host, uri.host().or(host)];
    let is_allowed = |host: Option<&str>| match host {
        Some(host) => allows_host(&options.hosts, host),
        None => matches!(options.hosts, Hosts::Any),
    };
    if !hosts.into_iter().all(is_allowed) {
        return refuse(
            StatusCode::FORBIDDEN,
            "the server does not answer to this Host; its operator can allow it",
        );
    }
    match single(headers, &ORIGIN) {
        Header::Absent => Ok(None),
        Header::Single(origin) if allows_origin(&options.origins, origin) => {
            Ok(headers.get(ORIGIN))
        }
        _ => refuse(
            StatusCode::FORBIDDEN,
            "pages of this Origin may not call the server; its operator can allow them",
        ),
    }
}

/// Checks that the body is plain JSON.
pub(super) fn check_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_json = match single(headers, &CONTENT_TYPE) {
        Header::Single(value) => is_json(value),
        _ => false,
    };
    if !is_json {
        return refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send a body of Content-Type application/json",
        );
    }
    if headers.contains_key(CONTENT_ENCODING) {
        return refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send a body without Content-Encoding",
        );
    }
    Ok(())
}

/// Checks that the body is plain JSON and that the client reads both kinds of answers.
pub(super) fn check_media(headers: &HeaderMap) -> Result<(), Refusal> {
    check_json(headers)?;
    if !accepts_both(headers) {
        return refuse(
            StatusCode::NOT_ACCEPTABLE,
            "the Accept header must list both application/json and text/event-stream",
        );
    }
    Ok(())
}

/// The header that names the revision.
pub(super) static PROTOCOL_VERSION: HeaderName = HeaderName::from_static(modern::PROTOCOL_VERSION);

/// A header that may occur once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header<'a> {
    Absent,
    Single(&'a str),
    /// It occurs several times, or its value is no visible ASCII.
    Invalid,
}

/// The one value of a header.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Header<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Header::Absent,
        (Some(value), None) => value.to_str().map_or(Header::Invalid, Header::Single),
        (Some(_), Some(_)) => Header::Invalid,
    }
}

/// The name in `name:port` or `[address]:port`.
pub(super) fn host_name(authority: &str) -> Option<&str> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        return is_port(port).then_some(&authority[..address.len() + 2]);
    }
    let (name, port) = authority
        .find(':')
        .map_or((authority, ""), |at| authority.split_at(at));
    (is_port(port) && !name.is_empty()).then_some(name)
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok())
}

fn allows_host(hosts: &Hosts, host: &str) -> bool {
    match hosts {
        Hosts::Any => true,
        Hosts::Loopback { more } => {
            is_loopback(host) || more.iter().any(|allowed| allowed.is(host))
        }
    }
}

fn is_loopback(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(host))
}

fn allows_origin(origins: &[Origin], origin: &str) -> bool {
    if origins.iter().any(|allowed| allowed.is(origin)) {
        return true;
    }
    let authority = origin
        .strip_prefix("http://")
        .or_else(|| origin.strip_prefix("https://"));
    authority.and_then(host_name).is_some_and(is_loopback)
}

fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// Whether the client reads streams of events.
pub(super) fn accepts_events(headers: &HeaderMap) -> bool {
    accepted(headers).is_none_or(|(_, stream)| stream)
}

/// Whether the client reads both kinds of answers.
fn accepts_both(headers: &HeaderMap) -> bool {
    // As nearly every client writes it.
    if let Header::Single("application/json, text/event-stream") = single(headers, &ACCEPT) {
        return true;
    }
    accepted(headers).is_none_or(|(json, stream)| json && stream)
}

/// Whether the client reads JSON, and streams of events. Without the header any answer is welcome, as HTTP
/// has it.
fn accepted(headers: &HeaderMap) -> Option<(bool, bool)> {
    let mut json = false;
    let mut stream = false;
    let mut present = false;
    for value in headers.get_all(ACCEPT) {
        present = true;
        let Ok(value) = value.to_str() else {
            return Some((false, false));
        };
        for range in value.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            if parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000")) {
                continue;
            }
            let is = |name: &str| kind.eq_ignore_ascii_case(name);
            json |= is("application/json") || is("application/*") || is("*/*");
            stream |= is("text/event-stream") || is("text/*") || is("*/*");
        }
    }
    present.then_some((json, stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(entries: &[(HeaderName, &'static str)]) -> HeaderMap {
        entries
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    fn status(options: &Options, entries: &[(HeaderName, &'static str)]) -> Option<u16> {
        let mut map = HeaderMap::new();
        for (name, value) in entries {
            map.append(name, HeaderValue::from_static(value));
        }
        check_source(options, Version::HTTP_11, &Uri::from_static("/mcp"), &map)
            .err()
            .map(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn only_the_own_machine_is_answered_by_default() {
        let options = Options::new();
        for good in [
            "localhost",
            "LOCALHOST:7420",
            "127.0.0.1:1",
            "[::1]:7420",
            "[::1]",
        ] {
            assert_eq!(status(&options, &[(HOST, good)]), None, "{good}");
        }
        for evil in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "[::2]",
            "10.0.0.1",
        ] {
            assert_eq!(status(&options, &[(HOST, evil)]), Some(403), "{evil}");
        }
        assert_eq!(status(&options, &[]), Some(400));
        assert_eq!(
            status(&options, &[(HOST, "localhost"), (HOST, "evil.example")]),
            Some(400)
        );
        let open = Options::new().allow_host("MCP.example.com");
        assert_eq!(status(&open, &[(HOST, "mcp.example.com:443")]), None);
    }

    #[test]
    fn pages_of_other_origins_are_refused() {
        let options = Options::new().allow_origin("https://app.example.com");
        let with = |origin| status(&options, &[(HOST, "localhost"), (ORIGIN, origin)]);
        for good in [
            "http://localhost:6274",
            "https://app.example.com",
            "http://[::1]:1",
        ] {
            assert_eq!(with(good), None, "{good}");
        }
        for evil in [
            "null",
            "http://evil.example",
            "http://localhost.evil.example",
            "file://localhost",
            "http://evil@localhost.example",
            "",
        ] {
            assert_eq!(with(evil), Some(403), "{evil}");
        }
    }

    #[test]
    fn both_kinds_of_answers_must_be_acceptable() {
        let media = |accept| {
            let map = headers(&[(CONTENT_TYPE, "application/json"), (ACCEPT, accept)]);
            check_media(&map)
                .err()
                .map(|refusal| refusal.status.as_u16())
        };
        for good in [
            "application/json, text/event-stream",
            "*/*",
            "text/*;q=0.5, APPLICATION/JSON",
        ] {
            assert_eq!(media(good), None, "{good}");
        }
        for bad in [
            "application/json",
            "text/event-stream",
            "text/html",
            "application/json, text/event-stream;q=0",
            "",
        ] {
            assert_eq!(media(bad), Some(406), "{bad}");
        }
        assert_eq!(
            check_media(&headers(&[(
                CONTENT_TYPE,
                "application/json; charset=UTF-8"
            )])),
            Ok(())
        );
    }

    #[test]
    fn only_plain_json_is_read() {
        let refused = |entries: &[(HeaderName, &'static str)]| {
            check_media(&headers(entries))
                .err()
                .map(|refusal| refusal.status.as_u16())
        };
        assert_eq!(refused(&[]), Some(415));
        for kind in [
            "text/plain",
            "multipart/form-data",
            "application/json; charset=latin1",
            "application/jsonp",
        ] {
            assert_eq!(refused(&[(CONTENT_TYPE, kind)]), Some(415), "{kind}");
        }
        assert_eq!(
            refused(&[
                (CONTENT_TYPE, "application/json"),
                (CONTENT_ENCODING, "gzip")
            ]),
            Some(415)
        );
    }
}
