//! Servers, credentials, and the other claims of an operation.

use midfield_openapi::{
    Credential, Credentials, Document, NoFiles, Options, ReadOptions, Reason, Scheme,
};
use serde_json::{Map, Value, json};

use crate::{document, header, object, only, read};

fn base(document: &Value, url: Option<&str>, options: &Options) -> Result<String, Reason> {
    let mut read = ReadOptions::default();
    read.url = url.map(|url| url.parse().unwrap());
    let document = Document::read(document.to_string().as_bytes(), &read, &NoFiles).unwrap();
    let operation = document.operations(options).next().unwrap();
    operation
        .map(|operation| operation.base_url)
        .map_err(|skipped| *skipped.reason)
}

fn with_servers(servers: &Value) -> Value {
    json!({"openapi": "3.0.3", "info": {}, "servers": servers, "paths": {"/x": {"get": {}}}})
}

#[test]
fn a_server_is_absolute_or_relative_to_the_document() {
    let check = |url: &str, expected: &str| {
        let document = with_servers(&json!([{"url": url}]));
        let base = base(
            &document,
            Some("https://docs.example/v1/openapi.json"),
            &Options::default(),
        );
        assert_eq!(base, Ok(expected.to_owned()), "{url}");
    };
    check("https://api.example/", "https://api.example");
    check("https://API.example:443/v2/", "https://api.example/v2");
    check("/v2", "https://docs.example/v2");
    check("v2", "https://docs.example/v1/v2");
    check("../", "https://docs.example");
    check("//other.example/a", "https://other.example/a");
}

#[test]
fn the_nearest_list_of_servers_counts() {
    let document = read(&json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://a.example"}],
        "paths": {
            "/1": {"get": {}},
            "/2": {"servers": [{"url": "https://b.example"}], "get": {}},
            "/3": {"servers": [{"url": "https://b.example"}], "get": {"servers": [{"url": "https://c.example"}]}},
        },
    }));
    let bases: Vec<String> = document
        .operations(&Options::default())
        .map(|operation| operation.unwrap().base_url)
        .collect();
    assert_eq!(
        bases,
        [
            "https://a.example",
            "https://b.example",
            "https://c.example"
        ]
    );
}

#[test]
fn variables_have_defaults_and_may_be_set_within_their_choices() {
    let document = with_servers(&json!([
        {"url": "https://{region}.example/{version}", "variables": {
            "region": {"default": "eu", "enum": ["eu", "us"]},
            "version": {"default": 2},
        }},
        {"url": "https://second.example"},
    ]));
    let mut options = Options::default();
    assert_eq!(
        base(&document, None, &options),
        Ok("https://eu.example/2".to_owned())
    );
    options
        .server_variables
        .insert("region".to_owned(), "us".to_owned());
    assert_eq!(
        base(&document, None, &options),
        Ok("https://us.example/2".to_owned())
    );
    options
        .server_variables
        .insert("region".to_owned(), "evil.test/".to_owned());
    let refused = base(&document, None, &options).unwrap_err();
    assert_eq!(refused.kind(), "server variable with a forbidden value");
    options.server = 1;
    assert_eq!(
        base(&document, None, &options),
        Ok("https://second.example".to_owned())
    );
    options.server = 2;
    assert_eq!(
        base(&document, None, &options),
        Err(Reason::NoSuchServer(2))
    );
    options.base_url = Some("http://127.0.0.1:8080/api/".parse().unwrap());
    assert_eq!(
        base(&document, None, &options),
        Ok("http://127.0.0.1:8080/api".to_owned())
    );
}

#[test]
fn a_server_that_cannot_be_called_is_a_reason() {
    let kind = |servers: Value| {
        base(&with_servers(&servers), None, &Options::default())
            .unwrap_err()
            .kind()
    };
    assert_eq!(kind(json!([{"url": "/v1"}])), "no server known");
    assert_eq!(kind(json!([])), "no server known");
    assert_eq!(
        kind(json!([{"url": "ftp://a.example"}])),
        "server is not an HTTP URL"
    );
    assert_eq!(
        kind(json!([{"url": "https://user:secret@a.example"}])),
        "server is not an HTTP URL"
    );
    assert_eq!(
        kind(json!([{"url": "https://{tenant}.example"}])),
        "server variable without value"
    );
}

fn secured(schemes: &Value, security: &Value) -> midfield_openapi::Operation {
    only(&read(&json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://a.example"}],
        "components": {"securitySchemes": schemes},
        "paths": {"/x": {"get": {
            "security": security,
            "parameters": [{"name": "X-Key", "in": "header"}],
        }}},
    })))
}

fn token(text: &str) -> Credential {
    Credential::Token(text.to_owned().into())
}

