//! The shapes that jobs have, good and hostile, with services that the tests script.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::{Folder, Midfield, Recorded, Service, answer, run, text};

/// A document of `/things/{name}`, which POST and PUT may answer with 202, and which asks for a key.
const DOCUMENT: &str = r#"{"openapi": "3.1.0", "info": {"title": "Things", "version": "1"},
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
    "paths": {"/things/{name}": {
        "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}}],
        "post": {"operationId": "make", "responses": {"202": {}}},
        "put": {"operationId": "set", "parameters": [{"name": "v", "in": "query"}], "responses": {"202": {}}},
        "get": {"operationId": "see", "responses": {"200": {}}}}}}"#;

/// An answer with headers and a JSON body.
fn said(status: &str, headers: &[(&str, &str)], body: &Value) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let length = body.len();
    write!(
        head,
        "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    head.into_bytes()
}

/// A service that answers by the request and by how often it was asked before.
fn scripted(script: impl Fn(&Recorded, usize) -> Vec<u8> + Send + Sync + 'static) -> Service {
    let asked = AtomicUsize::new(0);
    Service::new(move |request, stream| {
        let bytes = script(request, asked.fetch_add(1, Ordering::SeqCst));
        let _ = stream.write_all(&bytes);
    })
}

fn serve(folder: &Folder, service: &Service, jobs: &str) -> Midfield {
    let path = configure(folder, &service.url(), jobs);
    Midfield::serve_with(&path, |command| {
        command.env("THINGS_KEY", "canary-key");
    })
}

fn configure(folder: &Folder, url: &str, jobs: &str) -> std::path::PathBuf {
    folder.write("things.json", DOCUMENT);
    // No test waits for ever.
    let limit = if jobs.contains("max_duration") {
        ""
    } else {
        "max_duration = \"20s\"\n"
    };
    let source = format!(
        "[sources.things]\nopenapi = \"things.json\"\nbase_url = \"{url}\"\nmax_response = \"100kB\"\ntimeout = \"2s\"\n\
         secrets = {{ key = {{ env = \"THINGS_KEY\" }} }}\n[sources.things.jobs]\n\
         poll_interval = {{ min = \"10ms\", max = \"50ms\" }}\n{limit}{jobs}"
    );
    folder.write("midfield.toml", &source)
}

fn make(service: &Service, jobs: &str) -> Value {
    serve(&Folder::new(), service, jobs).call("make", json!({"name": "a b"}))
}

/// The request lines, without their protocol.
fn lines(service: &Service) -> Vec<String> {
    let line = |request: Recorded| request.line.replace(" HTTP/1.1", "");
    service.recorded().into_iter().map(line).collect()
}

#[track_caller]
fn fails(result: &Value, begins: &str) {
    assert_eq!(result["isError"], true, "{result}");
    assert!(text(result).starts_with(begins), "{result}");
}

#[test]
fn an_operation_of_azure_leads_to_the_resource() {
    let service = scripted(|request, asked| match (request.line.as_str(), asked) {
        (_, 0) => said(
            "202 Accepted",
            &[("Azure-AsyncOperation", "/operations/1?v=2")],
            &Value::Null,
        ),
        (line, 1) if line.contains("/operations/1?v=2 ") => {
            said("200 OK", &[], &json!({"status": "InProgress"}))
        }
        (line, 2) if line.contains("/operations/1?v=2 ") => {
            said("200 OK", &[], &json!({"status": "Succeeded"}))
        }
        _ => said("200 OK", &[], &json!({"name": "a b", "size": 3})),
    });
    let midfield = serve(&Folder::new(), &service, "");
    let result = midfield.call("set", json!({"name": "a", "v": "7"}));
    assert_eq!(result["structuredContent"]["size"], 3, "{result}");
    let expected = [
        "PUT /things/a?v=7",
        "GET /operations/1?v=2",
        "GET /operations/1?v=2",
        "GET /things/a?v=7",
    ];
    assert_eq!(lines(&service), expected);
    for request in service.recorded() {
        assert_eq!(request.header("X-Key"), Some("canary-key"));
    }
}

