//! Percent-encoding: which characters of foreign text may stand in which part of a request.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986: no argument can end its part of a URL.
const ARGUMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// For `allowReserved`: reserved characters stay, but for those that a query cannot hold (`#`,
/// `[`, `]`) and those that mean something in it (`&`, `=`, `+`), as
/// [Appendix C](https://spec.openapis.org/oas/v3.1.1.html#appendix-c-using-rfc6570-based-serialization)
/// asks.
const RESERVED_ARGUMENT: &AsciiSet = &ARGUMENT
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';');

/// Fixed text of a path: only what a URL cannot hold at all.
pub(crate) const LITERAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^')
    .add(b'#')
    .add(b'?');

/// Fixed text of a query.
pub(crate) const LITERAL_QUERY: &AsciiSet = &LITERAL.remove(b'?').add(b'\'');

/// What happens to the reserved characters of a URL in an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reserved {
    Encode,
    Keep,
}

pub(crate) fn encode(text: &str, reserved: Reserved) -> String {
    match reserved {
        Reserved::Encode => utf8_percent_encode(text, ARGUMENT).to_string(),
        Reserved::Keep => keep_triples(text),
    }
}

/// With `allowReserved`, text that is already percent-encoded stays so.
fn keep_triples(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, after) = rest.split_at(at);
        encoded.extend(utf8_percent_encode(before, RESERVED_ARGUMENT));
        let triple = after
            .get(..3)
            .filter(|triple| triple.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit()));
        encoded.push_str(triple.unwrap_or("%25"));
        rest = after.get(triple.map_or(1, str::len)..).unwrap_or_default();
    }
    encoded.extend(utf8_percent_encode(rest, RESERVED_ARGUMENT));
    encoded
}
