//! Any values and any URIs.

use proptest::prelude::*;

use super::template;
use super::traversal::{are_straight, leads_out};
use crate::server::template::UriTemplate;
use crate::server::template::value::is_unreserved;

const SHAPES: [&str; 14] = [
    "x:{a}",
    "x:/{a}/{b}",
    "x:{a,b}",
    "x://h/{+a}",
    "x://{+a}",
    "x://h{+a}",
    "x:{+a}/{b}",
    "x:d{/a,b}",
    "x:d{.a}",
    "x:d{;a,b}",
    "x:d{?a,b}",
    "x:d/{a}{?b}{#c}",
    "x:d?z=1{&a,b}",
    "x:{a}-{b}",
];

fn value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z0-9._~-]{0,4}",
        prop::sample::select(vec![
            "/", "..", ".", "%", "%2e", "\\", "?", "#", "&", "=", ";", ",", "-", ":", "@", " ",
            "日",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// Nearly a URI of one of the shapes.
fn uri() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "x:",
            "x://h",
            "x://h/",
            "x:/",
            "x:d",
            "?a=",
            "&a=",
            "&b=",
            "?b=",
            ";a",
            ";b",
            "=",
            "#",
            "/",
            ".",
            "-",
            ",",
            "?z=1",
            "%2e",
            "%2F",
            "%7E",
            "%e6%97%a5",
            "%E6%97%A5",
            "%25",
            "%",
            "..",
            "a",
            "~",
        ])
        .prop_map(str::to_owned),
        "[a-z0-9]{1,3}",
        any::<char>().prop_map(String::from),
    ];
    let start = prop::sample::select(vec!["x:", "x:d", "x:/", "x://", "x://h/", "x:d?z=1"]);
    (start, prop::collection::vec(piece, 0..6))
        .prop_map(|(start, pieces)| start.to_owned() + &pieces.concat())
}

/// The same URI with digits of encodings in upper case, and without those that are not needed.
fn normal(uri: &str) -> String {
    let mut normal = String::new();
    let mut rest = uri;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let (code, after) = after.split_at(2);
        let byte = u8::from_str_radix(code, 16).expect("an encoding");
        if is_unreserved(byte) {
            normal.push(char::from(byte));
        } else {
            normal.push('%');
            normal.push_str(&code.to_uppercase());
        }
        rest = after;
    }
    normal + rest
}

proptest! {
    #[test]
    fn what_is_expanded_is_read_back(
        shape in prop::sample::select(SHAPES.to_vec()),
        values in prop::collection::vec(value(), 3),
    ) {
        let template = template(shape);
        let values: Vec<(String, String)> = ["a", "b", "c"].map(str::to_owned).into_iter().zip(values).collect();
        if let Ok(uri) = template.expand(&values) {
            let expected = &values[..template.variables().len()];
            let read = template.matches(&uri);
            prop_assert_eq!(read.as_deref(), Some(expected), "{}", uri);
            prop_assert!(uri.is_ascii());
        }
    }

    #[test]
    fn a_plain_value_is_always_taken(
        shape in prop::sample::select(SHAPES.to_vec()),
        values in prop::collection::vec("[a-z0-9_~ 日!]{1,8}", 3),
    ) {
        let template = template(shape);
        let slash = if shape == "x://h{+a}" { "/" } else { "" };
        let values: Vec<(&str, String)> =
            ["a", "b", "c"].into_iter().zip(values.into_iter().map(|value| format!("{slash}{value} x"))).collect();
        prop_assert!(template.expand(&values).is_ok());
    }

    #[test]
    fn what_is_read_gives_the_same_uri_again_and_leads_nowhere(
        shape in prop::sample::select(SHAPES.to_vec()),
        uri in uri(),
    ) {
        let template = template(shape);
        if let Some(values) = template.matches(&uri) {
            let again = template.expand(&values).map(|uri| normal(&uri));
            prop_assert_eq!(again, Ok(normal(&uri)));
            prop_assert!(!leads_out(&uri) && are_straight(&values), "{}", uri);
        }
    }

    #[test]
    fn no_text_makes_a_template_panic(text in "(x:)?([{}+#./;?&a,b:*%2e-]|\\PC){0,24}", uri in any::<String>()) {
        if let Ok(template) = UriTemplate::parse(&text) {
            let _ = template.matches(&uri);
            prop_assert_eq!(template.as_str(), text);
        }
    }
}
