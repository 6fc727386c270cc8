//! Operations of Swagger 2.0: parameters with types of their own, bodies and forms among them,
//! and media types apart from both.

use serde_json::{Map, Value, json};

use super::{Node, moved, servers};

/// The operation as OpenAPI 3.0, with the parameters of its path item.
pub(super) fn convert(root: Node<'_>, item: Node<'_>, operation: Node<'_>) -> Value {
    let mut converted = Map::new();
    for key in [
        "tags",
        "summary",
        "description",
        "operationId",
        "deprecated",
        "security",
    ] {
        if let Some(value) = operation.value().get(key) {
            converted.insert(key.to_owned(), value.clone());
        }
    }
    if operation.value().get("schemes").is_some() {
        converted.insert("servers".to_owned(), servers(root, operation));
    }
    let mut plain = Vec::new();
    let mut fields = Vec::new();
    for written in effective(item, operation) {
        let Ok(parameter) = written.resolve() else {
            // Kept, so that the operation is skipped with the reference as its reason.
            plain.push(written.value().clone());
            continue;
        };
        match parameter.text("in") {
            Some("body") => {
                let consumes = media_types(root, operation, "consumes");
                converted.insert("requestBody".to_owned(), body(parameter, &consumes));
            }
            Some("formData") => fields.push(parameter),
            _ => plain.push(plain_parameter(parameter)),
        }
    }
    if !fields.is_empty() {
        let consumes = media_types(root, operation, "consumes");
        converted.insert("requestBody".to_owned(), form(&fields, &consumes));
    }
    converted.insert("parameters".to_owned(), Value::Array(plain));
    let produces = media_types(root, operation, "produces");
    let responses = operation
        .member("responses")
        .into_iter()
        .flat_map(Node::entries);
    let responses: Map<String, Value> = responses
        .filter_map(|(status, node)| Some((status, node.resolve().ok()?)))
        .map(|(status, node)| (status.to_owned(), response(node, &produces)))
        .collect();
    converted.insert("responses".to_owned(), Value::Object(responses));
    Value::Object(converted)
}

/// The operation's parameters, and those of its path that it does not replace.
fn effective<'d>(item: Node<'d>, operation: Node<'d>) -> Vec<Node<'d>> {
    let list = |node: Node<'d>| node.member("parameters").into_iter().flat_map(Node::items);
    let mut all: Vec<Node<'d>> = list(operation).collect();
    for shared in list(item) {
        let key = |node: Node<'d>| {
            let node = node.resolve().unwrap_or(node);
            (node.text("in"), node.text("name"))
        };
        // A body has a name that means nothing.
        let is_body = key(shared).0 == Some("body");
        let same =
            |own: &Node<'d>| key(*own) == key(shared) || (is_body && key(*own).0 == Some("body"));
        if !all.iter().any(same) {
            all.push(shared);
        }
    }
    all
}

fn media_types<'d>(root: Node<'d>, operation: Node<'d>, key: &str) -> Vec<&'d str> {
    let list = operation.member(key).or_else(|| root.member(key));
    let list = list.into_iter().flat_map(Node::items);
    list.filter_map(|media_type| media_type.value().as_str())
        .collect()
}

fn body(parameter: Node<'_>, consumes: &[&str]) -> Value {
    let media = match parameter.raw_member("schema") {
        Some(schema) => json!({"schema": moved(schema)}),
        None => json!({}),
    };
    let consumes = if consumes.is_empty() {
        &["application/json"][..]
    } else {
        consumes
    };
    // A form is made of `formData`; a body that claims to be one is JSON in practice.
    let is_form = |media_type: &str| media_type.contains("form");
    let mut content: Map<String, Value> = consumes
        .iter()
        .filter(|media_type| !is_form(media_type))
        .map(|media_type| ((*media_type).to_owned(), media.clone()))
        .collect();
    if content.is_empty() {
        content.insert("application/json".to_owned(), media);
    }
    let mut body = json!({"content": content});
    copy(parameter, &["description", "required"], &mut body);
    body
}

fn form(fields: &[Node<'_>], consumes: &[&str]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut encoding = Map::new();
    let mut has_file = false;
    for field in fields {
        let Some(name) = field.text("name") else {
            continue;
        };
        let mut schema = schema(*field);
        if field.text("type") == Some("file") {
            has_file = true;
            schema = json!({"type": "string", "format": "binary"});
        }
        copy(*field, &["description"], &mut schema);
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
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty()
        && let Value::Object(members) = &mut schema
    {
        members.insert("required".to_owned(), json!(required));
    }
    let media = json!({"schema": schema, "encoding": encoding});
    let known = ["application/x-www-form-urlencoded", "multipart/form-data"];
    let offered = |media_type: &str| {
        consumes
            .iter()
            .any(|other| other.to_ascii_lowercase().starts_with(media_type))
    };
    let chosen = if has_file || (!offered(known[0]) && offered(known[1])) {
        known[1]
    } else {
        known[0]
    };
    json!({"content": {chosen: media}, "required": !required.is_empty()})
}

fn is_file_list(field: Node<'_>) -> bool {
    field
        .member("items")
        .is_some_and(|items| items.text("type") == Some("file"))
}

/// A parameter in path, query or header.
fn plain_parameter(parameter: Node<'_>) -> Value {
    let mut converted = json!({"schema": schema(parameter)});
    copy(
        parameter,
        &[
            "name",
            "in",
            "description",
            "required",
            "allowEmptyValue",
            "deprecated",
        ],
        &mut converted,
    );
    if parameter.text("type") == Some("array") {
        set_style(parameter, &mut converted);
    }
    converted
}

/// `collectionFormat` as a style.
fn set_style(parameter: Node<'_>, converted: &mut Value) {
    let is_segment = matches!(parameter.text("in"), Some("path" | "header"));
    let (style, explode) = match parameter.text("collectionFormat") {
        Some("multi") => ("form", true),
        Some("ssv") => ("spaceDelimited", false),
        Some("tsv") => ("tabDelimited", false),
        Some("pipes") => ("pipeDelimited", false),
        _ => ("form", false),
    };
    if let Value::Object(members) = converted {
        let style = if is_segment { "simple" } else { style };
        members.insert("style".to_owned(), Value::from(style));
        members.insert("explode".to_owned(), Value::from(explode && !is_segment));
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

fn response(node: Node<'_>, produces: &[&str]) -> Value {
    let mut converted = json!({});
    copy(node, &["description"], &mut converted);
    let Some(schema) = node.raw_member("schema") else {
        return converted;
    };
    let produces = if produces.is_empty() {
        &["application/json"][..]
    } else {
        produces
    };
    let media = json!({"schema": moved(schema)});
    let content: Map<String, Value> = produces
        .iter()
        .map(|media_type| ((*media_type).to_owned(), media.clone()))
        .collect();
    if let Value::Object(members) = &mut converted {
        members.insert("content".to_owned(), Value::Object(content));
    }
    converted
}

fn copy(from: Node<'_>, keys: &[&str], to: &mut Value) {
    let Value::Object(members) = to else { return };
    for key in keys {
        if let Some(value) = from.value().get(*key) {
            members.insert((*key).to_owned(), value.clone());
        }
    }
}