#[test]
fn an_operation_of_google_holds_its_result() {
    let name = "projects/p/operations/7";
    let service = scripted(move |_, asked| match asked {
        0 => said("202 Accepted", &[], &json!({"name": name})),
        1 => said(
            "200 OK",
            &[],
            &json!({"name": name, "metadata": {"progressPercent": 50}}),
        ),
        _ => said(
            "200 OK",
            &[],
            &json!({"name": name, "done": true, "response": {"size": 3}}),
        ),
    });
    let result = make(
        &service,
        "status_url = \"/operations/{id}\"\nid = \"/name\"\n",
    );
    assert_eq!(result["structuredContent"], json!({"size": 3}), "{result}");
    // What an id holds does not lead anywhere else.
    assert_eq!(
        lines(&service)[1],
        "GET /operations/projects%2Fp%2Foperations%2F7"
    );
}

#[test]
fn everything_may_be_said_by_the_configuration() {
    let service = scripted(|request, asked| match (request.path(), asked) {
        (_, 0) => said(
            "201 Created",
            &[],
            &json!({"ticket": {"no": 5}, "phase": {"is": "Raw"}}),
        ),
        ("/v2/a%20b/tickets/5", 1) => said("200 OK", &[], &json!({"phase": {"is": "mixing"}})),
        ("/v2/a%20b/tickets/5", 2) => said("200 OK", &[], &json!({"phase": {"is": "BAKED"}})),
        ("/cakes/5?fresh=true", 3) => {
            said("200 OK", &[], &json!({"state": "failed", "cake": true}))
        }
        _ => said("404 Not Found", &[], &Value::Null),
    });
    let jobs = "[sources.things.jobs.operations.make]\nstatus_url = \"/v2/{name}/tickets/{id}\"\nid = \"/ticket/no\"\n\
                result_url = \"/cakes/{id}?fresh=true\"\nstate = \"/phase/is\"\nsucceeded = \"baked\"\n";
    let result = make(&service, jobs);
    assert_eq!(result["structuredContent"]["cake"], true, "{result}");
    assert_eq!(lines(&service).len(), 4);
}

#[test]
fn an_answer_that_has_ended_already_is_no_job() {
    let service = scripted(|_, _| {
        said(
            "200 OK",
            &[],
            &json!({"id": 1, "state": "completed", "size": 3}),
        )
    });
    let jobs = "[sources.things.jobs.operations.make]\nstatus_url = \"/jobs/{id}\"\n";
    let result = make(&service, jobs);
    assert_eq!(result["structuredContent"]["size"], 3, "{result}");
    assert_eq!(lines(&service).len(), 1);
    // Nor is one that is a refusal, or that leads nowhere.
    let service = scripted(|_, _| said("409 Conflict", &[("Location", "/jobs/1")], &Value::Null));
    fails(&make(&service, ""), "the service answered 409 Conflict");
    let service = scripted(|_, _| said("202 Accepted", &[], &json!({"noted": true})));
    assert_eq!(
        make(&service, "")["structuredContent"],
        json!({"noted": true})
    );
}

#[test]
fn an_answer_that_is_no_longer_202_is_the_result() {
    let service = scripted(|_, asked| match asked {
        0 => said(
            "202 Accepted",
            &[("Location", "../things/made")],
            &Value::Null,
        ),
        1 => said(
            "202 Accepted",
            &[("Location", "/things/moved")],
            &Value::Null,
        ),
        2 => said(
            "307 Temporary Redirect",
            &[("Location", "/things/here")],
            &Value::Null,
        ),
        _ => said("200 OK", &[], &json!({"state": "stored"})),
    });
    let result = make(&service, "");
    assert_eq!(
        result["structuredContent"],
        json!({"state": "stored"}),
        "{result}"
    );
    let expected = [
        "POST /things/a%20b",
        "GET /things/made",
        "GET /things/moved",
        "GET /things/here",
    ];
    assert_eq!(lines(&service), expected);
}

