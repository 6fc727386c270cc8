//! Swagger 2.0 as OpenAPI 3.0: one conversion when a document is read, and nothing after it
//! knows the difference.
//!
//! Schemas stay where they are (`#/definitions/…` is a reference like any other), and what is
//! shared stays shared: a small document must not become a large one because many operations use
//! the same thing.

mod forms;
mod operations;

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::Node;
use super::files::Location;
use crate::operation::Method;

/// The document at `root` as OpenAPI 3.0.
pub(super) fn convert(root: Node<'_>) -> Value {
    let mut converter = Converter {
        root,
        items: HashMap::new(),
        shared: HashMap::new(),
        parameters: Map::new(),
    };
    let mut converted = Map::new();
    converted.insert("openapi".to_owned(), Value::from("3.0.3"));
    let kept = [
        "info",
        "tags",
        "security",
        "definitions",
        "parameters",
        "responses",
    ];
    for key in kept {
        if let Some(node) = root.raw_member(key) {
            converted.insert(key.to_owned(), node.value().clone());
        }
    }
    converted.insert("servers".to_owned(), servers(root, root));
    let mut paths = Map::new();
    for (path, written) in root.member("paths").into_iter().flat_map(Node::entries) {
        let item = match written.resolve() {
            Ok(item) if !path.starts_with("x-") => converter.path_item(path, item),
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
    let components = json!({"securitySchemes": schemes, "parameters": converter.parameters});
    converted.insert("components".to_owned(), components);
    Value::Object(converted)
}

/// What is converted once and then referred to.
struct Converter<'d> {
    root: Node<'d>,
    /// The first path that each path item was converted for.
    items: HashMap<usize, String>,
    /// Names of shared parameters, by the identity of what they were.
    shared: HashMap<usize, String>,
    /// Shared parameters, converted.
    parameters: Map<String, Value>,
}

impl<'d> Converter<'d> {
    fn path_item(&mut self, path: &str, item: Node<'d>) -> Value {
        if let Some(first) = self.items.get(&item.identity()) {
            let pointer = first.replace('~', "~0").replace('/', "~1");
            let pointer = super::encode_fragment(&pointer);
            return json!({ "$ref": format!("#/paths/{pointer}") });
        }
        self.items.insert(item.identity(), path.to_owned());
        let mut converted = Map::new();
        let plain = operations::list(item, "parameters").filter(|node| !operations::is_body(*node));
        let plain: Vec<Value> = plain.map(|written| self.plain_parameter(written)).collect();
        converted.insert("parameters".to_owned(), Value::Array(plain));
        for method in Method::ALL {
            let Some(written) = item.raw_member(method.key()) else {
                continue;
            };
            let operation = match written.resolve() {
                Ok(operation) if operation.value().is_object() => self.operation(item, operation),
                _ => written.value().clone(),
            };
            converted.insert(method.key().to_owned(), operation);
        }
        Value::Object(converted)
    }

    /// A parameter in path, query or header; one that is shared is converted once.
    fn plain_parameter(&mut self, written: Node<'d>) -> Value {
        let Ok(parameter) = written.resolve() else {
            // Kept, so that the operation is skipped with the reference as its reason.
            return written.value().clone();
        };
        if written.reference().is_none() {
            return forms::plain_parameter(parameter);
        }
        let number = self.shared.len();
        let name = self
            .shared
            .entry(parameter.identity())
            .or_insert_with(|| format!("p{number}"));
        if !self.parameters.contains_key(name) {
            self.parameters
                .insert(name.clone(), forms::plain_parameter(parameter));
        }
        json!({ "$ref": format!("#/components/parameters/{name}") })
    }
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
    let schemes = operations::list(level, "schemes").filter_map(|scheme| scheme.value().as_str());
    let schemes: Vec<&str> = schemes.collect();
    // Where both are offered, the safe one is called.
    let usable = ["https", "http"]
        .into_iter()
        .filter(|scheme| schemes.contains(scheme));
    let urls: Vec<Value> = usable
        .map(|scheme| json!({"url": format!("{scheme}://{host}{slash}{path}")}))
        .collect();
    if urls.is_empty() {
        // The scheme is then that of the document's own URL.
        return json!([{"url": format!("//{host}{slash}{path}")}]);
    }
    Value::Array(urls)
}

fn security_scheme(scheme: Node<'_>) -> Value {
    match scheme.text("type") {
        Some("basic") => json!({"type": "http", "scheme": "basic"}),
        _ => scheme.value().clone(),
    }
}

/// The schema of a body or a response: by reference where the whole was one.
fn schema_of(written: Node<'_>, target: Node<'_>) -> Option<Value> {
    let schema = target.raw_member("schema")?;
    Some(match written.reference() {
        Some(reference) => {
            let hash = if reference.contains('#') { "" } else { "#" };
            json!({ "$ref": format!("{reference}{hash}/schema") })
        }
        None => moved(schema),
    })
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
