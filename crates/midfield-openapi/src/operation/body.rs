//! The body of a request: which of the offered media types is sent, and what its parts are.

use std::collections::HashSet;

use super::parameter::{Place, Styled};
use crate::document::Node;

/// The body that an operation takes.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    /// The `Content-Type` that is sent.
    pub(crate) media_type: String,
    pub(crate) kind: BodyKind,
    pub(crate) required: bool,
}

/// How the argument becomes bytes.
#[derive(Debug, Clone)]
pub(crate) enum BodyKind {
    /// Any value, written as JSON.
    Json,
    /// An object, as `application/x-www-form-urlencoded`.
    Form(Vec<Field>),
    /// An object, as `multipart/form-data`.
    Multipart(Vec<Field>),
    /// Text, sent as it is; other values as JSON.
    Text,
    /// Bytes, given as base64 text.
    Binary,
    /// Bytes of a type that the caller names, given as a file object.
    AnyBinary,
}

/// What the document says about a property of a form.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// Given as a file object, or as a list of them.
    pub(crate) is_file: bool,
    /// The style, when the document sets one.
    pub(crate) styled: Option<Styled>,
    /// The media type of its part, when the document sets one.
    pub(crate) media_type: Option<String>,
}

/// A body with the place of its schema.
#[derive(Debug, Clone)]
pub(crate) struct DeclaredBody<'d> {
    pub(crate) body: Body,
    pub(crate) node: Node<'d>,
    pub(crate) schema: Option<Node<'d>>,
}

/// The body of an operation; `None` when it takes none.
pub(super) fn declared(operation: Node<'_>) -> Result<Option<DeclaredBody<'_>>, super::Reason> {
    let Some(written) = operation.raw_member("requestBody") else {
        return Ok(None);
    };
    let node = written.resolve().map_err(super::Reason::BrokenReference)?;
    let Some(content) = node
        .member("content")
        .filter(|content| content.value().is_object())
    else {
        return Ok(None);
    };
    let offers = content
        .entries()
        .take(super::MAX_LISTED)
        .map(|(name, offer)| (name, offer.resolve().unwrap_or(offer)));
    // The first of the best: the order of the document decides between equals.
    let best = offers.min_by_key(|(name, offer)| rank(name, *offer));
    let Some((media_type, offer)) = best else {
        return Ok(None);
    };
    let schema = offer.raw_member("schema");
    let (media_type, kind) = kind(media_type, offer);
    let required = node.flag("required").unwrap_or(false);
    Ok(Some(DeclaredBody {
        body: Body {
            media_type,
            kind,
            required,
        },
        node,
        schema,
    }))
}

/// Which media type is sent when several are offered: what a language model writes best first.
fn rank(media_type: &str, offer: Node<'_>) -> u8 {
    let essence = essence(media_type);
    match essence.as_str() {
        "application/json" => 0,
        _ if is_json(&essence) => 1,
        "multipart/form-data" => 3,
        "application/x-www-form-urlencoded" => 2,
        _ if essence.contains('*') || essence.is_empty() => {
            if is_binary(offer) {
                6
            } else {
                4
            }
        }
        _ if is_text(&essence) => 5,
        _ => 7,
    }
}

fn kind(media_type: &str, offer: Node<'_>) -> (String, BodyKind) {
    let essence = essence(media_type);
    let as_it_is = media_type.trim().to_owned();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => (as_it_is, BodyKind::Form(fields(offer))),
        "multipart/form-data" => (essence, BodyKind::Multipart(fields(offer))),
        "" | "*/*" | "application/*" if !is_binary(offer) => {
            ("application/json".to_owned(), BodyKind::Json)
        }
        "text/*" => ("text/plain".to_owned(), BodyKind::Text),
        _ if essence.contains('*') && is_json(&essence) => {
            ("application/json".to_owned(), BodyKind::Json)
        }
        _ if is_json(&essence) => (as_it_is, BodyKind::Json),
        _ if essence.contains('*') => ("application/octet-stream".to_owned(), BodyKind::AnyBinary),
        _ if is_text(&essence) && !is_binary(offer) => (as_it_is, BodyKind::Text),
        _ if as_it_is.is_empty() => ("application/octet-stream".to_owned(), BodyKind::Binary),
        _ => (as_it_is, BodyKind::Binary),
    }
}

