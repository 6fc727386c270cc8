//! `#[resource]`: resources and templates that are what one would write by hand, and are answered as the
//! protocol says.

#![expect(clippy::needless_pass_by_value, reason = "arguments are owned")]

use std::time::Duration;

use midfield::prelude::*;
use midfield::server::{AnyResource, CacheScope, Freshness};
use midfield::{BuildError, Service};
use serde_json::{Value, json};

use crate::messages::{LEGACY, MODERN};
use crate::pipe::{ask_one, error_message};

const INVALID_PARAMS: i32 = -32602;

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Form {
    Short,
    Long,
}

struct Tables(Vec<&'static str>);

/// The message of the day.
#[resource(
    "demo://motd",
    title = "Message",
    mime_type = "text/plain",
    icon = "https://example.com/a.png",
    freshness = Freshness::new(Duration::from_mins(1), CacheScope::Public)
)]
fn motd() -> &'static str {
    "Be kind."
}

/// A row of a table.
#[resource("rows://{table}/{id}{?form,sure}", name = "a row", complete(table = tables))]
async fn row(
    table: String,
    known: State<Tables>,
    id: u64,
    form: Option<Form>,
    cx: &Context,
    #[serde(default)] sure: bool,
) -> Result<String> {
    if !known.0.contains(&table.as_str()) {
        return Err(Error::resource_not_found(cx.target()));
    }
    Ok(std::future::ready(format!("{table} {id} {form:?} {sure}")).await)
}

/// The tables that begin as what is typed does, and are not that of another id.
async fn tables(typing: Typing, cx: Context) -> Vec<&'static str> {
    let mut tables = vec!["people", "places"];
    if typing.arguments.get("id").is_some_and(|id| id == "1") {
        tables.pop();
    }
    tables.retain(|table| table.starts_with(&typing.value));
    let _ = cx.target();
    tables
}

/// A picture.
#[resource("demo://picture", mime_type = "image/png")]
fn picture() -> Vec<u8> {
    vec![0x89, 0x50]
}

/// Two things.
#[resource("demo://two", mime_type = "text/plain")]
fn two() -> Vec<ResourceContents> {
    vec![
        ResourceContents::text("demo://two/a", "a"),
        ResourceContents::text("demo://two/b", "{}").mime_type("application/json"),
    ]
}

/// As JSON.
#[resource("demo://json")]
fn written() -> Json<u8> {
    Json(7)
}

/// Always fails.
#[resource("demo://fail")]
fn fail() -> Result<String> {
    Err(Error::tool("no luck today"))
}

/// A file below a directory.
#[resource("files://store/{+path}")]
fn file(path: String) -> String {
    format!("<{path}>")
}

fn service() -> Service {
    Server::new("resources", "1.0.0")
        .state(Tables(vec!["people", "places"]))
        .resources(resources![motd, row, picture, two, written, fail, file])
        .build()
        .expect("a server")
}

async fn read(service: &Service, revision: &str, uri: &str) -> Value {
    ask_one(service, revision, "resources/read", json!({"uri": uri})).await
}

#[track_caller]
fn contents(answer: &Value) -> &Value {
    let contents = &answer["result"]["contents"];
    assert!(contents.is_array(), "{answer}");
    contents
}

#[test]
fn the_macro_describes_resources_and_templates() {
    let described = serde_json::to_value(motd::resource().as_description()).expect("JSON");
    assert_eq!(
        described,
        json!({
            "uri": "demo://motd",
            "name": "motd",
            "title": "Message",
            "description": "The message of the day.",
            "mimeType": "text/plain",
            "icons": [{"src": "https://example.com/a.png"}],
        })
    );
    let described = serde_json::to_value(row::resource().as_description()).expect("JSON");
    assert_eq!(
        described,
        json!({
            "uriTemplate": "rows://{table}/{id}{?form,sure}",
            "name": "a row",
            "description": "A row of a table.",
        })
    );
    assert_eq!(motd(), "Be kind.");
    assert_eq!(file("a".to_owned()), "<a>");
    let kinds = resources![motd, row].map(|any| matches!(any, AnyResource::Template(_)));
    assert_eq!(kinds, [false, true]);
}

#[tokio::test]
async fn contents_are_what_the_function_returned() {
    let service = service();
    let cases = [
        (
            "demo://motd",
            json!([{"uri": "demo://motd", "mimeType": "text/plain", "text": "Be kind."}]),
        ),
        (
            "demo://picture",
            json!([{"uri": "demo://picture", "mimeType": "image/png", "blob": "iVA="}]),
        ),
        (
            "demo://two",
            json!([
                {"uri": "demo://two/a", "mimeType": "text/plain", "text": "a"},
                {"uri": "demo://two/b", "mimeType": "application/json", "text": "{}"},
            ]),
        ),
        (
            "demo://json",
            json!([{"uri": "demo://json", "mimeType": "application/json", "text": "7"}]),
        ),
        (
            "files://store/a/b%20c",
            json!([{"uri": "files://store/a/b%20c", "text": "<a/b c>"}]),
        ),
    ];
    for revision in LEGACY.into_iter().chain([MODERN]) {
        for (uri, expected) in &cases {
            let answer = read(&service, revision, uri).await;
            assert_eq!(contents(&answer), expected);
        }
    }
    let fresh = read(&service, MODERN, "demo://motd").await;
    assert_eq!(fresh["result"]["ttlMs"], 60_000, "{fresh}");
    assert_eq!(fresh["result"]["cacheScope"], "public", "{fresh}");
}

