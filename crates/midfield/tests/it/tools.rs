//! Arguments: what a schema asks for is enforced, whoever wrote the schema, and what does not fit is told
//! to the model with its place.

use std::collections::BTreeMap;

use midfield::prelude::*;
use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::{typed, verbatim};
use crate::harness::Host;
use crate::messages::{Request, call, modern_call};

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only the reading of the fields is looked at")]
struct Order {
    /// Which good.
    #[schemars(regex(pattern = "^[A-Z]{3}-[0-9]+$"))]
    good: String,
    /// How many.
    #[schemars(range(min = 0))]
    count: i64,
    #[schemars(range(max = 255))]
    box_size: Option<u32>,
    #[schemars(range(min = -5))]
    degrees: Option<i32>,
    #[schemars(range(min = 0.5))]
    share: Option<f64>,
    small: Option<u8>,
    #[schemars(length(max = 2))]
    notes: Option<Vec<Note>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only the reading of the fields is looked at")]
struct Note {
    text: String,
    #[serde(default)]
    tags: BTreeMap<String, i64>,
}

fn order_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "good": {"type": "string", "pattern": "^[A-Z]{3}-[0-9]+$"},
            "count": {"type": "integer", "minimum": 0},
            "box_size": {"type": "integer", "maximum": 255},
            "degrees": {"type": "integer", "minimum": -5},
            "share": {"type": "number", "minimum": 0.5},
            "small": {"type": "integer", "minimum": 0, "maximum": 255},
            "notes": {"type": "array", "maxItems": 2, "items": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "tags": {"type": "object", "additionalProperties": {"type": "integer"}},
                },
                "required": ["text"],
                "additionalProperties": false,
            }},
        },
        "required": ["good", "count"],
    })
}

async fn start(tools: impl IntoIterator<Item = Tool>) -> Host {
    let service = Server::new("tools", "1")
        .tools(tools)
        .build()
        .expect("a server");
    Host::start(service, Options::new()).await
}

async fn orders() -> Host {
    start([
        typed("typed", async |Args(_): Args<Order>| "fits"),
        verbatim("dynamic", order_schema()),
    ])
    .await
}

#[tokio::test]
async fn every_constraint_of_a_schema_is_enforced_for_typed_and_for_dynamic_tools() {
    let host = orders().await;
    let misfits = [
        (json!({}), "good", ""),
        (json!({"good": "ABC-1"}), "count", ""),
        (json!({"good": 7, "count": 1}), "string", "good"),
        (json!({"good": "ABC-1", "count": "1"}), "i", "count"),
        (json!({"good": "ABC-1", "count": 1.5}), "i", "count"),
        (json!({"good": "ABC-1", "count": null}), "integer", "count"),
        (json!({"good": "abc", "count": 1}), "[A-Z]", "good"),
        (json!({"good": "ABC-1", "count": -1}), "0", "count"),
        (
            json!({"good": "ABC-1", "count": 1, "box_size": 256}),
            "255",
            "box_size",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "degrees": -6}),
            "-5",
            "degrees",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "share": 0.25}),
            "0.5",
            "share",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "small": 256}),
            "small",
            "small",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "small": -1}),
            "small",
            "small",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "notes": [{"text": 1}]}),
            "string",
            "text",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "notes": [{"text": "a"}, {}]}),
            "text",
            "1",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "notes": [{"text": "a", "more": 1}]}),
            "more",
            "notes",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "notes": [{"text": "a", "tags": {"x": "y"}}]}),
            "i",
            "tags",
        ),
        (
            json!({"good": "ABC-1", "count": 1, "notes": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}),
            "2",
            "notes",
        ),
    ];
    let session = host.open("2025-11-25").await;
    for tool in ["typed", "dynamic"] {
        for (arguments, expectation, place) in &misfits {
            let legacy = Request::post(call(1, tool, arguments.clone())).session(&session);
            for request in [modern_call(1, tool, arguments.clone()), legacy] {
                let (text, is_error) = host.ask(&request).await.tool_text();
                assert!(is_error, "{tool} {arguments}: {text}");
                assert!(text.contains(expectation), "{tool} {arguments}: {text}");
                assert!(text.contains(place), "{tool} {arguments}: {text}");
            }
        }
        let fits = json!({"good": "ABC-1", "count": 0, "box_size": 255, "degrees": -5,
            "share": 0.5, "small": 255, "notes": [{"text": "a", "tags": {"x": 1}}], "unknown": 1});
        let (text, is_error) = host.ask(&modern_call(1, tool, fits)).await.tool_text();
        assert!(!is_error, "{tool}: {text}");
    }
}

