//! `allOf`, `anyOf`, `oneOf`, `not`, conditions and discriminators.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::{Direction, Translator};
use crate::document::Node;

impl<'d> Translator<'d> {
    pub(super) fn composition(&mut self, node: Node<'d>, members: &mut Map<String, Value>) {
        self.several(node, "allOf", members);
        flatten_single(members);
        for key in ["anyOf", "oneOf"] {
            self.several(node, key, members);
            if self.direction == Direction::Request
                && let Some(Value::Array(branches)) = members.get_mut(key)
            {
                discriminate(node, key, branches, self.document.root());
            }
        }
        for key in ["not", "if", "then", "else"] {
            self.one(node, key, members);
        }
        if node
            .get("$dynamicRef")
            .or_else(|| node.get("$recursiveRef"))
            .is_some()
        {
            self.opened("it has a dynamic reference");
        }
    }

    /// The names of properties that do not travel this way, also of those that `allOf` brings.
    pub(super) fn hidden(&self, node: Node<'d>) -> HashSet<&'d str> {
        let mut hidden = HashSet::new();
        self.collect_hidden(node, &mut hidden, MAX_NESTING);
        hidden
    }

    fn collect_hidden(&self, node: Node<'d>, hidden: &mut HashSet<&'d str>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        for (name, property) in node
            .raw_member("properties")
            .into_iter()
            .flat_map(Node::entries)
            .take(MAX_PROPERTIES)
        {
            if self.is_hidden(property) {
                hidden.insert(name);
            }
        }
        for part in node
            .raw_member("allOf")
            .into_iter()
            .flat_map(Node::items)
            .take(MAX_PARTS)
        {
            if let Ok(part) = part.resolve() {
                self.collect_hidden(part, hidden, depth);
            }
        }
    }
}

/// `allOf` with one reference is how OpenAPI 3.0 puts a description beside it; 2020-12 needs no
/// such wrapper.
fn flatten_single(members: &mut Map<String, Value>) {
    let Some(Value::Array(parts)) = members.get("allOf") else {
        return;
    };
    if let [Value::Object(only)] = parts.as_slice()
        && only.len() == 1
        && let Some(reference) = only.get("$ref").cloned()
        && !members.contains_key("$ref")
    {
        members.shift_remove("allOf");
        members.insert("$ref".to_owned(), reference);
    }
}

/// Says in each branch which value the discriminating property has, so that a caller sees it and
/// a validator decides by it. A branch that says so itself stays as it is.
fn discriminate(node: Node<'_>, key: &str, branches: &mut [Value], root: Node<'_>) {
    let Some(discriminator) = node.member("discriminator") else {
        return;
    };
    let Some(property) = discriminator.text("propertyName") else {
        return;
    };
    let mapping = discriminator
        .member("mapping")
        .filter(|mapping| mapping.value().is_object());
    let list = node.member(key).into_iter().flat_map(Node::items);
    for (written, branch) in list.zip(branches) {
        let (Some(reference), Ok(target)) = (written.reference(), written.resolve()) else {
            continue;
        };
        let own = target
            .member("properties")
            .and_then(|properties| properties.member(property));
        let says_itself =
            own.is_some_and(|own| own.get("enum").is_some() || own.get("const").is_some());
        let names: Vec<&str> = match mapping {
            Some(mapping) => mapping
                .entries()
                .take(MAX_MAPPED)
                .filter(|(_, value)| is_mapped(value.value(), written, target, root))
                .map(|(name, _)| name)
                .collect(),
            None => reference.rsplit('/').next().into_iter().collect(),
        };
        if let Value::Object(members) = branch
            && !says_itself
            && !names.is_empty()
        {
            let value = match names.as_slice() {
                [only] => json!({"const": only}),
                several => json!({"enum": several}),
            };
            members.insert("properties".to_owned(), json!({ property: value }));
            members.insert("required".to_owned(), json!([property]));
        }
    }
}

/// Whether a value of a `mapping`, a reference or the bare name of a schema, means `target`.
fn is_mapped(value: &Value, written: Node<'_>, target: Node<'_>, root: Node<'_>) -> bool {
    let Some(text) = value.as_str() else {
        return false;
    };
    if Some(text) == written.reference() {
        return true;
    }
    let schemas = root
        .member("components")
        .and_then(|components| components.member("schemas"));
    let named = schemas.and_then(|schemas| schemas.member(text));
    named.is_some_and(|named| named.identity() == target.identity())
}

/// Levels of `allOf` in which hidden properties are looked for.
const MAX_NESTING: usize = 3;

/// Parts of each `allOf` in which they are looked for.
const MAX_PARTS: usize = 8;

/// Properties of each part in which they are looked for.
const MAX_PROPERTIES: usize = 2_000;

/// Entries of a `mapping` that are looked at.
const MAX_MAPPED: usize = 500;
