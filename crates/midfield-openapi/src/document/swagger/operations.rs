//! Operations of Swagger 2.0: bodies and forms among the parameters, and media types apart from
//! both.

use serde_json::{Map, Value, json};

use super::{Converter, Node, forms, schema_of, servers};

impl<'d> Converter<'d> {
    /// The operation as OpenAPI 3.0, with the body of its path item if it has none.
    pub(super) fn operation(&mut self, item: Node<'d>, operation: Node<'d>) -> Value {
        let mut converted = Map::new();
        for key in [
            "tags",
            "summary",
            "description",
            "operationId",
            "deprecated",
            "security",
        ] {
            if let Some(value) = operation.get(key) {
                converted.insert(key.to_owned(), value.clone());
            }
        }
        if operation.get("schemes").is_some() {
            converted.insert("servers".to_owned(), servers(self.root, operation));
        }
        let (bodies, plain): (Vec<_>, Vec<_>) =
            list(operation, "parameters").partition(|written| is_body(*written));
        let bodies = if bodies.is_empty() {
            list(item, "parameters")
                .filter(|written| is_body(*written))
                .collect()
        } else {
            bodies
        };
        let plain: Vec<Value> = plain
            .into_iter()
            .map(|written| self.plain_parameter(written))
            .collect();
        converted.insert("parameters".to_owned(), Value::Array(plain));
        if let Some(body) = self.body(operation, &bodies) {
            converted.insert("requestBody".to_owned(), body);
        }
        let produces = media_type(self.root, operation, "produces");
        let responses = operation
            .member("responses")
            .into_iter()
            .flat_map(Node::entries);
        let responses: Map<String, Value> = responses
            .map(|(status, written)| (status.to_owned(), response(written, produces)))
            .collect();
        converted.insert("responses".to_owned(), Value::Object(responses));
        Value::Object(converted)
    }

    fn body(&self, operation: Node<'d>, bodies: &[Node<'d>]) -> Option<Value> {
        let resolved = bodies
            .iter()
            .map(|written| (*written, written.resolve().ok()));
        let resolved: Vec<_> = resolved
            .filter_map(|(written, target)| Some((written, target?)))
            .collect();
        let is_whole = |target: Node<'_>| target.text("in") == Some("body");
        let Some((written, target)) = resolved.iter().find(|(_, target)| is_whole(*target)) else {
            let consumes: Vec<&str> = media_types(self.root, operation, "consumes").collect();
            return if resolved.is_empty() {
                None
            } else {
                Some(forms::form(&resolved, &consumes))
            };
        };
        let media = match schema_of(*written, *target) {
            Some(schema) => json!({ "schema": schema }),
            None => json!({}),
        };
        // A form is made of `formData`; a body that claims to be one is JSON in practice.
        let media_type = media_type(self.root, operation, "consumes");
        let media_type = if media_type.contains("form") {
            "application/json"
        } else {
            media_type
        };
        let mut body = json!({"content": { media_type: media }});
        copy(*target, &["description", "required"], &mut body);
        Some(body)
    }
}

/// Whether a parameter is the body or a field of it.
pub(super) fn is_body(written: Node<'_>) -> bool {
    let target = written.resolve().unwrap_or(written);
    matches!(target.text("in"), Some("body" | "formData"))
}

/// The items of the list `key`.
pub(super) fn list<'d>(node: Node<'d>, key: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
    node.member(key).into_iter().flat_map(Node::items)
}

fn media_types<'d>(
    root: Node<'d>,
    operation: Node<'d>,
    key: &str,
) -> impl Iterator<Item = &'d str> + use<'d> {
    let list = operation.member(key).or_else(|| root.member(key));
    let list = list.into_iter().flat_map(Node::items).take(MAX_MEDIA_TYPES);
    list.filter_map(|media_type| media_type.value().as_str())
}

/// The media type that is sent or expected: JSON where it is offered, else the first.
fn media_type<'d>(root: Node<'d>, operation: Node<'d>, key: &str) -> &'d str {
    let offered: Vec<&str> = media_types(root, operation, key).collect();
    let is_json = |media_type: &&&str| media_type.to_ascii_lowercase().contains("json");
    let json = offered.iter().find(is_json);
    json.or_else(|| offered.first())
        .copied()
        .unwrap_or("application/json")
}

fn response(written: Node<'_>, produces: &str) -> Value {
    let mut converted = json!({});
    let Ok(target) = written.resolve() else {
        return converted;
    };
    copy(target, &["description"], &mut converted);
    if let Some(schema) = schema_of(written, target)
        && let Value::Object(members) = &mut converted
    {
        members.insert(
            "content".to_owned(),
            json!({ produces: { "schema": schema } }),
        );
    }
    converted
}

/// Copies members that are small: what is shared must not grow with every use.
pub(super) fn copy(from: Node<'_>, keys: &[&str], to: &mut Value) {
    let Value::Object(members) = to else { return };
    for key in keys {
        let value = from.get(key);
        let is_small = |value: &&Value| value.as_str().is_none_or(|text| text.len() <= MAX_COPIED);
        if let Some(value) = value.filter(is_small) {
            members.insert((*key).to_owned(), value.clone());
        }
    }
}

/// Bytes of a description that is copied to where its parameter is used.
const MAX_COPIED: usize = 4_096;

/// Media types of a document that are looked at.
const MAX_MEDIA_TYPES: usize = 64;
