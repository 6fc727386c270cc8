//! Answers as results.

use midfield_openapi::ReplyContent;
use serde_json::json;

use crate::with_parameters;

fn check(content_type: Option<&str>, body: &[u8], expected: &ReplyContent) {
    let operation = with_parameters("/x", &json!([]));
    let reply = operation.reply(200, content_type, body);
    assert_eq!(&reply.content, expected, "{content_type:?}");
    assert!(reply.is_success);
}

fn text(text: &str) -> ReplyContent {
    ReplyContent::Text(text.to_owned())
}

#[test]
fn json_becomes_a_value_and_text_stays_text() {
    let value = ReplyContent::Json(json!({"a": 1}));
    check(
        Some("application/json; charset=utf-8"),
        br#"{"a":1}"#,
        &value,
    );
    check(Some("application/problem+json"), br#"{"a":1}"#, &value);
    check(None, br#"{"a":1}"#, &value);
    check(Some("text/plain"), br#"{"a":1}"#, &text(r#"{"a":1}"#));
    check(Some("text/html"), b"<p>", &text("<p>"));
    check(Some("application/xml"), b"<a/>", &text("<a/>"));
    check(
        Some("text/plain; charset=ISO-8859-1"),
        b"caf\xe9",
        &text("café"),
    );
    check(Some("application/json"), b"", &ReplyContent::Empty);
}

#[test]
fn a_body_that_is_not_what_it_says_is_kept() {
    check(Some("application/json"), b"not json", &text("not json"));
    let bytes = ReplyContent::Binary {
        base64: "/wA=".to_owned(),
        media_type: "application/json".to_owned(),
    };
    check(Some("application/json"), b"\xff\x00", &bytes);
}

#[test]
fn other_bytes_become_base64() {
    let bytes = ReplyContent::Binary {
        base64: "iVBORw==".to_owned(),
        media_type: "image/png".to_owned(),
    };
    check(Some("Image/PNG"), b"\x89PNG", &bytes);
}

#[test]
fn only_a_status_of_two_hundred_and_more_is_a_success() {
    let operation = with_parameters("/x", &json!([]));
    for (status, is_success) in [
        (199, false),
        (200, true),
        (299, true),
        (302, false),
        (404, false),
        (500, false),
    ] {
        let reply = operation.reply(status, Some("application/json"), b"{\"error\":\"no\"}");
        assert_eq!((reply.status, reply.is_success), (status, is_success));
        assert_eq!(reply.content, ReplyContent::Json(json!({"error": "no"})));
    }
}
