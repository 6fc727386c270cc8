//! Requests of revision 2026-07-28: each stands for itself
//! ([Streamable HTTP](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http)).

use http::{HeaderMap, HeaderName, StatusCode};
use midfield_protocol::jsonrpc::Request as Frame;
use midfield_protocol::wire::{Codec, RequestMeta, modern as wire};
use midfield_protocol::{Call, Error, Principal, Revision};

use super::endpoint::Endpoint;
use super::guard::{Header, PROTOCOL_VERSION, single};
use super::reply::{AfterDrop, Reply};
use crate::server::{Answering, Asking, Request};
use crate::transport::work::Work;

/// The modern side of an endpoint, for one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Modern<'a> {
    pub(super) endpoint: &'a Endpoint,
    /// Who asks.
    pub(super) principal: &'a Principal,
}

/// Answers one request.
pub(super) fn answer(
    modern: Modern<'_>,
    headers: &HeaderMap,
    meta: Result<RequestMeta<'_>, Error>,
    request: &Frame<'_>,
) -> Reply {
    match begin(modern, headers, meta, request) {
        Ok(Answering::Done(response)) => {
            let status = StatusCode::from_u16(response.http_status);
            Reply::Json(status.unwrap_or(StatusCode::OK), response.bytes)
        }
        // The client's going away is the sign that it cancels the request.
        Ok(Answering::Running(exchange)) => Reply::AtWork {
            work: Work::One(exchange),
            guard: AfterDrop::Stop,
        },
        Err(error) => {
            let codec = Codec::new(Revision::V2026_07_28);
            let response = modern
                .endpoint
                .service
                .write(codec, &request.id, &Err(error));
            let status = StatusCode::from_u16(response.http_status);
            Reply::Json(status.unwrap_or(StatusCode::BAD_REQUEST), response.bytes)
        }
    }
}

fn begin(
    modern: Modern<'_>,
    headers: &HeaderMap,
    meta: Result<RequestMeta<'_>, Error>,
    request: &Frame<'_>,
) -> Result<Answering, Error> {
    let meta = meta?;
    check_version(headers, &meta)?;
    let codec = Codec::new(wire::revision(&meta)?);
    let mut caller = wire::caller(meta)?;
    caller.principal = modern.principal.clone();
    check_mirror(headers, &METHOD, &request.method)?;
    let call = codec.decode(request)?;
    check_name(headers, &call)?;
    let request = Request {
        codec,
        caller,
        asking: Asking::Retried,
        id: request.id.clone(),
        mirror: Some(headers),
        stop: &modern.endpoint.stop,
    };
    Ok(modern.endpoint.service.answer(request, call))
}

/// The version in the header must be the one in the body.
fn check_version(headers: &HeaderMap, meta: &RequestMeta<'_>) -> Result<(), Error> {
    // A body without a version is refused for that, by whoever reads the version.
    let Some(version) = &meta.protocol_version else {
        return Ok(());
    };
    check_mirror(headers, &PROTOCOL_VERSION, version)
}

fn check_name(headers: &HeaderMap, call: &Call<'_>) -> Result<(), Error> {
    let Some(name) = wire::mirrored_name(call) else {
        return Ok(());
    };
    let Header::Single(value) = single(headers, &NAME) else {
        return Err(absent(&NAME));
    };
    match wire::decode_header(value) {
        Ok(decoded) if decoded == name => Ok(()),
        Ok(decoded) => Err(differs(&NAME, &decoded, name)),
        Err(malformed) => Err(Error::HeaderMismatch {
            detail: format!("{}: {malformed}", NAME.as_str()),
        }),
    }
}

fn check_mirror(headers: &HeaderMap, header: &HeaderName, body: &str) -> Result<(), Error> {
    match single(headers, header) {
        Header::Single(value) if value == body => Ok(()),
        Header::Single(value) => Err(differs(header, value, body)),
        Header::Absent | Header::Invalid => Err(absent(header)),
    }
}

fn absent(header: &HeaderName) -> Error {
    Error::HeaderMismatch {
        detail: format!("the request needs exactly one {header} header"),
    }
}

fn differs(header: &HeaderName, value: &str, body: &str) -> Error {
    Error::HeaderMismatch {
        detail: format!("{header} says {value:?}, the body says {body:?}"),
    }
}

static METHOD: HeaderName = HeaderName::from_static(wire::METHOD);
static NAME: HeaderName = HeaderName::from_static(wire::NAME);
