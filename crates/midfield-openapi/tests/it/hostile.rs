//! Hostile arguments and hostile documents.

use midfield_openapi::{
    Credentials, Document, DocumentError, Format, NoFiles, Operation, Options, Problem,
    ReadOptions, RequestError,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{request, with_parameters};

fn path_operation() -> Operation {
    with_parameters(
        "/files/{name}/meta",
        &json!([{"name": "name", "in": "path"}]),
    )
}

#[test]
fn a_path_argument_is_one_segment_or_refused() {
    let operation = path_operation();
    for (text, expected) in [
        ("../admin", "..%2Fadmin"),
        ("..%2fadmin", "..%252fadmin"),
        ("%2e%2e", "%252e%252e"),
        ("a/b", "a%2Fb"),
        ("?x", "%3Fx"),
        ("#f", "%23f"),
        ("..\\admin", "..%5Cadmin"),
        ("//evil.example", "%2F%2Fevil.example"),
        ("a;b=c", "a%3Bb%3Dc"),
        ("...", "..."),
        ("\u{2025}", "%E2%80%A5"),
        ("a\tb\r\nc\0", "a%09b%0D%0Ac%00"),
    ] {
        let request = request(&operation, &json!({ "name": text })).unwrap();
        assert_eq!(
            request.url,
            format!("https://api.example/files/{expected}/meta"),
            "{text:?}"
        );
    }
    let refused = |value: Value| match request(&operation, &json!({ "name": value })) {
        Err(RequestError::InvalidArgument { problem, .. }) => Some(problem),
        _ => None,
    };
    assert_eq!(refused(json!(".")), Some(Problem::DotSegment));
    assert_eq!(refused(json!("..")), Some(Problem::DotSegment));
    assert_eq!(refused(json!([".."])), Some(Problem::DotSegment));
    assert_eq!(refused(json!("")), Some(Problem::EmptySegment));
    assert_eq!(refused(json!([])), Some(Problem::EmptySegment));
}

#[test]
fn dots_that_only_together_make_a_segment_are_refused() {
    let parameters = json!([{"name": "a", "in": "path"}, {"name": "b", "in": "path"}]);
    let operation = with_parameters("/x/{a}{b}/y", &parameters);
    // Each dot is refused by itself; three cannot be taken for a step upwards.
    assert!(request(&operation, &json!({"a": ".", "b": "."})).is_err());
    let operation = with_parameters("/x/.{a}/y", &json!([{"name": "a", "in": "path"}]));
    assert!(request(&operation, &json!({"a": "."})).is_err());
    assert!(request(&operation, &json!({"a": "b"})).is_ok());
    let label = json!([{"name": "a", "in": "path", "style": "label"}]);
    let operation = with_parameters("/x/{a}/y", &label);
    assert!(request(&operation, &json!({"a": "."})).is_err());
    assert!(request(&operation, &json!({"a": ""})).is_err());
}

#[test]
fn a_header_argument_cannot_end_its_header() {
    let operation = with_parameters("/x", &json!([{"name": "X-Note", "in": "header"}]));
    for text in [
        "a\r\nX-Evil: 1",
        "a\nb",
        "a\rb",
        "a\0b",
        "a\u{7f}b",
        "a\u{85}b",
    ] {
        let error = request(&operation, &json!({"X-Note": text})).unwrap_err();
        let problem = Problem::ControlCharacter;
        assert_eq!(
            error,
            RequestError::InvalidArgument {
                argument: "X-Note".to_owned(),
                problem
            }
        );
    }
    let list = json!(["a", "b\r\nc"]);
    assert!(request(&operation, &json!({ "X-Note": list })).is_err());
    assert!(request(&operation, &json!({"X-Note": {"a\r\n": 1}})).is_err());
    assert!(request(&operation, &json!({"X-Note": "a\tb c"})).is_ok());
}

#[test]
fn a_query_or_cookie_argument_cannot_end_its_place() {
    let parameters = json!([{"name": "q", "in": "query"}, {"name": "c", "in": "cookie"}]);
    let operation = with_parameters("/x", &parameters);
    let text = "a\r\nb&admin=1;x=2#f";
    let request = request(&operation, &json!({"q": text, "c": text})).unwrap();
    let encoded = "a%0D%0Ab%26admin%3D1%3Bx%3D2%23f";
    assert_eq!(request.url, format!("https://api.example/x?q={encoded}"));
    assert_eq!(
        crate::header(&request, "Cookie"),
        Some(format!("c={encoded}").as_str())
    );
}

#[test]
fn a_header_of_a_document_that_is_no_header_name_is_not_sent() {
    let parameters = json!([{"name": "X-Bad\r\nX-Evil", "in": "header"}]);
    assert_eq!(with_parameters("/x", &parameters).arguments().count(), 0);
}

#[test]
fn no_argument_chooses_the_host() {
    let document = json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://{host}", "variables": {"host": {"default": "api.example"}}}],
        "paths": {"/{host}": {"get": {}}},
    });
    let operation = crate::only(&crate::read(&document));
    let request = request(&operation, &json!({"host": "169.254.169.254"})).unwrap();
    assert_eq!(request.url, "https://api.example/169.254.169.254");
    assert_eq!(operation.base_url, "https://api.example");
}

