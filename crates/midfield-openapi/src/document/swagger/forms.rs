//! Parameters of Swagger 2.0 that have types of their own: in path, query and header, and as
//! fields of forms.

use serde_json::{Map, Value, json};

use super::operations::copy;
use super::{Node, moved};

/// The body that fields make together.
pub(super) fn form(fields: &[(Node<'_>, Node<'_>)], consumes: &[&str]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut encoding = Map::new();
    let mut has_file = false;
    for (written, field) in fields {
        let Some(name) = field.text("name") else {
            continue;
        };
        has_file |= field.text("type") == Some("file");
        let schema = match written.reference() {
            // A field says about its value what a schema says, in the same words.
            Some(reference) => json!({ "$ref": reference }),
            None => field_schema(*field),
        };
        properties.insert(name.to_owned(), schema);
        if field.flag("required") == Some(true) {
            required.push(name);
        }
        if field.text("type") == Some("array") && !is_file_list(*field) {
            let mut style = json!({});
            set_style(*field, &mut style);
            encoding.insert(name.to_owned(), style);
        }
    }
    let is_required = !required.is_empty();
    let mut schema = json!({"type": "object", "properties": properties});
    if is_required && let Value::Object(members) = &mut schema {
        members.insert("required".to_owned(), json!(required));
    }
    let media = json!({"schema": schema, "encoding": encoding});
    let offered = |media_type: &str| {
        consumes
            .iter()
            .any(|other| other.to_ascii_lowercase().starts_with(media_type))
    };
    let is_multipart = has_file || (!offered(URL_ENCODED) && offered(MULTIPART));
    let media_type = if is_multipart { MULTIPART } else { URL_ENCODED };
    json!({"content": { media_type: media }, "required": is_required})
}

fn is_file_list(field: Node<'_>) -> bool {
    field
        .member("items")
        .is_some_and(|items| items.text("type") == Some("file"))
}

fn field_schema(field: Node<'_>) -> Value {
    let mut schema = schema(field);
    if field.text("type") == Some("file") {
        schema = json!({"type": "string", "format": "binary"});
    }
    copy(field, &["description"], &mut schema);
    schema
}

/// A parameter in path, query or header.
pub(super) fn plain_parameter(parameter: Node<'_>) -> Value {
    let mut converted = json!({"schema": schema(parameter)});
    let keys = [
        "name",
        "in",
        "description",
        "required",
        "allowEmptyValue",
        "deprecated",
    ];
    copy(parameter, &keys, &mut converted);
    if parameter.text("type") == Some("array") {
        set_style(parameter, &mut converted);
    }
    converted
}

/// `collectionFormat` as a style.
fn set_style(parameter: Node<'_>, converted: &mut Value) {
    let is_segment = matches!(parameter.text("in"), Some("path" | "header"));
    let (style, explode) = match parameter.text("collectionFormat") {
        _ if is_segment => ("simple", false),
        Some("multi") => ("form", true),
        Some("ssv") => ("spaceDelimited", false),
        Some("tsv") => ("tabDelimited", false),
        Some("pipes") => ("pipeDelimited", false),
        _ => ("form", false),
    };
    if let Value::Object(members) = converted {
        members.insert("style".to_owned(), Value::from(style));
        members.insert("explode".to_owned(), Value::from(explode));
    }
}

/// What a parameter says about its value, as a schema.
fn schema(parameter: Node<'_>) -> Value {
    if let Some(schema) = parameter.raw_member("schema") {
        return moved(schema);
    }
    let mut schema = moved(parameter);
    if let Value::Object(members) = &mut schema {
        let own = [
            "name",
            "in",
            "description",
            "required",
            "allowEmptyValue",
            "collectionFormat",
        ];
        members.retain(|key, _| !own.contains(&key.as_str()) && !key.starts_with("x-example"));
    }
    schema
}

const URL_ENCODED: &str = "application/x-www-form-urlencoded";

const MULTIPART: &str = "multipart/form-data";
