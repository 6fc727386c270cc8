//! The JSON Schemas of the revisions: whether a message fits a definition, and which of its members the
//! definition does not know.
//!
//! The schemas allow unknown members, so validity alone does not show what a newer revision left behind.

use jsonschema::Validator;
use midfield_protocol::{Era, Revision};
use serde_json::{Map, Value, json};

use crate::support::{text, value};

/// The schema document of one revision.
pub(crate) struct Definitions {
    revision: Revision,
    document: Value,
    /// `definitions` in draft-07, `$defs` in 2020-12.
    key: &'static str,
}

impl Definitions {
    /// Those of `revision`.
    pub(crate) fn of(revision: Revision) -> Self {
        let mut document = value(text(&format!("schema/{revision}.json")));
        let key = ["$defs", "definitions"]
            .into_iter()
            .find(|key| document.get(key).is_some())
            .expect("a schema document holds definitions");
        if revision.era() == Era::Modern {
            // The extension brings its own definitions and repeats those that it refers to.
            let extension = value(text(EXTENSION));
            let own = document[key].as_object_mut().expect("definitions");
            for (name, definition) in extension["$defs"].as_object().expect("definitions") {
                own.entry(name).or_insert_with(|| definition.clone());
            }
        }
        Self {
            revision,
            document,
            key,
        }
    }

    /// Whether there is a definition of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.document[self.key].get(name).is_some()
    }

    /// The definition of this name.
    pub(crate) fn get(&self, name: &str) -> &Value {
        self.document[self.key]
            .get(name)
            .unwrap_or_else(|| panic!("{} defines no {name}", self.revision))
    }

    /// A validator of the definition of this name; formats count.
    pub(crate) fn validator(&self, name: &str) -> Validator {
        assert!(self.has(name), "{} defines no {name}", self.revision);
        let schema = json!({
            "$schema": self.document["$schema"],
            "$ref": format!("#/{}/{name}", self.key),
            self.key: self.document[self.key],
        });
        jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap_or_else(|error| panic!("{} {name}: {error}", self.revision))
    }

    /// Panics unless `instance` fits the definition of this name.
    pub(crate) fn require(&self, name: &str, instance: &Value) {
        require(
            &self.validator(name),
            &format!("{} {name}", self.revision),
            instance,
        );
    }

    /// The members of `instance` that the definition of this name does not know, as paths.
    pub(crate) fn unknown(&self, name: &str, instance: &Value) -> Vec<String> {
        let mut unknown = Vec::new();
        self.walk(self.get(name), instance, name, &mut unknown);
        unknown
    }

    fn walk(&self, schema: &Value, instance: &Value, path: &str, unknown: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
            let found = branches
                .iter()
                .filter(|branch| self.may_describe(branch, instance))
                .map(|branch| {
                    let mut unknown = Vec::new();
                    self.walk(branch, instance, path, &mut unknown);
                    unknown
                })
                .min_by_key(Vec::len);
            match found {
                Some(found) => unknown.extend(found),
                None => unknown.push(format!("{path} is of no kind that is defined")),
            }
            return;
        }
        match instance {
            Value::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    for (place, item) in items.iter().enumerate() {
                        self.walk(schema, item, &format!("{path}/{place}"), unknown);
                    }
                }
            }
            Value::Object(members) => {
                let properties = self.properties(schema, instance);
                for (key, member) in members {
                    let path = format!("{path}/{key}");
                    match properties.get(key) {
                        Some(_) if OPEN.contains(&key.as_str()) => {}
                        Some(property) => self.walk(property, member, &path, unknown),
                        None if is_open(schema) => {}
                        None => unknown.push(path),
                    }
                }
            }
            _ => {}
        }
    }

    /// The schema that `schema` refers to, or itself.
    fn resolved<'a>(&'a self, mut schema: &'a Value) -> &'a Value {
        while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().expect("a name");
            schema = self.get(name);
        }
        schema
    }

    /// Whether the definition of this name names the property itself or by `allOf`.
    pub(crate) fn names(&self, name: &str, property: &str) -> bool {
        self.properties(self.get(name), &Value::Null)
            .contains_key(property)
    }

    /// The properties of `instance` that `schema` names itself, by `allOf`, or by those parts of `anyOf` that may
    /// describe it.
    fn properties(&self, schema: &Value, instance: &Value) -> Map<String, Value> {
        let own = schema.get("properties").and_then(Value::as_object);
        let mut properties = own.cloned().unwrap_or_default();
        let parts = |key: &str| {
            let parts = schema.get(key).and_then(Value::as_array);
            parts.into_iter().flatten()
        };
        let choices = parts("anyOf").filter(|branch| self.may_describe(branch, instance));
        for part in parts("allOf").chain(choices) {
            properties.extend(self.properties(self.resolved(part), instance));
        }
        properties
    }

    /// Whether nothing constant in `branch` contradicts `instance`.
    fn may_describe(&self, branch: &Value, instance: &Value) -> bool {
        self.properties(self.resolved(branch), instance)
            .iter()
            .all(
                |(key, property)| match (property.get("const"), instance.get(key)) {
                    (Some(expected), Some(found)) => expected == found,
                    (Some(_), None) => false,
                    (None, _) => true,
                },
            )
    }
}

/// Panics unless `instance` fits; `what` says what it was held to.
pub(crate) fn require(validator: &Validator, what: &str, instance: &Value) {
    let flaws: Vec<String> = validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(flaws.is_empty(), "{what}: {flaws:#?}\n{instance:#}");
}

/// An object whose members are not listed, or that says that it takes others.
fn is_open(schema: &Value) -> bool {
    schema.get("additionalProperties").is_some()
        || (schema.get("properties").is_none() && schema.get("allOf").is_none())
}

/// The schema of the extension for tasks, which the modern revision's is read with.
const EXTENSION: &str = "schema/2026-07-28-tasks.json";

/// Members whose contents are not the protocol's: what others attach, and schemas of tools.
const OPEN: [&str; 3] = ["_meta", "inputSchema", "outputSchema"];

#[test]
fn every_schema_document_is_a_schema() {
    for revision in Revision::ALL {
        let document = value(text(&format!("schema/{revision}.json")));
        assert!(jsonschema::meta::is_valid(&document), "{revision}");
    }
    assert!(jsonschema::meta::is_valid(&value(text(EXTENSION))));
}

#[test]
fn members_that_a_definition_does_not_know_are_found() {
    let page = json!({"tools": [{
        "name": "t",
        "title": "T",
        "inputSchema": {"type": "object", "anything": 1},
        "_meta": {"anything": 1},
        "annotations": {"readOnlyHint": true, "strange": 1},
    }]});
    let unknown = |revision| Definitions::of(revision).unknown("ListToolsResult", &page);
    assert_eq!(
        unknown(Revision::V2025_06_18),
        ["ListToolsResult/tools/0/annotations/strange"]
    );
    assert_eq!(
        unknown(Revision::V2024_11_05),
        ["title", "_meta", "annotations"].map(|key| format!("ListToolsResult/tools/0/{key}"))
    );
    let sound = json!({"content": [{"type": "audio", "data": "", "mimeType": "audio/wav"}]});
    assert_eq!(
        Definitions::of(Revision::V2024_11_05).unknown("CallToolResult", &sound),
        ["CallToolResult/content/0 is of no kind that is defined"]
    );
}
