//! From an entry of the document to an operation.

use serde_json::{Map, Value, json};

use super::body::{self, BodyKind, DeclaredBody};
use super::parameter::{self, Declared, Place};
use super::path::Template;
use super::{Accepted, BODY, MAX_LISTED, Operation, Options, Plan, Reason, security, server};
use crate::document::{Entry, Node};
use crate::schema::{Direction, Translator};

/// Builds the operation of an entry, or says why it cannot be called.
pub(crate) fn build(entry: &Entry<'_>, options: &Options) -> Result<Operation, Reason> {
    let node = entry.operation.clone()?;
    // A path item whose reference is broken may still have operations of its own beside it.
    let item = entry.item.clone()?;
    let root = entry.document.root();
    let servers = server::servers(node, item, root);
    let base_url = server::base_url(&servers, entry.document.url(), options)?;
    let template = Template::parse(entry.path)?;
    let mut notes = Vec::new();
    let mut parameters = parameters(node, item, &template, &mut notes)?;
    let body = body::declared(node)?;
    parameter::name_arguments(&mut parameters, body.is_some());
    let input_schema = input_schema(entry, &parameters, body.as_ref(), options, &mut notes);
    let answers = Answers::of(node);
    let output_schema = answers.schema.map(|schema| {
        let mut translator = Translator::new(entry.document, Direction::Answer, options);
        let root = translator.root(schema);
        translator.finish(root, &mut notes)
    });
    let accepted = answers.accepted.map(|accepted| Accepted {
        headers: accepted.headers,
        body: accepted.schema.map(|schema| {
            let mut translator = Translator::new(entry.document, Direction::Answer, options);
            let root = translator.root(schema);
            // What is wrong with it matters to nobody: no answer is checked against it.
            translator.finish(root, &mut Vec::new())
        }),
    });
    Ok(Operation {
        name: entry.name.clone(),
        method: entry.method,
        path: entry.path.to_owned(),
        operation_id: entry.operation_id.map(str::to_owned),
        tags: entry.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        summary: text(node, "summary").or_else(|| text(item, "summary")),
        description: text(node, "description").or_else(|| text(item, "description")),
        deprecated: node.flag("deprecated").unwrap_or(false),
        input_schema,
        output_schema,
        hints: entry.method.hints(),
        security: security::requirements(node, root),
        servers,
        base_url,
        accepted,
        notes,
        plan: Plan {
            template,
            parameters: parameters
                .into_iter()
                .map(|declared| declared.parameter)
                .collect(),
            body: body.map(|declared| declared.body),
            accept: answers.accept,
        },
    })
}

/// A text of the document, as much of it as anyone would read.
fn text(node: Node<'_>, key: &str) -> Option<String> {
    let text = node
        .text(key)
        .map(str::trim)
        .filter(|text| !text.is_empty())?;
    let end = text
        .char_indices()
        .map(|(at, _)| at)
        .find(|at| *at >= MAX_TEXT);
    match end {
        Some(end) => Some(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Some(text.to_owned()),
    }
}

/// The parameters that the path and the document name together.
fn parameters<'d>(
    node: Node<'d>,
    item: Node<'d>,
    template: &Template,
    notes: &mut Vec<String>,
) -> Result<Vec<Declared<'d>>, Reason> {
    let mut parameters = parameter::declared(node, item)?;
    parameters.retain(|declared| {
        let Declared { parameter, .. } = declared;
        let wanted = parameter.location != Place::Path
            || template.parameters().any(|name| name == parameter.name);
        if !wanted {
            notes.push(format!(
                "the path has no place for its parameter `{}`",
                parameter.name
            ));
        }
        wanted
    });
    for name in template.parameters() {
        let known = |declared: &Declared<'_>| {
            declared.parameter.location == Place::Path && declared.parameter.name == name
        };
        if !parameters.iter().any(known) {
            notes.push(format!(
                "the path's parameter `{name}` is not declared: taken as text"
            ));
            parameters.push(parameter::undeclared(name));
        }
    }
    Ok(parameters)
}

fn input_schema<'d>(
    entry: &Entry<'d>,
    parameters: &[Declared<'d>],
    body: Option<&DeclaredBody<'d>>,
    options: &Options,
    notes: &mut Vec<String>,
) -> Value {
    let mut translator = Translator::new(entry.document, Direction::Request, options);
    let mut properties = Map::new();
    let mut required = Vec::new();
    for declared in parameters {
        let argument = &declared.parameter.argument;
        properties.insert(
            argument.clone(),
            parameter_schema(&mut translator, declared),
        );
        if declared.parameter.required {
            required.push(Value::from(argument.as_str()));
        }
    }
    if let Some(declared) = body {
        properties.insert(BODY.to_owned(), body_schema(&mut translator, declared));
        if declared.body.required {
            required.push(Value::from(BODY));
        }
    }
    let mut root = Map::new();
    root.insert("type".to_owned(), Value::from("object"));
    root.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        root.insert("required".to_owned(), Value::Array(required));
    }
    root.insert("additionalProperties".to_owned(), Value::Bool(false));
    translator.finish(Value::Object(root), notes)
}

