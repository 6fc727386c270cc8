//! Operations that answer `202 Accepted`, and requests about what they began.

use midfield_openapi::{Credential, Credentials, Method, Options};
use serde_json::json;
use url::Url;

use crate::{document, header, only, read};

#[test]
fn the_answer_202_is_described() {
    let accepted = json!({
        "headers": {"Location": {"schema": {"type": "string"}}, "Retry-After": {}},
        "content": {"application/json": {"schema": {"type": "object", "required": ["id"]}}},
    });
    let operation = only(&document(&json!({"/x": {"post": {"responses": {
        "202": accepted, "400": {"description": "no"},
    }}}})));
    let accepted = operation.accepted.unwrap();
    assert_eq!(accepted.headers, ["Location", "Retry-After"]);
    assert_eq!(accepted.body.unwrap()["required"], json!(["id"]));
    let plain = document(&json!({"/x": {"get": {"responses": {"200": {}, "default": {}}}}}));
    assert!(only(&plain).accepted.is_none());
}

#[test]
fn a_request_about_a_job_carries_the_credentials_and_nothing_else() {
    let document = read(&json!({
        "openapi": "3.1.0",
        "info": {"title": "Test", "version": "1"},
        "servers": [{"url": "https://api.example/v1"}],
        "components": {"securitySchemes": {
            "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "query": {"type": "apiKey", "in": "query", "name": "key"},
        }},
        "security": [{"header": [], "query": []}],
        "paths": {"/x": {"post": {}}},
    }));
    let operation = document
        .operations(&Options::default())
        .next()
        .unwrap()
        .unwrap();
    let token = |text: &str| Credential::Token(text.to_owned().into());
    let credentials = Credentials::none()
        .with("header", token("one"))
        .with("query", token("two/2"));
    let url = Url::parse("https://api.example/jobs/1?a=b&key=theirs#part").unwrap();
    let request = operation
        .follow_up(Method::Get, &url, &credentials)
        .unwrap();
    assert_eq!(request.url, "https://api.example/jobs/1?a=b&key=two%2F2");
    assert_eq!(header(&request, "X-Key"), Some("one"));
    assert_eq!(request.body, None);
    let bare = operation
        .follow_up(Method::Delete, &url, &Credentials::none())
        .unwrap();
    assert_eq!(bare.url, "https://api.example/jobs/1?a=b&key=theirs");
    assert_eq!(header(&bare, "X-Key"), None);
}
