//! Every style of parameter, by the table of
//! [OpenAPI 3.1.1](https://spec.openapis.org/oas/v3.1.1.html#style-examples).

use serde_json::{Value, json};

use crate::{header, request, with_parameters};

fn color(kind: &str) -> Value {
    match kind {
        "empty" => json!(""),
        "string" => json!("blue"),
        "array" => json!(["blue", "black", "brown"]),
        _ => json!({"R": 100, "G": 200, "B": 150}),
    }
}

fn parameter(place: &str, style: &str, explode: bool) -> Value {
    json!([{"name": "color", "in": place, "style": style, "explode": explode, "schema": true}])
}

fn check(place: &str, style: &str, explode: bool, kind: &str, expected: &str) {
    let path = if place == "path" {
        "/x/{color}/y"
    } else {
        "/x"
    };
    let operation = with_parameters(path, &parameter(place, style, explode));
    let request = request(&operation, &json!({"color": color(kind)})).unwrap();
    let (actual, expected) = match place {
        "path" => (request.url, format!("https://api.example/x/{expected}/y")),
        "query" => (request.url, format!("https://api.example/x{expected}")),
        "header" => (
            header(&request, "color").unwrap().to_owned(),
            expected.to_owned(),
        ),
        _ => (
            header(&request, "Cookie").unwrap().to_owned(),
            expected.to_owned(),
        ),
    };
    assert_eq!(actual, expected, "{place} {style} explode={explode} {kind}");
}

#[test]
fn path_parameters_follow_the_table() {
    check("path", "matrix", false, "empty", ";color");
    check("path", "matrix", false, "string", ";color=blue");
    check("path", "matrix", false, "array", ";color=blue,black,brown");
    check(
        "path",
        "matrix",
        false,
        "object",
        ";color=R,100,G,200,B,150",
    );
    check("path", "matrix", true, "empty", ";color");
    check("path", "matrix", true, "string", ";color=blue");
    check(
        "path",
        "matrix",
        true,
        "array",
        ";color=blue;color=black;color=brown",
    );
    check("path", "matrix", true, "object", ";R=100;G=200;B=150");
    check("path", "label", false, "string", ".blue");
    check("path", "label", false, "array", ".blue,black,brown");
    check("path", "label", false, "object", ".R,100,G,200,B,150");
    check("path", "label", true, "string", ".blue");
    check("path", "label", true, "array", ".blue.black.brown");
    check("path", "label", true, "object", ".R=100.G=200.B=150");
    for explode in [false, true] {
        check("path", "simple", explode, "string", "blue");
        check("path", "simple", explode, "array", "blue,black,brown");
    }
    check("path", "simple", false, "object", "R,100,G,200,B,150");
    check("path", "simple", true, "object", "R=100,G=200,B=150");
}

#[test]
fn query_parameters_follow_the_table() {
    for explode in [false, true] {
        check("query", "form", explode, "empty", "?color=");
        check("query", "form", explode, "string", "?color=blue");
    }
    check("query", "form", false, "array", "?color=blue,black,brown");
    check("query", "form", false, "object", "?color=R,100,G,200,B,150");
    check(
        "query",
        "form",
        true,
        "array",
        "?color=blue&color=black&color=brown",
    );
    check("query", "form", true, "object", "?R=100&G=200&B=150");
    check(
        "query",
        "spaceDelimited",
        false,
        "array",
        "?color=blue%20black%20brown",
    );
    check(
        "query",
        "spaceDelimited",
        false,
        "object",
        "?color=R%20100%20G%20200%20B%20150",
    );
    check(
        "query",
        "pipeDelimited",
        false,
        "array",
        "?color=blue%7Cblack%7Cbrown",
    );
    check(
        "query",
        "pipeDelimited",
        false,
        "object",
        "?color=R%7C100%7CG%7C200%7CB%7C150",
    );
    let deep = "?color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150";
    check("query", "deepObject", true, "object", deep);
}

#[test]
fn headers_and_cookies_follow_the_table() {
    for explode in [false, true] {
        check("header", "simple", explode, "empty", "");
        check("header", "simple", explode, "string", "blue");
        check("header", "simple", explode, "array", "blue,black,brown");
        check("cookie", "form", explode, "string", "color=blue");
    }
    check("header", "simple", false, "object", "R,100,G,200,B,150");
    check("header", "simple", true, "object", "R=100,G=200,B=150");
    check("cookie", "form", false, "array", "color=blue,black,brown");
    check("cookie", "form", false, "object", "color=R,100,G,200,B,150");
    check(
        "cookie",
        "form",
        true,
        "array",
        "color=blue; color=black; color=brown",
    );
    check("cookie", "form", true, "object", "R=100; G=200; B=150");
}

#[test]
fn a_style_that_does_not_fit_its_place_gives_way_to_the_default() {
    check("path", "form", false, "array", "blue,black,brown");
    check(
        "query",
        "matrix",
        true,
        "array",
        "?color=blue&color=black&color=brown",
    );
    check("header", "deepObject", false, "object", "R,100,G,200,B,150");
}

