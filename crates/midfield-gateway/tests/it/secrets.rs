//! Secrets reach the service that they are for, and nobody else.

use std::io::Write as _;

use rustix::process::Signal;
use serde_json::json;

use crate::support::{Era, Folder, Midfield, Service, answer, run, run_with, text};

const KEY: &str = "canary-key-7f3a";
const PASSWORD: &str = "canary-password-91c2";
/// `lab:canary-password-91c2` as the header has it.
const BASIC: &str = "bGFiOmNhbmFyeS1wYXNzd29yZC05MWMy";

const DOCUMENT: &str = r#"{
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/header": {"get": {"operationId": "byHeader", "security": [{"inHeader": []}]}},
        "/query": {"get": {"operationId": "byQuery", "security": [{"inQuery": []}]}},
        "/basic": {"get": {"operationId": "byBasic", "security": [{"basic": []}]}},
        "/bearer": {"get": {"operationId": "byBearer", "security": [{"bearer": []}]}},
        "/open": {"get": {"operationId": "open"}}
    },
    "components": {"securitySchemes": {
        "inHeader": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "inQuery": {"type": "apiKey", "in": "query", "name": "key"},
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer"}
    }}
}"#;

fn configuration(folder: &Folder, base_url: &str) -> std::path::PathBuf {
    folder.write("things.json", DOCUMENT);
    folder.write("key", &format!("{KEY}\n"));
    let source = format!(
        "[sources.things]\nopenapi = \"things.json\"\nbase_url = \"{base_url}\"\n[sources.things.secrets]\n\
         inHeader = {{ file = \"key\" }}\ninQuery = {{ file = \"key\" }}\nbearer = {{ file = \"key\" }}\n\
         basic = {{ username = \"lab\", password = {{ env = \"MIDFIELD_TEST_PASSWORD\" }} }}\n"
    );
    folder.write("midfield.toml", &source)
}

#[test]
fn a_secret_reaches_its_service_and_no_text_of_midfield() {
    // A service that tells all it was told, as some do when they fail.
    let service = Service::new(|request, stream| {
        let body = format!("{}\n{}", request.line, request.headers.join("\n"));
        let _ = stream.write_all(&answer(
            "500 Internal Server Error",
            "text/plain",
            body.as_bytes(),
        ));
    });
    let folder = Folder::new();
    let path = configuration(&folder, &service.url());
    let mut midfield = Midfield::serve_with(&path, |command| {
        command.env("MIDFIELD_TEST_PASSWORD", PASSWORD);
    });
    let mut told = String::new();
    for tool in ["byHeader", "byQuery", "byBasic", "byBearer", "open"] {
        let result = midfield.call(tool, json!({}));
        assert!(text(&result).contains(" /"), "{result}");
        told.push_str(&result.to_string());
    }
    let tools = midfield
        .client(Era::Legacy)
        .request("tools/list", json!({}));
    told.push_str(&tools.to_string());
    let sent = service.recorded();
    assert_eq!(sent[0].header("x-key"), Some(KEY));
    assert_eq!(sent[1].path(), format!("/query?key={KEY}"));
    assert_eq!(
        sent[2].header("authorization"),
        Some(format!("Basic {BASIC}").as_str())
    );
    assert_eq!(
        sent[3].header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert!(
        sent[4].headers.iter().all(|line| !line.contains("anary")),
        "{sent:?}"
    );

    drop(service);
    for tool in ["byHeader", "byQuery", "byBasic"] {
        let result = midfield.call(tool, json!({}));
        assert!(text(&result).contains("cannot be reached"), "{result}");
        told.push_str(&result.to_string());
    }
    midfield.end_by(Signal::TERM);
    told.push_str(&midfield.log());
    assert!(told.contains("a call failed"), "{told}");
    assert!(told.contains("[secret]"), "{told}");
    for secret in [KEY, PASSWORD, BASIC] {
        assert!(!told.contains(secret), "{secret} in:\n{told}");
    }
}

#[test]
fn a_secret_is_in_no_listing() {
    let folder = Folder::new();
    let path = configuration(&folder, "http://127.0.0.1:1");
    for arguments in [["check"].as_slice(), &["tools"], &["tools", "--json"]] {
        let output = run_with(
            &[arguments, &[path.to_str().unwrap()]].concat(),
            |command| {
                command.env("MIDFIELD_TEST_PASSWORD", PASSWORD);
            },
        );
        assert_eq!(output.code, Some(0), "{output:?}");
        let told = format!("{output:?}");
        assert!(!told.contains("canary") && !told.contains(BASIC), "{told}");
    }
}

#[test]
fn a_secret_that_is_not_there_is_wrong() {
    let folder = Folder::new();
    let path = configuration(&folder, "http://127.0.0.1:1");
    folder.write("key", "\n");
    let path = path.to_str().unwrap();
    let place = |line: u8, column: u8| format!("{path}:{line}:{column}");
    let empty = format!("the secret in {}/key is empty", folder.path().display());
    let basic = format!(
        "{}: no secret for `basic`: the environment variable `MIDFIELD_TEST_PASSWORD` is not set: set it to the secret",
        place(8, 9)
    );
    let output = run(&["check", path]);
    for told in [
        format!("wrong: {basic}\n"),
        format!(
            "wrong: {}: no secret for `inHeader`: {empty}\n",
            place(5, 12)
        ),
        "4 things are wrong\n".to_owned(),
    ] {
        assert!(output.stdout.contains(&told), "{told}: {output:?}");
    }
    assert_eq!(output.code, Some(1));
    let output = run(&["serve", path, "--listen", "127.0.0.1:0"]);
    assert!(
        output.stderr.contains(&format!("error: {basic}\n")),
        "{output:?}"
    );
    assert_eq!(output.code, Some(1));
}

#[test]
fn a_secret_that_a_document_asks_for_and_nobody_gives_is_noted() {
    let folder = Folder::new();
    let path = folder.write("things.json", DOCUMENT);
    let output = run(&[
        "check",
        "--openapi",
        path.to_str().unwrap(),
        "--base-url",
        "http://127.0.0.1:1",
    ]);
    let note = "  note: 1 tool asks for a secret that is not set: write `inHeader` under [sources.things.secrets]\n";
    assert!(output.stdout.contains(note), "{output:?}");
    assert_eq!(output.code, Some(0));
}
