//! Documents that are small to write and large to follow: each must stay small.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use midfield_openapi::{Document, NoFiles, Options, ReadOptions};
use serde_json::{Map, Value, json};

use crate::{check_schema, only, read};

/// Far above what each takes, far below what following every path would.
const PATIENCE: Duration = Duration::from_mins(1);

fn api(paths: &Value, components: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://a.example"}],
        "paths": paths,
        "components": components,
    })
}

/// Builds all operations and returns the bytes of all their schemas.
fn build(document: &Value) -> usize {
    let started = Instant::now();
    let document = read(document);
    let options = Options::default();
    let operations = document.operations(&options);
    let sizes = operations
        .map(|operation| operation.map_or(0, |operation| operation.input_schema.to_string().len()));
    let size = sizes.sum();
    assert!(started.elapsed() < PATIENCE);
    size
}

fn body(schema: &Value) -> Value {
    json!({"requestBody": {"content": {"application/json": {"schema": schema}}}})
}

fn check_one(schema: &Value) {
    let paths = json!({"/x": {"post": body(&json!({"$ref": "#/components/schemas/A"}))}});
    let document = api(&paths, &json!({"schemas": {"A": schema}}));
    let size = build(&document);
    assert!(size < 80_000, "{size}");
    check_schema(
        &only(&read(&document)).input_schema,
        &[json!({"body": {"a": 1}})],
        &[json!([])],
    );
}

#[test]
fn a_long_list_in_a_schema_is_left_open() {
    let many = 40_000;
    let schemas = vec![json!({}); many];
    check_one(&json!({ "allOf": schemas }));
    check_one(&json!({ "anyOf": schemas }));
    check_one(&json!({ "oneOf": schemas }));
    check_one(&json!({"prefixItems": schemas, "items": false}));
    check_one(&json!({"items": schemas, "additionalItems": false}));
    let values: Vec<Value> = (0..many).map(Value::from).collect();
    check_one(&json!({ "enum": values }));
    check_one(&json!({ "const": values }));
    check_one(&json!({"default": values, "examples": values, "description": "x".repeat(many)}));
    let names: Vec<String> = (0..many).map(|number| number.to_string()).collect();
    check_one(&json!({ "required": names }));
    let named: Map<String, Value> = names.iter().map(|name| (name.clone(), json!({}))).collect();
    check_one(&json!({"properties": named, "additionalProperties": false}));
    check_one(&json!({ "dependentSchemas": named }));
    check_one(&json!({"patternProperties": named, "additionalProperties": false}));
}

#[test]
fn forms_of_parts_within_parts_end() {
    let mut schemas = Map::new();
    for index in 0..60 {
        let next = json!({"$ref": format!("#/components/schemas/S{}", (index + 1) % 60)});
        schemas.insert(format!("S{index}"), json!({"allOf": vec![next; 20]}));
    }
    let content = json!({"multipart/form-data": {"schema": {"$ref": "#/components/schemas/S0"}}});
    let paths = json!({"/x": {"post": {"requestBody": {"content": content}}}});
    assert!(build(&api(&paths, &json!({ "schemas": schemas }))) < 80_000);
}

#[test]
fn too_many_parameters_are_a_reason() {
    let parameter = |number: usize| json!({"name": format!("p{number}"), "in": "query"});
    let parameters: Vec<Value> = (0..100_000).map(parameter).collect();
    let document = read(&api(
        &json!({"/x": {"get": {"parameters": parameters}}}),
        &json!({}),
    ));
    let skipped = document
        .operations(&Options::default())
        .next()
        .unwrap()
        .unwrap_err();
    assert_eq!(skipped.reason.kind(), "too many parameters");
}

#[test]
fn what_many_operations_share_is_not_followed_in_full_for_each() {
    let shared: Map<String, Value> = (0..20_000)
        .map(|number| (number.to_string(), json!({"description": "x"})))
        .collect();
    let operation = json!({"responses": {"$ref": "#/components/responses"}});
    let paths: Map<String, Value> = (0..2_000)
        .map(|number| (format!("/{number}"), json!({"get": operation})))
        .collect();
    build(&api(&Value::Object(paths), &json!({ "responses": shared })));
}

#[test]
fn more_operations_than_the_limit_are_a_warning() {
    let paths: Map<String, Value> = (0..50)
        .map(|number| (format!("/{number}"), json!({"$ref": "#/components/item"})))
        .collect();
    let document = api(
        &Value::Object(paths),
        &json!({"item": {"get": {}, "put": {}}}),
    );
    let mut options = ReadOptions::default();
    options.limits.operations = 60;
    let document = Document::read(document.to_string().as_bytes(), &options, &NoFiles).unwrap();
    assert_eq!(document.entries().len(), 60);
    assert!(document.warnings()[0].contains("more than 60 operations"));
}

#[test]
fn a_swagger_document_does_not_grow_with_what_it_shares() {
    let values: Vec<Value> = (0..20_000).map(Value::from).collect();
    let operation = json!({
        "parameters": [
            {"$ref": "#/parameters/Query"},
            {"$ref": "#/parameters/Body"},
        ],
        "responses": {"200": {"$ref": "#/responses/Large"}},
    });
    let form = json!({"parameters": [{"$ref": "#/parameters/Field"}]});
    let mut paths: Map<String, Value> = (0..500)
        .map(|number| {
            (
                format!("/{number}"),
                json!({"get": operation, "post": form}),
            )
        })
        .collect();
    for number in 0..500 {
        paths.insert(format!("/again/{number}"), json!({"$ref": "#/paths/~10"}));
    }
    let document = json!({
        "swagger": "2.0",
        "host": "a.example",
        "consumes": vec!["application/json"; 1_000],
        "paths": paths,
        "parameters": {
            "Query": {"name": "q", "in": "query", "type": "integer", "enum": values},
            "Body": {"name": "b", "in": "body", "schema": {"enum": values}},
            "Field": {"name": "f", "in": "formData", "type": "integer", "enum": values},
        },
        "responses": {"Large": {"schema": {"enum": values}}},
    });
    build(&document);
    let document = read(&document);
    assert_eq!(document.entries().len(), 2_000);
    let operation = document.entries()[1_000]
        .operation(&Options::default())
        .unwrap();
    let names: Vec<_> = operation
        .arguments()
        .map(|argument| argument.name)
        .collect();
    assert_eq!(names, ["q", "body"]);
}

#[test]
fn aliases_of_yaml_cannot_multiply_without_limit() {
    let mut text = "openapi: 3.1.0\nx-0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let list = vec![format!("*a{}", level - 1); 9].join(", ");
        writeln!(text, "x-{level}: &a{level} [{list}]").unwrap();
    }
    let started = Instant::now();
    assert!(Document::read(text.as_bytes(), &ReadOptions::default(), &NoFiles).is_err());
    assert!(started.elapsed() < PATIENCE);
}
