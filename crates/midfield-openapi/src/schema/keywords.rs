//! Keywords of a schema, one by one.

use serde_json::{Map, Value, json};

use super::{TOO_LARGE, Translator, nullable, values};
use crate::document::{Node, Version};
use crate::operation::is_file;

impl<'d> Translator<'d> {
    /// Translates a schema object by its keywords.
    pub(super) fn keywords(&mut self, node: Node<'d>) -> Value {
        if self.files && is_file(node) {
            let mut file = self.file();
            if let Value::Object(members) = &mut file {
                self.annotations(node, members);
            }
            return file;
        }
        let types = self.types(node);
        let mut members = Map::new();
        self.annotations(node, &mut members);
        match types.as_slice() {
            [] => {}
            [only] => self.put(&mut members, "type", Value::from(*only)),
            several => self.put(&mut members, "type", json!(several)),
        }
        self.choices(node, &types, &mut members);
        self.numbers(node, &mut members);
        self.texts(node, &mut members);
        self.arrays(node, &mut members);
        self.objects(node, &mut members);
        self.composition(node, &mut members);
        if self.document.version() == Version::V3_0 {
            return nullable::apply(node, members, &types);
        }
        Value::Object(members)
    }

    /// Keywords that explain and do not constrain.
    pub(super) fn annotations(&mut self, node: Node<'d>, members: &mut Map<String, Value>) {
        for key in ["title", "description"] {
            if let Some(text) = node.text(key).filter(|text| !text.trim().is_empty()) {
                let text = self.take(text.trim());
                if !text.is_empty() {
                    members.insert(key.to_owned(), Value::String(text));
                }
            }
        }
        if node.flag("deprecated") == Some(true) {
            self.put(members, "deprecated", Value::Bool(true));
        }
        if let Some(default) = node.get("default")
            && self.is_small(default)
        {
            self.put(members, "default", default.clone());
        }
        match (node.get("examples"), node.get("example")) {
            (Some(examples @ Value::Array(list)), _)
                if !list.is_empty() && self.is_small(examples) =>
            {
                self.put(members, "examples", examples.clone());
            }
            (_, Some(example)) if self.is_small(example) => {
                self.put(members, "examples", json!([example]));
            }
            _ => {}
        }
    }

    /// A large example says less than it costs.
    fn is_small(&self, value: &Value) -> bool {
        values::fits_in(value, MAX_EXAMPLE.min(self.left))
    }

