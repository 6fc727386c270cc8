//! Ways out of where a value stands.

use percent_encoding::percent_decode_str;

use super::template;

/// What leads out of where it stands, in the ways that are known to get past checks.
const TRAVERSALS: [&str; 44] = [
    "..",
    ".",
    "../",
    "../..",
    "../../etc/passwd",
    "a/../b",
    "a/..",
    "./a",
    "a/./b",
    "%2e%2e",
    "%2E%2e",
    ".%2e",
    "%2e",
    "%2e%2e/a",
    "%2e%2e%2f",
    "%2e%2e%2fetc",
    "..%2f",
    "..%5c",
    "..%5Ca",
    "a%5c..",
    "..\\a",
    "a\\..\\b",
    "%252e%252e%252f",
    "%252e%252e",
    "..%252f",
    "%25%32%65",
    "%c0%ae%c0%ae",
    "%c0%af",
    "%e0%80%ae",
    "%f0%80%80%ae",
    "%ff",
    "%ed%a0%80",
    "%00",
    "a%00.txt",
    "a%0a",
    "a%0d%0ab",
    "%7f",
    "%c2%85",
    "%u002e",
    "..;/a",
    "..%3b/a",
    "..%20",
    ". ./..%20/a",
    ".../a",
];

#[test]
fn nothing_leads_out_of_where_it_stands() {
    let templates = [
        "file:///{path}",
        "file:///data/{+path}",
        "file://{+path}",
        "notes://{book}/{page}",
        "f:/d{/a}",
        "f:/d{/a,b}",
        "f:/d/{a,b}",
        "f:d{;p}",
        "f:d{?q}",
        "f:?x=1{&q}",
        "f:d{#x}",
        "f:/d/{a}.{b}",
        "f:/d/x{.a}",
    ];
    for text in templates {
        let template = template(text);
        for traversal in TRAVERSALS {
            // Wherever a value stands, once with the traversal as it is and once below something.
            for value in [traversal.to_owned(), format!("a/{traversal}")] {
                let uri = fill(text, &value);
                // A dot among others of one segment is no way out.
                let Some(values) = template.matches(&uri) else {
                    continue;
                };
                assert!(!leads_out(&uri) && are_straight(&values), "{text} {uri}");
            }
        }
    }
}

#[test]
fn no_traversal_is_the_value_of_a_variable_alone() {
    for text in [
        "f:/{path}",
        "f:/{+path}",
        "f://{+path}",
        "f:/d{?path}",
        "f:d{;path}",
        "f:d{#path}",
    ] {
        let template = template(text);
        for traversal in TRAVERSALS {
            let uri = fill(text, traversal);
            assert_eq!(template.matches(&uri), None, "{uri}");
        }
    }
}

/// The template with `value`, undecoded, for each of its expressions.
fn fill(text: &str, value: &str) -> String {
    let mut uri = String::new();
    for piece in text.split_inclusive('}') {
        let (literal, expression) = piece.split_once('{').unwrap_or((piece, ""));
        uri.push_str(literal);
        let names = expression.trim_end_matches('}');
        for (index, name) in names.split(',').filter(|name| !name.is_empty()).enumerate() {
            match name.as_bytes().first() {
                Some(b'+') => uri.push_str(value),
                Some(b'/' | b'.' | b'#') => {
                    uri.push_str(&name[..1]);
                    uri.push_str(value);
                }
                Some(b';' | b'?' | b'&') => {
                    uri.push_str(name);
                    uri.push('=');
                    uri.push_str(value);
                }
                _ => {
                    uri.push_str(if index == 0 { "" } else { "," });
                    uri.push_str(value);
                }
            }
        }
    }
    uri
}

/// Whether a reader that decodes twice and splits at anything would go upwards, or meet a control character.
pub(super) fn leads_out(uri: &str) -> bool {
    let mut decoded = uri.as_bytes().to_vec();
    for _ in 0..2 {
        let text = String::from_utf8_lossy(&decoded).into_owned();
        decoded = percent_decode_str(&text).collect();
    }
    let Ok(text) = String::from_utf8(decoded) else {
        return true;
    };
    let text = text.split_once(':').map_or(&*text, |(_, rest)| rest);
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    text.contains(char::is_control)
        || path
            .split(['/', '\\', '#', ';'])
            .chain(query.split(['/', '\\', '#', '&', '=']))
            .any(|segment| matches!(segment.trim(), "." | ".."))
}

/// Whether none of the values leads out by itself.
pub(super) fn are_straight(values: &[(String, String)]) -> bool {
    let mut values = values.iter();
    values.all(|(_, value)| !leads_out(&format!("x:{value}")))
}

#[test]
fn a_path_neither_changes_the_authority_nor_becomes_absolute() {
    let cases = [
        ("https://example.com{+path}", ".evil.com/x"),
        ("https://example.com{+path}", "@evil.com/x"),
        ("https://example.com{+path}", ":80/x"),
        ("https://example.com{+path}", "//evil.com"),
        ("https://{host}.com{+path}", "evil"),
        ("x:{+path}", "//evil.com/x"),
        ("x:/{+path}", "/evil.com/x"),
        ("file:///{+path}", "/etc/passwd"),
        ("file:///data/{+path}", "/etc/passwd"),
        ("file:///data/{+path}", "//etc/passwd"),
        ("file:///data/{+path}", "C:/Windows"),
        ("file:///data/{+path}", "a//b"),
        ("file:///data/{+path}", "a?b"),
        ("file:///data/{+path}", "a#b"),
    ];
    for (text, path) in cases {
        let template = template(text);
        let uri = text.replace("{+path}", path).replace("{host}", "h");
        assert_eq!(template.matches(&uri), None, "{uri}");
        let values = [("path", path), ("host", "h")];
        assert!(template.expand(&values).is_err(), "{uri}");
    }
}
