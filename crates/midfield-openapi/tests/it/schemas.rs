//! Schemas: translated to JSON Schema 2020-12, valid, self-contained, and never narrower than
//! the document's.

use midfield_openapi::Options;
use serde_json::{Value, json};

use crate::{check_schema, only, read};

fn document(version: &str, schemas: &Value) -> Value {
    let reference = json!({"$ref": "#/components/schemas/A"});
    json!({
        "openapi": version,
        "servers": [{"url": "https://a.example"}],
        "paths": {"/x": {"post": {
            "requestBody": {"required": true, "content": {"application/json": {"schema": reference}}},
            "responses": {"200": {"content": {"application/json": {"schema": reference}}}},
        }}},
        "components": {"schemas": schemas},
    })
}

/// Checks which bodies fit the schema `A`; the input schema wraps each in `{"body": …}`.
fn check(version: &str, schemas: &Value, good: &[Value], bad: &[Value]) -> Value {
    let operation = only(&read(&document(version, schemas)));
    let wrapped = |values: &[Value]| -> Vec<Value> {
        values
            .iter()
            .map(|value| json!({ "body": value }))
            .collect()
    };
    check_schema(&operation.input_schema, &wrapped(good), &wrapped(bad));
    check_schema(operation.output_schema.as_ref().unwrap(), &[], &[]);
    operation.input_schema
}

fn check_3_0(schema: &Value, good: &[Value], bad: &[Value]) {
    check(
        "3.0.3",
        &json!({"A": schema, "B": {"type": "string"}}),
        good,
        bad,
    );
}

#[test]
fn nullable_becomes_a_type() {
    check_3_0(
        &json!({"type": "string", "nullable": true}),
        &[json!("a"), json!(null)],
        &[json!(1)],
    );
    let choice = json!({"type": "string", "nullable": true, "enum": ["a"]});
    check_3_0(&choice, &[json!("a"), json!(null)], &[json!("b")]);
    let reference = json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]});
    check_3_0(&reference, &[json!("a"), json!(null)], &[json!(1)]);
    let beside = json!({"nullable": true, "$ref": "#/components/schemas/B", "description": "b"});
    check_3_0(&beside, &[json!("a"), json!(null)], &[json!(1)]);
    check_3_0(&json!({"nullable": true}), &[json!(1), json!(null)], &[]);
}

#[test]
fn bounds_of_draft_4_become_numbers() {
    let schema = json!({"type": "number", "minimum": 1, "exclusiveMinimum": true, "maximum": 5, "exclusiveMaximum": false});
    check_3_0(&schema, &[json!(2), json!(5)], &[json!(1), json!(6)]);
    let schema = json!({"type": "number", "exclusiveMaximum": true});
    check_3_0(&schema, &[json!(2)], &[json!("x")]);
    let schema = json!({"type": "number", "exclusiveMinimum": 3, "minimum": "1"});
    check("3.1.0", &json!({"A": schema}), &[json!(4)], &[json!(3)]);
}

#[test]
fn sloppy_keywords_are_mended_or_dropped() {
    let schema = json!({
        "type": "Object",
        "required": true,
        "properties": {
            "a": {"type": "int", "enum": ["1", "2"], "multipleOf": 0},
            "b": {"type": "string", "enum": [1.5, true, 1.5], "maxLength": "9", "minLength": -1},
            "c": {"type": "any", "required": "yes", "items": 7},
            "d": {"type": ["string", "string"], "format": 3, "pattern": 4, "title": {}},
            "e": {"type": "array", "items": [{"type": "integer"}, {"type": "string"}], "additionalItems": false},
            "f": 17,
            "g": {"enum": [], "allOf": [], "anyOf": "x", "not": 5, "properties": []},
            "h": {"type": "string", "enum": [1, {}], "default": {"x": 1}, "example": "e"},
        },
    });
    let good = json!({"a": 1, "b": "1.5", "c": [], "d": "x", "e": [1, "a"], "f": {}, "g": 1});
    let bad = [
        json!([]),
        json!({"a": 3}),
        json!({"b": "x"}),
        json!({"e": ["a"]}),
        json!({"e": [1, "a", 2]}),
    ];
    check_3_0(&schema, &[good, json!({"b": "true"})], &bad);
}

