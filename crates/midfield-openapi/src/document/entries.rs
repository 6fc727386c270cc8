//! The list of a document's operations, before any of them is built.

use super::{Document, Node};
use crate::operation::{self, MAX_LISTED, Method, Operation, Options, Reason, Skipped};

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
    let mut entries: Vec<Entry<'_>> = operations(document).take(document.max_operations).collect();
    let names = operation::names(&entries);
    for (entry, name) in entries.iter_mut().zip(names) {
        entry.name = name;
    }
    entries
}

/// What keeps operations from being listed at all.
pub(super) fn warnings(document: &Document) -> Vec<String> {
    let mut warnings = Vec::new();
    for (path, written) in paths(document) {
        if let Err(broken) = written.resolve() {
            warnings.push(format!("the operations of {path} cannot be seen: {broken}"));
        }
    }
    let limit = document.max_operations;
    if operations(document).nth(limit).is_some() {
        warnings.push(format!(
            "the document has more than {limit} operations: the rest is left out"
        ));
    }
    warnings
}

/// The paths of a document, without the extensions that stand between them.
fn paths(document: &Document) -> impl Iterator<Item = (&str, Node<'_>)> {
    let paths = document
        .root()
        .member("paths")
        .into_iter()
        .flat_map(Node::entries);
    paths.filter(|(path, _)| !path.starts_with("x-"))
}

/// All operations, still without names.
fn operations(document: &Document) -> impl Iterator<Item = Entry<'_>> {
    paths(document).flat_map(move |(path, written)| {
        let item = written.resolve();
        let methods = Method::ALL.into_iter().filter(|method| {
            // Before 3.2, `query` is a member without meaning.
            *method != Method::Query || document.declared_version().starts_with("3.2")
        });
        methods.filter_map(move |method| {
            // Members beside a `$ref` are allowed in 3.1, and are what was meant in 3.0.
            let beside = written.raw_member(method.key());
            let found = beside.or_else(|| item.as_ref().ok()?.raw_member(method.key()))?;
            Some(entry(document, path, method, item.clone(), found))
        })
    })
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
        .flat_map(Node::items)
        .take(MAX_LISTED);
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
