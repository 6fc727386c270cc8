//! What a server offers, each in one line: `get_pet(petId: integer) -> Pet`.
//!
//! For people. It leaves out what a schema says beyond types; programs read the schema.

use bytesize::ByteSize;
use midfield::types;
use serde_json::{Map, Value};

use super::text::line;

/// The signature of a tool. An argument that may be left out has a `?` behind its name.
pub(super) fn signature(tool: &types::Tool) -> String {
    let input = tool.input_schema.keywords();
    let required: Vec<&str> = input
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = input.get("properties").and_then(Value::as_object);
    let arguments = properties.into_iter().flatten().map(|(name, schema)| {
        let mark = if required.contains(&name.as_str()) {
            ""
        } else {
            "?"
        };
        format!("{name}{mark}: {}", type_of(schema, DEPTH))
    });
    let arguments = arguments.collect::<Vec<_>>().join(", ");
    let result = tool.output_schema.as_ref().map_or_else(
        || "any".to_owned(),
        |schema| type_of(&schema.to_value(), DEPTH),
    );
    line(&format!("{}({arguments}) -> {result}", tool.name))
}

/// The signature of a prompt, whose arguments are texts.
pub(super) fn prompt(prompt: &types::Prompt) -> String {
    let arguments = prompt.arguments.iter().map(|argument| {
        let mark = if argument.required == Some(true) {
            ""
        } else {
            "?"
        };
        format!("{}{mark}", argument.name)
    });
    let arguments = arguments.collect::<Vec<_>>().join(", ");
    line(&format!("{}({arguments})", prompt.name))
}

/// A resource, with what is known of it: `file:///a (text/plain, 2.0 KiB)`.
pub(super) fn resource(resource: &types::Resource) -> String {
    line(&format!(
        "{}{}",
        resource.uri,
        facts(resource.mime_type.as_deref(), resource.size)
    ))
}

/// A template of resources, with what is known of it.
pub(super) fn template(template: &types::ResourceTemplate) -> String {
    line(&format!(
        "{}{}",
        template.uri_template,
        facts(template.mime_type.as_deref(), None)
    ))
}

/// The media type and the size of a resource, in brackets.
pub(super) fn facts(mime_type: Option<&str>, size: Option<u64>) -> String {
    let size = size.map(|size| ByteSize::b(size).to_string());
    let facts: Vec<String> = mime_type.map(line).into_iter().chain(size).collect();
    if facts.is_empty() {
        String::new()
    } else {
        format!(" ({})", facts.join(", "))
    }
}

fn type_of(schema: &Value, depth: usize) -> String {
    let Value::Object(keywords) = schema else {
        return "any".to_owned();
    };
    if let Some(name) = keywords
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(last_part)
    {
        return name.to_owned();
    }
    if let Some(title) = keywords
        .get("title")
        .and_then(Value::as_str)
        .filter(|title| is_word(title))
    {
        return title.to_owned();
    }
    if let Some(values) = keywords.get("enum").and_then(Value::as_array) {
        return choice(values.iter().map(Value::to_string));
    }
    if let Some(value) = keywords.get("const") {
        return value.to_string();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(parts) = keywords
            .get(key)
            .and_then(Value::as_array)
            .filter(|_| depth > 0)
        {
            return choice(parts.iter().map(|part| type_of(part, depth - 1)));
        }
    }
    match keywords.get("type") {
        Some(Value::String(name)) => named(name, keywords, depth),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            choice(names.map(|name| named(name, keywords, depth)))
        }
        _ => keywords
            .get("allOf")
            .and_then(Value::as_array)
            .and_then(|parts| parts.first())
            .filter(|_| depth > 0)
            .map_or_else(|| "any".to_owned(), |part| type_of(part, depth - 1)),
    }
}

fn named(name: &str, keywords: &Map<String, Value>, depth: usize) -> String {
    match name {
        "array" if depth > 0 => {
            let item = keywords.get("items").map(|items| type_of(items, depth - 1));
            format!("[{}]", item.unwrap_or_else(|| "any".to_owned()))
        }
        "object" if depth > 0 => {
            let properties = keywords.get("properties").and_then(Value::as_object);
            let names: Vec<&str> = properties
                .into_iter()
                .flat_map(Map::keys)
                .map(String::as_str)
                .collect();
            match names.as_slice() {
                [] => "object".to_owned(),
                names if names.len() <= SHOWN => format!("{{{}}}", names.join(", ")),
                names => format!(
                    "{{{}, …}}",
                    names
                        .iter()
                        .take(SHOWN)
                        .copied()
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            }
        }
        other => other.to_owned(),
    }
}

fn choice(types: impl Iterator<Item = String>) -> String {
    let mut known: Vec<String> = Vec::new();
    for name in types {
        if !known.contains(&name) {
            known.push(name);
        }
    }
    if known.len() > SHOWN {
        known.truncate(SHOWN);
        known.push("…".to_owned());
    }
    if known.is_empty() {
        "any".to_owned()
    } else {
        known.join(" | ")
    }
}

/// The name in `#/$defs/Name`.
fn last_part(reference: &str) -> Option<&str> {
    reference.rsplit('/').next().filter(|name| is_word(name))
}

/// Whether a title can stand for a type.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|part| part.is_alphanumeric() || matches!(part, '_' | '-' | '.'))
}

/// How deep a type is told.
const DEPTH: usize = 3;
/// How many choices or members are told.
const SHOWN: usize = 6;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(input: Value, output: Option<Value>, expected: &str) {
        let keywords = |schema: Value| types::Schema::new(schema.as_object().cloned().unwrap());
        let mut tool = types::Tool::new("tool", keywords(input));
        tool.output_schema = output.map(keywords);
        assert_eq!(signature(&tool), expected);
    }

    #[test]
    fn a_signature_names_arguments_and_types() {
        check(
            json!({"properties": {"petId": {"type": "integer"}}, "required": ["petId"]}),
            Some(json!({"$ref": "#/$defs/Pet"})),
            "tool(petId: integer) -> Pet",
        );
        check(
            json!({"properties": {
                "tags": {"type": "array", "items": {"type": "string"}},
                "state": {"enum": ["on", "off"]},
                "limit": {"type": ["integer", "null"]},
                "body": {"oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]},
            }}),
            None,
            "tool(tags?: [string], state?: \"on\" | \"off\", limit?: integer | null, body?: Cat | Dog) -> any",
        );
        check(
            json!({}),
            Some(json!({"type": "object", "properties": {"id": {}, "name": {}}})),
            "tool() -> {id, name}",
        );
    }

    #[test]
    fn prompts_and_resources_have_a_line_too() {
        let told = types::Prompt::new("review")
            .argument(types::PromptArgument::new("code").required())
            .argument(types::PromptArgument::new("style\n"));
        assert_eq!(prompt(&told), "review(code, style ?)");
        let mut told = types::Resource::new("file:///a\u{1b}", "a");
        assert_eq!(resource(&told), "file:///a");
        told.mime_type = Some("text/plain".to_owned());
        told.size = Some(10);
        assert_eq!(resource(&told), "file:///a (text/plain, 10 B)");
        let told = types::ResourceTemplate::new("file:///{path}", "files");
        assert_eq!(template(&told), "file:///{path}");
    }
}