#[tokio::test]
async fn absent_arguments_are_an_empty_object_and_an_array_is_a_bad_request() {
    let host = start([verbatim("verbatim", json!({"type": "object"}))]).await;
    let session = host.open("2025-11-25").await;
    for params in [
        json!({"name": "verbatim"}),
        json!({"name": "verbatim", "arguments": null}),
    ] {
        let legacy = crate::messages::request(1, "tools/call", params.clone());
        let legacy = Request::post(legacy).session(&session);
        for request in [crate::messages::modern(1, "tools/call", params), legacy] {
            assert_eq!(
                host.ask(&request).await.tool_text(),
                ("{}".to_owned(), false)
            );
        }
    }
    let array = Request::post(call(1, "verbatim", json!([1]))).session(&session);
    host.ask(&array).await.assert_error(200, 1, -32602);
    host.ask(&modern_call(1, "verbatim", json!([1])))
        .await
        .assert_error(400, 1, -32602);
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_of_the_protocol() {
    let host = orders().await;
    let session = host.open("2025-11-25").await;
    for name in ["none", "TYPED", "typed ", "../typed", "ty\u{0}ped", "日本"] {
        let legacy = Request::post(call(1, name, json!({}))).session(&session);
        let answer = host.ask(&legacy).await;
        answer.assert_error(200, 1, -32602);
    }
    let answer = host.ask(&modern_call(1, "none", json!({}))).await.json();
    assert_eq!(answer["error"]["code"], -32602);
    assert!(
        answer["error"]["message"]
            .as_str()
            .is_some_and(|text| text.contains("none"))
    );
}

#[tokio::test]
async fn numbers_of_dynamic_tools_arrive_as_they_were_written() {
    let host = start([verbatim("verbatim", json!({"type": "object"}))]).await;
    let session = host.open("2025-11-25").await;
    let arguments =
        r#"{"big":123456789012345678901234567890,"exact":1.10,"far":1e400,"small":-0.0}"#;
    let body = call(1, "verbatim", json!("HERE"))
        .to_string()
        .replace("\"HERE\"", arguments);
    let answer = host.ask(&Request::post(&body[..]).session(&session)).await;
    let (text, is_error) = answer.tool_text();
    // A number that no machine holds may be refused, but is never changed.
    assert!(
        text == arguments || is_error && text.contains("number"),
        "{text}"
    );
}

/// A tool with one optional parameter of this type and range, and nothing else to check.
macro_rules! ranged {
    ($name:ident: $type:ty, $($range:tt)*) => {{
        #[derive(Deserialize, JsonSchema)]
        #[expect(dead_code, reason = "only the reading of the field is looked at")]
        struct Ranged {
            #[schemars(range($($range)*))]
            $name: Option<$type>,
        }
        typed(stringify!($name), async |Args(_): Args<Ranged>| "fits")
    }};
}

#[tokio::test]
async fn a_range_that_is_narrower_than_its_type_is_enforced_also_when_it_looks_like_a_types_own() {
    let host = start([
        ranged!(count: i64, min = 0),
        ranged!(size: u32, max = 255),
        ranged!(degrees: i32, min = -5),
        ranged!(pages: u8, min = 1),
        ranged!(port: u64, max = 65_535),
        ranged!(offset: i16, max = 127),
        ranged!(share: f64, min = 0.5),
    ])
    .await;
    for (name, misfit, fit) in [
        ("count", json!(-1), json!(0)),
        ("size", json!(256), json!(255)),
        ("degrees", json!(-6), json!(-5)),
        ("pages", json!(0), json!(255)),
        ("port", json!(65_536), json!(65_535)),
        ("offset", json!(128), json!(-32_768)),
        ("share", json!(0.25), json!(0.5)),
    ] {
        for (value, expected) in [(misfit, true), (fit, false)] {
            let asked = modern_call(1, name, json!({name: value}));
            let (text, is_error) = host.ask(&asked).await.tool_text();
            assert_eq!(is_error, expected, "{name} {value}: {text}");
            assert!(!expected || text.contains(name), "{text}");
        }
    }
}

#[tokio::test]
async fn a_tool_that_takes_nothing_says_which_argument_it_does_not_know() {
    let nothing = json!({"type": "object", "properties": {"gone": false}});
    let host = start([verbatim("nothing", nothing)]).await;
    let answer = host
        .ask(&modern_call(1, "nothing", json!({"gone": 1})))
        .await;
    let text = "invalid arguments: there is no argument `gone`; the tool takes none";
    assert_eq!(answer.tool_text(), (text.to_owned(), true));
}
