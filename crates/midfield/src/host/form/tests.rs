use midfield_protocol::types::Schema;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn read(schema: &Value) -> Result<Fields, String> {
    let schema = Schema::new(schema.as_object().cloned().unwrap_or_default());
    Fields::read(&schema).map_err(|refusal| {
        assert_eq!(refusal.error().code.number(), -32602);
        refusal.to_string()
    })
}

/// The one field that has this schema, not required.
#[track_caller]
fn field(schema: &Value) -> Field {
    let form = json!({"type": "object", "properties": {"it": schema}});
    read(&form).unwrap().field("it").unwrap().clone()
}

#[track_caller]
fn check(schema: &Value, said: &[(&str, Value)], wrong: &[(&str, &str)]) {
    let field = field(schema);
    for (text, value) in said {
        assert_eq!(field.value(text), Ok(Some(value.clone())), "{text:?}");
        // What is shown says the same again.
        assert_eq!(field.value(&field.text(value)), Ok(Some(value.clone())));
    }
    for (text, told) in wrong {
        assert_eq!(field.value(text), Err((*told).to_owned()), "{text:?}");
    }
    assert_eq!(field.value(" "), Ok(None));
}

#[test]
fn texts_are_taken_as_they_are() {
    check(
        &json!({"type": "string", "minLength": 2, "maxLength": 4}),
        &[
            ("äöü", json!("äöü")),
            (" a ", json!(" a ")),
            ("日本語", json!("日本語")),
        ],
        &[
            ("ä", "it must have at least 2 characters"),
            ("abcde", "it must have at most 4 characters"),
        ],
    );
    check(
        &json!({"type": "string", "pattern": "^[a-z]+$"}),
        &[("abc", json!("abc"))],
        &[("ab1", "it must match the pattern ^[a-z]+$")],
    );
}

#[test]
fn formats_are_checked_and_unknown_ones_are_texts() {
    let format = |name: &str| json!({"type": "string", "format": name});
    check(
        &format("email"),
        &[(" ada@example.com", json!("ada@example.com"))],
        &[(
            "ada",
            "it must be an email address, such as ada@example.com",
        )],
    );
    check(
        &format("uri"),
        &[("https://example.com/a", json!("https://example.com/a"))],
        &[(
            "/a",
            "it must be a whole address, such as https://example.com/page",
        )],
    );
    check(
        &format("date"),
        &[("2026-02-28", json!("2026-02-28"))],
        &[("2026-02-30", "it must be a date, such as 2026-03-31")],
    );
    check(
        &format("date-time"),
        &[("2026-02-28T09:30:00Z", json!("2026-02-28T09:30:00Z"))],
        &[(
            "2026-02-28",
            "it must be a date and time, such as 2026-03-31T09:30:00Z",
        )],
    );
    check(&format("colour"), &[("red", json!("red"))], &[]);
}

#[test]
fn numbers_are_numbers() {
    check(
        &json!({"type": "integer", "minimum": 1, "maximum": 9}),
        &[("3", json!(3)), (" +4 ", json!(4))],
        &[
            ("0", "it must be at least 1"),
            ("12", "it must be at most 9"),
            ("2.5", "it must be a whole number, such as 3"),
            ("three", "it must be a whole number, such as 3"),
            ("0x3", "it must be a whole number, such as 3"),
        ],
    );
    check(
        &json!({"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5}),
        &[("2.5", json!(2.5)), ("3", json!(3)), ("1e2", json!(100.0))],
        &[
            ("0", "it must be more than 0"),
            ("0.3", "it must be a multiple of 0.5"),
            ("1,5", "it must be a number, such as 3 or 2.5"),
            ("nan", "it must be a number, such as 3 or 2.5"),
            ("inf", "it must be a number, such as 3 or 2.5"),
        ],
    );
}

#[test]
fn yes_and_no_are_said_in_words() {
    check(
        &json!({"type": "boolean"}),
        &[
            ("yes", json!(true)),
            ("N", json!(false)),
            ("true", json!(true)),
        ],
        &[("maybe", "it must be yes or no")],
    );
}

#[test]
fn one_is_chosen_from_every_form_of_an_enum() {
    let forms = [
        json!({"type": "string", "oneOf": [{"const": "s", "title": "Small, or so"}, {"const": "l", "title": "Large"}]}),
        json!({"type": "string", "enum": ["s", "l"], "enumNames": ["Small, or so", "Large"]}),
    ];
    for form in forms {
        check(
            &form,
            &[("s", json!("s")), ("large", json!("l")), ("2", json!("l"))],
            &[
                ("m", "that is none of the choices"),
                ("3", "that is none of the choices"),
            ],
        );
    }
    let plain = json!({"type": "string", "enum": ["1", "0"]});
    // A value goes before a number.
    check(&plain, &[("1", json!("1")), ("0", json!("0"))], &[]);
}

#[test]
fn several_are_chosen_with_commas_between() {
    let titled = json!({"anyOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B, too"}, {"const": "c", "title": "C"}]});
    check(
        &json!({"type": "array", "items": titled, "minItems": 1, "maxItems": 2}),
        &[("a, 3", json!(["a", "c"])), ("B, too", json!(["b"]))],
        &[
            ("a,b,c", "it must have at most 2 choices"),
            (",", "it must have at least 1 choice"),
            ("d", "that is none of the choices"),
        ],
    );
    let unique = json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "uniqueItems": true});
    check(
        &unique,
        &[("a,b", json!(["a", "b"]))],
        &[("a,a", "nothing may be chosen twice")],
    );
}

