//! Which annotations are taken, and which headers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use midfield_protocol::Error;
use midfield_protocol::types::Schema;
use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{InvalidMirror, Mirrored};

fn mirrored(properties: &Value) -> Result<Mirrored, InvalidMirror> {
    of(json!({ "type": "object", "properties": properties }))
}

fn of(schema: Value) -> Result<Mirrored, InvalidMirror> {
    let schema: Schema = serde_json::from_value(schema).expect("an object");
    Mirrored::of(&schema)
}

/// A tool with one argument of each type, one of them nested.
fn sample() -> Mirrored {
    let sample = mirrored(&json!({
        "value": { "type": "string", "x-mcp-header": "Value" },
        "count": { "type": ["integer", "null"], "x-mcp-header": "Count" },
        "dry": { "type": "boolean", "x-mcp-header": "Dry" },
        "place": {
            "type": "object",
            "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
        },
        "query": { "type": "string" },
    }));
    sample.expect("valid annotations")
}

/// Checks `arguments` with these headers, in their full names or without `Mcp-Param-`.
fn check(headers: &[(&str, &[u8])], arguments: &str) -> Result<(), Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = format!("Mcp-Param-{name}");
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        map.append(name, HeaderValue::from_bytes(value).expect("a value"));
    }
    let raw: Box<RawValue> = serde_json::from_str(arguments).expect("JSON");
    sample().check(&map, Some(&raw))
}

