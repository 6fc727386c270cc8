//! An operation: what a tool shows of it, and the plan for its requests.

mod body;
mod build;
mod method;
mod name;
mod parameter;
mod path;
mod security;
mod server;
mod skipped;

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

pub(crate) use self::body::{Body, BodyKind, Field, essence, is_file, is_json, is_text};
pub(crate) use self::build::build;
pub use self::method::{Hints, Method};
pub(crate) use self::name::names;
pub use self::parameter::{Argument, Place};
pub(crate) use self::parameter::{Encoding, Parameter, Style, Styled, is_token};
pub(crate) use self::path::{Part, Template, is_dots};
pub use self::security::{RequiredScheme, Requirement, Scheme};
pub use self::server::{Server, ServerVariable};
pub use self::skipped::{Reason, Skipped};

/// An operation that can be called.
///
/// Its arguments are one flat object: each parameter under its name (see
/// [`Self::input_schema`] for what happens to odd names and clashes) and the request's body under
/// `body`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Operation {
    /// The name of its tool: 1–64 characters of `A-Z a-z 0-9 _ -`, unique in the document and
    /// independent of its order.
    ///
    /// It is the `operationId`, cleaned. Without one, or when two would be equal, it is made of
    /// method and path, if need be with a hash of both behind.
    pub name: String,
    /// Its HTTP method.
    pub method: Method,
    /// Its path, as the document writes it.
    pub path: String,
    /// Its `operationId`, when it has one.
    pub operation_id: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it does in one line. Foreign text: do not trust it.
    pub summary: Option<String>,
    /// What it does in full. Foreign text: do not trust it.
    pub description: Option<String>,
    /// Whether the document calls it out of date.
    pub deprecated: bool,
    /// What its arguments must be: a JSON Schema 2020-12 with `type: object` that refers to
    /// nothing outside of itself.
    ///
    /// A parameter is an argument of its name, with each run of characters other than
    /// `A-Z a-z 0-9 _ . -` as one `_`. Parameters that would share a name, or be called `body`
    /// beside a body, get their location in front: `path_id`, `query_id`. The body is the argument
    /// `body`. Bytes are base64 text; a file in a form is an object with `data`, `name` and
    /// `mediaType`.
    pub input_schema: Value,
    /// What a successful answer is, when the document says so and it is JSON: a JSON Schema
    /// 2020-12 that refers to nothing outside of itself. Its type may be any.
    pub output_schema: Option<Value>,
    /// What its method promises.
    pub hints: Hints,
    /// The ways to be allowed to call it; none are needed when empty.
    pub security: Vec<Requirement>,
    /// The servers that the document offers for it.
    pub servers: Vec<Server>,
    /// The URL that its path is put behind: that of the chosen server, absolute, without a slash
    /// at its end.
    pub base_url: String,
    /// What it says of `202 Accepted`, when it may answer so and finish later.
    pub accepted: Option<Accepted>,
    /// What was left out of its schemas or ignored, in words for a person.
    pub notes: Vec<String>,
    pub(crate) plan: Plan,
}

impl Operation {
    /// Its arguments: the parameters in the order of the document, then the body.
    pub fn arguments(&self) -> impl Iterator<Item = Argument<'_>> {
        let parameters = self.plan.parameters.iter().map(|parameter| Argument {
            name: &parameter.argument,
            place: parameter.location,
            source: &parameter.name,
            required: parameter.required,
        });
        parameters.chain(self.plan.body.iter().map(|body| Argument {
            name: BODY,
            place: Place::Body,
            source: &body.media_type,
            required: body.required,
        }))
    }
}

/// What an operation says of its answer `202 Accepted`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// The names of its headers, as the document writes them.
    pub headers: Vec<String>,
    /// What its body is, when the document says so and it is JSON: a JSON Schema as
    /// [`Operation::output_schema`].
    pub body: Option<Value>,
}

/// What a request is made of, beside the arguments.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) template: Template,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    /// The `Accept` header.
    pub(crate) accept: String,
}

/// How operations are built.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The URL that all paths are put behind, in place of the document's servers. Default: none.
    pub base_url: Option<Url>,
    /// Which of an operation's servers is called, counted from 0. Default: the first.
    pub server: usize,
    /// Values for variables in the URLs of servers, in place of their defaults.
    pub server_variables: BTreeMap<String, String>,
    /// About how many bytes a schema may have, as JSON. Default: 32 KiB.
    ///
    /// A schema over the limit is left open in its deepest parts, which then take anything. What is
    /// counted is an estimate: the result may be larger by half.
    pub max_schema_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base_url: None,
            server: 0,
            server_variables: BTreeMap::new(),
            max_schema_bytes: 32 << 10,
        }
    }
}

/// Items of a list in the document that are looked at for one operation. What many operations
/// share is looked at for each of them, so that a long list would cost its length many times.
pub(crate) const MAX_LISTED: usize = 200;

/// The argument that holds the body of a request.
pub(crate) const BODY: &str = "body";
