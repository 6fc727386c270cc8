//! Resources of a server, at a URI of their own or at all URIs of a template: what clients learn about
//! them, and the code behind them.

use std::fmt;
use std::sync::Arc;

use midfield_protocol::types::{self, Annotations, Freshness, Icon, Meta, ReadResult, Schema};
use serde_json::Value;

use super::IntoReadResult;
use super::ask::Asks;
use super::complete::{Completer, Completers};
use super::extract::Requirement;
use super::form::{Form, FormOf};
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

    /// What clients learn about it.
    pub fn as_description(&self) -> &types::Resource {
        &self.description
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

    /// What clients learn about it.
    pub fn as_description(&self) -> &types::ResourceTemplate {
        &self.description
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
            /// Sets the name for people.
            #[must_use]
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.description.title = Some(title.into());
                self
            }

            /// Sets what it is.
            #[must_use]
            pub fn description(mut self, description: impl Into<String>) -> Self {
                self.description.description = Some(description.into());
                self
            }

            /// Sets its media type; contents that do not say theirs get it too.
            #[must_use]
            pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
                let mime_type = mime_type.into();
                self.code.mime_type = Some(mime_type.clone());
                self.description.mime_type = Some(mime_type);
                self
            }

            /// Adds a picture.
            #[must_use]
            pub fn icon(mut self, icon: Icon) -> Self {
                self.description.icons.push(icon);
                self
            }

            /// Sets for whom it is, and how much it matters.
            #[must_use]
            pub fn annotations(mut self, annotations: Annotations) -> Self {
                self.description.annotations = Some(annotations);
                self
            }

            /// Attaches `value` under `key` to what clients learn. A key is called like `com.example/name`; prefixes
            /// of the protocol, such as `io.modelcontextprotocol/`, are for servers with an extension that has them.
            #[must_use]
            pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
                let meta: Meta = self.description.meta.take().unwrap_or_default();
                self.description.meta = Some(meta.with(key, value));
                self
            }

            /// Sets how long its contents may be kept, and by whom. Default: not at all.
            #[must_use]
            pub fn freshness(mut self, freshness: Freshness) -> Self {
                self.code.freshness = Some(freshness);
                self
            }

            /// Says what the handler will ask of the client. A client that does not offer it is refused
            /// before the handler runs.
            #[must_use]
            pub fn asks(mut self, asks: Asks) -> Self {
                self.code.asks = self.code.asks.and(asks);
                self
            }

            /// Has the form of `T` checked when the server is built, for handlers that ask for it.
            #[must_use]
            pub fn form<T: schemars::JsonSchema + 'static>(mut self) -> Self {
                self.code.forms.push(Form::cached::<T>);
                self
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type))
                    .field("description", &self.description)
                    .finish_non_exhaustive()
            }
        }
    };
}

setters!(Resource);
setters!(ResourceTemplate);
