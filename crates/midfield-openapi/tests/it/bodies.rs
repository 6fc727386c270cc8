//! Every kind of body.

use serde_json::{Value, json};

use crate::{header, request, with_content};
use midfield_openapi::{Problem, RequestError};

fn check(content: &Value, body: &Value, media_type: &str, expected: &str) {
    let operation = with_content(content);
    let request = request(&operation, &json!({"body": body})).unwrap();
    assert_eq!(
        header(&request, "Content-Type"),
        Some(media_type),
        "{content}"
    );
    let actual = String::from_utf8(request.body.unwrap()).unwrap();
    assert_eq!(actual, expected, "{content} {body}");
}

#[test]
fn json_is_sent_as_it_is_given() {
    let value = json!({"b": 1, "a": [null, "ü"]});
    check(
        &json!({"application/json": {}}),
        &value,
        "application/json",
        &value.to_string(),
    );
    let media_type = "application/vnd.api+json; version=2";
    check(
        &json!({ media_type: {} }),
        &json!("text"),
        media_type,
        "\"text\"",
    );
    check(&json!({"*/*": {}}), &json!(1), "application/json", "1");
}

#[test]
fn json_is_chosen_where_several_are_offered() {
    let content = json!({
        "application/xml": {},
        "multipart/form-data": {},
        "application/x-www-form-urlencoded": {},
        "text/plain": {},
        "application/json; charset=utf-8": {},
    });
    check(&content, &json!(1), "application/json; charset=utf-8", "1");
}

#[test]
fn forms_follow_the_encoding_of_each_field() {
    let form = |encoding: Value| {
        json!({"application/x-www-form-urlencoded": {
            "schema": {"type": "object", "properties": {"a": {}}},
            "encoding": {"a": encoding},
        }})
    };
    let media_type = "application/x-www-form-urlencoded";
    let list = json!({"a": ["x", "y z"]});
    let object = json!({"a": {"R": 1, "G": "&"}});
    check(&form(json!({})), &list, media_type, "a=x&a=y%20z");
    check(
        &form(json!({})),
        &object,
        media_type,
        "a=%7B%22R%22%3A1%2C%22G%22%3A%22%26%22%7D",
    );
    check(
        &form(json!({"explode": false})),
        &list,
        media_type,
        "a=x,y%20z",
    );
    check(
        &form(json!({"style": "form"})),
        &object,
        media_type,
        "R=1&G=%26",
    );
    check(
        &form(json!({"style": "spaceDelimited"})),
        &list,
        media_type,
        "a=x%20y%20z",
    );
    check(
        &form(json!({"style": "pipeDelimited"})),
        &list,
        media_type,
        "a=x%7Cy%20z",
    );
    check(
        &form(json!({"style": "deepObject"})),
        &object,
        media_type,
        "a%5BR%5D=1&a%5BG%5D=%26",
    );
    check(
        &form(json!({"allowReserved": true})),
        &json!({"a": "x/y"}),
        media_type,
        "a=x/y",
    );
    let as_json = form(json!({"contentType": "application/json"}));
    check(&as_json, &list, media_type, "a=%5B%22x%22%2C%22y%20z%22%5D");
    check(
        &form(json!({})),
        &json!({"other": true, "none": null}),
        media_type,
        "other=true",
    );
}

#[test]
fn text_and_xml_are_sent_as_they_are_given() {
    check(
        &json!({"text/plain": {}}),
        &json!("a\r\nb"),
        "text/plain",
        "a\r\nb",
    );
    check(
        &json!({"application/xml": {}}),
        &json!("<a/>"),
        "application/xml",
        "<a/>",
    );
    check(&json!({"text/csv": {}}), &json!(7), "text/csv", "7");
}

#[test]
fn bytes_are_given_as_base64() {
    let operation = with_content(&json!({"application/octet-stream": {}}));
    for text in ["AP8Q", "AP8Q\n"] {
        let request = request(&operation, &json!({ "body": text })).unwrap();
        assert_eq!(request.body, Some(vec![0, 255, 16]));
        assert_eq!(
            header(&request, "Content-Type"),
            Some("application/octet-stream")
        );
    }
    let error = request(&operation, &json!({"body": "no base64!"})).unwrap_err();
    let problem = Problem::NotBase64;
    assert_eq!(
        error,
        RequestError::InvalidArgument {
            argument: "body".to_owned(),
            problem
        }
    );
    let padded = request(&operation, &json!({"body": "AA=="})).unwrap();
    let unpadded = request(&operation, &json!({"body": "AA"})).unwrap();
    assert_eq!(padded, unpadded);
}

#[test]
fn the_caller_names_the_type_of_bytes_where_any_will_do() {
    let operation =
        with_content(&json!({"image/*": {"schema": {"type": "string", "format": "binary"}}}));
    let body = json!({"data": "AP8Q", "mediaType": "image/png"});
    let request = request(&operation, &json!({ "body": body })).unwrap();
    assert_eq!(header(&request, "Content-Type"), Some("image/png"));
    assert_eq!(request.body, Some(vec![0, 255, 16]));
}