#[test]
fn each_scheme_puts_its_secret_where_it_belongs() {
    let schemes = json!({
        "header": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "query": {"type": "apiKey", "in": "query", "name": "key"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
        "basic": {"type": "http", "scheme": "Basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "oauth": {"type": "oauth2", "flows": {}},
        "openid": {"type": "openIdConnect", "openIdConnectUrl": "https://id.example"},
    });
    let basic = Credential::Basic {
        user: "ada".to_owned(),
        password: "pass".to_owned().into(),
    };
    let send = |scheme: &str, credential: Credential| {
        let operation = secured(&schemes, &json!([{ scheme: [] }]));
        let credentials = Credentials::none().with(scheme, credential);
        assert!(credentials.satisfy(&operation.security));
        operation
            .request(&object(&json!({"X-Key": "mine"})), &credentials)
            .unwrap()
    };
    assert_eq!(
        header(&send("header", token("s3cret")), "X-Key"),
        Some("s3cret")
    );
    assert_eq!(
        send("query", token("s3 cret")).url,
        "https://a.example/x?key=s3%20cret"
    );
    assert_eq!(
        header(&send("cookie", token("s;t")), "Cookie"),
        Some("session=s%3Bt")
    );
    assert_eq!(
        header(&send("basic", basic), "Authorization"),
        Some("Basic YWRhOnBhc3M=")
    );
    for scheme in ["bearer", "oauth", "openid"] {
        assert_eq!(
            header(&send(scheme, token("t")), "Authorization"),
            Some("Bearer t")
        );
    }
}

#[test]
fn the_first_alternative_with_all_secrets_is_taken() {
    let schemes = json!({
        "a": {"type": "apiKey", "in": "header", "name": "A"},
        "b": {"type": "apiKey", "in": "header", "name": "B"},
        "digest": {"type": "http", "scheme": "digest"},
    });
    let operation = secured(
        &schemes,
        &json!([{"digest": []}, {"a": [], "b": ["read"]}, {"b": []}, {}]),
    );
    assert_eq!(operation.security[1].schemes[1].scopes, ["read"]);
    assert_eq!(
        operation.security[0].schemes[0].scheme,
        Scheme::Unsupported("http digest".to_owned())
    );
    let sent = |credentials: &Credentials| {
        let request = operation.request(&Map::new(), credentials).unwrap();
        (
            header(&request, "A").is_some(),
            header(&request, "B").is_some(),
        )
    };
    let both = Credentials::none()
        .with("a", token("1"))
        .with("b", token("2"));
    assert_eq!(sent(&both), (true, true));
    assert_eq!(
        sent(&Credentials::none().with("b", token("2"))),
        (false, true)
    );
    assert_eq!(
        sent(&Credentials::none().with("a", token("1"))),
        (false, false)
    );
    assert!(Credentials::none().satisfy(&operation.security));
    let strict = secured(&schemes, &json!([{"a": []}]));
    assert!(!Credentials::none().satisfy(&strict.security));
    assert!(
        !Credentials::none()
            .with(
                "a",
                Credential::Basic {
                    user: String::new(),
                    password: String::new().into()
                }
            )
            .satisfy(&strict.security)
    );
}

#[test]
fn an_operation_may_ask_for_nothing_where_the_document_asks() {
    let document = read(&json!({
        "openapi": "3.1.0",
        "servers": [{"url": "https://a.example"}],
        "security": [{"a": []}],
        "components": {"securitySchemes": {"a": {"type": "apiKey", "in": "header", "name": "A"}}},
        "paths": {"/x": {"get": {"security": []}, "post": {}}},
    }));
    let needs: Vec<usize> = document
        .operations(&Options::default())
        .map(|operation| operation.unwrap().security.len())
        .collect();
    assert_eq!(needs, [0, 1]);
}

#[test]
fn a_secret_is_never_shown() {
    let canary = "canary-4711";
    let basic = Credential::Basic {
        user: "ada".to_owned(),
        password: canary.to_owned().into(),
    };
    let credentials = Credentials::none()
        .with("key", token(canary))
        .with("query", token(canary))
        .with("bad", token(&format!("{canary}\r\nX-Evil: 1")))
        .with("basic", basic.clone());
    assert!(!format!("{credentials:?} {basic:?} {:?}", token(canary)).contains(canary));
    let schemes = json!({
        "key": {"type": "apiKey", "in": "header", "name": "Key"},
        "query": {"type": "apiKey", "in": "query", "name": "key"},
        "bad": {"type": "http", "scheme": "bearer"},
    });
    let operation = secured(&schemes, &json!([{"key": [], "query": []}]));
    let request = operation.request(&Map::new(), &credentials).unwrap();
    assert!(request.url.contains(canary));
    assert!(!format!("{request:?}").contains(canary));
    let operation = secured(&schemes, &json!([{"bad": []}]));
    let error = operation.request(&Map::new(), &credentials).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(canary));
}

#[test]
fn the_method_decides_the_hints() {
    let operation = json!({"responses": {"202": {"description": "later"}}});
    let document = document(&json!({"/x": {
        "get": operation, "head": {}, "post": {}, "put": {}, "patch": {}, "delete": {},
    }}));
    let hints: Vec<_> = document
        .operations(&Options::default())
        .map(|operation| operation.unwrap())
        .map(|operation| {
            let hints = operation.hints;
            (
                operation.method.as_str(),
                hints.read_only,
                hints.destructive,
                hints.idempotent,
            )
        })
        .collect();
    let expected = [
        ("GET", true, false, true),
        ("PUT", false, true, true),
        ("POST", false, true, false),
        ("DELETE", false, true, true),
        ("HEAD", true, false, true),
        ("PATCH", false, true, false),
    ];
    assert_eq!(hints, expected);
    let first = document
        .operations(&Options::default())
        .next()
        .unwrap()
        .unwrap();
    assert!(first.accepted.is_some());
}