/// The cases that the official suite sends
/// ([2026-07-28, value encoding](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#value-encoding)),
/// and those of the table of server behaviour.
#[test]
fn a_header_says_what_the_argument_says() {
    let accepted: [(&str, &[u8], &str); 23] = [
        ("Value", b"us-west1", r#"{"value":"us-west1"}"#),
        ("VALUE", b"us-west1", r#"{"value":"us-west1"}"#),
        ("Value", b"=?base64?SGVsbG8=?=", r#"{"value":"Hello"}"#),
        ("Value", b"SGVsbG8=", r#"{"value":"SGVsbG8="}"#),
        (
            "Value",
            b"=?base64?SGVsbG8=",
            r#"{"value":"=?base64?SGVsbG8="}"#,
        ),
        ("Value", b"SGVsbG8=?=", r#"{"value":"SGVsbG8=?="}"#),
        (
            "Value",
            b"=?BASE64?SGVsbG8=?=",
            r#"{"value":"=?BASE64?SGVsbG8=?="}"#,
        ),
        (
            "Value",
            b"=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=",
            r#"{"value":"=?base64?literal?="}"#,
        ),
        (
            "Value",
            b"=?base64?SGVsbG8sIOS4lueVjA==?=",
            r#"{"value":"Hello, 世界"}"#,
        ),
        (
            "Value",
            b"=?base64?SGVsbG8sIOS4lueVjA==?=",
            r#"{"value":"Hello, \u4e16\u754c"}"#,
        ),
        (
            "Value",
            b"=?base64?IHBhZGRlZCA=?=",
            r#"{"value":" padded "}"#,
        ),
        (
            "Value",
            b"=?base64?bGluZTEKbGluZTI=?=",
            r#"{"value":"line1\nline2"}"#,
        ),
        ("Value", b"", r#"{"value":""}"#),
        ("Value", b"x", r#"{"v\u0061lue":"x"}"#),
        (
            "Value",
            b"x",
            r#"{"query":"y","other":[{"value":"z"}],"value":"x"}"#,
        ),
        ("Count", b"42", r#"{"count":42}"#),
        ("Count", b"42.0", r#"{"count":42}"#),
        ("Count", b"42", r#"{"count":42.0}"#),
        (
            "Count",
            b"-9007199254740991",
            r#"{"count":-9007199254740991}"#,
        ),
        ("Dry", b"true", r#"{"dry":true}"#),
        ("Dry", b"false", r#"{"dry":false}"#),
        ("Region", b"eu", r#"{"place":{"region":"eu"}}"#),
        // Not of its type: for the check of the arguments to say.
        ("Count", b"many", r#"{"count":"many"}"#),
    ];
    for (name, value, arguments) in accepted {
        assert_eq!(check(&[(name, value)], arguments), Ok(()), "{arguments}");
    }
}

#[test]
fn a_header_that_says_something_else_is_refused() {
    let refused: [(&str, &[u8], &str); 23] = [
        ("Value", b"us-east1", r#"{"value":"us-west1"}"#),
        ("Value", b"US-WEST1", r#"{"value":"us-west1"}"#),
        ("Value", b"=?base64?SGVsbG8?=", r#"{"value":"Hello"}"#),
        ("Value", b"=?base64?SGVs!G8=?=", r#"{"value":"Hello"}"#),
        ("Value", b"SGVsbG8=", r#"{"value":"Hello"}"#),
        ("Value", b"=?base64?/w==?=", r#"{"value":"x"}"#),
        ("Value", b"\xe4\xb8\x96", r#"{"value":"世"}"#),
        ("Value", b"x", r"{}"),
        ("Value", b"null", r#"{"value":null}"#),
        ("Value", b"42", r#"{"value":"42.0"}"#),
        ("Value", b"a", r#"{"value":"a","value":"a"}"#),
        ("Value", b"a", r#"{"value":"\ud800"}"#),
        ("Value", b"{}", r#"{"value":{}}"#),
        ("Value", b"x", r#"["x"]"#),
        ("Count", b"43", r#"{"count":42}"#),
        ("Count", b"42.5", r#"{"count":42}"#),
        ("Count", b"042", r#"{"count":42}"#),
        (
            "Count",
            b"9007199254740992",
            r#"{"count":9007199254740992}"#,
        ),
        (
            "Count",
            b"9007199254740992",
            r#"{"count":9007199254740993}"#,
        ),
        ("Dry", b"True", r#"{"dry":true}"#),
        ("Dry", b"1", r#"{"dry":true}"#),
        ("Region", b"us", r#"{"place":{"region":"eu"}}"#),
        ("Region", b"eu", r#"{"place":null,"region":"eu"}"#),
    ];
    for (name, value, arguments) in refused {
        let result = check(&[(name, value)], arguments);
        assert!(
            matches!(result, Err(Error::HeaderMismatch { .. })),
            "{arguments} {result:?}"
        );
    }
}

#[test]
fn a_header_is_there_exactly_once_for_each_value() {
    let none = [
        "{}",
        r#"{"value":null,"count":null}"#,
        r#"{"query":"x"}"#,
        r#"{"place":{}}"#,
        "[]",
        "7",
    ];
    for arguments in none {
        assert_eq!(check(&[], arguments), Ok(()), "{arguments}");
    }
    assert_eq!(sample().check(&HeaderMap::new(), None), Ok(()));
    let some = [
        r#"{"value":"x"}"#,
        r#"{"value":""}"#,
        r#"{"count":0}"#,
        r#"{"dry":false}"#,
    ];
    for arguments in some {
        assert!(check(&[], arguments).is_err(), "{arguments}");
    }
    let twice: [(&str, &[u8]); 2] = [("Value", b"x"), ("value", b"x")];
    assert!(check(&twice, r#"{"value":"x"}"#).is_err());
    assert!(check(&twice, "{}").is_err());
    let all: [(&str, &[u8]); 3] = [("Value", b"x"), ("Count", b"1"), ("Region", b"eu")];
    assert_eq!(
        check(&all, r#"{"place":{"region":"eu"},"count":1,"value":"x"}"#),
        Ok(())
    );
    assert!(check(&all, r#"{"place":{"region":"eu"},"count":1,"value":"y"}"#).is_err());
    // Of another tool, or of nobody.
    assert_eq!(check(&[("Other", b"x")], "{}"), Ok(()));
}

#[test]
fn a_tool_without_annotations_has_nothing_to_check() {
    let schema = json!({
        "type": "object",
        "properties": {
            "a": { "type": "string", "default": { "x-mcp-header": "A" } },
            "x-mcp-header": { "type": "string" },
        },
        "examples": [{ "x-mcp-header": "A" }],
    });
    let mirrored = of(schema).expect("no annotations");
    assert!(mirrored.is_empty());
    let mut headers = HeaderMap::new();
    headers.insert("mcp-param-a", HeaderValue::from_static("b"));
    let raw: Box<RawValue> = serde_json::from_str(r#"{"a":"c"}"#).expect("JSON");
    assert_eq!(mirrored.check(&headers, Some(&raw)), Ok(()));
    assert!(!sample().is_empty());
}

#[test]
fn an_annotation_that_hides_the_tool_is_refused() {
    let long = "a".repeat(200);
    let names = [
        json!(""),
        json!({}),
        json!([]),
        json!(null),
        json!(7),
        json!(true),
        json!("My Region"),
        json!("My:Region"),
        json!("Région"),
        json!("a\tb"),
        json!("a\r\nb"),
        json!("\u{7f}"),
        json!("a\"b"),
        json!("(a)"),
        json!("a/b"),
        json!(long),
    ];
    for name in names {
        let refused = mirrored(&json!({ "a": { "type": "string", "x-mcp-header": name } })).err();
        assert!(
            matches!(refused, Some(InvalidMirror::Name { .. })),
            "{name} {refused:?}"
        );
    }
    let kinds = [
        json!("number"),
        json!("object"),
        json!("array"),
        json!("null"),
        json!(["string", "integer"]),
        json!(["number", "null"]),
        json!(["string"]),
        json!(null),
    ];
    for kind in kinds {
        let refused = mirrored(&json!({ "a": { "type": kind, "x-mcp-header": "A" } })).err();
        let expected = InvalidMirror::Type { place: "a".into() };
        assert_eq!(refused, Some(expected), "{kind}");
    }
    let untyped = mirrored(&json!({ "a": { "x-mcp-header": "A" } })).err();
    assert_eq!(untyped, Some(InvalidMirror::Type { place: "a".into() }));
    for (first, second) in [("Region", "Region"), ("Region", "REGION")] {
        let refused = mirrored(&json!({
            "a": { "type": "string", "x-mcp-header": first },
            "b": {
                "type": "object",
                "properties": { "c": { "type": "string", "x-mcp-header": second } },
            },
        }));
        let expected = InvalidMirror::Repeated {
            place: "b.c".into(),
            other: "a".into(),
        };
        assert_eq!(refused.err(), Some(expected), "{second}");
    }
    for name in ["Region", "x-my_region.1", "!#$%&'*+-.^_`|~"] {
        let taken = mirrored(&json!({ "a": { "type": "string", "x-mcp-header": name } }));
        assert!(taken.is_ok(), "{name}");
    }
}

#[test]
fn an_annotation_that_is_not_reached_by_properties_alone_is_refused() {
    let annotated = json!({ "type": "string", "x-mcp-header": "A" });
    let object = json!({ "type": "object", "properties": { "a": annotated } });
    let mut schemas = vec![annotated.clone()];
    for keyword in [
        "items",
        "not",
        "if",
        "then",
        "else",
        "additionalProperties",
        "contains",
    ] {
        schemas.push(json!({ "properties": { "p": { (keyword): annotated } } }));
        schemas.push(json!({ (keyword): object }));
    }
    for keyword in ["allOf", "anyOf", "oneOf", "prefixItems", "items"] {
        schemas.push(json!({ "properties": { "p": { (keyword): [annotated] } } }));
        schemas.push(json!({ (keyword): [{ "type": "object" }, object] }));
    }
    for keyword in [
        "$defs",
        "definitions",
        "patternProperties",
        "dependentSchemas",
    ] {
        schemas.push(json!({ (keyword): { "p": object } }));
    }
    for schema in schemas {
        let refused = of(schema.clone()).err();
        assert!(
            matches!(refused, Some(InvalidMirror::Unreachable { .. })),
            "{schema} {refused:?}"
        );
    }
}

/// What a client writes for a text.
fn encode(value: &str) -> String {
    let is_plain = value.chars().all(|c| matches!(c, ' '..='~'))
        && value.trim() == value
        && !(value.starts_with("=?base64?") && value.ends_with("?="));
    if is_plain {
        value.to_owned()
    } else {
        format!("=?base64?{}?=", STANDARD.encode(value))
    }
}

proptest! {
    #[test]
    fn what_a_client_mirrors_is_taken_and_nothing_else(
        value in "[ -~]{0,8}|\\PC{0,8}|=\\?base64\\?[a-z]{0,4}\\?=", other in "\\PC{0,8}",
        count in -9_007_199_254_740_991_i64..=9_007_199_254_740_991, dry in any::<bool>(),
    ) {
        let arguments = json!({ "dry": dry, "count": count, "value": value }).to_string();
        let (count, dry) = (count.to_string(), dry.to_string());
        let with = |text: &str| {
            let text = encode(text);
            let headers: [(&str, &[u8]); 3] =
                [("Value", text.as_bytes()), ("Count", count.as_bytes()), ("Dry", dry.as_bytes())];
            check(&headers, &arguments)
        };
        prop_assert_eq!(with(&value), Ok(()));
        prop_assert_eq!(with(&other).is_ok(), other == value);
    }

    #[test]
    fn no_request_makes_the_check_panic(
        value in prop::collection::vec(0x20_u8..0x7f, 0..12),
        members in prop::collection::vec(member(), 0..4),
    ) {
        let arguments = format!("{{{}}}", members.join(","));
        let result = check(&[("Value", &value)], &arguments);
        let is_known = matches!(result, Ok(()) | Err(Error::HeaderMismatch { .. }));
        prop_assert!(is_known);
    }
}

/// The text of a member of the arguments.
fn member() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "value",
        "v\\u0061lue",
        "count",
        "dry",
        "place",
        "query",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "{}",
            "[]",
            "1e999",
            "-0",
            "1.50",
            "\"\\ud800\"",
            "\"\\n\"",
            "{\"region\":\"eu\"}",
            "{\"region\":{\"region\":[]}}",
            "9007199254740993",
        ])
        .prop_map(str::to_owned),
        any::<String>().prop_map(|text| Value::from(text).to_string()),
        any::<f64>().prop_map(|number| Value::from(number).to_string()),
        any::<u64>().prop_map(|number| number.to_string()),
    ];
    (name, value).prop_map(|(name, value)| format!("\"{name}\": {value}"))
}
