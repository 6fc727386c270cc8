//! Frames: a request, a notification, a response, or (where the revision has them) a batch.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::{ErrorObject, Rejected, RequestId, scan};
use crate::Raw;

/// What one body or one line holds.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "JSON-RPC defines exactly these two"
)]
pub enum Incoming<'a> {
    /// One message.
    Single(Message<'a>),
    /// An array of messages, each parsed on its own. Only revision 2025-03-26 has batches: the caller
    /// asks the revision's rules.
    Batch(Vec<Result<Message<'a>, Rejected>>),
}

/// One message, borrowed from the bytes that it was read from.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "JSON-RPC defines exactly these three"
)]
pub enum Message<'a> {
    /// Something is asked and an answer expected.
    Request(Request<'a>),
    /// Something is told.
    Notification(Notification<'a>),
    /// The answer to a request of ours.
    Response(Response),
}

/// A request whose parameters are not parsed yet.
#[derive(Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The id that the response carries.
    pub id: RequestId,
    /// What is asked.
    pub method: Cow<'a, str>,
    /// The parameters' JSON, an object.
    pub params: Option<&'a RawValue>,
}

/// A notification whose parameters are not parsed yet.
#[derive(Debug)]
#[non_exhaustive]
pub struct Notification<'a> {
    /// What is told.
    pub method: Cow<'a, str>,
    /// The parameters' JSON, an object.
    pub params: Option<&'a RawValue>,
}

/// The peer's answer to a request of ours.
#[derive(Debug)]
#[non_exhaustive]
pub struct Response {
    /// The request's id; absent in an error about a request whose id the peer could not read.
    pub id: Option<RequestId>,
    /// The result, or why there is none.
    pub result: Result<Raw, ErrorObject>,
}

/// Most messages in one batch.
const MAX_BATCH: usize = 64;

impl<'a> Incoming<'a> {
    /// Reads one body or line.
    ///
    /// # Errors
    /// With the JSON-RPC error that the peer is to be told: `-32700` for what is no JSON, invalid UTF-8,
    /// and lone surrogates; `-32600` for JSON that is no message or nests too deeply.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Rejected> {
        let text = std::str::from_utf8(bytes).map_err(Rejected::parse)?;
        scan::check(text).map_err(|flaw| match flaw {
            scan::Flaw::TooDeep => Rejected::request(None, flaw),
            scan::Flaw::LoneSurrogate { .. } => Rejected::parse(flaw),
        })?;
        if text.trim_start_matches(WHITE_SPACE).starts_with('[') {
            return parse_batch(text).map(Self::Batch);
        }
        parse_one(text).map(Self::Single)
    }
}

/// The members of an envelope, each still JSON text, so that a member of the wrong type is a refused
/// message with an id and not a parse error without one.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Keeps a `null` apart from an absent member.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn parse_batch(text: &str) -> Result<Vec<Result<Message<'_>, Rejected>>, Rejected> {
    let batch: Batch<'_> = serde_json::from_str(text).map_err(|error| refusal(&error))?;
    match batch.count {
        0 => Err(Rejected::request(None, "an empty batch")),
        1..=MAX_BATCH => Ok(batch
            .items
            .into_iter()
            .map(|item| parse_one(item.get()))
            .collect()),
        count => {
            let detail = format_args!("a batch of {count} messages, more than {MAX_BATCH}");
            Err(Rejected::request(None, detail))
        }
    }
}

/// The items of an array, as many as may be in a batch; the others are counted and not kept, so that a
/// body of nothing but commas takes no more memory than itself.
struct Batch<'a> {
    items: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Batch<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;

        impl<'de> Visitor<'de> for Items {
            type Value = Batch<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of messages")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Batch<'de>, A::Error> {
                let mut items = Vec::new();
                while items.len() < MAX_BATCH
                    && let Some(item) = array.next_element()?
                {
                    items.push(item);
                }
                let mut count = items.len();
                while array.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Batch { items, count })
            }
        }

        deserializer.deserialize_seq(Items)
    }
}

fn parse_one(text: &str) -> Result<Message<'_>, Rejected> {
    if !text.trim_start_matches(WHITE_SPACE).starts_with('{') {
        // The parser would take an array for the members in order, and repeat a string in its complaint.
        return Err(match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Rejected::request(None, "a message is an object"),
            Err(error) => refusal(&error),
        });
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| refusal(&error))?;
    let id = match envelope.id {
        None => None,
        Some(raw) => match RequestId::from_json(raw.get()) {
            Some(id) => Some(id),
            // An error response may say `null` for an id that its sender could not read.
            None if raw.get() == "null" && envelope.error.is_some() => None,
            None => {
                return Err(Rejected::request(
                    None,
                    "the id is neither a string nor an integer of 64 bits",
                ));
            }
        },
    };
    if envelope.jsonrpc.map(RawValue::get) != Some("\"2.0\"") {
        return Err(Rejected::request(id, "the member `jsonrpc` is not \"2.0\""));
    }
    match (envelope.method, envelope.result, envelope.error) {
        (Some(method), None, None) => {
            let Some(method) = string(method) else {
                return Err(Rejected::request(id, "the method is no string"));
            };
            let params = match object(envelope.params) {
                Ok(params) => params,
                Err(NotAnObject) => return Err(Rejected::request(id, "the params are no object")),
            };
            Ok(match id {
                Some(id) => Message::Request(Request { id, method, params }),
                None => Message::Notification(Notification { method, params }),
            })
        }
        (None, Some(result), None) if id.is_some() => Ok(Message::Response(Response {
            id,
            result: Ok(result.into()),
        })),
        (None, None, Some(error)) => match error_object(error) {
            Some(error) => Ok(Message::Response(Response {
                id,
                result: Err(error),
            })),
            None => Err(Rejected::request(
                id,
                "the error is no object with a code and a message",
            )),
        },
        _ => Err(Rejected::request(
            id,
            "a message has either a method, or an id with one of result and error",
        )),
    }
}

