//! What can only be done when all definitions are there: endless schemas are cut, and keywords
//! that would turn an opening into a refusal are relaxed.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// Opens references that lead back to their own schema without going into a value.
///
/// The root needs no look: nothing refers to it. `A: {allOf: [A, …]}` has no meaning, and a validator would follow it for ever. Documents have
/// it where a base type lists its own subtypes.
pub(super) fn cut_endless(definitions: &mut Map<String, Value>, openings: &mut Vec<String>) {
    let mut states: HashMap<String, State> = HashMap::new();
    let mut back_edges = Vec::new();
    let names: Vec<String> = definitions.keys().cloned().collect();
    let mut edges: HashMap<&str, Vec<String>> = HashMap::new();
    for (name, schema) in definitions.iter() {
        let mut found = Vec::new();
        references_in_place(schema, &mut found);
        edges.insert(name, found);
    }
    for name in &names {
        visit(name, &edges, &mut states, &mut back_edges);
    }
    if back_edges.is_empty() {
        return;
    }
    for (from, to) in back_edges {
        if let Some(schema) = definitions.get_mut(&from) {
            let reference = format!("#/$defs/{to}");
            open_in_place(schema, &reference);
            let reason = format!("`{to}` contains itself as a whole");
            if !openings.contains(&reason) {
                openings.push(reason);
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Done,
}

/// A depth-first walk without recursion: definitions may be a long chain.
fn visit(
    start: &str,
    edges: &HashMap<&str, Vec<String>>,
    states: &mut HashMap<String, State>,
    back_edges: &mut Vec<(String, String)>,
) {
    if states.contains_key(start) {
        return;
    }
    states.insert(start.to_owned(), State::Open);
    let mut stack = vec![(start.to_owned(), 0)];
    while let Some((name, next)) = stack.last_mut() {
        let target = edges
            .get(name.as_str())
            .and_then(|targets| targets.get(*next))
            .cloned();
        *next += 1;
        let Some(target) = target else {
            states.insert(name.clone(), State::Done);
            stack.pop();
            continue;
        };
        match states.get(&target) {
            Some(State::Open) => back_edges.push((name.clone(), target)),
            Some(State::Done) => {}
            None => {
                states.insert(target.clone(), State::Open);
                stack.push((target, 0));
            }
        }
    }
}

/// Names of the definitions that apply to the same value as `schema` does.
fn references_in_place(schema: &Value, found: &mut Vec<String>) {
    let Value::Object(members) = schema else {
        return;
    };
    for (key, value) in members {
        match (key.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                found.extend(reference.strip_prefix("#/$defs/").map(str::to_owned));
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                for part in parts {
                    references_in_place(part, found);
                }
            }
            ("not" | "if" | "then" | "else", part) => references_in_place(part, found),
            ("dependentSchemas", Value::Object(parts)) => {
                for part in parts.values() {
                    references_in_place(part, found);
                }
            }
            _ => {}
        }
    }
}

fn open_in_place(schema: &mut Value, reference: &str) {
    let Value::Object(members) = schema else {
        return;
    };
    if members.get("$ref").and_then(Value::as_str) == Some(reference) {
        members.shift_remove("$ref");
    }
    for (key, value) in members.iter_mut() {
        match (key.as_str(), value) {
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                for part in parts {
                    open_in_place(part, reference);
                }
            }
            ("not" | "if" | "then" | "else", part) => open_in_place(part, reference),
            ("dependentSchemas", Value::Object(parts)) => {
                for part in parts.values_mut() {
                    open_in_place(part, reference);
                }
            }
            _ => {}
        }
    }
}

/// Takes out what refuses a value because another part accepts it: once a part is open, `oneOf`,
/// `not` and their like could refuse what the document allows.
pub(super) fn relax(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(relax),
        Value::Object(members) => {
            for key in [
                "not",
                "if",
                "then",
                "else",
                "unevaluatedProperties",
                "unevaluatedItems",
            ] {
                members.shift_remove(key);
            }
            members.shift_remove("maxContains");
            if let Some(branches) = members.shift_remove("oneOf") {
                if members.contains_key("anyOf") {
                    let parts = members.entry("allOf").or_insert_with(|| json!([]));
                    if let Value::Array(parts) = parts {
                        parts.push(json!({"anyOf": branches}));
                    }
                } else {
                    members.insert("anyOf".to_owned(), branches);
                }
            }
            relax_children(members);
        }
        _ => {}
    }
}

/// Goes into the schemas of an object, and not into its values or into the names of properties.
fn relax_children(members: &mut Map<String, Value>) {
    for (key, value) in members.iter_mut() {
        match key.as_str() {
            "properties" | "patternProperties" | "dependentSchemas" => {
                if let Value::Object(schemas) = value {
                    schemas.values_mut().for_each(relax);
                }
            }
            "allOf"
            | "anyOf"
            | "prefixItems"
            | "items"
            | "contains"
            | "additionalProperties"
            | "propertyNames"
            | "contentSchema" => relax(value),
            _ => {}
        }
    }
}
