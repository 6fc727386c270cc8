//! Forms of schemas, and what is refused.

use std::collections::HashMap;

use midfield_protocol::types::Schema;
use proptest::prelude::*;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::answers::json_value;
use super::types::Plain;
use super::{fields, form, told};
use crate::server::form::{Form, NotAForm};

/// The examples of <https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#requested-schema>.
#[test]
fn a_schema_within_the_subset_stays_as_it_is() {
    let examples = [
        json!({
            "type": "string",
            "title": "Display Name",
            "description": "Description text",
            "minLength": 3,
            "maxLength": 50,
            "format": "email",
            "default": "user@example.com",
        }),
        json!({
            "type": "number",
            "title": "Display Name",
            "description": "Description text",
            "minimum": 0,
            "maximum": 100,
            "default": 50,
        }),
        json!({ "type": "boolean", "title": "Display Name", "default": false }),
        json!({
            "type": "string",
            "title": "Color Selection",
            "description": "Choose your favorite color",
            "enum": ["Red", "Green", "Blue"],
            "default": "Red",
        }),
        json!({
            "type": "string",
            "title": "Color Selection",
            "oneOf": [
                { "const": "#FF0000", "title": "Red" },
                { "const": "#00FF00", "title": "Green" },
            ],
            "default": "#FF0000",
        }),
        json!({
            "type": "array",
            "title": "Color Selection",
            "minItems": 1,
            "maxItems": 2,
            "items": { "type": "string", "enum": ["Red", "Green", "Blue"] },
            "default": ["Red", "Green"],
        }),
        json!({
            "type": "array",
            "minItems": 1,
            "items": {
                "anyOf": [
                    { "const": "#FF0000", "title": "Red" },
                    { "const": "#00FF00", "title": "Green" },
                ],
            },
            "default": ["#FF0000", "#00FF00"],
        }),
    ];
    for example in examples {
        let form = fields(&json!({ "field": example })).expect("a form");
        assert_eq!(told(&form), json!({ "field": example }));
    }
}

