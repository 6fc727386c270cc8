//! What services answer, good and bad, and what a tool makes of it.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Folder, Midfield, Service, answer, document_of_things, free_port, text};

/// Things are promised to be an object with a whole number.
const PROMISE: &str = r#"{"200": {"content": {"application/json": {"schema":
    {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer"}}}}}}}"#;

/// Calls `listThings` at `base_url`, with `more` in the source.
fn call(base_url: &str, more: &str) -> Value {
    let folder = Folder::new();
    folder.write("things.json", &document_of_things(PROMISE));
    let source =
        format!("[sources.things]\nopenapi = \"things.json\"\nbase_url = \"{base_url}\"\n{more}");
    let midfield = Midfield::serve(&folder.write("midfield.toml", &source));
    midfield.call("listThings", json!({}))
}

/// Calls `listThings` of a service that answers so.
fn answered(bytes: impl Into<Vec<u8>>, more: &str) -> Value {
    call(&Service::answering(bytes).url(), more)
}

#[track_caller]
fn is_error(result: &Value, begins: &str) {
    assert_eq!(result["isError"], true, "{result}");
    assert!(text(result).starts_with(begins), "{result}");
}

#[test]
fn an_answer_that_fits_is_structured() {
    let result = answered(
        answer(
            "200 OK",
            "application/json",
            b"{\"count\": 3, \"more\": [1.5, null]}",
        ),
        "",
    );
    assert_eq!(
        result["structuredContent"],
        json!({"count": 3, "more": [1.5, null]})
    );
    assert_eq!(text(&result), "{\"count\":3,\"more\":[1.5,null]}");
}

#[test]
fn an_answer_that_does_not_fit_is_an_error_that_says_where() {
    let result = answered(
        answer("200 OK", "application/json", b"{\"count\": \"many\"}"),
        "",
    );
    is_error(
        &result,
        "the service answered 200 OK, but its body is not what its document promises:\n- `/count`: ",
    );
    assert!(
        text(&result).ends_with("\n\n{\"count\":\"many\"}"),
        "{result}"
    );
    assert!(result["structuredContent"].is_null());
    let result = answered(answer("200 OK", "text/html", b"<p>Down for repair</p>"), "");
    assert!(
        text(&result).ends_with("- it is not JSON\n\n<p>Down for repair</p>"),
        "{result}"
    );
}

#[test]
fn an_answer_without_a_body_breaks_a_promise() {
    let result = answered(
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".as_slice(),
        "",
    );
    let told = "the service answered 204 No Content, but its body is not what its document promises:\n- it is empty";
    assert_eq!(text(&result), told);
    assert_eq!(result["isError"], true);
}

#[test]
fn unchecked_answers_are_passed_on() {
    let result = answered(
        answer("200 OK", "application/json", b"{\"count\": \"many\"}"),
        "responses = \"unchecked\"\n",
    );
    assert_ne!(result["isError"], true);
    assert_eq!(result["structuredContent"], json!({"count": "many"}));
    let result = answered(
        answer("200 OK", "text/plain", b"many"),
        "responses = \"unchecked\"\n",
    );
    assert_eq!(text(&result), "many");
}

#[test]
fn a_refusal_is_told_with_status_and_body() {
    let body = br#"{"detail": "too\u001b[31m many"}"#;
    let result = answered(
        answer("422 Unprocessable Entity", "application/problem+json", body),
        "",
    );
    is_error(
        &result,
        "the service answered 422 Unprocessable Entity\n\n{\"detail\":\"too",
    );
    let busy = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let result = answered(busy.as_slice(), "");
    assert_eq!(
        text(&result),
        "the service answered 503 Service Unavailable; try again after: 7"
    );
}

#[test]
fn a_long_refusal_is_quoted_in_part() {
    let body = "x".repeat(1 << 20);
    let result = answered(
        answer("500 Internal Server Error", "text/plain", body.as_bytes()),
        "",
    );
    is_error(
        &result,
        "the service answered 500 Internal Server Error\n\nxxx",
    );
    assert!(text(&result).len() < 5000);
    assert!(
        text(&result).ends_with("x… (1048576 bytes in all)"),
        "{}",
        text(&result).len()
    );
}

#[test]
fn bytes_become_content_of_their_kind() {
    let unchecked = "responses = \"unchecked\"\n";
    let image = answered(answer("200 OK", "image/png", b"\x89PNG"), unchecked);
    assert_eq!(
        image["content"][0],
        json!({"type": "image", "data": "iVBORw==", "mimeType": "image/png"})
    );
    let sound = answered(answer("200 OK", "audio/wav", b"RIFF"), unchecked);
    assert_eq!(sound["content"][0]["type"], "audio");
    let file = answered(
        answer("200 OK", "application/zip", b"PK\x03\x04"),
        unchecked,
    );
    let resource = &file["content"][0]["resource"];
    assert_eq!(resource["mimeType"], "application/zip");
    assert_eq!(resource["blob"], "UEsDBA==");
    assert!(
        resource["uri"].as_str().unwrap().ends_with("/things"),
        "{file}"
    );
}

#[test]
fn a_service_that_is_down_is_told() {
    let result = call(&format!("http://127.0.0.1:{}", free_port()), "");
    assert_eq!(
        text(&result),
        "the service `things` cannot be reached; try again later"
    );
    assert_eq!(result["isError"], true);
}

#[test]
fn a_slow_service_is_given_up() {
    let service = Service::new(|_, _| thread::sleep(Duration::from_secs(15)));
    let begun = Instant::now();
    let result = call(&service.url(), "timeout = \"300ms\"\n");
    is_error(
        &result,
        "the service `things` did not answer within 300ms; whether it did its work is not known",
    );
    assert!(begun.elapsed() < Duration::from_secs(12));
}

#[test]
fn an_answer_without_end_is_given_up() {
    let service = Service::new(|_, stream| {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        let line = [b'x'; 1 << 12];
        // Ends when midfield hangs up.
        for _ in 0..(1 << 18) {
            if stream.write_all(&line).is_err() {
                return;
            }
        }
    });
    let result = call(&service.url(), "max_response = \"64KiB\"\n");
    is_error(
        &result,
        "the answer of the service `things` is larger than 64.0 KiB; ask for less",
    );
}

#[test]
fn a_large_answer_is_refused_by_its_head() {
    let head =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000000000000\r\n\r\n";
    let result = answered(head.as_slice(), "");
    is_error(
        &result,
        "the answer of the service `things` is larger than 8.0 MiB; ask for less",
    );
}

#[test]
fn broken_answers_are_told() {
    for bytes in [
        b"".as_slice(),
        b"220 smtp.example ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"cou",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let result = answered(bytes, "");
        is_error(
            &result,
            "the service `things` gave no usable answer: the connection broke before",
        );
    }
}

#[test]
fn a_compressed_answer_is_not_unpacked() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\x1f\x8b\x08";
    let result = answered(bytes.as_slice(), "");
    is_error(
        &result,
        "the service `things` gave no usable answer: the answer is compressed, which was not asked for",
    );
}