/// What the document says about the properties of a form, through `$ref` and `allOf`.
fn fields(offer: Node<'_>) -> Vec<Field> {
    let encodings = offer.member("encoding");
    let mut seen = HashSet::new();
    let properties = offer.member("schema").map(properties).unwrap_or_default();
    let distinct = properties
        .into_iter()
        .filter(|(name, _)| seen.insert(*name));
    distinct
        .map(|(name, schema)| field(name, schema, encodings))
        .collect()
}

fn field(name: &str, schema: Node<'_>, encodings: Option<Node<'_>>) -> Field {
    let encoding = encodings.and_then(|encodings| encodings.member(name));
    let styles = ["style", "explode", "allowReserved"];
    let styled = encoding.filter(|encoding| styles.iter().any(|key| encoding.get(key).is_some()));
    let media_type = encoding.and_then(|encoding| encoding.text("contentType"));
    Field {
        name: name.to_owned(),
        is_file: is_file(schema) || schema.member("items").is_some_and(is_file),
        styled: styled.map(|encoding| Styled::of(Some(encoding), Place::Query)),
        media_type: media_type.map(str::to_owned),
    }
}

/// The properties of a schema and of its parts. A schema may contain itself, many times over:
/// enough is enough.
fn properties(schema: Node<'_>) -> Vec<(&str, Node<'_>)> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut pending = vec![schema];
    while let Some(schema) = pending.pop() {
        if found.len() >= MAX_PROPERTIES || !seen.insert(schema.identity()) {
            continue;
        }
        let own = schema
            .member("properties")
            .into_iter()
            .flat_map(Node::entries);
        for (name, property) in own.take(MAX_PROPERTIES) {
            found.push((name, property.resolve().unwrap_or(property)));
        }
        for keyword in ["oneOf", "anyOf", "allOf"] {
            let parts = schema.member(keyword).into_iter().flat_map(Node::items);
            pending.extend(parts.take(MAX_PARTS).filter_map(|part| part.resolve().ok()));
        }
        if seen.len() > MAX_PARTS {
            break;
        }
    }
    found
}

fn is_binary(offer: Node<'_>) -> bool {
    offer.member("schema").is_some_and(is_file)
}

/// Whether a schema (references followed) stands for the bytes of a file.
pub(crate) fn is_file(schema: Node<'_>) -> bool {
    let kind = schema.text("type");
    let is_text = kind == Some("string");
    let raw_media = schema.text("contentMediaType").is_some()
        && schema.text("contentEncoding").is_none()
        && (kind.is_none() || is_text)
        && schema
            .text("contentMediaType")
            .is_some_and(|media| !is_text_media(media));
    kind == Some("file") || (is_text && schema.text("format") == Some("binary")) || raw_media
}

fn is_text_media(media_type: &str) -> bool {
    let essence = essence(media_type);
    is_json(&essence) || is_text(&essence)
}

/// The media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Whether the essence of a media type is JSON.
pub(crate) fn is_json(essence: &str) -> bool {
    matches!(
        essence,
        "application/json" | "text/json" | "application/x-json" | "applicationjson"
    ) || essence.ends_with("+json")
}

/// Whether the essence of a media type is text that a language model can write and read.
pub(crate) fn is_text(essence: &str) -> bool {
    let kinds = [
        "xml",
        "yaml",
        "x-yaml",
        "graphql",
        "javascript",
        "sql",
        "ndjson",
        "x-ndjson",
        "jsonl",
        "jwt",
        "jose",
        "json-seq",
        "x-javascript",
        "toml",
        "csv",
        "sparql-query",
        "sparql-update",
        "x-sh",
    ];
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    essence.starts_with("text/")
        || essence.starts_with("message/")
        || essence.ends_with("+xml")
        || essence.ends_with("+yaml")
        || kinds.contains(&subtype)
}

/// Parts of a schema in which the properties of a form are looked for.
const MAX_PARTS: usize = 200;

/// Properties of a form that are looked at.
const MAX_PROPERTIES: usize = 2_000;
