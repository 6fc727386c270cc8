//! Resources of a server, at a URI of their own or at all URIs of a template: what clients learn about
//! them, and the code behind them.

use std::sync::Arc;

use midfield_protocol::types::{self, Annotations, Freshness, ReadResult, Schema};

use super::IntoReadResult;
use super::ask::Asks;
use super::complete::{Completer, Completers};
use super::described::described;
use super::extract::Requirement;
use super::form::FormOf;
use super::handler::{Handler, RawHandler, Typed};
use super::template::{TemplateError, UriTemplate};
use super::words::Words;

/// A resource at a URI of its own
/// ([resources](https://modelcontextprotocol.io/specification/2026-07-28/server/resources)).
///
/// ```
/// use midfield::Resource;
///
/// let motd = Resource::new("demo://motd", "motd", async || "Be kind.").mime_type("text/plain");
/// # let _ = motd;
/// ```
#[derive(Clone)]
pub struct Resource {
    pub(super) description: types::Resource,
    pub(super) code: Code,
}

/// Resources at all URIs of a template (RFC 6570), such as `rows://{table}/{id}`.
///
/// A URI never leaves what the template allows: `..`, slashes within a segment and their encoded forms do
/// not match.
///
/// ```
/// use midfield::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Row {
///     table: String,
///     id: u64,
/// }
///
/// let rows = ResourceTemplate::new("rows://{table}/{id}", "row", async |Args(row): Args<Row>| {
///     format!("row {} of {}", row.id, row.table)
/// })?;
/// # let _ = rows;
/// # Ok::<(), midfield::server::TemplateError>(())
/// ```
#[derive(Clone)]
pub struct ResourceTemplate {
    pub(super) description: types::ResourceTemplate,
    pub(super) template: Result<UriTemplate, TemplateError>,
    pub(super) schema: Schema,
    pub(super) words: Words,
    pub(super) completers: Completers,
    pub(super) code: Code,
}

/// A resource or a template, for lists of both.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AnyResource {
    /// At a URI of its own.
    Resource(Resource),
    /// At all URIs of a template.
    Template(ResourceTemplate),
}

impl From<Resource> for AnyResource {
    fn from(resource: Resource) -> Self {
        Self::Resource(resource)
    }
}

impl From<ResourceTemplate> for AnyResource {
    fn from(template: ResourceTemplate) -> Self {
        Self::Template(template)
    }
}

/// The code behind a resource.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) handler: Arc<dyn RawHandler<ReadResult>>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) freshness: Option<Freshness>,
    pub(super) mime_type: Option<String>,
    pub(super) asks: Asks,
    pub(super) forms: Vec<FormOf>,
}

impl Code {
    fn new<H, P>(handler: H) -> Self
    where
        H: Handler<P>,
        H::Output: IntoReadResult,
        P: 'static,
    {
        Self {
            requirements: <H as Handler<P>>::requirements(),
            ..Self::raw(Typed::new(handler))
        }
    }

    fn raw(handler: impl RawHandler<ReadResult>) -> Self {
        Self {
            handler: Arc::new(handler),
            requirements: Vec::new(),
            freshness: None,
            mime_type: None,
            asks: Asks::default(),
            forms: Vec::new(),
        }
    }
}

impl Resource {
    /// The resource at `uri`. Its name is for programs.
    pub fn new<H, P>(uri: impl Into<String>, name: impl Into<String>, handler: H) -> Self
    where
        H: Handler<P>,
        H::Output: IntoReadResult,
        P: 'static,
    {
        Self {
            description: types::Resource::new(uri, name),
            code: Code::new(handler),
        }
    }

    /// A resource that is made at run time.
    pub fn from_handler(
        description: types::Resource,
        handler: impl RawHandler<ReadResult>,
    ) -> Self {
        let mime_type = description.mime_type.clone();
        let mut code = Code::raw(handler);
        code.mime_type = mime_type;
        Self { description, code }
    }

    /// Where it is.
    pub fn uri(&self) -> &str {
        &self.description.uri
    }

    /// Sets its size in bytes, before any encoding.
    #[must_use]
    pub fn size(mut self, bytes: u64) -> Self {
        self.description.size = Some(bytes);
        self
    }
}

impl ResourceTemplate {
    /// The resources at all URIs of `template`. Values of variables come as text: numbers and booleans are
    /// read from it.
    ///
    /// # Errors
    /// When `template` is no template, or one whose URIs could be read in several ways.
    pub fn new<H, P>(
        template: impl AsRef<str>,
        name: impl Into<String>,
        handler: H,
    ) -> Result<Self, TemplateError>
    where
        H: Handler<P>,
        H::Output: IntoReadResult,
        P: 'static,
    {
        let made = Self::checked_later(template.as_ref(), name, handler);
        match made.template {
            Err(error) => Err(error),
            Ok(_) => Ok(made),
        }
    }

    /// As [`ResourceTemplate::new`]; a template that is none is told when the server is built.
    pub(crate) fn checked_later<H, P>(template: &str, name: impl Into<String>, handler: H) -> Self
    where
        H: Handler<P>,
        H::Output: IntoReadResult,
        P: 'static,
    {
        let schema = <H as Handler<P>>::input_schema().unwrap_or_default();
        let words = Words::of(&schema);
        Self {
            template: UriTemplate::parse(template),
            description: types::ResourceTemplate::new(template, name),
            completers: Completers::of_choices(&words),
            words,
            schema,
            code: Code::new(handler),
        }
    }

    /// Resources that are made at run time; the values of the variables come as text.
    ///
    /// # Errors
    /// When the template is none, or one whose URIs could be read in several ways.
    pub fn from_handler(
        description: types::ResourceTemplate,
        handler: impl RawHandler<ReadResult>,
    ) -> Result<Self, TemplateError> {
        let mut code = Code::raw(handler);
        code.mime_type.clone_from(&description.mime_type);
        Ok(Self {
            template: Ok(UriTemplate::parse(&description.uri_template)?),
            description,
            schema: Schema::default(),
            words: Words::default(),
            completers: Completers::default(),
            code,
        })
    }

    /// Completes the variable `variable` by `completer`. Variables that are choices or booleans complete
    /// themselves.
    #[must_use]
    pub fn complete(mut self, variable: impl Into<String>, completer: impl Completer) -> Self {
        self.completers.insert(variable.into(), completer);
        self
    }
}

macro_rules! setters {
    ($type:ty) => {
        impl $type {
            /// Sets its media type; contents that do not say theirs get it too.
            #[must_use]
            pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
                let mime_type = mime_type.into();
                self.code.mime_type = Some(mime_type.clone());
                self.description.mime_type = Some(mime_type);
                self
            }

            /// Sets for whom it is, and how much it matters.
            #[must_use]
            pub fn annotations(mut self, annotations: Annotations) -> Self {
                self.description.annotations = Some(annotations);
                self
            }

            /// Sets how long its contents may be kept, and by whom. Default: not at all.
            #[must_use]
            pub fn freshness(mut self, freshness: Freshness) -> Self {
                self.code.freshness = Some(freshness);
                self
            }
        }
    };
}

setters!(Resource);
setters!(ResourceTemplate);
described!(Resource: types::Resource, "Sets what it is.", asks: code.asks, forms: code.forms);
described!(
    ResourceTemplate: types::ResourceTemplate, "Sets what it is.",
    asks: code.asks, forms: code.forms
);