#[test]
fn patterns_that_a_validator_cannot_compile_are_dropped() {
    for pattern in [
        "(",
        "^(?=a)b",
        "a{5,1}",
        "(a{1000}){1000}",
        "[[]",
        "\\p{Nope}",
        "(?<n>a)\\k<n>",
    ] {
        let schema = json!({"type": "string", "pattern": pattern});
        let input = check("3.1.0", &json!({"A": schema}), &[json!("b")], &[json!(1)]);
        assert!(!input.to_string().contains("pattern"), "{pattern}");
    }
    let schema = json!({"type": "string", "pattern": "^[a-z0-9._%+-]+@\\w+\\.[A-Za-z]{2,}\\/x$"});
    check(
        "3.1.0",
        &json!({"A": schema}),
        &[json!("a@b.de/x")],
        &[json!("b")],
    );
    let schema = json!({"patternProperties": {"(": {}, "^x": {"type": "integer"}}, "additionalProperties": false});
    check(
        "3.1.0",
        &json!({"A": schema}),
        &[json!({"x1": 1, "(": 1})],
        &[json!({"x": "a"})],
    );
}

#[test]
fn properties_travel_one_way() {
    let schema = json!({
        "type": "object",
        "properties": {
            "id": {"type": "integer", "readOnly": true},
            "secret": {"allOf": [{"type": "string"}], "writeOnly": true},
            "name": {"$ref": "#/components/schemas/Name"},
            "made": {"$ref": "#/components/schemas/Made"},
        },
        "required": ["id", "name", "made", "secret"],
    });
    let schemas = json!({"A": schema, "Name": {"type": "string"}, "Made": {"type": "string", "readOnly": true}});
    let operation = only(&read(&document("3.0.0", &schemas)));
    let input = &operation.input_schema["$defs"]["A"];
    let names = |schema: &Value| -> Vec<String> {
        schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(names(input), ["secret", "name"]);
    assert_eq!(input["required"], json!(["name", "secret"]));
    let output = operation.output_schema.unwrap();
    assert_eq!(names(&output), ["id", "name", "made"]);
    assert_eq!(output["required"], json!(["id", "name", "made"]));
    assert_eq!(output["type"], "object");
}

#[test]
fn a_required_property_that_another_part_hides_is_not_required() {
    let schemas = json!({
        "A": {"allOf": [{"$ref": "#/components/schemas/Base"}], "required": ["id", "name"]},
        "Base": {"type": "object", "properties": {"id": {"readOnly": true}, "name": {}}},
    });
    check("3.0.0", &schemas, &[json!({"name": "x"})], &[json!({})]);
}

#[test]
fn recursive_schemas_stay_definitions() {
    let schemas = json!({"A": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}},
        "required": ["name"],
    }});
    let good = json!({"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]});
    let bad = json!({"name": "a", "children": [{"name": "b", "children": [{}]}]});
    let input = check(
        "3.1.0",
        &schemas,
        std::slice::from_ref(&good),
        std::slice::from_ref(&bad),
    );
    assert_eq!(input["$defs"].as_object().unwrap().len(), 1);
    let output = only(&read(&document("3.1.0", &schemas)))
        .output_schema
        .unwrap();
    assert_eq!(output["type"], "object");
    check_schema(&output, &[good], &[bad]);
}

#[test]
fn compositions_and_their_siblings_are_kept() {
    let schemas = json!({
        "A": {
            "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
            "not": {"required": ["banned"]},
        },
        "Animal": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Animal"}, {"properties": {"lives": {"type": "integer"}}, "required": ["lives"]}]},
        "Dog": {"allOf": [{"$ref": "#/components/schemas/Animal"}, {"properties": {"tricks": {"type": "array"}}, "required": ["tricks"]}]},
    });
    let good = [
        json!({"name": "a", "lives": 9}),
        json!({"name": "b", "tricks": []}),
    ];
    let bad = [
        json!({"name": "a"}),
        json!({"lives": 9}),
        json!({"name": "a", "lives": 9, "tricks": []}),
        json!({"name": "a", "lives": 9, "banned": 1}),
    ];
    check("3.0.3", &schemas, &good, &bad);
}

#[test]
fn a_discriminator_says_which_branch_is_meant() {
    let pet = json!({"type": "object", "properties": {"kind": {"type": "string"}}});
    let discriminator = |mapping: Value| {
        let mut discriminator = json!({"propertyName": "kind"});
        if !mapping.is_null() {
            discriminator["mapping"] = mapping;
        }
        json!({
            "A": {
                "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
                "discriminator": discriminator,
            },
            "Cat": pet,
            "Dog": pet,
        })
    };
    let implicit = discriminator(Value::Null);
    check(
        "3.0.3",
        &implicit,
        &[json!({"kind": "Cat"}), json!({"kind": "Dog"})],
        &[json!({"kind": "Fish"}), json!({})],
    );
    let mapped = discriminator(
        json!({"miau": "Cat", "kitty": "#/components/schemas/Cat", "wuff": "#/components/schemas/Dog"}),
    );
    check(
        "3.0.3",
        &mapped,
        &[
            json!({"kind": "miau"}),
            json!({"kind": "kitty"}),
            json!({"kind": "wuff"}),
        ],
        &[json!({"kind": "Cat"})],
    );
}

#[test]
fn a_base_type_that_lists_its_subtypes_ends() {
    let schemas = json!({
        "A": {
            "type": "object",
            "properties": {"kind": {"type": "string"}},
            "oneOf": [{"$ref": "#/components/schemas/Cat"}],
            "discriminator": {"propertyName": "kind"},
        },
        "Cat": {"allOf": [{"$ref": "#/components/schemas/A"}, {"properties": {"lives": {"type": "integer"}}}]},
    });
    check(
        "3.0.3",
        &schemas,
        &[json!({"kind": "Cat", "lives": 9})],
        &[json!({"kind": "Cat", "lives": "x"})],
    );
}

#[test]
fn keywords_of_2020_12_stay_in_3_1() {
    let schema = json!({
        "$id": "https://elsewhere.example/a",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": ["object", "null"],
        "properties": {
            "kind": {"const": "a"},
            "pair": {"prefixItems": [{"type": "integer"}], "items": false, "minItems": 1},
            "ref": {"$ref": "#/components/schemas/B", "maxLength": 3},
        },
        "if": {"required": ["pair"]},
        "then": {"required": ["kind"]},
        "dependentRequired": {"ref": ["kind"]},
        "unevaluatedProperties": false,
    });
    let good = [json!(null), json!({"kind": "a", "pair": [1], "ref": "abc"})];
    let bad = [
        json!({"pair": [1]}),
        json!({"ref": "a"}),
        json!({"kind": "a", "pair": [1, 2]}),
        json!({"kind": "a", "ref": "abcd"}),
        json!({"other": 1}),
    ];
    check(
        "3.1.0",
        &json!({"A": schema, "B": {"type": "string"}}),
        &good,
        &bad,
    );
    check("3.1.0", &json!({"A": false}), &[], &[json!(1)]);
    check("3.1.0", &json!({"A": true}), &[json!(1)], &[]);
}

#[test]
fn what_is_left_open_never_refuses_more() {
    let open = json!({"type": "string", "pattern": "(?!x)"});
    let schema = json!({
        "type": "object",
        "properties": {
            "one": {"oneOf": [open, {"type": "string", "maxLength": 1}]},
            "none": {"not": open},
            "either": {"if": open, "then": false},
        },
        "unevaluatedProperties": false,
        "anyOf": [{"properties": {"extra": true}}],
        "oneOf": [{"required": ["a"]}, {}],
    });
    let good = [
        json!({"one": "a"}),
        json!({"none": "x"}),
        json!({"either": "x"}),
        json!({"extra": 1, "a": 2}),
    ];
    check(
        "3.1.0",
        &json!({"A": schema}),
        &good,
        &[json!({"one": 1}), json!(1)],
    );
}

#[test]
fn a_schema_over_its_limit_is_left_open_where_it_is_deepest() {
    let mut schemas = serde_json::Map::new();
    schemas.insert("A".to_owned(), json!({"type": "object", "properties": {"next": {"$ref": "#/components/schemas/S0"}}, "additionalProperties": false}));
    for index in 0..200 {
        let next = format!("#/components/schemas/S{}", index + 1);
        schemas.insert(
            format!("S{index}"),
            json!({
                "type": "object",
                "description": "x".repeat(100),
                "properties": {"next": {"$ref": next}, "value": {"type": "integer"}},
                "additionalProperties": false,
            }),
        );
    }
    schemas.insert("S200".to_owned(), json!({"type": "integer"}));
    let document = read(&document("3.1.0", &Value::Object(schemas)));
    let mut options = Options::default();
    options.max_schema_bytes = 4_096;
    let operation = document.operations(&options).next().unwrap().unwrap();
    let size = operation.input_schema.to_string().len();
    assert!(size < 6_000, "{size}");
    let good = json!({"body": {"next": {"value": 1, "next": {}}}});
    let bad = json!({"body": {"next": {"value": "x"}}});
    check_schema(
        &operation.input_schema,
        &[good],
        &[bad, json!({"body": {"other": 1}})],
    );
    assert_eq!(operation.notes.len(), 1, "{:?}", operation.notes);
}

#[test]
fn an_exponential_document_costs_no_more_than_its_limit() {
    let mut schemas = serde_json::Map::new();
    for index in 0..64 {
        let next = json!({"$ref": format!("#/components/schemas/S{}", index + 1)});
        let list = vec![next; 10];
        schemas.insert(
            format!("S{index}"),
            json!({"allOf": list, "properties": {"id": {"readOnly": true}}, "required": ["id"]}),
        );
    }
    schemas.insert("S64".to_owned(), json!({"type": "object"}));
    schemas.insert("A".to_owned(), json!({"$ref": "#/components/schemas/S0"}));
    let started = std::time::Instant::now();
    let operation = only(&read(&document("3.1.0", &Value::Object(schemas))));
    assert!(operation.input_schema.to_string().len() < 100_000);
    // Far above what it takes, far below what following every path would.
    assert!(started.elapsed().as_secs() < 30);
}

#[test]
fn an_answer_has_a_schema_when_every_success_has_the_same() {
    let output = |responses: Value| {
        let document = read(&json!({
            "openapi": "3.1.0",
            "servers": [{"url": "https://a.example"}],
            "paths": {"/x": {"get": {"responses": responses}}},
        }));
        only(&document).output_schema
    };
    let json_schema = |schema: Value| json!({"content": {"application/json": {"schema": schema}}});
    let integer = json!({"type": "integer"});
    assert_eq!(
        output(json!({"200": json_schema(integer.clone())})),
        Some(integer.clone())
    );
    assert_eq!(
        output(json!({"2XX": json_schema(integer.clone()), "404": json_schema(json!(true))})),
        Some(integer.clone())
    );
    assert_eq!(
        output(json!({"200": json_schema(integer.clone()), "default": json_schema(json!(true))})),
        Some(integer.clone())
    );
    assert_eq!(
        output(json!({"200": json_schema(integer.clone()), "201": json_schema(json!({}))})),
        None
    );
    assert_eq!(
        output(json!({"200": json_schema(integer), "204": {"description": "none"}})),
        None
    );
    assert_eq!(
        output(json!({"200": {"content": {"text/csv": {"schema": {}}}}})),
        None
    );
    assert_eq!(output(json!({})), None);
}
