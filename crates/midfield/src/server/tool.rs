//! A tool of a server: what clients learn about it, and the code behind it.

use std::fmt;
use std::sync::Arc;

use midfield_protocol::types::{self, Icon, Meta, Schema, ToolAnnotations};
use serde_json::Value;

use super::extract::Requirement;
use super::handler::{Handler, ToolHandler, Typed};

/// A tool of a server: what clients learn about it ([`types::Tool`]) and the code behind it.
#[derive(Clone)]
pub struct Tool {
    pub(super) description: types::Tool,
    pub(super) handler: Arc<dyn ToolHandler>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) trust: Trust,
}

/// Who checks that arguments fit the input schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The handler reads them into a type that the schema was made from: only constraints that a type
    /// does not have are left to check.
    Typed,
    /// Nobody yet: the server checks them against the schema before each call.
    Unchecked,
}

impl Tool {
    /// A tool named `name` whose schemas are those of the handler's parameters and result.
    ///
    /// `name` is 1 to 128 of `A-Z a-z 0-9 _ - .`, unique in the server.
    pub fn new<H: Handler<P>, P: 'static>(name: impl Into<String>, handler: H) -> Self {
        let mut description =
            types::Tool::new(name, <H as Handler<P>>::input_schema().unwrap_or_default());
        description.output_schema = <H as Handler<P>>::output_schema();
        Self {
            description,
            requirements: <H as Handler<P>>::requirements(),
            handler: Arc::new(Typed::new(handler)),
            trust: Trust::Typed,
        }
    }

    /// A tool that is made at run time. Its arguments are checked against its input schema before the
    /// handler sees them.
    pub fn from_handler(description: types::Tool, handler: impl ToolHandler) -> Self {
        Self {
            description,
            handler: Arc::new(handler),
            requirements: Vec::new(),
            trust: Trust::Unchecked,
        }
    }

    /// The name for programs.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// What clients learn about it.
    pub fn as_description(&self) -> &types::Tool {
        &self.description
    }

    /// Sets what it does, for the model that chooses it.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description.description = Some(description.into());
        self
    }

    /// Sets the name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.description.title = Some(title.into());
        self
    }

    /// Adds a picture.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.description.icons.push(icon);
        self
    }

    /// Sets the hints about its behaviour.
    #[must_use]
    pub fn annotations(mut self, annotations: ToolAnnotations) -> Self {
        self.description.annotations = Some(annotations);
        self
    }

    /// Replaces the input schema. The handler still reads what its parameters say, so the new schema must
    /// be narrower; arguments are checked against it before each call.
    #[must_use]
    pub fn input_schema(mut self, schema: Schema) -> Self {
        self.description.input_schema = schema;
        self.trust = Trust::Unchecked;
        self
    }

    /// Attaches `value` under `key` to what clients learn.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let meta: Meta = self.description.meta.take().unwrap_or_default();
        self.description.meta = Some(meta.with(key, value));
        self
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool")
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
