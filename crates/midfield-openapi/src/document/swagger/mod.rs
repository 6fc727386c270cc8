//! Swagger 2.0 as OpenAPI 3.0: one conversion when a document is read, and nothing after it
//! knows the difference.
//!
//! Schemas stay where they are (`#/definitions/…` is a reference like any other). Shared
//! parameters and responses are put in the place of their references.

mod operations;

use serde_json::{Map, Value, json};

use super::Node;
use super::files::Location;
use crate::operation::Method;

/// The document at `root` as OpenAPI 3.0.
pub(super) fn convert(root: Node<'_>) -> Value {
    let mut converted = Map::new();
    converted.insert("openapi".to_owned(), Value::from("3.0.3"));
    for key in ["info", "tags", "externalDocs", "security", "definitions"] {
        if let Some(node) = root.raw_member(key) {
            converted.insert(key.to_owned(), node.value().clone());
        }
    }
    converted.insert("servers".to_owned(), servers(root, root));
    let mut paths = Map::new();
    for (path, written) in root.member("paths").into_iter().flat_map(Node::entries) {
        let item = match written.resolve() {
            Ok(item) if !path.starts_with("x-") => path_item(root, item),
            // Kept as it is written, so that its operations are reported with the reason.
            _ => written.value().clone(),
        };
        paths.insert(path.to_owned(), item);
    }
    converted.insert("paths".to_owned(), Value::Object(paths));
    let schemes = root
        .member("securityDefinitions")
        .into_iter()
        .flat_map(Node::entries);
    let schemes: Map<String, Value> = schemes
        .map(|(name, scheme)| (name.to_owned(), security_scheme(scheme)))
        .collect();
    converted.insert("components".to_owned(), json!({"securitySchemes": schemes}));
    Value::Object(converted)
}

fn path_item(root: Node<'_>, item: Node<'_>) -> Value {
    let mut converted = Map::new();
    for method in Method::ALL {
        let Some(written) = item.raw_member(method.key()) else {
            continue;
        };
        let operation = match written.resolve() {
            Ok(operation) if operation.value().is_object() => {
                operations::convert(root, item, operation)
            }
            _ => written.value().clone(),
        };
        converted.insert(method.key().to_owned(), operation);
    }
    Value::Object(converted)
}

/// The servers that `schemes` of a document or an operation make of host and base path.
fn servers(root: Node<'_>, level: Node<'_>) -> Value {
    let path = root.text("basePath").unwrap_or("/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    let Some(host) = root
        .text("host")
        .map(str::trim)
        .filter(|host| !host.is_empty())
    else {
        return json!([{"url": format!("{slash}{path}")}]);
    };
    let schemes = level.member("schemes").into_iter().flat_map(Node::items);
    let mut schemes: Vec<&str> = schemes
        .filter_map(|scheme| scheme.value().as_str())
        .filter(|scheme| matches!(*scheme, "http" | "https"))
        .collect();
    // Where both are offered, the safe one is called.
    schemes.sort_unstable_by_key(|scheme| *scheme != "https");
    if schemes.is_empty() {
        // The scheme is then that of the document's own URL.
        return json!([{"url": format!("//{host}{slash}{path}")}]);
    }
    let urls = schemes
        .iter()
        .map(|scheme| json!({"url": format!("{scheme}://{host}{slash}{path}")}));
    Value::Array(urls.collect())
}

fn security_scheme(scheme: Node<'_>) -> Value {
    match scheme.text("type") {
        Some("basic") => json!({"type": "http", "scheme": "basic"}),
        _ => scheme.value().clone(),
    }
}

/// A value for another place: its references lead where they led before.
fn moved(node: Node<'_>) -> Value {
    let mut value = node.value().clone();
    if *node.location() != Location::Beside(String::new()) {
        rebase(&mut value, node.location());
    }
    value
}

fn rebase(value: &mut Value, location: &Location) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, location)),
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                let (file, fragment) = reference
                    .split_once('#')
                    .unwrap_or((reference.as_str(), ""));
                let file = if file.is_empty() {
                    Some(location.clone())
                } else {
                    location.join(file)
                };
                if let Some(file) = file {
                    *reference = format!("{file}#{fragment}");
                }
            }
            members
                .values_mut()
                .for_each(|member| rebase(member, location));
        }
        _ => {}
    }
}
