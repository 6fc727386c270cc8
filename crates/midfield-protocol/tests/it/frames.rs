//! Frames under arbitrary and damaged input: nothing panics, nothing that is no JSON is accepted, and what
//! is accepted is what was written.

use std::fmt::Write as _;

use midfield_protocol::jsonrpc::{self, Code, Incoming, Message, RequestId};
use midfield_protocol::wire::{Codec, RequestMeta, legacy, modern};
use midfield_protocol::{Revision, jsonrpc::Request};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{names, text};

/// Every frame that clients send and every message that we write.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for revision in Revision::ALL {
        for kind in ["received", "written"] {
            let folder = format!("{revision}/{kind}");
            for name in names(&folder) {
                seeds.push(text(&format!("{folder}/{name}")).into_bytes());
            }
        }
    }
    seeds
}

/// One way to damage a frame; places are fractions of its length.
#[derive(Clone, Debug)]
enum Damage {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Truncate(prop::sample::Index),
}

impl Damage {
    fn apply(&self, frame: &mut Vec<u8>) {
        if frame.is_empty() {
            return;
        }
        match self {
            Self::Replace(place, byte) => {
                let place = place.index(frame.len());
                frame[place] = *byte;
            }
            Self::Insert(place, bytes) => {
                let place = place.index(frame.len());
                frame.splice(place..place, bytes.iter().copied());
            }
            Self::Remove(place, length) => {
                let place = place.index(frame.len());
                let end = frame.len().min(place + length);
                frame.drain(place..end);
            }
            Self::Repeat(place, length) => {
                let place = place.index(frame.len());
                let end = frame.len().min(place + length);
                let again = frame[place..end].to_vec();
                frame.splice(end..end, again);
            }
            Self::Truncate(place) => frame.truncate(place.index(frame.len())),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<prop::sample::Index>;
    // Most bytes at random are noise; these are the grammar's own.
    let byte = || {
        prop_oneof![
            prop::sample::select(b"{}[]\",:\\/ntfu01234+-.eE \n\x00\x7f\xff".to_vec()),
            any::<u8>(),
        ]
    };
    prop_oneof![
        (place(), byte()).prop_map(|(place, byte)| Damage::Replace(place, byte)),
        (place(), prop::collection::vec(byte(), 1..6))
            .prop_map(|(place, bytes)| Damage::Insert(place, bytes)),
        (place(), 1..24_usize).prop_map(|(place, length)| Damage::Remove(place, length)),
        (place(), 1..64_usize).prop_map(|(place, length)| Damage::Repeat(place, length)),
        place().prop_map(Damage::Truncate),
    ]
}

/// What every input has to satisfy.
fn holds(bytes: &[u8]) -> Result<(), TestCaseError> {
    let parsed = Incoming::parse(bytes);
    let value = serde_json::from_slice::<Value>(bytes);
    match (&parsed, &value) {
        (Ok(_), Err(error)) => {
            // A number beyond what a float can hold is JSON; it is kept as text and left to whoever
            // reads it.
            prop_assert!(
                error.to_string().starts_with("number out of range"),
                "{error}"
            );
        }
        (Ok(Incoming::Single(message)), Ok(value)) => is_the_same(message, value)?,
        (Ok(Incoming::Batch(items)), Ok(value)) => {
            let values = value.as_array().map(Vec::as_slice).unwrap_or_default();
            prop_assert_eq!(items.len(), values.len());
            for (item, value) in items.iter().zip(values) {
                if let Ok(message) = item {
                    is_the_same(message, value)?;
                }
            }
        }
        (Err(rejected), value) => {
            let code = rejected.error.code;
            prop_assert!([Code::PARSE_ERROR, Code::INVALID_REQUEST].contains(&code));
            // What is refused as no JSON is none for others too, but for lone surrogates, which they
            // refuse as well, and numbers.
            prop_assert!(code != Code::PARSE_ERROR || value.is_err());
        }
    }
    Ok(())
}

/// The members of `message` are those of `value`.
fn is_the_same(message: &Message<'_>, value: &Value) -> Result<(), TestCaseError> {
    let params = |params: Option<&serde_json::value::RawValue>| -> Option<Value> {
        params.and_then(|params| serde_json::from_str(params.get()).ok())
    };
    let member = |key: &str| value.get(key).filter(|member| !member.is_null()).cloned();
    match message {
        Message::Request(request) => {
            prop_assert_eq!(
                &serde_json::to_value(&request.id).expect("JSON"),
                &value["id"]
            );
            prop_assert_eq!(request.method.as_ref(), &value["method"]);
            prop_assert_eq!(params(request.params), member("params"));
            decodes_or_refuses(request);
        }
        Message::Notification(notification) => {
            prop_assert!(value.get("id").is_none());
            prop_assert_eq!(notification.method.as_ref(), &value["method"]);
            prop_assert_eq!(params(notification.params), member("params"));
        }
        Message::Response(response) => {
            let id = serde_json::to_value(&response.id).expect("JSON");
            prop_assert_eq!(&id, &value["id"]);
            match &response.result {
                Ok(result) => {
                    let result: Value = result.read().expect("JSON");
                    prop_assert_eq!(Some(&result), value.get("result"));
                }
                Err(error) => prop_assert_eq!(&value["error"]["code"], error.code.number()),
            }
        }
    }
    Ok(())
}

/// Everything that is read of a request, in every revision: it must not panic.
fn decodes_or_refuses(request: &Request<'_>) {
    for revision in Revision::ALL {
        let _ = Codec::new(revision).decode(request);
    }
    if let Ok(initialize) = legacy::decode_initialize(request) {
        assert!(initialize.negotiated() <= Revision::NEWEST_LEGACY);
    }
    if let Ok(meta) = RequestMeta::read(request) {
        let spoken = modern::revision(&meta);
        assert!(spoken.is_err() || meta.protocol_version.is_some());
        let _ = modern::caller(meta);
    }
}

#[test]
fn damaged_messages_never_panic_and_never_pass_for_others() {
    let seeds = seeds();
    let config = ProptestConfig::with_cases(4096);
    let damage = prop::collection::vec(damage(), 1..4);
    proptest!(config, |(seed in prop::sample::select(seeds), damage in damage)| {
        let mut frame = seed;
        for damage in &damage {
            damage.apply(&mut frame);
        }
        holds(&frame)?;
    });
}

#[test]
fn every_seed_is_accepted() {
    for seed in seeds() {
        let parsed = Incoming::parse(&seed);
        assert!(
            parsed.is_ok(),
            "{}: {parsed:?}",
            String::from_utf8_lossy(&seed)
        );
    }
}

#[test]
fn a_number_beyond_floats_is_kept_as_text() {
    let frame = br#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1e400}}"#;
    assert!(serde_json::from_slice::<Value>(frame).is_err());
    let Ok(Incoming::Single(Message::Request(request))) = Incoming::parse(frame) else {
        panic!("no request");
    };
    let params = request.params.map(serde_json::value::RawValue::get);
    assert_eq!(params, Some(r#"{"a":1e400}"#));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn arbitrary_bytes_never_panic_and_never_pass_for_json(
        bytes in prop::collection::vec(any::<u8>(), 0..256),
    ) {
        holds(&bytes)?;
    }

    #[test]
    fn text_of_the_grammars_own_characters_never_panics(
        text in r#"[\[\]{}",:\\u0-9a-fA-FtrulnsE+. -]{0,64}"#,
    ) {
        holds(text.as_bytes())?;
        let enveloped = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":{text}}}}}"#);
        holds(enveloped.as_bytes())?;
    }

    #[test]
    fn an_integer_id_comes_back_digit_by_digit(id: i64) {
        let frame = format!(r#"{{"id":{id},"method":"ping","jsonrpc":"2.0"}}"#);
        let Ok(Incoming::Single(Message::Request(request))) = Incoming::parse(frame.as_bytes()) else {
            panic!("no request: {frame}");
        };
        prop_assert_eq!(&request.id, &RequestId::Integer(id));
        let answer = jsonrpc::result(&request.id, &()).expect("JSON");
        let expected = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":null}}"#);
        prop_assert_eq!(String::from_utf8(answer).expect("UTF-8"), expected);
    }

    #[test]
    fn an_id_that_is_text_comes_back_as_the_same_text(id: String, escaped: bool) {
        let mut written = serde_json::to_string(&id).expect("JSON");
        if escaped {
            written = format!("\"{}\"", escape(&id));
        }
        let frame = format!(r#"{{"id":{written},"method":"ping","jsonrpc":"2.0"}}"#);
        let Ok(Incoming::Single(Message::Request(request))) = Incoming::parse(frame.as_bytes()) else {
            panic!("no request: {frame}");
        };
        prop_assert_eq!(&request.id, &RequestId::from(id.as_str()));
        let answer = jsonrpc::result(&request.id, &true).expect("JSON");
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        prop_assert_eq!(&answer["id"], &id);
    }

    #[test]
    fn a_number_that_is_no_64_bit_integer_is_no_id(
        id in prop_oneof!["-?[1-9][0-9]{19,30}", "-?(0|[1-9][0-9]{0,3})[.][0-9]{1,3}", "-?[1-9]e[+-]?[0-9]"],
    ) {
        prop_assume!(id.parse::<i64>().is_err());
        let frame = format!(r#"{{"id":{id},"method":"ping","jsonrpc":"2.0"}}"#);
        let rejected = Incoming::parse(frame.as_bytes()).map(|_| ()).expect_err("no id");
        prop_assert_eq!((rejected.error.code, rejected.id), (Code::INVALID_REQUEST, None));
    }
}

/// `text` as JSON with every code unit escaped.
fn escape(text: &str) -> String {
    text.encode_utf16().fold(String::new(), |mut json, unit| {
        let _ = write!(json, "\\u{unit:04x}");
        json
    })
}