#[test]
fn a_field_that_no_form_can_have_is_named_with_what_to_use_instead() {
    let cases = [
        (
            json!({ "type": "object", "properties": {} }),
            "cannot be nested",
        ),
        (
            json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            "nested",
        ),
        (
            json!({ "type": "array", "items": { "type": "string" } }),
            "`Vec` of an enum",
        ),
        (
            json!({ "type": "array", "items": { "type": "integer", "enum": [1] } }),
            "`Vec` of an enum",
        ),
        (
            json!({ "type": "array", "prefixItems": [{ "type": "string" }] }),
            "`Vec` of an enum",
        ),
        (
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
            "enum of unit variants",
        ),
        (
            json!({ "oneOf": [{ "const": "a", "minLength": 2 }] }),
            "enum of unit variants",
        ),
        (
            json!({ "type": ["string", "integer"] }),
            "more than one type",
        ),
        (json!({ "type": "null" }), "`null` is no type"),
        (json!({}), "it can be anything"),
        (json!(true), "it can be anything"),
        (json!({ "enum": [1, 2] }), "1 is no string"),
        (json!({ "type": "integer", "enum": ["a"] }), "only strings"),
        (json!({ "enum": [] }), "nothing to choose"),
        (json!({ "enum": ["a", "b", "a"] }), "twice"),
        (
            json!({ "enum": ["a"], "oneOf": [{ "const": "a" }] }),
            "twice",
        ),
        (
            json!({ "type": "string", "enum": ["a", "b"], "enumNames": ["A"] }),
            "`enumNames`",
        ),
        (
            json!({ "type": "string", "not": { "const": "a" } }),
            "`not`",
        ),
        (json!({ "type": "string", "minimum": 1 }), "`minimum`"),
        (json!({ "type": "string", "minLength": -1 }), "-1"),
        (
            json!({ "type": "string", "minLength": 3, "maxLength": 2 }),
            "above",
        ),
        (json!({ "type": "string", "pattern": "(" }), "("),
        (json!({ "type": "string", "title": 1 }), "1"),
        (json!({ "type": "integer", "default": "1" }), "its default"),
        (
            json!({ "type": "integer", "maximum": 5, "default": 6 }),
            "its default",
        ),
        (
            json!({ "type": "string", "format": "email", "default": "nobody" }),
            "its default",
        ),
        (json!({ "enum": ["a"], "default": "b" }), "its default"),
        (json!({ "$ref": "#/$defs/absent" }), "refers to nothing"),
        (
            json!({ "$ref": "https://example.com/schema" }),
            "refers to nothing",
        ),
        (json!({ "$ref": "#/properties/field" }), "refers to itself"),
    ];
    for (field, expected) in cases {
        let refused = fields(&json!({ "field": field })).err();
        let refused = refused.unwrap_or_else(|| panic!("{field} is taken"));
        assert!(
            matches!(&refused, NotAForm::Field { field, .. } if field == "field"),
            "{field}: {refused:?}"
        );
        assert!(refused.to_string().contains(expected), "{field}: {refused}");
    }
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Tree {
    name: String,
    branch: Option<Box<Self>>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Wrapped {
    pair: (String, String),
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
enum Sum {
    Nothing,
    Something { text: String },
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct OfSum {
    sum: Sum,
}

#[test]
fn a_type_that_is_no_form_is_refused() {
    let field = |result: Result<Form, NotAForm>| match result {
        Err(NotAForm::Field { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(Form::of::<Tree>()), "branch");
    assert_eq!(field(Form::of::<Wrapped>()), "pair");
    assert_eq!(field(Form::of::<OfSum>()), "sum");
    let roots = [
        Form::of::<Sum>(),
        Form::of::<Plain>(),
        Form::of::<String>(),
        Form::of::<Vec<Plain>>(),
        Form::of::<HashMap<String, String>>(),
        form(json!({ "type": "object", "properties": {}, "required": ["absent"] })),
        form(json!({ "type": "object", "if": {} })),
    ];
    for root in roots {
        assert!(matches!(root, Err(NotAForm::Root { .. })), "{root:?}");
    }
}

#[test]
fn a_field_that_asks_for_a_secret_is_refused() {
    let secrets = [
        json!({ "password": { "type": "string" } }),
        json!({ "pin": { "type": "integer" } }),
        json!({ "entry": { "type": "string", "title": "API key" } }),
        json!({ "entry": { "type": "string", "description": "The number of your credit card." } }),
        json!({ "entry": { "type": "string", "format": "password" } }),
        json!({ "entry": { "type": ["string", "null"], "title": "Access token" } }),
    ];
    for secret in &secrets {
        let refused = fields(secret);
        assert!(matches!(refused, Err(NotAForm::Secret { .. })), "{secret}");
    }
    // Whoever answers these gives nothing away.
    let harmless = json!({
        "reset_password": { "type": "boolean" },
        "credential": { "type": "string", "enum": ["password", "passkey"] },
    });
    assert!(fields(&harmless).is_ok());
}

proptest! {
    #[test]
    fn any_schema_is_a_form_within_the_subset_or_refused(field in field_schema()) {
        let mut keywords = Map::new();
        keywords.insert("type".into(), "object".into());
        keywords.insert("properties".into(), json!({ "field": field }));
        if let Ok(form) = Form::new(&Schema::new(keywords)) {
            told(&form);
        }
    }
}

/// A schema of a field, or nearly one.
fn field_schema() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        Just(json!("string")),
        Just(json!("integer")),
        Just(json!("boolean")),
        Just(json!("array")),
        Just(json!(["string", "null"])),
        Just(json!(3)),
        Just(json!(["a", "b"])),
        Just(json!([{ "const": "a", "title": "A" }, { "type": "null" }])),
        Just(json!({ "enum": ["a", "b"] })),
        Just(json!("email")),
        json_value(),
    ];
    let keyword = prop::sample::select(vec![
        "type",
        "title",
        "description",
        "default",
        "enum",
        "enumNames",
        "oneOf",
        "anyOf",
        "const",
        "items",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "format",
        "pattern",
        "uniqueItems",
        "$ref",
        "x-other",
    ]);
    let start = prop::sample::select(vec![
        json!({}),
        json!({ "type": "string" }),
        json!({ "type": "number" }),
        json!({ "type": "array", "items": { "enum": ["a", "b"] } }),
        json!({ "enum": ["a", "b"] }),
    ]);
    (start, prop::collection::vec((keyword, value), 0..3)).prop_map(|(mut start, members)| {
        for (keyword, value) in members {
            start[keyword] = value;
        }
        start
    })
}
