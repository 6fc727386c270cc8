//! Schemas of OpenAPI 3.0 and 3.1 as JSON Schema 2020-12 that stands on its own.
//!
//! Shared schemas go once into `$defs`, nearest first, until the byte limit is reached. What
//! cannot be said, or does not fit, is left open: a translated schema may accept more than the
//! document's, never less, so that a call is not refused for our sake. Each opening is noted.

mod composition;
mod finish;
mod keywords;
mod nullable;
mod objects;
mod pattern;
mod values;

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value, json};

pub(crate) use self::pattern::Patterns;
use crate::document::{Document, Node, Version};
use crate::operation::Options;

/// Which way the described values travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// To the service: properties that are `readOnly` are left out.
    Request,
    /// From the service: properties that are `writeOnly` are left out.
    Answer,
}

/// Translates the schemas of one input or one output.
#[derive(Debug)]
pub(crate) struct Translator<'d> {
    document: &'d Document,
    direction: Direction,
    /// Whether schemas of bytes become file objects, as in a multipart form.
    files: bool,
    /// Bytes that may still be written.
    left: usize,
    /// Levels of nesting that may still be opened.
    depth: usize,
    /// Names of definitions, by the identity of their nodes.
    names: HashMap<usize, String>,
    used_names: HashSet<String>,
    /// Definitions that are named and not yet translated.
    pending: VecDeque<(String, Node<'d>)>,
    openings: Vec<String>,
}

impl<'d> Translator<'d> {
    pub(crate) fn new(document: &'d Document, direction: Direction, options: &Options) -> Self {
        Self {
            document,
            direction,
            files: false,
            left: options.max_schema_bytes,
            depth: MAX_DEPTH,
            names: HashMap::new(),
            used_names: HashSet::new(),
            pending: VecDeque::new(),
            openings: Vec::new(),
        }
    }

    /// Translates one schema. What it refers to follows in [`Self::finish`].
    pub(crate) fn schema(&mut self, node: Node<'d>) -> Value {
        match node.value() {
            Value::Bool(accepts) => {
                self.spend_bytes(5);
                Value::Bool(*accepts)
            }
            Value::Object(_) if self.left == 0 => self.open(TOO_LARGE),
            Value::Object(_) if self.depth == 0 => self.open("it is nested too deeply"),
            Value::Object(_) => {
                self.depth -= 1;
                self.spend_bytes(2);
                let translated = match node.reference() {
                    Some(reference) => self.reference(node, reference),
                    None => self.keywords(node),
                };
                self.depth += 1;
                translated
            }
            _ => self.open("it is neither an object nor a boolean"),
        }
    }

    /// Translates a schema without a `$ref` at its root.
    pub(crate) fn root(&mut self, node: Node<'d>) -> Value {
        match node.resolve() {
            Ok(target) => self.schema(target),
            Err(broken) => self.open(&broken.to_string()),
        }
    }

    /// Translates the schema of a form: an object, whose files are given as objects when
    /// `with_files`.
    pub(crate) fn form(&mut self, node: Node<'d>, with_files: bool) -> Value {
        self.files = with_files;
        let mut schema = self.root(node);
        if let Value::Object(members) = &mut schema {
            members
                .entry("type")
                .or_insert_with(|| Value::from("object"));
        }
        if schema == Value::Bool(true) {
            json!({"type": "object"})
        } else {
            schema
        }
    }

    /// The schema of a file in a form.
    pub(crate) fn file(&mut self) -> Value {
        let schema = json!({
            "type": "object",
            "properties": {
                "data": {
                    "type": "string",
                    "contentEncoding": "base64",
                    "description": "The bytes of the file, as base64.",
                },
                "name": {"type": "string", "description": "The file's name."},
                "mediaType": {"type": "string", "description": "Its type, such as image/png."},
            },
            "required": ["data"],
            "additionalProperties": false,
        });
        self.spend(&schema);
        schema
    }

