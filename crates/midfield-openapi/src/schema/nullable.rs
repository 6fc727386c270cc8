//! `nullable` of OpenAPI 3.0 as a type.

use serde_json::{Map, Value, json};

use crate::document::Node;

/// Lets `null` fit as well, when the schema at `node` says so. `types` are the types that
/// `members` has.
pub(super) fn apply(
    node: Node<'_>,
    mut members: Map<String, Value>,
    types: &[&'static str],
) -> Value {
    let is_nullable = ["nullable", "x-nullable"]
        .iter()
        .any(|key| node.flag(key) == Some(true));
    if !is_nullable {
        return Value::Object(members);
    }
    if let Some(Value::Array(choices)) = members.get_mut("enum")
        && !choices.contains(&Value::Null)
    {
        choices.push(Value::Null);
    }
    if !types.is_empty() {
        let mut all: Vec<&str> = types.to_vec();
        if !all.contains(&"null") {
            all.push("null");
        }
        members.insert("type".to_owned(), json!(all));
    }
    let closed = ["$ref", "allOf", "anyOf", "oneOf", "not", "const"];
    if !closed.iter().any(|key| members.contains_key(*key)) {
        return Value::Object(members);
    }
    // Annotations stay in front, where a reader looks for them.
    let mut outer = Map::new();
    for key in ["title", "description", "deprecated", "default", "examples"] {
        if let Some(value) = members.shift_remove(key) {
            outer.insert(key.to_owned(), value);
        }
    }
    outer.insert("anyOf".to_owned(), json!([members, {"type": "null"}]));
    Value::Object(outer)
}