#[test]
fn what_may_be_null_may_be_left_out() {
    let form = json!({"type": "object", "required": ["a", "b"], "properties": {
        "a": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null},
        "b": {"type": ["integer", "null"]},
    }});
    let fields = read(&form).unwrap();
    assert!(fields.iter().all(|field| !field.is_required()));
    assert!(fields.iter().all(|field| field.default().is_none()));
    assert_eq!(fields.field("b").unwrap().value("3"), Ok(Some(json!(3))));
}

#[test]
fn what_is_no_flat_form_is_refused() {
    let nested =
        json!({"type": "object", "properties": {"a": {"type": "object", "properties": {}}}});
    assert!(
        read(&nested)
            .unwrap_err()
            .contains("objects cannot be nested")
    );
    for field in [
        json!({"type": "array", "items": {"type": "object"}}),
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"type": "array"}),
        json!({"allOf": [{"type": "string"}], "type": "string"}),
        json!({"type": "string", "not": {"enum": ["a"]}}),
        json!({"type": "string", "$ref": "#/properties/a"}),
        json!({"$ref": "https://example.com/schema"}),
        json!({"type": "string", "minLength": -1}),
        json!({"type": "string", "minLength": "a"}),
        json!({"type": "string", "minLength": 3, "maxLength": 2}),
        json!(true),
        json!(null),
    ] {
        let form = json!({"type": "object", "properties": {"a": field}});
        assert!(read(&form).is_err(), "{form}");
    }
    for form in [
        json!({}),
        json!({"type": "string"}),
        json!({"type": "object", "properties": {}, "allOf": []}),
        json!({"type": "object", "properties": {}, "minProperties": 1}),
        json!({"type": "object", "properties": {}, "required": ["a"]}),
    ] {
        assert!(read(&form).is_err(), "{form}");
    }
}

#[test]
fn what_restricts_nothing_is_passed_over() {
    let form = json!({"type": "object", "additionalProperties": {}, "placeholder": "x", "properties": {
        "a": {"type": "string", "placeholder": "Ada", "minimum": 3, "nullable": false},
    }});
    assert!(read(&form).is_ok());
}

#[test]
fn fields_that_ask_for_secrets_are_marked() {
    let form = json!({"type": "object", "properties": {
        "api_key": {"type": "string"},
        "a": {"type": "string", "title": "Your password"},
        "b": {"type": "string", "format": "password"},
        "name": {"type": "string"},
        "token": {"type": "boolean"},
    }});
    let fields = read(&form).unwrap();
    let secrets: Vec<_> = fields.iter().map(Field::secret).collect();
    assert_eq!(
        secrets,
        [
            Some("api key"),
            Some("password"),
            Some("password"),
            None,
            None
        ]
    );
}

#[test]
fn a_pattern_that_may_take_for_ever_is_left_to_the_server() {
    let field = field(&json!({"type": "string", "pattern": "^(?=.*[0-9])(a+)+$", "maxLength": 5}));
    assert_eq!(field.unchecked(), Some("^(?=.*[0-9])(a+)+$"));
    assert_eq!(field.value("b"), Ok(Some(json!("b"))));
    assert!(field.value("bbbbbb").is_err());
}

#[test]
fn a_default_that_does_not_fit_is_none() {
    let form = json!({"type": "object", "properties": {
        "good": {"type": "integer", "minimum": 1, "default": 3},
        "bad": {"type": "integer", "minimum": 1, "default": 0},
        "many": {"type": "array", "items": {"enum": ["a", "b"]}, "default": ["b"]},
    }});
    let mut content = Map::new();
    read(&form).unwrap().fill(&mut content);
    assert_eq!(Value::Object(content), json!({"good": 3, "many": ["b"]}));
}