#[test]
fn a_service_may_be_away_while_its_job_goes_on() {
    let service = scripted(|_, asked| match asked {
        0 => said("202 Accepted", &[("Location", "/jobs/1")], &Value::Null),
        1 => said(
            "503 Service Unavailable",
            &[("Retry-After", "0")],
            &json!({"status": "error"}),
        ),
        2 => said("429 Too Many Requests", &[], &Value::Null),
        3 => Vec::new(),
        4 => b"SSH-2.0 is no HTTP\r\n".to_vec(),
        5 => said(
            "200 OK",
            &[],
            &json!({"status": "done", "resultUrl": "/results/1"}),
        ),
        6 => said("500 Internal Server Error", &[], &Value::Null),
        _ => said("200 OK", &[], &json!({"size": 3})),
    });
    let result = make(&service, "");
    assert_eq!(result["structuredContent"], json!({"size": 3}), "{result}");
    let posts = lines(&service)
        .into_iter()
        .filter(|line| line.starts_with("POST"));
    assert_eq!(posts.count(), 1);
}

#[test]
fn a_job_does_not_lead_to_another_origin() {
    let stranger = Service::answering(answer("200 OK", "application/json", b"{\"size\": 3}"));
    let elsewhere = format!("{}/jobs/1", stranger.url());
    let told = format!(
        "the service `things` took the work up, but its job cannot be followed: it leads to {}, which is not \
         where the service is: `jobs.allowed_origins` may name it",
        stranger.url()
    );
    for step in 0..5 {
        let to = elsewhere.clone();
        let service = scripted(move |_, asked| {
            let to = if asked == step.min(1) {
                to.as_str()
            } else {
                "/jobs/1"
            };
            match (step, asked) {
                (_, 0) => said("202 Accepted", &[("Location", to)], &Value::Null),
                (1, _) => said("303 See Other", &[("Location", to)], &Value::Null),
                (2, _) => said("307 Temporary Redirect", &[("Location", to)], &Value::Null),
                (3, _) => said("200 OK", &[], &json!({"status": "done", "resultUrl": to})),
                _ => said("202 Accepted", &[("Location", to)], &Value::Null),
            }
        });
        assert_eq!(text(&make(&service, "")), told, "{step}");
    }
    assert!(stranger.recorded().is_empty());
}

#[test]
fn an_origin_that_is_allowed_gets_no_secret() {
    let stranger = Service::answering(answer("200 OK", "application/json", b"{\"size\": 3}"));
    let to = format!("{}/jobs/1", stranger.url());
    let service = scripted(move |_, _| said("202 Accepted", &[("Location", &to)], &Value::Null));
    let result = make(
        &service,
        &format!("allowed_origins = [\"{}\"]\n", stranger.url()),
    );
    assert_eq!(result["structuredContent"]["size"], 3, "{result}");
    let recorded = stranger.recorded();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].header("X-Key"), None);
    assert!(!format!("{recorded:?}").contains("canary"));
    assert_eq!(service.recorded()[0].header("X-Key"), Some("canary-key"));
}

#[test]
fn what_leads_nowhere_is_refused() {
    for to in [
        "file:///etc/passwd",
        "http://",
        "http://a:b@127.0.0.1/",
        "javascript:1",
        "http://[::1",
    ] {
        let service = scripted(move |_, _| said("202 Accepted", &[("Location", to)], &Value::Null));
        let result = make(&service, "");
        fails(
            &result,
            "the service `things` took the work up, but its job cannot be followed: it leads to",
        );
    }
    let service = scripted(|request, asked| match asked {
        0 => said("202 Accepted", &[("Location", "/jobs/1")], &Value::Null),
        _ => said(
            "308 Permanent Redirect",
            &[("Location", request.path())],
            &Value::Null,
        ),
    });
    fails(
        &make(&service, ""),
        "the service `things` took the work up, but its job cannot be followed: it leads from one",
    );
    assert_eq!(lines(&service).len(), 7);
    let service = scripted(|_, _| said("202 Accepted", &[], &json!({"id": ".."})));
    let result = make(&service, "status_url = \"/jobs/{id}\"\n");
    fails(
        &result,
        "the service `things` took the work up, but its job cannot be followed: a URL of the configuration",
    );
    assert_eq!(lines(&service).len(), 1);
}

