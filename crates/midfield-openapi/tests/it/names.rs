//! Names of tools and of arguments.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{document, request, with_parameters};

fn names(paths: &Value) -> Vec<String> {
    document(paths)
        .entries()
        .into_iter()
        .map(|entry| entry.name)
        .collect()
}

fn check(path: &str, operation_id: Option<&str>, expected: &str) {
    let operation = operation_id.map_or_else(|| json!({}), |id| json!({"operationId": id}));
    assert_eq!(
        names(&json!({ path: {"get": operation} })),
        [expected],
        "{path} {operation_id:?}"
    );
}

#[test]
fn a_name_is_the_operation_id_or_method_and_path() {
    check("/pets", Some("listPets"), "listPets");
    check("/pets", Some("Pets: list / all!"), "Pets_list_all");
    check("/pets", Some("größe"), "gr_e");
    check("/pets", Some("日本"), "get_pets");
    check("/pets/{petId}", None, "get_pets_petId");
    check("/", None, "get");
}

#[test]
fn a_long_name_is_cut_and_keeps_a_hash() {
    let long = "a".repeat(100);
    let [name] = names(&json!({"/x": {"get": {"operationId": long}}}))
        .try_into()
        .unwrap();
    assert_eq!(name.len(), 64);
    assert!(name.starts_with("aaaa"));
    let same = names(&json!({"/x": {"get": {"operationId": long}}}));
    assert_eq!(same, [name.as_str()]);
    let other = names(&json!({"/y": {"get": {"operationId": long}}}));
    assert_ne!(other, [name]);
}

#[test]
fn equal_operation_ids_give_way_to_method_and_path() {
    let paths = json!({
        "/a": {"get": {"operationId": "list"}},
        "/b": {"get": {"operationId": "list"}, "post": {"operationId": "create"}},
    });
    assert_eq!(names(&paths), ["get_a", "get_b", "create"]);
}

#[test]
fn names_are_unique_and_do_not_depend_on_the_order() {
    let paths = [
        ("/a-b", json!({"get": {}})),
        ("/a/b", json!({"get": {}})),
        ("/a.b", json!({"get": {}})),
        (
            "/c",
            json!({"get": {"operationId": "get_a_b"}, "put": {"operationId": "x"}}),
        ),
        ("/d", json!({"get": {"operationId": "x"}})),
    ];
    let forwards: Value = paths
        .iter()
        .cloned()
        .map(|(path, item)| (path.to_owned(), item))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let backwards: Value = paths
        .iter()
        .rev()
        .cloned()
        .map(|(path, item)| (path.to_owned(), item))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let by_path = |paths: &Value| -> BTreeSet<(String, String)> {
        let document = document(paths);
        let entries = document.entries().into_iter();
        entries
            .map(|entry| (format!("{} {}", entry.method, entry.path), entry.name))
            .collect()
    };
    let names = by_path(&forwards);
    assert_eq!(names, by_path(&backwards));
    let distinct: BTreeSet<&String> = names.iter().map(|(_, name)| name).collect();
    assert_eq!(distinct.len(), 6, "{names:?}");
}

fn arguments(path: &str, parameters: &Value) -> Vec<String> {
    let operation = with_parameters(path, parameters);
    operation
        .arguments()
        .map(|argument| argument.name.to_owned())
        .collect()
}

#[test]
fn arguments_have_the_names_of_their_parameters_in_plain_characters() {
    let query = |name: &str| json!({"name": name, "in": "query"});
    let check = |name: &str, expected: &str| {
        assert_eq!(arguments("/x", &json!([query(name)])), [expected], "{name}");
    };
    check("limit", "limit");
    check("$top", "top");
    check("filter[name]", "filter_name");
    check("X-Trace.Id_", "X-Trace.Id_");
    check("é", "query");
    check(&"n".repeat(100), &"n".repeat(60));
}

#[test]
fn a_clash_puts_the_location_in_front() {
    let parameters = json!([
        {"name": "id", "in": "path"},
        {"name": "id", "in": "query"},
        {"name": "query_id", "in": "header"},
        {"name": "a[]", "in": "query"},
        {"name": "a", "in": "query"},
    ]);
    let expected = ["path_id", "query_id_2", "query_id", "query_a", "query_a_2"];
    assert_eq!(arguments("/{id}", &parameters), expected);
}

#[test]
fn a_parameter_called_body_gives_way_to_the_body() {
    let operation = crate::only(&document(&json!({"/x": {"post": {
        "parameters": [{"name": "body", "in": "query"}],
        "requestBody": {"required": true, "content": {"application/json": {}}},
    }}})));
    let arguments: Vec<_> = operation
        .arguments()
        .map(|argument| argument.name)
        .collect();
    assert_eq!(arguments, ["query_body", "body"]);
    let request = request(&operation, &json!({"query_body": 1, "body": 2})).unwrap();
    assert_eq!(request.url, "https://api.example/x?body=1");
    assert_eq!(request.body, Some(b"2".to_vec()));
}

#[test]
fn an_operation_replaces_parameters_of_its_path() {
    let operation = crate::only(&document(&json!({"/{id}": {
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}},
            {"name": "q", "in": "query", "description": "shared"},
        ],
        "get": {"parameters": [{"name": "q", "in": "query", "description": "own"}]},
    }})));
    let properties = &operation.input_schema["properties"];
    assert_eq!(properties["q"]["description"], "own");
    assert_eq!(properties["id"]["type"], "integer");
    assert_eq!(operation.input_schema["required"], json!(["id"]));
}

#[test]
fn a_parameter_that_only_the_path_names_is_text() {
    let operation = with_parameters("/a/{id}", &json!([]));
    assert_eq!(
        operation.input_schema["properties"]["id"],
        json!({"type": "string"})
    );
    assert_eq!(operation.notes.len(), 1);
}

#[test]
fn headers_that_the_specification_ignores_and_those_of_the_connection_are_no_arguments() {
    let headers = [
        "Accept",
        "content-type",
        "Authorization",
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "X-Own",
    ];
    let parameters: Vec<Value> = headers
        .iter()
        .map(|name| json!({"name": name, "in": "header", "required": true}))
        .collect();
    assert_eq!(arguments("/x", &json!(parameters)), ["X-Own"]);
}
