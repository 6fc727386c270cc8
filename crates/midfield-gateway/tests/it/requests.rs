//! What reaches a service: no argument leaves its place, and nothing of the caller goes along.

use serde_json::json;

use crate::support::{Folder, Midfield, Service, answer, text};

const DOCUMENT: &str = r#"{
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things/{id}": {
            "get": {"operationId": "getThing", "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "q", "in": "query", "schema": {"type": "string"}},
                {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}
            ]},
            "put": {"operationId": "putThing",
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object"}}}}}
        }
    }
}"#;

fn serve(folder: &Folder, service: &Service) -> Midfield {
    folder.write("things.json", DOCUMENT);
    let source = format!(
        "[sources.things]\nopenapi = \"things.json\"\nbase_url = \"{}/v1\"\n",
        service.url()
    );
    Midfield::serve(&folder.write("midfield.toml", &source))
}

fn things() -> Service {
    Service::answering(answer("200 OK", "application/json", b"{}"))
}

#[test]
fn a_hostile_path_argument_stays_in_its_segment() {
    let (folder, service) = (Folder::new(), things());
    let midfield = serve(&folder, &service);
    let sent = [
        ("../admin", "/v1/things/..%2Fadmin"),
        ("..%2fadmin", "/v1/things/..%252fadmin"),
        ("%2e%2e", "/v1/things/%252e%252e"),
        ("a/b", "/v1/things/a%2Fb"),
        ("?x=1", "/v1/things/%3Fx%3D1"),
        ("#f", "/v1/things/%23f"),
        ("..\\admin", "/v1/things/..%5Cadmin"),
        ("a\r\nHost: evil", "/v1/things/a%0D%0AHost%3A%20evil"),
    ];
    for (id, path) in sent {
        let result = midfield.call("getThing", json!({"id": id}));
        assert_ne!(result["isError"], true, "{id}: {result}");
        assert_eq!(
            service
                .recorded()
                .last()
                .map(|request| request.path().to_owned())
                .as_deref(),
            Some(path)
        );
    }
    for id in [".", "..", ""] {
        let result = midfield.call("getThing", json!({"id": id}));
        assert_eq!(result["isError"], true, "{id}: {result}");
    }
    assert_eq!(service.recorded().len(), sent.len());
}

#[test]
fn a_line_break_reaches_neither_header_nor_query() {
    let (folder, service) = (Folder::new(), things());
    let midfield = serve(&folder, &service);
    let result = midfield.call(
        "getThing",
        json!({"id": "a", "X-Trace": "b\r\nX-Admin: yes"}),
    );
    assert_eq!(result["isError"], true);
    assert!(service.recorded().is_empty());
    midfield.call("getThing", json!({"id": "a", "q": "b\r\nX-Admin: yes&z=1"}));
    let recorded = service.recorded();
    assert_eq!(
        recorded[0].path(),
        "/v1/things/a?q=b%0D%0AX-Admin%3A%20yes%26z%3D1"
    );
    assert_eq!(recorded[0].header("x-admin"), None);
}

#[test]
fn a_service_sees_midfield_and_nothing_of_the_caller() {
    let (folder, service) = (Folder::new(), things());
    let midfield = serve(&folder, &service);
    midfield.call("putThing", json!({"id": "a", "body": {"n": 1}}));
    let recorded = service.recorded();
    let mut names: Vec<String> = recorded[0]
        .headers
        .iter()
        .map(|line| {
            line.split(':')
                .next()
                .unwrap_or_default()
                .to_ascii_lowercase()
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "accept",
            "content-length",
            "content-type",
            "host",
            "user-agent"
        ]
    );
    assert_eq!(recorded[0].line, "PUT /v1/things/a HTTP/1.1");
    assert_eq!(recorded[0].body, b"{\"n\":1}");
    assert_eq!(recorded[0].header("user-agent"), Some("midfield/0.1.0"));
}

#[test]
fn a_proxy_of_the_environment_is_not_asked() {
    let (folder, service, proxy) = (Folder::new(), things(), things());
    folder.write("things.json", DOCUMENT);
    let source = format!(
        "[sources.things]\nopenapi = \"things.json\"\nbase_url = \"{}\"\n",
        service.url()
    );
    let path = folder.write("midfield.toml", &source);
    let midfield = Midfield::serve_with(&path, |command| {
        command
            .env("HTTP_PROXY", proxy.url())
            .env("http_proxy", proxy.url())
            .env("ALL_PROXY", proxy.url());
    });
    midfield.call("getThing", json!({"id": "a"}));
    assert_eq!(service.recorded().len(), 1);
    assert!(proxy.recorded().is_empty());
}

#[test]
fn an_unknown_argument_is_told_and_not_sent() {
    let (folder, service) = (Folder::new(), things());
    let midfield = serve(&folder, &service);
    let result = midfield.call("getThing", json!({"id": "a", "Host": "evil"}));
    assert_eq!(result["isError"], true);
    assert!(text(&result).contains("Host"), "{result}");
    assert!(service.recorded().is_empty());
}
