//! Values as text, by the styles of the specification.
//!
//! They are those of [RFC 6570](https://www.rfc-editor.org/rfc/rfc6570), as
//! [OpenAPI 3.1.1](https://spec.openapis.org/oas/v3.1.1.html#style-values) sets them out. Where
//! RFC 6570 is silent: a value inside of a value is JSON, except with `deepObject`, which goes on
//! with brackets (`filter[a][b]=1`, `filter[a][]=1`). `null` is left out, as is an empty list.

use serde_json::{Map, Value};

use super::encode::{Reserved, encode};
use crate::operation::{Style, Styled};

/// A name and a value of a query or a form, both encoded.
pub(super) type Pair = (String, String);

/// A scalar as text; anything else as JSON. `None` for `null`, which stands for nothing.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A path parameter.
pub(super) fn path(styled: Styled, name: &str, value: &Value) -> String {
    let encoder = |text: &str| encode(text, Reserved::Encode);
    let name = encoder(name);
    match styled.style {
        Style::Label => label(styled.explode, value, encoder),
        Style::Matrix => matrix(styled.explode, &name, value, encoder),
        _ => simple(styled.explode, value, encoder),
    }
}

/// A header: its value is not percent-encoded.
pub(super) fn header(styled: Styled, value: &Value) -> String {
    simple(styled.explode, value, str::to_owned)
}

fn simple(explode: bool, value: &Value, encode: impl Fn(&str) -> String) -> String {
    let equals = if explode { '=' } else { ',' };
    match value {
        Value::Array(items) => list(items, &encode).join(","),
        Value::Object(members) => members_as(members, equals, &encode).join(","),
        other => encode(&scalar(other).unwrap_or_default()),
    }
}

fn label(explode: bool, value: &Value, encode: impl Fn(&str) -> String) -> String {
    let (separator, equals) = if explode { (".", '=') } else { (",", ',') };
    let text = match value {
        Value::Array(items) => list(items, &encode).join(separator),
        Value::Object(members) => members_as(members, equals, &encode).join(separator),
        other => encode(&scalar(other).unwrap_or_default()),
    };
    format!(".{text}")
}

fn matrix(explode: bool, name: &str, value: &Value, encode: impl Fn(&str) -> String) -> String {
    // RFC 6570: an empty value has no equals sign.
    let named = |value: String| {
        if value.is_empty() {
            format!(";{name}")
        } else {
            format!(";{name}={value}")
        }
    };
    match (value, explode) {
        (Value::Array(items), true) => list(items, &encode).into_iter().map(named).collect(),
        (Value::Array(items), false) => named(list(items, &encode).join(",")),
        (Value::Object(members), true) => {
            let members = members_as(members, '=', &encode).into_iter();
            members
                .flat_map(|member| [";".to_owned(), member])
                .collect()
        }
        (Value::Object(members), false) => named(members_as(members, ',', &encode).join(",")),
        (other, _) => named(encode(&scalar(other).unwrap_or_default())),
    }
}

/// A query parameter, a field of a form, or a cookie, as pairs in their order.
pub(super) fn pairs(styled: Styled, name: &str, value: &Value) -> Vec<Pair> {
    let reserved = if styled.allow_reserved {
        Reserved::Keep
    } else {
        Reserved::Encode
    };
    let encoder = |text: &str| encode(text, reserved);
    let key = encode(name, Reserved::Encode);
    if styled.style == Style::DeepObject && (value.is_array() || value.is_object()) {
        let mut pairs = Vec::new();
        deep(name, value, &encoder, &mut pairs);
        return pairs;
    }
    let separator = match styled.style {
        Style::SpaceDelimited => "%20",
        Style::PipeDelimited => "%7C",
        Style::TabDelimited => "%09",
        _ => ",",
    };
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) if styled.explode => list(items, &encoder)
            .into_iter()
            .map(|item| (key.clone(), item))
            .collect(),
        Value::Array(items) => joined(key, &list(items, &encoder), separator),
        Value::Object(members) if styled.explode => members
            .iter()
            .filter_map(|(member, value)| {
                Some((encode(member, Reserved::Encode), encoder(&scalar(value)?)))
            })
            .collect(),
        Value::Object(members) => {
            let flat: Vec<String> = members
                .iter()
                .filter_map(|(member, value)| Some([encoder(member), encoder(&scalar(value)?)]))
                .flatten()
                .collect();
            joined(key, &flat, separator)
        }
        other => vec![(key, encoder(&scalar(other).unwrap_or_default()))],
    }
}

fn joined(key: String, items: &[String], separator: &str) -> Vec<Pair> {
    if items.is_empty() {
        Vec::new()
    } else {
        vec![(key, items.join(separator))]
    }
}

fn deep(name: &str, value: &Value, encoder: &impl Fn(&str) -> String, pairs: &mut Vec<Pair>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                deep(&format!("{name}[{member}]"), value, encoder, pairs);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // A list of objects needs its numbers, or its objects would run together.
                let is_nested = item.is_object() || item.is_array();
                let index = if is_nested {
                    index.to_string()
                } else {
                    String::new()
                };
                deep(&format!("{name}[{index}]"), item, encoder, pairs);
            }
        }
        other => {
            if let Some(text) = scalar(other) {
                pairs.push((encode(name, Reserved::Encode), encoder(&text)));
            }
        }
    }
}

fn list(items: &[Value], encode: &impl Fn(&str) -> String) -> Vec<String> {
    items
        .iter()
        .filter_map(scalar)
        .map(|text| encode(&text))
        .collect()
}

fn members_as(
    members: &Map<String, Value>,
    equals: char,
    encode: &impl Fn(&str) -> String,
) -> Vec<String> {
    let text = |(member, value): (&String, &Value)| {
        Some(format!(
            "{}{equals}{}",
            encode(member),
            encode(&scalar(value)?)
        ))
    };
    members.iter().filter_map(text).collect()
}
