//! Leave for pages to read answers ([CORS](https://fetch.spec.whatwg.org/#http-cors-protocol)). It is given to
//! the origins that `guard` admits, each by its name, and to nobody else. What a page needs no leave for, or may
//! never have, is no business of this: cookies are not asked for.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderName, Method};

/// Whether a browser asks by this request what a page may send.
pub(super) fn is_preflight(head: &Parts) -> bool {
    head.method == Method::OPTIONS && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Writes what a page may send.
pub(super) fn answer_preflight(asked: &HeaderMap, response: &mut HeaderMap) {
    let methods = HeaderValue::from_static("POST, GET, DELETE");
    response.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    response.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    let asked = asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS);
    let names: Vec<&str> = asked
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| may_be_sent(name))
        .collect();
    // What was taken from a header fits into one.
    if let Ok(names) = HeaderValue::from_str(&names.join(", "))
        && !names.is_empty()
    {
        response.insert(ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
}

/// Lets the pages of `origin` read the response.
pub(super) fn let_read(response: &mut HeaderMap, origin: HeaderValue) {
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.append(VARY, HeaderValue::from(ORIGIN));
    let exposed = HeaderValue::from_static("Mcp-Session-Id, WWW-Authenticate");
    response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

/// Whether the protocol has a use for this header in requests.
fn may_be_sent(name: &str) -> bool {
    let Ok(name) = HeaderName::try_from(name) else {
        return false;
    };
    // The headers of parameters have the names that tools give them.
    SENT.contains(&name.as_str()) || name.as_str().starts_with("mcp-param-")
}

/// The headers of requests of any revision, and of the trace context.
const SENT: [&str; 11] = [
    "accept",
    "authorization",
    "content-type",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
    "baggage",
    "traceparent",
    "tracestate",
];