#[test]
fn a_key_goes_with_the_request_that_begins_the_work_alone() {
    for (jobs, has_key) in [("", false), ("idempotency_header = \"X-Once\"\n", true)] {
        let service = scripted(|_, asked| match asked {
            0 => said("202 Accepted", &[("Location", "/jobs/1")], &Value::Null),
            _ => said("200 OK", &[], &json!({"size": 3})),
        });
        make(&service, jobs);
        let recorded = service.recorded();
        let keys: Vec<_> = recorded.iter().map(|one| one.header("x-once")).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0].map(str::len), has_key.then_some(22));
        assert_eq!(keys[1], None);
    }
}

#[test]
fn an_answer_that_is_too_large_ends_the_call() {
    let service = scripted(|_, asked| match asked {
        0 => said("202 Accepted", &[("Location", "/jobs/1")], &Value::Null),
        _ => said(
            "200 OK",
            &[],
            &json!({"status": "running", "message": "x".repeat(200_000)}),
        ),
    });
    fails(
        &make(&service, ""),
        "the answer of the service `things` is larger than",
    );
    assert_eq!(lines(&service).len(), 2);
}

#[test]
fn a_job_that_is_gone_is_told_with_what_the_service_says() {
    let service = scripted(|_, asked| match asked {
        0 => said("202 Accepted", &[("Location", "/jobs/1")], &Value::Null),
        _ => said(
            "404 Not Found",
            &[],
            &json!({"detail": "canary-key has no job"}),
        ),
    });
    let told = "the service took the work up, but asked about it answered 404 Not Found: [secret] has no job\n\n";
    fails(&make(&service, ""), told);
}

#[test]
fn only_what_a_post_made_is_deleted() {
    for (tool, location, deletes) in [
        ("set", "/jobs/1", false),
        ("make", "/things/a?state", false),
        ("make", "/jobs/1", true),
    ] {
        let service = scripted(move |request, asked| match asked {
            0 => said("202 Accepted", &[("Location", location)], &Value::Null),
            _ if request.line.starts_with("DELETE") => said("204 No Content", &[], &Value::Null),
            _ => said("202 Accepted", &[], &json!({"message": "still"})),
        });
        let midfield = serve(&Folder::new(), &service, "max_duration = \"200ms\"\n");
        let result = midfield.call(tool, json!({"name": "a"}));
        let told = "the job of the service `things` did not end within 200ms; it ";
        fails(&result, told);
        let deleted = lines(&service)
            .iter()
            .any(|line| line.starts_with("DELETE"));
        assert_eq!(deleted, deletes, "{tool} {location}");
    }
}

#[test]
fn a_configuration_that_fits_no_operation_is_reported() {
    let folder = Folder::new();
    let jobs = "status_url = \"/{owner}/jobs/{id}\"\n[sources.things.jobs.operations.mke]\ncancel = \"none\"\n";
    let path = configure(&folder, "http://127.0.0.1:1", jobs);
    let output = run(&["check", path.to_str().unwrap()]);
    let told = "`jobs.operations` names the operation `mke`, which the document does not have; did you mean `make`?";
    assert!(output.stdout.contains(told), "{output:?}");
    let told = "make: its jobs are not followed: a template in `jobs` has `{owner}`, which is no argument of it";
    assert!(output.stdout.contains(told), "{output:?}");
    assert_eq!(output.code, Some(1));
}
