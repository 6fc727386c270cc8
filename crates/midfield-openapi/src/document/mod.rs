//! A document: its bytes read, its files loaded, its version known.
//!
//! Reading is all-or-nothing only for what has no meaning at all. What is merely sloppy becomes a
//! warning, and an operation that cannot be served is skipped with its reason, later.

mod entries;
mod files;
mod limits;
mod loader;
mod node;
mod swagger;
mod tree;

use std::borrow::Cow;

use url::Url;

pub use self::entries::Entry;
use self::files::Files;
pub use self::limits::Limits;
pub use self::loader::{Folder, LoadError, Loader, NoFiles};
pub use self::node::BrokenReference;
pub(crate) use self::node::Node;
pub use self::tree::{Format, ReadError};
use crate::operation::{Operation, Options, Skipped};
use crate::schema::Patterns;

/// An OpenAPI document with everything that its references lead to.
#[derive(Debug)]
pub struct Document {
    files: Files,
    url: Option<Url>,
    version: Version,
    declared_version: String,
    warnings: Vec<String>,
    patterns: Patterns,
    max_operations: usize,
}

/// The rules that a document follows. Swagger 2.0 is converted to OpenAPI 3.0 when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// OpenAPI 3.0: schemas are a dialect of JSON Schema with `nullable`.
    V3_0,
    /// OpenAPI 3.1 and later: schemas are JSON Schema 2020-12.
    V3_1,
}

/// Why bytes are not a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The bytes are neither JSON nor YAML within the limits.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The text was read, but it does not say that it is OpenAPI.
    #[error("the document has no `openapi: 3.…` or `swagger: \"2.0\"`: is it an OpenAPI document?")]
    NotOpenApi,
    /// OpenAPI, but of a version that is not served.
    #[error("the document is OpenAPI {0}: only 2.0, 3.0, 3.1 and 3.2 are read")]
    UnknownVersion(String),
}

/// How a document is read. The default guesses the format, knows no URL and has default limits.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ReadOptions {
    /// JSON or YAML. `None` guesses from the first bytes.
    pub format: Option<Format>,
    /// Where the document came from, which relative server URLs are relative to.
    pub url: Option<Url>,
    /// How much a document may cost.
    pub limits: Limits,
}

impl Document {
    /// Reads a document and the files that its references lead to.
    ///
    /// A file that `loader` does not give is a warning; what depends on it is skipped or left
    /// open later.
    ///
    /// ```
    /// use midfield_openapi::{Document, NoFiles, Options, ReadOptions};
    ///
    /// let text = r#"{"openapi": "3.1.0", "info": {"title": "Pets", "version": "1"},
    ///   "servers": [{"url": "https://pets.example"}],
    ///   "paths": {"/pets": {"get": {"operationId": "listPets"}}}}"#;
    /// let document = Document::read(text.as_bytes(), &ReadOptions::default(), &NoFiles)?;
    /// let tools = document.operations(&Options::default()).collect::<Result<Vec<_>, _>>();
    /// assert_eq!(tools.map(|tools| tools[0].name.clone()).ok(), Some("listPets".to_owned()));
    /// # Ok::<(), midfield_openapi::DocumentError>(())
    /// ```
    pub fn read(
        bytes: &[u8],
        options: &ReadOptions,
        loader: &dyn Loader,
    ) -> Result<Self, DocumentError> {
        let (root, used) = tree::read(bytes, options.format, &options.limits)?;
        let rest = options.limits.after(bytes.len(), used);
        let declared = declared_version(&root).ok_or(DocumentError::NotOpenApi)?;
        let dialect = Dialect::of(&declared)
            .ok_or_else(|| DocumentError::UnknownVersion(declared.clone()))?;
        let (mut files, failures) = Files::load(root, loader, rest);
        let warnings: Vec<String> = failures
            .iter()
            .take(MAX_WARNINGS)
            .map(|failure| chain(failure))
            .collect();
        if dialect == Dialect::Swagger {
            let converted = swagger::convert(Node::root(&files));
            files.replace_root(converted);
        }
        let version = if dialect == Dialect::V3_1 {
            Version::V3_1
        } else {
            Version::V3_0
        };
        let mut document = Self {
            files,
            url: options.url.clone(),
            version,
            declared_version: declared,
            warnings,
            patterns: Patterns::default(),
            max_operations: options.limits.operations,
        };
        let unseen = entries::warnings(&document);
        document
            .warnings
            .extend(unseen.into_iter().take(MAX_WARNINGS));
        Ok(document)
    }

    /// The title that the document gives itself, or nothing.
    pub fn title(&self) -> Cow<'_, str> {
        self.info("title")
    }

    /// The version of the API, as the document names it.
    pub fn api_version(&self) -> Cow<'_, str> {
        self.info("version")
    }

    /// What the document says that the API is for.
    pub fn description(&self) -> Cow<'_, str> {
        self.info("description")
    }

    /// The version of OpenAPI that the document declares, such as `3.0.3` or `2.0`.
    pub fn declared_version(&self) -> &str {
        &self.declared_version
    }

    /// The rules that the document follows.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Where the document came from, when that is known.
    pub fn url(&self) -> Option<&Url> {
        self.url.as_ref()
    }

    /// What is wrong with the document as a whole, in words for a person.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Every operation of the document, in its order, without the work of building it.
    ///
    /// Names are unique within the document and do not depend on its order.
    pub fn entries(&self) -> Vec<Entry<'_>> {
        entries::list(self)
    }

    /// Every operation of the document: callable, or skipped with the reason.
    ///
    /// They are built one by one; a caller that needs few takes them from [`Self::entries`].
    pub fn operations(
        &self,
        options: &Options,
    ) -> impl Iterator<Item = Result<Operation, Skipped>> {
        self.entries()
            .into_iter()
            .map(move |entry| entry.operation(options))
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node::root(&self.files)
    }

    pub(crate) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// A text about the document; a number that a writer of YAML forgot to quote is one, too.
    fn info(&self, key: &str) -> Cow<'_, str> {
        match self.root().member("info").and_then(|info| info.get(key)) {
            Some(serde_json::Value::String(text)) => Cow::Borrowed(text),
            Some(number @ serde_json::Value::Number(_)) => Cow::Owned(number.to_string()),
            _ => Cow::Borrowed(""),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Swagger,
    V3_0,
    V3_1,
}

impl Dialect {
    fn of(version: &str) -> Option<Self> {
        let mut parts = version.trim().split('.');
        match (parts.next()?, parts.next().unwrap_or("0")) {
            ("2", "0") => Some(Self::Swagger),
            ("3", "0") => Some(Self::V3_0),
            ("3", "1" | "2") => Some(Self::V3_1),
            _ => None,
        }
    }
}

/// The text of `openapi` or `swagger`, also when a writer of YAML forgot its quotes.
fn declared_version(root: &serde_json::Value) -> Option<String> {
    let version = root.get("openapi").or_else(|| root.get("swagger"))?;
    match version {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An error with its causes in one line, for a list of warnings.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// A part of a pointer as it stands in the fragment of a reference.
fn encode_fragment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Warnings of each kind that are kept.
const MAX_WARNINGS: usize = 100;
