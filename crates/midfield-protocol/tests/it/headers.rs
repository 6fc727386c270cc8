//! Header values: what the reference encoding writes is read back, and nothing else is taken for it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield_protocol::wire::modern::{decode_header, encode_header};
use proptest::prelude::*;

/// What a client writes for `value`
/// (<https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#value-encoding>):
/// visible ASCII as it is, anything else, and what looks encoded, in base64 between the sentinels.
fn encode(value: &str) -> String {
    let plain = value.chars().all(|c| matches!(c, ' '..='~'))
        && value.trim() == value
        && !(value.starts_with("=?base64?") && value.ends_with("?="));
    if plain {
        value.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(value))
    }
}

/// Text of which much looks like an encoded value.
fn tricky() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("=?base64?".to_owned()),
        Just("?=".to_owned()),
        Just(" ".to_owned()),
        "[ -~]{0,8}",
        "[A-Za-z0-9+/]{4}",
        "\\PC{0,4}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_a_client_encodes_is_decoded(value in tricky()) {
        let header = encode(&value);
        prop_assert!(header.is_ascii());
        prop_assert_eq!(encode_header(&value), header.as_str());
        prop_assert_eq!(decode_header(&header).map(Cow::into_owned), Ok(value));
    }

    #[test]
    fn any_header_is_plain_or_between_both_sentinels(header in tricky()) {
        let encoded = header
            .strip_prefix("=?base64?")
            .and_then(|rest| rest.strip_suffix("?="));
        match (encoded, decode_header(&header)) {
            (None, decoded) => prop_assert_eq!(decoded, Ok(Cow::Borrowed(header.as_str()))),
            (Some(encoded), Ok(decoded)) => {
                prop_assert_eq!(STANDARD.encode(decoded.as_bytes()), encoded);
            }
            (Some(encoded), Err(_)) => {
                let bytes = STANDARD.decode(encoded).ok();
                prop_assert_eq!(bytes.and_then(|bytes| String::from_utf8(bytes).ok()), None);
            }
        }
    }
}
