//! A form that a server asks for: what it may look like, and what is sent back.

use jsonschema::PatternOptions;
use midfield_protocol::types::{Action, ElicitResult, Schema};
use serde_json::{Map, Value};

use super::Refusal;
use crate::server::ResultCheck;

/// Most fields of a form.
const MAX_FIELDS: usize = 200;

/// Refuses what no form may be: fields that are not primitive
/// ([2026-07-28, requested schema](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#requested-schema)).
pub(super) fn check_schema(schema: &Schema) -> Result<(), Refusal> {
    let properties = schema
        .keywords()
        .get("properties")
        .and_then(Value::as_object);
    let Some(properties) = properties.filter(|_| schema.is_of_object()) else {
        return Err(Refusal::invalid(
            "`requestedSchema` is no object with `properties`",
        ));
    };
    if properties.len() > MAX_FIELDS {
        return Err(Refusal::invalid(format!(
            "the form has more than {MAX_FIELDS} fields"
        )));
    }
    for (name, property) in properties {
        if !is_primitive(property) {
            return Err(Refusal::invalid(format!(
                "the field {name:?} is no string, number, integer, boolean or choice: forms are flat"
            )));
        }
    }
    // What leads elsewhere or takes too long to check is found out before anybody fills it in.
    ResultCheck::of_peer(schema)
        .map(drop)
        .map_err(|error| Refusal::invalid(format!("`requestedSchema` cannot be used: {error}")))
}

fn is_primitive(property: &Value) -> bool {
    let kind = property.get("type").and_then(Value::as_str);
    match kind {
        Some("string" | "number" | "integer" | "boolean") => true,
        Some("array") => property.get("items").is_some_and(|items| {
            items.get("enum").is_some()
                || items.get("anyOf").is_some()
                || items.get("oneOf").is_some()
        }),
        _ => false,
    }
}

/// What is sent back: with defaults where a field was left out, and only where it fits.
pub(super) fn complete(schema: &Schema, mut result: ElicitResult) -> Result<ElicitResult, Refusal> {
    if result.action != Action::Accept {
        result.content = None;
        return Ok(result);
    }
    let mut content = result.content.take().unwrap_or_default();
    fill(schema, &mut content);
    let content = Value::Object(content);
    let checked = jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .build(&schema.to_value())
        .map_err(|error| Refusal::invalid(format!("`requestedSchema` is no schema: {error}")))?;
    if let Some(error) = checked.iter_errors(&content).next() {
        let place = error.instance_path().to_string();
        let told = error.masked();
        return Err(Refusal::failed(format!(
            "what was filled in does not fit the form{}{place}: {told}",
            if place.is_empty() { "" } else { " at " },
        )));
    }
    if let Value::Object(content) = content {
        result.content = Some(content);
    }
    Ok(result)
}

/// Fills in the defaults of fields that were left out
/// ([SEP-1034](https://modelcontextprotocol.io/seps/1034--support-default-values-for-all-primitive-types-in)).
fn fill(schema: &Schema, content: &mut Map<String, Value>) {
    let properties = schema
        .keywords()
        .get("properties")
        .and_then(Value::as_object);
    for (name, property) in properties.into_iter().flatten() {
        if let Some(default) = property.get("default")
            && !content.contains_key(name)
        {
            content.insert(name.clone(), default.clone());
        }
    }
}