fn parameter_schema<'d>(translator: &mut Translator<'d>, declared: &Declared<'d>) -> Value {
    let mut schema = match declared.schema {
        Some(schema) => translator.schema(schema),
        None if declared.node.is_none() => json!({"type": "string"}),
        None => Value::Bool(true),
    };
    let Some(node) = declared.node else {
        return schema;
    };
    if let Some(description) = text(node, "description") {
        annotate(
            &mut schema,
            "description",
            Value::from(translator.take(&description)),
        );
    }
    if node.flag("deprecated") == Some(true) {
        annotate(&mut schema, "deprecated", Value::Bool(true));
    }
    schema
}

fn body_schema<'d>(translator: &mut Translator<'d>, declared: &DeclaredBody<'d>) -> Value {
    let description = text(declared.node, "description");
    let media_type = &declared.body.media_type;
    let mut schema = match &declared.body.kind {
        BodyKind::Json => declared
            .schema
            .map_or(Value::Bool(true), |schema| translator.schema(schema)),
        BodyKind::Form(_) | BodyKind::Multipart(_) => {
            let with_files = matches!(declared.body.kind, BodyKind::Multipart(_));
            let schema = declared
                .schema
                .map(|schema| translator.form(schema, with_files));
            schema.unwrap_or_else(|| json!({"type": "object"}))
        }
        BodyKind::Text => {
            json!({"type": "string", "description": format!("The body, as {media_type} text.")})
        }
        BodyKind::Binary => json!({
            "type": "string",
            "contentEncoding": "base64",
            "contentMediaType": media_type,
            "description": format!("The body ({media_type}), as base64."),
        }),
        BodyKind::AnyBinary => translator.file(),
    };
    if let Some(description) = description {
        annotate(
            &mut schema,
            "description",
            Value::from(translator.take(&description)),
        );
    }
    schema
}

/// Adds an annotation to a schema, which changes nothing about what fits it.
fn annotate(schema: &mut Value, key: &str, value: Value) {
    match schema {
        Value::Bool(true) => *schema = json!({ key: value }),
        Value::Object(members) => {
            members.insert(key.to_owned(), value);
        }
        _ => {}
    }
}

/// What the document says about answers.
struct Answers<'d> {
    schema: Option<Node<'d>>,
    accepted: Option<AcceptedAnswer<'d>>,
    accept: String,
}

/// What the document says about the answer 202.
struct AcceptedAnswer<'d> {
    headers: Vec<String>,
    schema: Option<Node<'d>>,
}

impl<'d> Answers<'d> {
    fn of(operation: Node<'d>) -> Self {
        let responses = operation.member("responses");
        let mut successes: Vec<(&str, Node<'_>)> = responses
            .into_iter()
            .flat_map(Node::entries)
            .take(MAX_LISTED)
            .filter(|(status, _)| is_success(status))
            .filter_map(|(status, node)| Some((status, node.resolve().ok()?)))
            .collect();
        // `200` before `2XX` before `default`, which is the order of their text but for one.
        successes.sort_by_key(|(status, _)| (*status == "default", *status));
        if successes.len() > 1 {
            successes.retain(|(status, _)| *status != "default");
        }
        let mut media_types: Vec<&str> = Vec::new();
        let mut schemas = Vec::new();
        let mut accepted = None;
        for (status, node) in &successes {
            let mut found = None;
            let contents = node.member("content").into_iter().flat_map(Node::entries);
            for (media_type, content) in contents.take(MAX_LISTED) {
                if !media_types.contains(&media_type) {
                    media_types.push(media_type);
                }
                if body::is_json(&body::essence(media_type)) {
                    let content = content.resolve().unwrap_or(content);
                    found = found.or_else(|| content.raw_member("schema"));
                }
            }
            if *status == "202" {
                accepted = Some(AcceptedAnswer {
                    headers: header_names(*node),
                    schema: found,
                });
            }
            schemas.push(found);
        }
        Self {
            schema: only(&schemas),
            accepted,
            accept: accept(&media_types),
        }
    }
}

fn header_names(answer: Node<'_>) -> Vec<String> {
    let headers = answer.member("headers").into_iter().flat_map(Node::entries);
    headers
        .take(MAX_LISTED)
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn is_success(status: &str) -> bool {
    status == "default" || (status.len() == 3 && status.starts_with('2'))
}

/// The schema that every success has; none when they differ, or when one has none: whoever
/// announces a schema must keep to it.
fn only<'d>(schemas: &[Option<Node<'d>>]) -> Option<Node<'d>> {
    let (first, rest) = schemas.split_first()?;
    let first = (*first)?;
    let same = |other: &Option<Node<'_>>| other.is_some_and(|other| other.value() == first.value());
    rest.iter().all(same).then_some(first)
}

/// The `Accept` header: JSON before all else, since a result is best as a structured value.
fn accept(media_types: &[&str]) -> String {
    let usable = media_types
        .iter()
        .map(|media_type| media_type.trim())
        .filter(|media_type| {
            media_type.contains('/') && media_type.bytes().all(|byte| (0x20..0x7f).contains(&byte))
        });
    let (json, other): (Vec<&str>, Vec<&str>) =
        usable.partition(|media_type| body::is_json(&body::essence(media_type)));
    match (json.is_empty(), other.is_empty()) {
        (true, true) => "application/json, */*;q=0.5".to_owned(),
        (false, true) => json.join(", "),
        (true, false) => other.join(", "),
        (false, false) => format!("{}, */*;q=0.5", json.join(", ")),
    }
}

/// Bytes of a summary or description that are kept.
const MAX_TEXT: usize = 16 << 10;
