//! Swagger 2.0, by its conversion.

use midfield_openapi::{Options, Scheme};
use serde_json::{Value, json};

use crate::{check_schema, header, only, read, request};

fn document(operation: &Value) -> Value {
    json!({
        "swagger": "2.0",
        "info": {"title": "Old", "version": "1"},
        "host": "api.example",
        "basePath": "/v1",
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": {"/things/{id}": {"post": operation}},
        "parameters": {"Id": {"name": "id", "in": "path", "required": true, "type": "integer"}},
        "definitions": {"Thing": {
            "type": "object",
            "required": ["name"],
            "discriminator": "name",
            "properties": {"name": {"type": "string"}, "note": {"type": "string", "x-nullable": true}},
        }},
        "responses": {"Thing": {"description": "ok", "schema": {"$ref": "#/definitions/Thing"}}},
        "securityDefinitions": {
            "basic": {"type": "basic"},
            "key": {"type": "apiKey", "in": "query", "name": "key"},
            "oauth": {"type": "oauth2", "flow": "implicit"},
        },
        "security": [{"basic": []}],
    })
}

#[test]
fn a_document_with_shared_parameters_and_responses_is_converted() {
    let operation = json!({
        "operationId": "make",
        "parameters": [
            {"$ref": "#/parameters/Id"},
            {"name": "thing", "in": "body", "required": true, "schema": {"$ref": "#/definitions/Thing"}},
        ],
        "responses": {"200": {"$ref": "#/responses/Thing"}},
        "security": [{"oauth": ["write"]}],
    });
    let document = read(&document(&operation));
    assert_eq!(document.title(), "Old");
    assert_eq!(document.declared_version(), "2.0");
    let operation = only(&document);
    assert_eq!(operation.base_url, "https://api.example/v1");
    assert_eq!(operation.security[0].schemes[0].scheme, Scheme::Bearer);
    let good = json!({"id": 1, "body": {"name": "x", "note": null}});
    check_schema(
        &operation.input_schema,
        std::slice::from_ref(&good),
        &[
            json!({"id": 1, "body": {}}),
            json!({"id": "x", "body": {"name": "x"}}),
        ],
    );
    assert_eq!(
        operation.output_schema.as_ref().unwrap()["required"],
        json!(["name"])
    );
    let request = request(&operation, &good).unwrap();
    assert_eq!(request.url, "https://api.example/v1/things/1");
    assert_eq!(request.body, Some(br#"{"name":"x","note":null}"#.to_vec()));
}

#[test]
fn every_collection_format_has_its_separator() {
    for (format, expected) in [
        (json!("csv"), "?a=x,y%20z"),
        (json!(null), "?a=x,y%20z"),
        (json!("ssv"), "?a=x%20y%20z"),
        (json!("tsv"), "?a=x%09y%20z"),
        (json!("pipes"), "?a=x%7Cy%20z"),
        (json!("multi"), "?a=x&a=y%20z"),
    ] {
        let mut parameter =
            json!({"name": "a", "in": "query", "type": "array", "items": {"type": "string"}});
        if !format.is_null() {
            parameter["collectionFormat"] = format;
        }
        let operation = only(&read(&document(&json!({"parameters": [parameter]}))));
        let request = request(&operation, &json!({"id": 1, "a": ["x", "y z"]})).unwrap();
        assert_eq!(
            request.url,
            format!("https://api.example/v1/things/1{expected}")
        );
    }
}

#[test]
fn form_data_becomes_a_form_and_a_file_makes_it_multipart() {
    let text = json!({"name": "note", "in": "formData", "type": "string", "required": true});
    let list = json!({"name": "tags", "in": "formData", "type": "array", "items": {"type": "string"}, "collectionFormat": "multi"});
    let operation = only(&read(&document(&json!({"parameters": [text, list]}))));
    let arguments = json!({"id": 1, "body": {"note": "a b", "tags": ["x", "y"]}});
    let sent = request(&operation, &arguments).unwrap();
    assert_eq!(
        header(&sent, "Content-Type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(sent.body, Some(b"note=a%20b&tags=x&tags=y".to_vec()));
    let file = json!({"name": "file", "in": "formData", "type": "file"});
    let operation = only(&read(&document(&json!({"parameters": [text, file]}))));
    let arguments = json!({"id": "1", "body": {"note": "a", "file": {"data": "AA=="}}});
    check_schema(
        &operation.input_schema,
        std::slice::from_ref(&arguments),
        &[json!({"id": "1", "body": {"note": "a", "file": "AA=="}})],
    );
    let sent = request(&operation, &arguments).unwrap();
    assert!(
        header(&sent, "Content-Type")
            .unwrap()
            .starts_with("multipart/form-data")
    );
}

#[test]
fn hosts_and_schemes_make_the_server() {
    let base = |change: &dyn Fn(&mut Value)| {
        let mut document = document(&json!({}));
        change(&mut document);
        let operation = read(&document)
            .operations(&Options::default())
            .next()
            .unwrap();
        operation
            .map(|operation| operation.base_url)
            .map_err(|skipped| skipped.reason.kind())
    };
    assert_eq!(base(&|_| ()), Ok("https://api.example/v1".to_owned()));
    assert_eq!(
        base(&|document| document["schemes"] = json!(["http"])),
        Ok("http://api.example/v1".to_owned())
    );
    assert_eq!(
        base(&|document| document["schemes"] = json!([])),
        Ok("https://api.example/v1".to_owned())
    );
    assert_eq!(
        base(&|document| document["schemes"] = json!(["wss"])),
        Ok("https://api.example/v1".to_owned())
    );
    assert_eq!(
        base(&|document| document["host"] = json!("")),
        Err("no server known")
    );
}

#[test]
fn a_broken_reference_skips_its_operation_only() {
    let mut document = document(&json!({"parameters": [{"$ref": "#/parameters/None"}]}));
    document["paths"]["/fine"] = json!({"get": {}});
    let document = read(&document);
    let results: Vec<_> = document.operations(&Options::default()).collect();
    assert_eq!(
        results[0].as_ref().unwrap_err().reason.kind(),
        "broken reference"
    );
    assert!(results[1].is_ok());
}