    /// Text for an annotation, as much of it as the limit leaves room for.
    pub(crate) fn take(&mut self, text: &str) -> String {
        let mut end = text.len().min(self.left);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.left -= end;
        text.get(..end).unwrap_or_default().to_owned()
    }

    /// Adds the definitions to `root`, and to `notes` what was left open.
    pub(crate) fn finish(mut self, mut root: Value, notes: &mut Vec<String>) -> Value {
        let mut definitions = Map::new();
        while let Some((name, node)) = self.pending.pop_front() {
            let schema = self.schema(node);
            definitions.insert(name, schema);
        }
        finish::cut_endless(&mut definitions, &mut self.openings);
        if !self.openings.is_empty() {
            finish::relax(&mut root);
            definitions.values_mut().for_each(finish::relax);
        }
        if !definitions.is_empty()
            && let Value::Object(members) = &mut root
        {
            members.insert("$defs".to_owned(), Value::Object(definitions));
        }
        for opening in self.openings {
            let note = format!("part of a schema was left open: {opening}");
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        root
    }

    fn reference(&mut self, node: Node<'d>, reference: &str) -> Value {
        let target = match node.resolve_plain() {
            Ok(target) => target,
            Err(broken) => return self.open(&broken.to_string()),
        };
        if target.value() == &Value::Bool(true) {
            return Value::Bool(true);
        }
        let name = self.definition(target, reference);
        let mut members = Map::new();
        members.insert("$ref".to_owned(), Value::from(format!("#/$defs/{name}")));
        self.spend_bytes(name.len() + 20);
        if self.document.version() == Version::V3_0 {
            self.annotations(node, &mut members);
            return nullable::apply(node, members, &[]);
        }
        let siblings = node.value().as_object().map_or(0, Map::len);
        if siblings > 1
            && let Value::Object(own) = self.keywords(node)
        {
            members.extend(own);
        }
        Value::Object(members)
    }

    /// The name under which a definition is or will be in `$defs`.
    fn definition(&mut self, target: Node<'d>, reference: &str) -> String {
        if let Some(name) = self.names.get(&target.identity()) {
            return name.clone();
        }
        let base = definition_name(reference);
        let mut name = base.clone();
        let mut number = 2;
        while !self.used_names.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        self.names.insert(target.identity(), name.clone());
        self.pending.push_back((name.clone(), target));
        name
    }

    /// A schema that takes anything, with the reason noted.
    fn open(&mut self, reason: &str) -> Value {
        self.opened(reason);
        Value::Bool(true)
    }

    fn opened(&mut self, reason: &str) {
        if self.openings.len() < MAX_OPENINGS && !self.openings.iter().any(|known| known == reason)
        {
            self.openings.push(reason.to_owned());
        }
    }

    fn spend(&mut self, value: &Value) {
        self.spend_bytes(values::size(value));
    }

    fn spend_bytes(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
    }
}

/// A name for `$defs`: the end of the reference, in characters that need no escaping.
fn definition_name(reference: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(reference).decode_utf8_lossy();
    let tokens = decoded
        .rsplit(['/', '#'])
        .take_while(|token| !token.is_empty());
    let mut name = String::new();
    for token in tokens.take(3) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let clean: String = token
            .chars()
            .map(|character| {
                let plain = character.is_ascii_alphanumeric() || "._-".contains(character);
                if plain { character } else { '_' }
            })
            .take(60)
            .collect();
        name = if name.is_empty() {
            clean
        } else {
            format!("{clean}_{name}")
        };
        let is_generic = matches!(token.as_str(), "schema" | "items" | "properties" | "allOf");
        if !is_generic && !token.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
    }
    if name.is_empty() {
        "Schema".to_owned()
    } else {
        name
    }
}

/// Levels of inline nesting. Readers of JSON commonly stop at 128, and the schema is itself
/// nested in a message.
const MAX_DEPTH: usize = 48;

/// Notes for one schema; more would say nothing new.
const MAX_OPENINGS: usize = 8;

pub(crate) const TOO_LARGE: &str = "the whole would exceed the limit for a schema";