/// The text of a JSON string, borrowed where it has no escapes.
fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str(raw.get()).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

fn error_object(raw: &RawValue) -> Option<ErrorObject> {
    // The parser would take an array for the members in order.
    if !raw.get().starts_with('{') {
        return None;
    }
    serde_json::from_str(raw.get()).ok()
}

struct NotAnObject;

/// Absent and `null` parameters are the same: some peers write the latter.
fn object(params: Option<&RawValue>) -> Result<Option<&RawValue>, NotAnObject> {
    match params {
        Some(raw) if raw.get().starts_with('{') => Ok(Some(raw)),
        Some(raw) if raw.get() == "null" => Ok(None),
        Some(_) => Err(NotAnObject),
        None => Ok(None),
    }
}

fn refusal(error: &serde_json::Error) -> Rejected {
    match error.classify() {
        Category::Data => Rejected::request(None, error),
        Category::Syntax | Category::Eof | Category::Io => Rejected::parse(error),
    }
}

/// What JSON counts as white space.
const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonrpc::Code;

    /// Parses `text`, which must be refused, and returns the code and the id of the refusal.
    fn refused(text: &str) -> (Code, Option<RequestId>) {
        let rejected = Incoming::parse(text.as_bytes()).expect_err(text);
        (rejected.error.code, rejected.id)
    }

    #[test]
    fn a_request_keeps_its_id_and_its_parameters_as_written() {
        let text = r#" {"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list","params":{"a" : 1.0}} "#;
        let Ok(Incoming::Single(Message::Request(request))) = Incoming::parse(text.as_bytes())
        else {
            panic!("not a request");
        };
        assert_eq!(request.id, RequestId::Integer(9_007_199_254_740_993));
        assert_eq!(request.method, "tools/list");
        assert_eq!(request.params.map(RawValue::get), Some(r#"{"a" : 1.0}"#));
    }

    #[test]
    fn what_is_no_json_is_a_parse_error() {
        let texts = [
            "",
            "{",
            "nul",
            "{\"jsonrpc\":\"2.0\",}",
            "{\"a\":01}",
            "{\"a\":NaN}",
            "\u{feff}{}",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x",
            "{} // comment",
            "{\"a\":\"\\ud800\"}",
        ];
        for text in texts {
            assert_eq!(refused(text), (Code::PARSE_ERROR, None), "{text}");
        }
        let broken: [&[u8]; 3] = [b"{\"a\":\"\xff\"}", b"\xc0\xaf", b"{\"\xe2\x82\":1}"];
        for bytes in broken {
            let rejected = Incoming::parse(bytes).expect_err("invalid UTF-8");
            assert_eq!(rejected.error.code, Code::PARSE_ERROR);
        }
    }

    #[test]
    fn json_that_is_no_message_is_an_invalid_request() {
        let one = Some(RequestId::Integer(1));
        let cases = [
            ("1", None),
            ("{}", None),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, None),
            (r#"{"jsonrpc":"2.0","id":[],"method":"ping"}"#, None),
            (r#"{"id":1,"method":"ping"}"#, one.clone()),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, one.clone()),
            (r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#, one.clone()),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, one.clone()),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#,
                one.clone(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}"#,
                one.clone(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
                one.clone(),
            ),
            (r#"{"jsonrpc":"2.0","id":1,"error":7}"#, one.clone()),
            (r#"{"jsonrpc":"2.0","id":1,"error":[1,"m"]}"#, one),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, None),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#,
                None,
            ),
            ("[]", None),
        ];
        for (text, id) in cases {
            assert_eq!(refused(text), (Code::INVALID_REQUEST, id), "{text}");
        }
        assert_eq!(refused(&"[".repeat(100_000)), (Code::INVALID_REQUEST, None));
    }

    #[test]
    fn a_batch_is_parsed_message_by_message() {
        let text = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"id":2},{"jsonrpc":"2.0","method":"n"},["2.0",1,"ping"]]"#;
        let Ok(Incoming::Batch(items)) = Incoming::parse(text.as_bytes()) else {
            panic!("no batch")
        };
        assert!(matches!(items[0], Ok(Message::Request(_))));
        assert!(matches!(&items[1], Err(rejected) if rejected.id == Some(RequestId::Integer(2))));
        assert!(matches!(items[2], Ok(Message::Notification(_))));
        assert!(matches!(&items[3], Err(rejected) if rejected.id.is_none()));
        let long = format!("[{}]", vec!["{}"; MAX_BATCH + 1].join(","));
        assert_eq!(refused(&long), (Code::INVALID_REQUEST, None));
    }
}