fn multipart() -> Value {
    json!({"multipart/form-data": {
        "schema": {"type": "object", "properties": {
            "note": {"type": "string"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "address": {"type": "object"},
            "photo": {"type": "string", "format": "binary"},
            "scans": {"type": "array", "items": {"type": "string", "format": "binary"}},
            "meta": {"type": "string"},
        }},
        "encoding": {
            "photo": {"contentType": "image/png, image/jpeg"},
            "meta": {"contentType": "application/xml"},
        },
    }})
}

/// The bytes of a form with its boundary as `BOUNDARY`.
fn form_text(body: &Value) -> String {
    let operation = with_content(&multipart());
    let request = request(&operation, &json!({ "body": body })).unwrap();
    let content_type = header(&request, "Content-Type").unwrap().to_owned();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let text: String = request
        .body
        .unwrap()
        .iter()
        .map(|byte| char::from(*byte))
        .collect();
    text.replace(boundary, "BOUNDARY")
}

#[test]
fn a_multipart_form_has_a_part_for_each_value() {
    let body = json!({
        "note": "hi",
        "tags": ["a", "b"],
        "address": {"city": "X"},
        "photo": {"data": "AP8Q", "name": "p.png", "mediaType": "image/jpeg"},
        "scans": [{"data": "AA=="}, {"data": "AQ=="}],
        "meta": "<m/>",
        "extra": 7,
        "none": null,
    });
    let disposition = "--BOUNDARY\r\nContent-Disposition: form-data; name=";
    let expected = [
        format!("{disposition}\"note\"\r\n\r\nhi\r\n"),
        format!("{disposition}\"tags\"\r\n\r\na\r\n"),
        format!("{disposition}\"tags\"\r\n\r\nb\r\n"),
        format!(
            "{disposition}\"address\"\r\nContent-Type: application/json\r\n\r\n{{\"city\":\"X\"}}\r\n"
        ),
        format!(
            "{disposition}\"photo\"; filename=\"p.png\"\r\nContent-Type: image/jpeg\r\n\r\n\0\u{ff}\u{10}\r\n"
        ),
        format!(
            "{disposition}\"scans\"; filename=\"scans\"\r\nContent-Type: application/octet-stream\r\n\r\n\0\r\n"
        ),
        format!(
            "{disposition}\"scans\"; filename=\"scans\"\r\nContent-Type: application/octet-stream\r\n\r\n\u{1}\r\n"
        ),
        format!("{disposition}\"meta\"\r\nContent-Type: application/xml\r\n\r\n<m/>\r\n"),
        format!("{disposition}\"extra\"\r\n\r\n7\r\n"),
        "--BOUNDARY--\r\n".to_owned(),
    ];
    assert_eq!(form_text(&body), expected.concat());
}

#[test]
fn equal_forms_are_equal_bytes_and_no_part_contains_the_boundary() {
    let operation = with_content(&multipart());
    let first = request(&operation, &json!({"body": {"note": "x"}})).unwrap();
    let again = request(&operation, &json!({"body": {"note": "x"}})).unwrap();
    assert_eq!(first, again);
    let boundary = header(&first, "Content-Type")
        .unwrap()
        .rsplit('=')
        .next()
        .unwrap()
        .to_owned();
    let nested = request(&operation, &json!({"body": {"note": boundary}})).unwrap();
    assert!(
        !header(&nested, "Content-Type")
            .unwrap()
            .ends_with(&boundary)
    );
}

#[test]
fn nothing_in_a_file_can_leave_its_part() {
    let body = json!({"photo": {"data": "AA==", "name": "a\"\r\nX-Evil: 1\r\n\r\n.png"}});
    let text = form_text(&body);
    assert!(
        text.contains("filename=\"a%22%0D%0AX-Evil: 1%0D%0A%0D%0A.png\"\r\n"),
        "{text}"
    );
    let operation = with_content(&multipart());
    for media_type in ["image/png\r\nX-Evil: 1", "no media type", "a/b/c", ""] {
        let body = json!({"photo": {"data": "AA==", "mediaType": media_type}});
        let error = request(&operation, &json!({ "body": body })).unwrap_err();
        let problem = Problem::NotAMediaType;
        assert_eq!(
            error,
            RequestError::InvalidArgument {
                argument: "body".to_owned(),
                problem
            }
        );
    }
}

#[test]
fn a_form_must_be_an_object_and_a_file_must_have_bytes() {
    let operation = with_content(&multipart());
    let problem = |body: Value| match request(&operation, &json!({ "body": body })) {
        Err(RequestError::InvalidArgument { problem, .. }) => Some(problem),
        _ => None,
    };
    assert_eq!(problem(json!([1])), Some(Problem::NotAnObject));
    assert_eq!(
        problem(json!({"photo": {"name": "x"}})),
        Some(Problem::NotAFile)
    );
    assert_eq!(problem(json!({"photo": 7})), Some(Problem::NotAFile));
    assert_eq!(problem(json!({"photo": "AA=="})), None);
}

#[test]
fn a_body_that_is_not_required_may_be_left_out() {
    let operation = with_content(&json!({"application/json": {}}));
    for arguments in [json!({}), json!({"body": null})] {
        let request = request(&operation, &arguments).unwrap();
        assert_eq!(request.body, None);
        assert_eq!(header(&request, "Content-Type"), None);
    }
}