#[test]
fn a_path_of_a_document_cannot_climb() {
    for path in ["/a/../b", "/a/%2e%2E/b", "/.", "/{unclosed"] {
        let document = crate::document(&json!({ path: {"get": {}} }));
        let skipped = document
            .operations(&Options::default())
            .next()
            .unwrap()
            .unwrap_err();
        assert_eq!(skipped.reason.kind(), "path cannot be requested", "{path}");
    }
}

#[test]
fn arguments_that_are_missing_or_unknown_are_named() {
    let operation = path_operation();
    let error = request(&operation, &json!({})).unwrap_err();
    assert_eq!(
        error,
        RequestError::MissingArgument {
            argument: "name".to_owned()
        }
    );
    let error = request(&operation, &json!({"name": "a", "other": 1})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no argument `other`: the arguments are name"
    );
}

#[test]
fn what_is_no_document_is_refused() {
    let read = |text: &str| Document::read(text.as_bytes(), &ReadOptions::default(), &NoFiles);
    assert!(matches!(
        read(""),
        Err(DocumentError::NotOpenApi | DocumentError::Read(_))
    ));
    assert!(matches!(read("{}"), Err(DocumentError::NotOpenApi)));
    assert!(matches!(read("just text"), Err(DocumentError::NotOpenApi)));
    assert!(matches!(
        read("openapi: 4.0.0"),
        Err(DocumentError::UnknownVersion(_))
    ));
    assert!(matches!(
        read("swagger: 1.2"),
        Err(DocumentError::UnknownVersion(_))
    ));
    assert!(matches!(
        read("{\"openapi\": "),
        Err(DocumentError::Read(_))
    ));
    assert!(matches!(
        read(&"[".repeat(100_000)),
        Err(DocumentError::Read(_))
    ));
    assert!(matches!(
        read(&"- ".repeat(100_000)),
        Err(DocumentError::Read(_))
    ));
    assert!(read("swagger: 2.0").is_ok());
    let unquoted = read("openapi: 3.0.0\ninfo: {title: Pets, version: 1.5}").unwrap();
    assert_eq!(
        (unquoted.title().as_ref(), unquoted.api_version().as_ref()),
        ("Pets", "1.5")
    );
    assert!(
        read("openapi: 3.0.0\npaths: 7")
            .unwrap()
            .entries()
            .is_empty()
    );
}

/// Any JSON value, small.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        Just("..".to_owned()),
        Just("../..".to_owned()),
        Just("%2e%2e".to_owned()),
        Just("\\..\\".to_owned()),
        "[./\\\\%?#@:]{0,6}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// JSON that looks like a document in some places.
fn near_document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        prop::sample::select(words(TEXTS)).prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ];
    leaf.prop_recursive(8, 96, 5, move |inner| {
        let key = prop::sample::select(words(KEYS)).prop_map(str::to_owned);
        prop_oneof![
            3 => prop::collection::vec((key, inner.clone()), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            1 => prop::collection::vec(inner, 0..4).prop_map(Value::from),
        ]
    })
}

