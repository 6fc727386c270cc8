//! Which era a request belongs to. It is decided here and nowhere below
//! ([backward compatibility](https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning#backward-compatibility-with-initialization-based-versions)).

use http::HeaderMap;
use midfield_protocol::jsonrpc::Request;
use midfield_protocol::wire::{RequestMeta, modern};
use midfield_protocol::{Era, Error, Revision};

/// The era of one request, with what the request says of itself.
#[derive(Debug)]
pub(super) enum Class<'a> {
    Legacy(Result<RequestMeta<'a>, Error>),
    Modern(Result<RequestMeta<'a>, Error>),
}

/// A request is modern when its `_meta` or its headers say so. One of which only the headers do is a
/// malformed one.
pub(super) fn classify<'a>(headers: &HeaderMap, request: &Request<'a>) -> Class<'a> {
    let meta = RequestMeta::read(request);
    if meta.as_ref().is_ok_and(RequestMeta::is_modern) || headers_are_modern(headers) {
        Class::Modern(meta)
    } else {
        Class::Legacy(meta)
    }
}

/// Whether the headers alone make a message one of the modern era.
pub(super) fn headers_are_modern(headers: &HeaderMap) -> bool {
    headers
        .get(modern::PROTOCOL_VERSION)
        .and_then(|version| version.to_str().ok())
        .and_then(|version| version.parse::<Revision>().ok())
        .is_some_and(|revision| revision.era() == Era::Modern)
}