    /// The types that the schema names, mended; none when any will do.
    fn types(&mut self, node: Node<'d>) -> Vec<&'static str> {
        let declared = match node.get("type") {
            Some(Value::String(name)) => vec![name.as_str()],
            Some(Value::Array(names)) => names
                .iter()
                .take(MAX_TYPES)
                .filter_map(Value::as_str)
                .collect(),
            _ => Vec::new(),
        };
        let mut types = Vec::new();
        for name in declared {
            let Some(known) = type_name(name) else {
                self.opened(&format!("`{name}` is not a type"));
                return Vec::new();
            };
            if !types.contains(&known) {
                types.push(known);
            }
        }
        types
    }

    fn choices(
        &mut self,
        node: Node<'d>,
        types: &[&'static str],
        members: &mut Map<String, Value>,
    ) {
        if let Some(Value::Array(declared)) = node.get("enum")
            && self.has_room(node.get("enum"))
        {
            let choices = values::choices(declared, types);
            if !choices.is_empty() && !choices.iter().any(|choice| values::fits(choice, types)) {
                members.shift_remove("type");
                self.opened("its `enum` has no value of its `type`");
            }
            if !choices.is_empty() {
                self.put(members, "enum", Value::Array(choices));
            }
        }
        if let Some(only) = node.get("const")
            && self.has_room(Some(only))
        {
            self.put(members, "const", only.clone());
        }
    }

    /// Whether a value can still be written; when not, that is noted.
    pub(super) fn has_room(&mut self, value: Option<&Value>) -> bool {
        let fits = value.is_none_or(|value| values::fits_in(value, self.left));
        if !fits {
            self.opened(TOO_LARGE);
        }
        fits
    }

    fn numbers(&mut self, node: Node<'d>, members: &mut Map<String, Value>) {
        for (limit, exclusive) in [
            ("minimum", "exclusiveMinimum"),
            ("maximum", "exclusiveMaximum"),
        ] {
            let bound = node.get(limit).and_then(values::number);
            match (node.get(exclusive), bound) {
                (Some(Value::Bool(true)), Some(bound)) => {
                    self.put(members, exclusive, Value::Number(bound));
                }
                (other, bound) => {
                    if let Some(bound) = bound {
                        self.put(members, limit, Value::Number(bound));
                    }
                    if let Some(number) = other.and_then(values::number) {
                        self.put(members, exclusive, Value::Number(number));
                    }
                }
            }
        }
        let step = node.get("multipleOf").and_then(values::number);
        if let Some(step) = step.filter(|step| step.as_f64().is_some_and(|step| step > 0.0)) {
            self.put(members, "multipleOf", Value::Number(step));
        }
        for key in COUNTS {
            if let Some(value) = node.get(key) {
                match values::count(value) {
                    Some(count) => self.put(members, key, Value::from(count)),
                    None => self.opened(&format!("its `{key}` is not a count")),
                }
            }
        }
    }

    fn texts(&mut self, node: Node<'d>, members: &mut Map<String, Value>) {
        for key in ["format", "contentEncoding", "contentMediaType"] {
            if let Some(text) = node.text(key) {
                self.put(members, key, Value::from(text));
            }
        }
        if let Some(pattern) = node.text("pattern") {
            if self.document.patterns().compiles(pattern) {
                self.put(members, "pattern", Value::from(pattern));
            } else {
                self.opened(&format!(
                    "its pattern `{}` is not a portable one",
                    brief(pattern)
                ));
            }
        }
        self.one(node, "contentSchema", members);
    }

    fn arrays(&mut self, node: Node<'d>, members: &mut Map<String, Value>) {
        if node.flag("uniqueItems") == Some(true) {
            self.put(members, "uniqueItems", Value::Bool(true));
        }
        match node.get("items") {
            // A list of schemas is how drafts before 2020-12 wrote `prefixItems`.
            Some(Value::Array(items)) if !items.is_empty() && self.has_room(node.get("items")) => {
                let items = items
                    .iter()
                    .map(|item| self.schema(node.with(item)))
                    .collect();
                self.put(members, "prefixItems", Value::Array(items));
                if let Some(rest) = node.raw_member("additionalItems") {
                    let rest = self.schema(rest);
                    self.put(members, "items", rest);
                }
            }
            Some(Value::Object(_) | Value::Bool(_)) => {
                self.several(node, "prefixItems", members);
                self.one(node, "items", members);
            }
            _ => self.several(node, "prefixItems", members),
        }
        self.one(node, "contains", members);
        self.one(node, "unevaluatedItems", members);
    }

    /// A keyword that holds one schema.
    pub(super) fn one(&mut self, node: Node<'d>, key: &str, members: &mut Map<String, Value>) {
        let Some(child) = node.raw_member(key) else {
            return;
        };
        if !child.value().is_object() && !child.value().is_boolean() {
            self.opened(&format!("its `{key}` is not a schema"));
            return;
        }
        if self.left == 0 {
            self.opened(TOO_LARGE);
            return;
        }
        let schema = self.schema(child);
        self.put(members, key, schema);
    }

    /// A keyword that holds a list of schemas.
    pub(super) fn several(&mut self, node: Node<'d>, key: &str, members: &mut Map<String, Value>) {
        let Some(list) = node.raw_member(key) else {
            return;
        };
        if self.left == 0 {
            self.opened(TOO_LARGE);
            return;
        }
        let mut schemas = Vec::new();
        for item in list.items() {
            if self.left == 0 {
                self.opened(TOO_LARGE);
                // One open branch stands for all that are left.
                schemas.push(Value::Bool(true));
                break;
            }
            let schema = self.schema(item);
            schemas.push(schema);
        }
        if !schemas.is_empty() {
            self.put(members, key, Value::Array(schemas));
        }
    }

    /// A keyword that holds schemas under names.
    pub(super) fn named(&mut self, node: Node<'d>, key: &str, members: &mut Map<String, Value>) {
        let mut schemas = Map::new();
        for (name, child) in node.raw_member(key).into_iter().flat_map(Node::entries) {
            if self.left == 0 {
                self.opened(TOO_LARGE);
                break;
            }
            self.spend_bytes(name.len() + 4);
            let schema = self.schema(child);
            schemas.insert(name.to_owned(), schema);
        }
        if !schemas.is_empty() {
            self.put(members, key, Value::Object(schemas));
        }
    }

    /// Adds a keyword and counts it; what schemas inside cost was counted when they were made.
    pub(super) fn put(&mut self, members: &mut Map<String, Value>, key: &str, value: Value) {
        let scalar = match &value {
            Value::Array(items) if key != "enum" && key != "required" && key != "type" => {
                items.len()
            }
            Value::Object(_) => 2,
            other => values::size(other),
        };
        self.spend_bytes(key.len() + 4 + scalar);
        members.insert(key.to_owned(), value);
    }
}

/// A type of JSON Schema, also by the other names that documents give it.
fn type_name(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "string" | "str" | "text" | "file" | "date" | "date-time" | "datetime" | "uuid" | "uri"
        | "url" | "byte" | "binary" | "email" => "string",
        "integer" | "int" | "int32" | "int64" | "long" => "integer",
        "number" | "float" | "double" | "decimal" => "number",
        "boolean" | "bool" => "boolean",
        "array" | "list" => "array",
        "object" => "object",
        "null" => "null",
        _ => return None,
    })
}

/// The beginning of foreign text, for a note.
pub(super) fn brief(text: &str) -> String {
    text.chars().take(60).collect()
}

const COUNTS: &[&str] = &[
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
];

/// Types that a schema may name; there are seven.
const MAX_TYPES: usize = 16;

/// Bytes of an example or a default that is kept.
const MAX_EXAMPLE: usize = 512;