#[test]
fn a_form_larger_than_anybody_fills_in_is_refused() {
    let fields = (0..=MAX_FIELDS).map(|at| (format!("f{at}"), json!({"type": "string"})));
    let properties: Map<String, Value> = fields.collect();
    let told = read(&json!({"type": "object", "properties": properties})).unwrap_err();
    assert!(told.contains("more than 100 fields"), "{told}");
    let long = json!({"a": {"type": "string", "description": "a".repeat(MAX_SCHEMA)}});
    let told = read(&json!({"type": "object", "properties": long})).unwrap_err();
    assert!(told.contains("bytes"), "{told}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "object",
        "string",
        "integer",
        "number",
        "boolean",
        "array",
        "null",
        "email",
        "date",
        "a",
        "(",
        "#/properties/a",
        "password",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..9).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.prop_map(Value::from),
    ];
    let keys = prop::sample::select(vec![
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "enumNames",
        "oneOf",
        "anyOf",
        "const",
        "title",
        "default",
        "format",
        "pattern",
        "minimum",
        "maxLength",
        "minItems",
        "$ref",
        "not",
        "a",
        "b",
    ]);
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..5).prop_map(|members| {
                let members = members.into_iter();
                Value::Object(
                    members
                        .map(|(key, value)| (key.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}

/// Schemas of fields that are near to, and mostly are, those of the specification.
fn field_schema() -> impl Strategy<Value = Value> {
    let bound = || prop::option::of(-2_i64..6);
    let count = || prop::option::of(0_u64..4);
    prop_oneof![
        (
            count(),
            count(),
            prop::option::of(prop::sample::select(vec!["email", "uri", "date", "date-time", "odd"])),
            prop::option::of(prop::sample::select(vec!["^a", "[0-9]+", "^(?=a)b"])),
        )
            .prop_map(|(least, most, format, pattern)| json!({
                "type": "string", "minLength": least, "maxLength": most, "format": format, "pattern": pattern})),
        (prop::sample::select(vec!["integer", "number"]), bound(), bound(), bound()).prop_map(
            |(kind, least, most, above)| json!({
                "type": kind, "minimum": least, "maximum": most, "exclusiveMinimum": above})
        ),
        Just(json!({"type": "boolean", "default": true})),
        Just(json!({"type": "string", "enum": ["a", "b"], "enumNames": ["b", "a"]})),
        Just(json!({"type": "string", "oneOf": [{"const": "a", "title": "1"}, {"const": "b", "title": "B"}]})),
        (count(), count()).prop_map(|(least, most)| json!({
            "type": "array", "minItems": least, "maxItems": most, "uniqueItems": true,
            "items": {"anyOf": [{"const": "a", "title": "A"}, {"const": "b", "title": "B"}]}})),
    ]
    .prop_map(|mut schema| {
        schema.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        schema
    })
}

fn said() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ab1-3., ]{0,5}",
        prop::sample::select(vec![
            "yes",
            "a@b.de",
            "2026-01-01",
            "https://a.b/",
            "-1",
            "1.0",
            "a,b",
            "a,a"
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn no_schema_panics(schema in any_json(), text in any::<String>()) {
        if let Ok(fields) = read(&schema) {
            for field in &fields {
                let _ = field.value(&text);
            }
        }
    }

    #[test]
    fn no_schema_of_a_field_panics(schema in any_json(), text in said()) {
        let form = json!({"type": "object", "properties": {"it": schema}});
        if let Ok(fields) = read(&form) {
            let _ = fields.field("it").unwrap().value(&text);
        }
    }

    /// The judge is the whole schema as the server wrote it.
    #[test]
    fn what_is_accepted_fits_the_schema(
        schemas in prop::collection::vec((field_schema(), any::<bool>()), 1..4),
        texts in prop::collection::vec(said(), 4),
    ) {
        let names = ["a", "b", "c", "d"];
        let named = || names.iter().zip(&schemas);
        let properties: Map<String, Value> =
            named().map(|(name, (schema, _))| ((*name).to_owned(), schema.clone())).collect();
        let required: Vec<_> = named().filter(|(_, (_, required))| *required).map(|(name, _)| *name).collect();
        let schema = json!({"type": "object", "properties": properties, "required": required});
        let Ok(fields) = read(&schema) else { return Ok(()) };
        let mut content = Map::new();
        for (field, text) in fields.iter().zip(&texts) {
            if let Ok(Some(value)) = field.value(text) {
                content.insert(field.name().to_owned(), value);
            }
        }
        fields.fill(&mut content);
        let oracle = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let is_checked = fields.iter().all(|field| field.unchecked().is_none());
        if is_checked {
            let content_fits = oracle.is_valid(&Value::Object(content.clone()));
            prop_assert_eq!(content_fits, fields.misfits(&content).is_empty());
        }
    }
}