fn words(text: &'static str) -> Vec<&'static str> {
    text.split_whitespace().collect()
}

/// Keys that mean something in a document.
const KEYS: &str = "$ref allOf anyOf components content enum get in items name not nullable openapi \
    parameters paths pattern post properties requestBody required responses schema schemas servers \
    swagger type url /a/{b} 200 application/json discriminator mapping propertyName";

/// Texts that mean something under them.
const TEXTS: &str = "# #/ #/paths #/components/schemas/A x.json#/a path query body formData string \
    object array ( b https://a.example https://{v}/ 3.1.0 2.0";

fn exercise(document: &Document) {
    for operation in document.operations(&Options::default()) {
        let Ok(operation) = operation else { continue };
        jsonschema::draft202012::meta::validate(&operation.input_schema).unwrap();
        jsonschema::draft202012::options()
            .build(&operation.input_schema)
            .unwrap();
        let arguments: Map<String, Value> = operation
            .arguments()
            .map(|argument| (argument.name.to_owned(), json!("x")))
            .collect();
        // Whether it fits does not matter here, only that it ends.
        let _ = operation.request(&arguments, &Credentials::none());
    }
}

proptest! {
    #[test]
    fn no_argument_leaves_its_segment(
        style in prop::sample::select(vec!["simple", "label", "matrix"]),
        explode in any::<bool>(),
        value in any_json(),
    ) {
        let parameters = json!([{"name": "name", "in": "path", "style": style, "explode": explode}]);
        let operation = with_parameters("/files/{name}/meta", &parameters);
        if let Ok(request) = request(&operation, &json!({ "name": value })) {
            let url = url::Url::parse(&request.url).unwrap();
            prop_assert_eq!(url.origin().ascii_serialization(), "https://api.example");
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3);
            prop_assert_eq!((segments[0], segments[2]), ("files", "meta"));
            prop_assert_eq!((url.query(), url.fragment()), (None, None));
        }
    }

    #[test]
    fn no_argument_leaves_its_header_query_or_cookie(
        style in prop::sample::select(vec!["form", "spaceDelimited", "pipeDelimited"]),
        value in any_json(),
    ) {
        let parameters = json!([
            {"name": "q", "in": "query", "style": style, "explode": false},
            {"name": "h", "in": "header"},
            {"name": "c", "in": "cookie", "explode": false},
        ]);
        let operation = with_parameters("/x", &parameters);
        if let Ok(request) = request(&operation, &json!({"q": value, "c": value})) {
            let url = url::Url::parse(&request.url).unwrap();
            prop_assert_eq!(url.path(), "/x");
            prop_assert!(url.fragment().is_none());
            prop_assert!(url.query_pairs().all(|(name, _)| name == "q"));
            prop_assert!(url.query_pairs().count() <= 1);
            let cookie = crate::header(&request, "Cookie").unwrap_or("c=");
            prop_assert!(cookie.starts_with("c=") && !cookie.contains([';', '\r', '\n', '\0']));
        }
        if let Ok(request) = request(&operation, &json!({ "h": value })) {
            let sent = crate::header(&request, "h").unwrap_or_default();
            prop_assert!(!sent.contains(['\r', '\n', '\0']));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in [None, Some(Format::Json), Some(Format::Yaml)] {
            let mut options = ReadOptions::default();
            options.format = format;
            // Whether they are a document does not matter here, only that reading them ends.
            let _ = Document::read(&bytes, &options, &NoFiles);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(openapi: 3.1.0\n)?[-&*!|>%@:,{}\\[\\] a-z\n\"'#?~]{0,120}") {
        if let Ok(document) = Document::read(text.as_bytes(), &ReadOptions::default(), &NoFiles) {
            exercise(&document);
        }
    }

    #[test]
    fn any_tree_gives_valid_tools_or_reasons(
        swagger in any::<bool>(),
        item in near_document(),
        components in near_document(),
        schema in near_document(),
    ) {
        let version = if swagger { "swagger" } else { "openapi" };
        let number = if swagger { "2.0" } else { "3.0.0" };
        let document = json!({
            version: number,
            "host": "a.example",
            "servers": [{"url": "https://a.example"}],
            "paths": {
                "/a/{b}": item,
                "/c": {"post": {
                    "parameters": [{"name": "q", "in": "query", "schema": schema}],
                    "requestBody": {"content": {"multipart/form-data": {"schema": schema}}},
                    "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
                }},
            },
            "components": {"schemas": {"A": schema, "B": components}},
            "definitions": {"A": schema},
        });
        exercise(&crate::read(&document));
    }
}