#[tokio::test]
async fn variables_are_read_as_the_types_of_the_parameters() {
    let service = service();
    let cases = [
        ("rows://people/1", "people 1 None false"),
        ("rows://people/1?form=long", "people 1 Some(Long) false"),
        (
            "rows://places/0?form=short&sure=true",
            "places 0 Some(Short) true",
        ),
        (
            "rows://p%65ople/18446744073709551615",
            "people 18446744073709551615 None false",
        ),
    ];
    for revision in LEGACY.into_iter().chain([MODERN]) {
        for (uri, expected) in cases {
            let answer = read(&service, revision, uri).await;
            assert_eq!(contents(&answer)[0]["text"], expected);
            assert_eq!(contents(&answer)[0]["uri"], uri);
        }
        for (uri, variable) in [
            ("rows://people/one", "id"),
            ("rows://people/-1", "id"),
            ("rows://people/1?form=wide", "form"),
            ("rows://people/1?sure=yes", "sure"),
        ] {
            let answer = read(&service, revision, uri).await;
            let message = error_message(&answer, INVALID_PARAMS);
            assert!(message.contains(&format!("`{variable}`")), "{message}");
        }
    }
}

#[tokio::test]
async fn a_resource_that_is_not_there_is_told_in_the_words_of_the_revision() {
    let service = service();
    let unknown = [
        "demo://nothing",
        "demo://motd/",
        "demo://MOTD",
        "rows://people",
        "rows://robots/1",
        "no uri",
        "",
    ];
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let code = if revision == MODERN {
            INVALID_PARAMS
        } else {
            -32002
        };
        for uri in unknown {
            let answer = read(&service, revision, uri).await;
            error_message(&answer, code);
            assert_eq!(answer["error"]["data"]["uri"], uri, "{answer}");
        }
        let answer = read(&service, revision, "demo://fail").await;
        assert_eq!(error_message(&answer, -32603), "no luck today");
        let answer = ask_one(&service, revision, "resources/read", json!({})).await;
        error_message(&answer, INVALID_PARAMS);
    }
}

#[tokio::test]
async fn no_uri_leads_out_of_its_template() {
    let service = service();
    let refused = [
        "files://store/../etc/passwd",
        "files://store/a/../../etc/passwd",
        "files://store/%2e%2e/etc/passwd",
        "files://store/%2E%2E%2Fetc/passwd",
        "files://store/%252e%252e/etc/passwd",
        "files://store/a%5c..%5cb",
        "files://store//etc/passwd",
        "files://store/a%00b",
        "files://store/./a",
        "files://store/",
        "files://other/a",
        "rows://people%2Fother/1",
        "rows://../1",
        "rows://people/1/2",
        "rows://people/1?form=long&form=short",
        "rows://people/1?other=1",
    ];
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let code = if revision == MODERN {
            INVALID_PARAMS
        } else {
            -32002
        };
        for uri in refused {
            let answer = read(&service, revision, uri).await;
            error_message(&answer, code);
            assert_eq!(answer["error"]["data"]["uri"], uri, "{answer}");
        }
    }
}

#[tokio::test]
async fn variables_are_completed_by_their_functions_and_choices_by_themselves() {
    let service = service();
    let complete = |uri: &str, variable: &str, value: &str, chosen: Value| {
        json!({
            "ref": {"type": "ref/resource", "uri": uri},
            "argument": {"name": variable, "value": value},
            "context": {"arguments": chosen},
        })
    };
    let template = "rows://{table}/{id}{?form,sure}";
    for revision in ["2025-06-18", "2025-11-25", MODERN] {
        let cases = [
            ("table", "p", json!({}), json!(["people", "places"])),
            ("table", "p", json!({"id": "1"}), json!(["people"])),
            ("table", "pl", json!({}), json!(["places"])),
            ("form", "l", json!({}), json!(["long"])),
            ("sure", "", json!({}), json!(["true", "false"])),
            ("id", "1", json!({}), json!([])),
        ];
        for (variable, value, chosen, expected) in cases {
            let params = complete(template, variable, value, chosen);
            let answer = ask_one(&service, revision, "completion/complete", params).await;
            assert_eq!(
                answer["result"]["completion"]["values"], expected,
                "{answer}"
            );
        }
        let params = complete("rows://{other}", "table", "", json!({}));
        let answer = ask_one(&service, revision, "completion/complete", params).await;
        error_message(&answer, INVALID_PARAMS);
    }
}

#[test]
fn a_template_that_cannot_be_read_back_is_found_when_the_server_is_built() {
    /// Nothing tells where one ends.
    #[resource("a://{x}{y}")]
    fn ambiguous(x: String, y: String) -> String {
        x + &y
    }

    /// A list.
    #[resource("a://{x}")]
    fn listed(x: Vec<String>) -> String {
        x.join(",")
    }

    #[derive(Deserialize, JsonSchema)]
    struct Other {
        other: String,
    }

    /// Takes what the template does not have.
    #[resource("a://{x}")]
    fn other(args: Args<Other>) -> String {
        args.0.other
    }

    let build = |resource: AnyResource| {
        let server = Server::new("resources", "1.0.0").resource(resource);
        server.build().expect_err("it cannot be used")
    };
    let error = build(ambiguous::resource().into());
    assert!(matches!(&error, BuildError::Template { .. }), "{error}");
    let error = build(listed::resource().into());
    assert!(matches!(&error, BuildError::ArgumentType { .. }), "{error}");
    let error = build(other::resource().into());
    assert!(
        matches!(&error, BuildError::UnknownArgument { argument, .. } if argument == "other"),
        "{error}"
    );
    let service = service();
    let error = service.add_resource_template(ambiguous::resource());
    assert!(matches!(error, Err(BuildError::Template { .. })));
}
