//! What a value may be, and how it stands in a URI.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a value stands for, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// One segment of a path, or a part of one.
    Segment,
    /// Several segments, of `{+path}` and `{#fragment}`.
    Path(Lead),
    /// The value of a member of the query.
    Query,
}

/// What a value of several segments may begin with, so that it stays below the place where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// Anything: what stands before it leaves it the whole authority.
    Free,
    /// No `/`: one stands before it.
    NoSlash,
    /// A `/`: what stands before it is an authority, which would go on otherwise.
    Slash,
}

/// The number of bytes of the character of a value, plain or percent-encoded, with which `bytes` begins;
/// `None` if it does not begin with one.
pub(super) fn character(class: Class, bytes: &[u8]) -> Option<usize> {
    let is_path = matches!(class, Class::Path(_));
    match bytes {
        [b'%', high, low, ..] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let code = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
            // What need not be encoded here means something else when it is.
            (!(is_path && is_reserved(code))).then_some(3)
        }
        [byte, ..] if is_unreserved(*byte) => Some(1),
        // A URI has one query and one fragment, which are not part of the path.
        [byte, ..] if is_path && is_reserved(*byte) && !matches!(byte, b'?' | b'#') => Some(1),
        _ => None,
    }
}

/// Decodes a value; `None` if it is one that no URI may have.
pub(super) fn decode(class: Class, raw: &str) -> Option<String> {
    let value = percent_decode_str(raw).decode_utf8().ok()?;
    is_allowed(class, &value).then(|| value.into_owned())
}

/// How `value` stands in a URI.
pub(super) fn encode(class: Class, value: &str) -> impl Iterator<Item = &str> {
    let encoded = match class {
        Class::Segment | Class::Query => SIMPLE,
        Class::Path(_) => RESERVED,
    };
    utf8_percent_encode(value, encoded)
}

/// Whether a decoded value stays what and where it is.
pub(super) fn is_allowed(class: Class, value: &str) -> bool {
    let is_strange = value.chars().any(|c| c.is_control() || c == '\\');
    if is_strange || is_encoded_twice(value) || has_dot_segment(value) {
        return false;
    }
    match class {
        Class::Segment => !value.contains(['/', '?', '#']),
        Class::Query => true,
        Class::Path(lead) => {
            !value.contains(['?', '#'])
                && !value.contains("//")
                && !begins_with_drive(value)
                && match lead {
                    Lead::Free => true,
                    Lead::NoSlash => !value.starts_with('/'),
                    Lead::Slash => value.starts_with('/'),
                }
        }
    }
}

/// Whether a segment of a decoded path leads to itself or upwards.
pub(super) fn has_dot_segment(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        // Some readers of paths drop a parameter, some spaces and further dots at the end.
        let name = segment.split(';').next().unwrap_or_default().trim();
        !name.is_empty() && name.bytes().all(|byte| byte == b'.')
    })
}

/// Whether decoding once more would give something else.
fn is_encoded_twice(value: &str) -> bool {
    value.as_bytes().windows(3).any(|window| {
        matches!(window, [b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
    })
}

/// Whether a reader of paths takes the value for an absolute one: `C:` or `C:/x`.
fn begins_with_drive(value: &str) -> bool {
    matches!(value.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

pub(super) fn is_reserved(byte: u8) -> bool {
    b":/?#[]@!$&'()*+,;=".contains(&byte)
}

/// All but the unreserved characters.
const SIMPLE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// All but the unreserved and the reserved characters.
const RESERVED: &AsciiSet = &SIMPLE
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'#')
    .remove(b'[')
    .remove(b']')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');
