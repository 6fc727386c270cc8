//! The HTTP headers that mirror the body, so that intermediaries need not parse it
//! ([2026-07-28, request metadata](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#request-metadata)).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Call;

/// The header that names the revision.
pub const PROTOCOL_VERSION: &str = "mcp-protocol-version";

/// The header that mirrors the method.
pub const METHOD: &str = "mcp-method";

/// The header that mirrors the name or URI that a call is about.
pub const NAME: &str = "mcp-name";

/// A header value that claims to be base64 of UTF-8 and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value between `=?base64?` and `?=` is not base64 of UTF-8 text")]
#[non_exhaustive]
pub struct MalformedHeader;

/// What the `Mcp-Name` header of `call` has to say; `None` where the header is not required.
pub fn mirrored_name<'a>(call: &'a Call<'_>) -> Option<&'a str> {
    match call {
        Call::CallTool(call) => Some(&call.name),
        Call::GetPrompt(call) => Some(&call.name),
        Call::ReadResource(call) => Some(&call.uri),
        Call::GetTask { id } | Call::UpdateTask { id, .. } | Call::CancelTask { id } => Some(id),
        _ => None,
    }
}

/// Decodes a header value: plain, or base64 between the sentinels.
///
/// # Errors
/// When what stands between the sentinels is not base64 of UTF-8.
pub fn decode_header(value: &str) -> Result<Cow<'_, str>, MalformedHeader> {
    let Some(encoded) = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="))
    else {
        return Ok(Cow::Borrowed(value));
    };
    let bytes = STANDARD.decode(encoded).map_err(|_| MalformedHeader)?;
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| MalformedHeader)
}

/// Encodes a header value: plain where that is unmistakable, in base64 between the sentinels otherwise.
pub fn encode_header(value: &str) -> Cow<'_, str> {
    let is_plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && value.trim() == value
        && !(value.starts_with("=?base64?") && value.ends_with("?="));
    if is_plain {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("=?base64?{}?=", STANDARD.encode(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_decoded_only_between_both_sentinels() {
        let cases = [
            ("us-west1", Ok("us-west1")),
            ("=?base64?SGVsbG8sIOS4lueVjA==?=", Ok("Hello, 世界")),
            (
                "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=",
                Ok("=?base64?literal?="),
            ),
            ("=?BASE64?SGVsbG8=?=", Ok("=?BASE64?SGVsbG8=?=")),
            ("=?base64?SGVsbG8=", Ok("=?base64?SGVsbG8=")),
            ("=?base64?SGVsbG8?=", Err(MalformedHeader)),
            ("=?base64?SGVs!G8=?=", Err(MalformedHeader)),
            ("=?base64?/w==?=", Err(MalformedHeader)),
        ];
        for (value, expected) in cases {
            assert_eq!(decode_header(value), expected.map(Cow::Borrowed), "{value}");
        }
    }
}
