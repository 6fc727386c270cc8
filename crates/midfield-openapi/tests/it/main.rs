//! What a caller may rely on, through the public interface.

mod bodies;
mod hostile;
mod jobs;
mod names;
mod references;
mod replies;
mod schemas;
mod servers;
mod sizes;
mod styles;
mod swagger;

use midfield_openapi::{
    Credentials, Document, HttpRequest, NoFiles, Operation, Options, ReadOptions, RequestError,
};
use serde_json::{Map, Value, json};

/// A document with these paths, on `https://api.example`.
fn document(paths: &Value) -> Document {
    read(&json!({
        "openapi": "3.1.0",
        "info": {"title": "Test", "version": "1"},
        "servers": [{"url": "https://api.example"}],
        "paths": paths,
    }))
}

fn read(document: &Value) -> Document {
    let bytes = document.to_string().into_bytes();
    Document::read(&bytes, &ReadOptions::default(), &NoFiles).unwrap()
}

/// The only operation of a document, which must be callable.
fn only(document: &Document) -> Operation {
    let mut operations: Vec<_> = document
        .operations(&Options::default())
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(operations.len(), 1);
    operations.remove(0)
}

/// An operation at `path` with these parameters.
fn with_parameters(path: &str, parameters: &Value) -> Operation {
    only(&document(
        &json!({ path: {"get": {"parameters": parameters}} }),
    ))
}

/// An operation that takes a body with this `content`.
fn with_content(content: &Value) -> Operation {
    only(&document(
        &json!({"/x": {"post": {"requestBody": {"content": content}}}}),
    ))
}

fn request(operation: &Operation, arguments: &Value) -> Result<HttpRequest, RequestError> {
    operation.request(&object(arguments), &Credentials::none())
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let mut headers = request.headers.iter();
    headers
        .find(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
}

/// Whether a schema is valid, compiles, and takes each of `good` and none of `bad`.
fn check_schema(schema: &Value, good: &[Value], bad: &[Value]) {
    jsonschema::draft202012::meta::validate(schema).unwrap();
    let validator = jsonschema::draft202012::options().build(schema).unwrap();
    for value in good {
        assert!(validator.is_valid(value), "{value} should fit {schema:#}");
    }
    for value in bad {
        assert!(
            !validator.is_valid(value),
            "{value} should not fit {schema:#}"
        );
    }
}
