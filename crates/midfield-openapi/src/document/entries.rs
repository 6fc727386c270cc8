//! The list of a document's operations, before any of them is built.

use super::{Document, Node};
use crate::operation::{self, Method, Operation, Options, Reason, Skipped};

/// An operation as it stands in the document: enough to choose by, cheap to list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Entry<'d> {
    /// The name of its tool: 1–64 characters of `A-Z a-z 0-9 _ -`, unique in the document.
    pub name: String,
    /// Its HTTP method.
    pub method: Method,
    /// Its path, as the document writes it.
    pub path: &'d str,
    /// Its `operationId`, when it has one.
    pub operation_id: Option<&'d str>,
    /// Its tags.
    pub tags: Vec<&'d str>,
    pub(crate) document: &'d Document,
    /// The path item, or why it cannot be read.
    pub(crate) item: Result<Node<'d>, Reason>,
    /// The operation in it, or why it cannot be read.
    pub(crate) operation: Result<Node<'d>, Reason>,
}

impl Entry<'_> {
    /// Builds the operation, or says why it cannot be called.
    pub fn operation(&self, options: &Options) -> Result<Operation, Skipped> {
        operation::build(self, options).map_err(|reason| Skipped {
            name: self.name.clone(),
            method: self.method,
            path: self.path.to_owned(),
            operation_id: self.operation_id.map(str::to_owned),
            reason: Box::new(reason),
        })
    }
}

pub(super) fn list(document: &Document) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let Some(paths) = document.root().member("paths") else {
        return entries;
    };
    for (path, written) in paths.entries() {
        // Extensions stand between the paths; a path begins with a slash, but not in all documents.
        if path.starts_with("x-") {
            continue;
        }
        let item = written.resolve();
        for method in Method::ALL {
            // Before 3.2, `query` is a member without meaning.
            if method == Method::Query && !document.declared_version().starts_with("3.2") {
                continue;
            }
            // Members beside a `$ref` are allowed in 3.1, and are what was meant in 3.0.
            let beside = written.raw_member(method.key());
            let found = beside.or_else(|| item.as_ref().ok()?.raw_member(method.key()));
            if let Some(operation) = found {
                entries.push(entry(document, path, method, item.clone(), operation));
            }
        }
    }
    let names = operation::names(&entries);
    for (entry, name) in entries.iter_mut().zip(names) {
        entry.name = name;
    }
    entries
}

fn entry<'d>(
    document: &'d Document,
    path: &'d str,
    method: Method,
    item: Result<Node<'d>, super::BrokenReference>,
    operation: Node<'d>,
) -> Entry<'d> {
    let resolved = operation
        .resolve()
        .map_err(Reason::BrokenReference)
        .and_then(|node| {
            if node.value().is_object() {
                Ok(node)
            } else {
                Err(Reason::NotAnObject)
            }
        });
    let known = resolved.as_ref().ok();
    let tags = known
        .and_then(|node| node.member("tags"))
        .into_iter()
        .flat_map(Node::items);
    Entry {
        name: String::new(),
        method,
        path,
        operation_id: known.and_then(|node| node.text("operationId")),
        tags: tags.filter_map(|tag| tag.value().as_str()).collect(),
        document,
        item: item.map_err(Reason::BrokenReference),
        operation: resolved,
    }
}
