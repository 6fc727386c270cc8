//! Values inside of schemas: their size, and numbers and lists as the specification wants them.

use std::collections::HashSet;

use serde_json::{Number, Value};

/// About how many bytes a value has as JSON.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => 2 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => {
            2 + members
                .iter()
                .map(|(key, value)| key.len() + 4 + size(value))
                .sum::<usize>()
        }
    }
}

/// Whether a value has at most `limit` bytes, about; it looks no further than that.
pub(super) fn fits_in(value: &Value, limit: usize) -> bool {
    let mut left = Some(limit);
    let mut pending = vec![value];
    while let (Some(room), Some(value)) = (left, pending.pop()) {
        left = match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => room.checked_sub(3),
            Value::String(text) => room.checked_sub(text.len() + 3),
            Value::Array(items) => {
                let rest = room.checked_sub(items.len() + 2);
                if rest.is_some() {
                    pending.extend(items);
                }
                rest
            }
            Value::Object(members) => {
                let rest = room.checked_sub(members.len() + 2);
                let names = members.keys().take(room).map(|name| name.len() + 3).sum();
                if rest.is_some() {
                    pending.extend(members.values());
                }
                rest.and_then(|rest| rest.checked_sub(names))
            }
        };
    }
    left.is_some()
}

/// A number, also when it is written as text.
pub(super) fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => serde_json::from_str(text.trim()).ok(),
        _ => None,
    }
}

/// A count: a whole number that is not negative.
pub(super) fn count(value: &Value) -> Option<u64> {
    let number = number(value)?;
    number.as_u64().or_else(|| {
        let float = number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && *float >= 0.0)?;
        // Through text, since a cast would silently change what does not fit.
        format!("{float:.0}").parse().ok()
    })
}

/// The texts of a list, each once; `None` when it is no list.
pub(super) fn texts(value: &Value) -> Option<Vec<&str>> {
    let mut seen = HashSet::new();
    let texts = value.as_array()?.iter().filter_map(Value::as_str);
    Some(texts.filter(|text| seen.insert(*text)).collect())
}

/// The values of an `enum`, each once, in the types that the schema names: documents in YAML
/// often have `1.0` or `yes` where the type says text, and the reverse.
pub(super) fn choices(values: &[Value], types: &[&'static str]) -> Vec<Value> {
    let mut choices: Vec<Value> = Vec::new();
    let mut seen = HashSet::new();
    for value in values {
        let value = if fits(value, types) {
            value.clone()
        } else {
            converted(value, types)
        };
        if seen.insert(value.to_string()) {
            choices.push(value);
        }
    }
    choices
}

/// Whether a value has one of the types; any has when none is named.
pub(super) fn fits(value: &Value, types: &[&'static str]) -> bool {
    let own: &[&str] = match value {
        Value::Null => &["null"],
        Value::Bool(_) => &["boolean"],
        Value::Number(number) if number.is_f64() => &["number"],
        Value::Number(_) => &["integer", "number"],
        Value::String(_) => &["string"],
        Value::Array(_) => &["array"],
        Value::Object(_) => &["object"],
    };
    types.is_empty() || types.iter().any(|kind| own.contains(kind))
}

fn converted(value: &Value, types: &[&'static str]) -> Value {
    let candidate = match value {
        Value::Number(_) | Value::Bool(_) if types.contains(&"string") => {
            Some(Value::from(value.to_string()))
        }
        Value::String(text) => serde_json::from_str(text.trim()).ok(),
        _ => None,
    };
    candidate
        .filter(|candidate| fits(candidate, types))
        .unwrap_or_else(|| value.clone())
}