#[test]
fn defaults_are_those_of_the_place() {
    let parameters = json!([
        {"name": "p", "in": "path", "required": true, "schema": {}},
        {"name": "q", "in": "query", "schema": {}},
        {"name": "h", "in": "header", "schema": {}},
        {"name": "c", "in": "cookie", "schema": {}},
    ]);
    let operation = with_parameters("/{p}", &parameters);
    let list = json!(["a", "b"]);
    let arguments = json!({"p": list, "q": list, "h": list, "c": list});
    let request = request(&operation, &arguments).unwrap();
    assert_eq!(request.url, "https://api.example/a,b?q=a&q=b");
    assert_eq!(header(&request, "h"), Some("a,b"));
    assert_eq!(header(&request, "Cookie"), Some("c=a; c=b"));
}

fn check_query(parameter: &Value, value: &Value, expected: &str) {
    let operation = with_parameters("/x", &json!([parameter]));
    let name = operation.arguments().next().unwrap().name.to_owned();
    let request = request(&operation, &json!({ name: value })).unwrap();
    assert_eq!(
        request.url,
        format!("https://api.example/x{expected}"),
        "{parameter} {value}"
    );
}

#[test]
fn scalars_are_written_as_json_writes_them_and_null_is_left_out() {
    let plain = json!({"name": "q", "in": "query", "schema": {}});
    check_query(&plain, &json!(true), "?q=true");
    check_query(&plain, &json!(1.5), "?q=1.5");
    check_query(&plain, &json!(-7), "?q=-7");
    check_query(&plain, &json!(null), "");
    check_query(&plain, &json!([]), "");
    check_query(&plain, &json!({}), "");
    check_query(&plain, &json!([1, null, "", 2]), "?q=1&q=&q=2");
    check_query(&plain, &json!([{"a": 1}]), "?q=%7B%22a%22%3A1%7D");
}

#[test]
fn reserved_characters_are_encoded_unless_the_document_allows_them() {
    let text = json!("a:/?#[]@!$&'()*+,;= %41%4é");
    let plain = json!({"name": "q", "in": "query", "schema": {}});
    let encoded = "?q=a%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%20%2541%254%C3%A9";
    check_query(&plain, &text, encoded);
    let reserved = json!({"name": "q", "in": "query", "schema": {}, "allowReserved": true});
    check_query(
        &reserved,
        &text,
        "?q=a:/?%23%5B%5D@!$%26'()*%2B,;%3D%20%41%254%C3%A9",
    );
}

#[test]
fn names_of_parameters_are_encoded_too() {
    let parameter = json!({"name": "a[b] c", "in": "query", "schema": {}});
    check_query(&parameter, &json!("x"), "?a%5Bb%5D%20c=x");
}

#[test]
fn deep_objects_go_on_with_brackets() {
    let deep = json!({"name": "f", "in": "query", "style": "deepObject", "explode": true});
    let value = json!({"a": {"b": 1}, "list": ["x", "y"], "rows": [{"c": 1}, {"c": 2}], "n": null});
    let expected = "?f%5Ba%5D%5Bb%5D=1&f%5Blist%5D%5B%5D=x&f%5Blist%5D%5B%5D=y\
                    &f%5Brows%5D%5B0%5D%5Bc%5D=1&f%5Brows%5D%5B1%5D%5Bc%5D=2";
    check_query(&deep, &value, expected);
}

#[test]
fn an_empty_value_is_sent_when_the_document_allows_it() {
    let parameter = json!({"name": "q", "in": "query", "schema": {}, "allowEmptyValue": true});
    check_query(&parameter, &json!([]), "?q=");
    check_query(&parameter, &json!(""), "?q=");
}

#[test]
fn parameters_with_content_are_documents_of_their_media_type() {
    let content = json!({"application/json": {"schema": {"type": "object"}}});
    let parameters = json!([
        {"name": "q", "in": "query", "content": content},
        {"name": "h", "in": "header", "content": content},
        {"name": "c", "in": "cookie", "content": content},
        {"name": "p", "in": "path", "required": true, "content": content},
        {"name": "t", "in": "query", "content": {"text/plain": {}}},
    ]);
    let operation = with_parameters("/{p}", &parameters);
    let value = json!({"a": "ü"});
    let arguments = json!({"q": value, "h": value, "c": value, "p": value, "t": "x y"});
    let request = request(&operation, &arguments).unwrap();
    let encoded = "%7B%22a%22%3A%22%C3%BC%22%7D";
    assert_eq!(
        request.url,
        format!("https://api.example/{encoded}?q={encoded}&t=x%20y")
    );
    assert_eq!(header(&request, "h"), Some("{\"a\":\"ü\"}"));
    assert_eq!(
        header(&request, "Cookie"),
        Some(format!("c={encoded}").as_str())
    );
}

#[test]
fn a_query_in_the_path_is_kept_and_a_fragment_is_not() {
    let parameters = json!([{"name": "q", "in": "query", "schema": {}}]);
    let operation = with_parameters("/x?action=list#one", &parameters);
    let request = request(&operation, &json!({"q": 1})).unwrap();
    assert_eq!(request.url, "https://api.example/x?action=list&q=1");
}
