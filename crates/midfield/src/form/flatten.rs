//! From any schema of an object to the flat one that a form is, or the reason why there is none.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::field::Field;
use super::{Author, NotAForm};

/// The keywords of a schema.
pub(crate) type Keywords = Map<String, Value>;

/// A form's schema in its two shapes.
pub(crate) struct Flat {
    /// What the client is told.
    pub(crate) told: Keywords,
    /// What an answer is checked against.
    pub(crate) checked: Value,
    /// The fields that ask for a secret, each with what it asks for. Only a peer's form has any.
    pub(crate) secrets: BTreeMap<String, &'static str>,
}

/// Reads the schema of a form.
///
/// # Errors
/// When it is none.
pub(crate) fn flatten(schema: &Value, author: Author) -> Result<Flat, NotAForm> {
    let misfit = |detail: String| NotAForm::Root { detail };
    let scope = Scope(schema);
    let root = scope.resolve(schema).map_err(misfit)?;
    check_root(&root, author).map_err(misfit)?;
    let named = match root.get("properties") {
        Some(Value::Object(named)) => named.clone(),
        None => Keywords::new(),
        Some(_) => return Err(misfit("its `properties` are no object".into())),
    };
    let mut required = required(&root, &named).map_err(misfit)?;
    let (mut told, mut checked) = (Keywords::new(), Keywords::new());
    let mut secrets = BTreeMap::new();
    for (name, schema) in named {
        let field = Field::new(&name, &schema, scope, author)?;
        if let Some(secret) = field.secret {
            secrets.insert(name.clone(), secret);
        }
        if field.is_optional {
            required.retain(|other| *other != name);
        }
        told.insert(name.clone(), field.told.into());
        checked.insert(name, field.checked.into());
    }
    let checked = json!({
        "type": "object",
        "properties": checked,
        "required": required,
        "additionalProperties": false,
    });
    let mut root = Keywords::new();
    root.insert("type".into(), "object".into());
    root.insert("properties".into(), told.into());
    if !required.is_empty() {
        root.insert("required".into(), required.into());
    }
    Ok(Flat {
        told: root,
        checked,
        secrets,
    })
}

/// The whole schema, in which references are looked up.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a>(&'a Value);

impl Scope<'_> {
    /// The keywords of `schema`, those of what it refers to included.
    ///
    /// # Errors
    /// With what is wrong, when a reference leads nowhere or in a circle, or when there are no keywords.
    pub(super) fn resolve(self, schema: &Value) -> Result<Keywords, String> {
        let Value::Object(mut keywords) = schema.clone() else {
            return Err("it can be anything; use a string, a number, a bool or an enum".into());
        };
        for _ in 0..MAX_REFERENCES {
            let Some(reference) = keywords.shift_remove("$ref") else {
                return Ok(keywords);
            };
            let target = reference
                .as_str()
                .and_then(|reference| reference.strip_prefix('#'))
                .and_then(|pointer| percent_decode_str(pointer).decode_utf8().ok())
                .and_then(|pointer| self.0.pointer(&pointer))
                .and_then(Value::as_object)
                .ok_or_else(|| format!("{reference} refers to nothing within the schema"))?;
            // What stands beside a reference is said of this place, so that it goes before.
            let mut inner = target.clone();
            inner.extend(keywords);
            keywords = inner;
        }
        Err("its type refers to itself".into())
    }
}

fn check_root(root: &Keywords, author: Author) -> Result<(), String> {
    if root.get("type").is_none_or(|name| name != "object") {
        return Err("it is of another type; use a struct with named fields".into());
    }
    for (keyword, value) in root {
        let is_known = match keyword.as_str() {
            "additionalProperties" => value.is_boolean() || author == Author::Peer,
            other if author == Author::Peer => !RESTRICTIONS.contains(&other),
            known => KEYWORDS.contains(&known) || known.starts_with("x-"),
        };
        if !is_known {
            return Err(format!(
                "the keyword `{keyword}` makes more of it; use a struct with named fields"
            ));
        }
    }
    Ok(())
}

fn required(root: &Keywords, named: &Keywords) -> Result<Vec<String>, String> {
    let Some(required) = root.get("required") else {
        return Ok(Vec::new());
    };
    let names = required.as_array().ok_or("its `required` is no list")?;
    let mut required = Vec::with_capacity(names.len());
    for name in names {
        let name = name
            .as_str()
            .filter(|name| named.contains_key(*name))
            .ok_or_else(|| format!("it requires {name}, which is no field"))?;
        if !required.iter().any(|other| other == name) {
            required.push(name.to_owned());
        }
    }
    Ok(required)
}

/// Keywords of the root that a form consists of, or that say nothing to whoever fills it in.
const KEYWORDS: [&str; 12] = [
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "type",
    "title",
    "description",
    "properties",
    "required",
    "examples",
    "deprecated",
];

/// Keywords that restrict an object beyond what its fields do. `additionalProperties` is none, since nobody fills in a field
/// that is not there.
const RESTRICTIONS: [&str; 15] = [
    "$dynamicRef",
    "allOf",
    "anyOf",
    "const",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "enum",
    "if",
    "maxProperties",
    "minProperties",
    "not",
    "oneOf",
    "patternProperties",
    "propertyNames",
];

/// Most references that are followed one after another.
const MAX_REFERENCES: usize = 16;