#[test]
fn json_that_is_nested_too_deeply_is_no_json() {
    let deep = "[".repeat(100_000);
    let result = answered(answer("200 OK", "application/json", deep.as_bytes()), "");
    is_error(
        &result,
        "the service answered 200 OK, but its body is not what its document promises:\n- it is not JSON",
    );
}

fn redirect(to: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

#[test]
fn a_redirect_is_followed_within_its_origin_only() {
    let stranger = Service::answering(answer("200 OK", "application/json", b"{\"count\": 1}"));
    let to = format!("{}/stolen", stranger.url());
    let result = answered(redirect(&to), "");
    is_error(
        &result,
        &format!("the service answered 302 Found; it points to {to}, which was not followed"),
    );
    assert!(stranger.recorded().is_empty());

    let service = Service::new(|request, stream| {
        let bytes = match request.path() {
            "/there" => answer("200 OK", "application/json", b"{\"count\": 1}"),
            _ => redirect("/there"),
        };
        let _ = stream.write_all(&bytes);
    });
    assert_eq!(call(&service.url(), "")["structuredContent"]["count"], 1);
}

#[test]
fn a_circle_of_redirects_ends() {
    let service = Service::answering(redirect("/things"));
    let result = call(&service.url(), "");
    is_error(
        &result,
        "the service answered 302 Found; it points to /things, which was not followed",
    );
    assert_eq!(service.recorded().len(), 6);
}
