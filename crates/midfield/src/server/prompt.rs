//! A prompt of a server: what clients learn about it, and the code behind it.

use std::sync::Arc;

use midfield_protocol::types::{self, PromptArgument, PromptResult, Schema};
use serde_json::Value;

use super::IntoPromptResult;
use super::ask::Asks;
use super::complete::{Completer, Completers};
use super::described::described;
use super::extract::Requirement;
use super::form::FormOf;
use super::handler::{Handler, RawHandler, Typed};
use super::words::{Words, not_of_text};

/// A prompt of a server: what clients learn about it ([`types::Prompt`]) and the code behind it
/// ([prompts](https://modelcontextprotocol.io/specification/2026-07-28/server/prompts)).
///
/// ```
/// use midfield::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Review {
///     /// The code to look at.
///     code: String,
///     /// How many findings at most.
///     most: Option<u32>,
/// }
///
/// let review = Prompt::new("review", async |Args(review): Args<Review>| {
///     format!("Review this, with at most {} findings:\n{}", review.most.unwrap_or(5), review.code)
/// })
/// .description("Review code.");
/// # let _ = review;
/// ```
#[derive(Clone)]
pub struct Prompt {
    pub(super) description: types::Prompt,
    pub(super) handler: Arc<dyn RawHandler<PromptResult>>,
    pub(super) requirements: Vec<Requirement>,
    /// The first argument that is no text.
    pub(super) unfit: Option<String>,
    pub(super) words: Words,
    pub(super) completers: Completers,
    pub(super) asks: Asks,
    pub(super) forms: Vec<FormOf>,
}

impl Prompt {
    /// A prompt named `name` whose arguments are those of the handler's parameters. Clients give arguments
    /// as text: numbers and booleans are read from it.
    pub fn new<H, P>(name: impl Into<String>, handler: H) -> Self
    where
        H: Handler<P>,
        H::Output: IntoPromptResult,
        P: 'static,
    {
        let schema = <H as Handler<P>>::input_schema().unwrap_or_default();
        let words = Words::of(&schema);
        let mut description = types::Prompt::new(name);
        description.arguments = arguments(&schema);
        Self {
            description,
            requirements: <H as Handler<P>>::requirements(),
            handler: Arc::new(Typed::new(handler)),
            completers: Completers::of_choices(&words),
            unfit: not_of_text(&schema).map(str::to_owned),
            words,
            asks: Asks::default(),
            forms: Vec::new(),
        }
    }

    /// A prompt that is made at run time. That the required arguments are there is checked before the
    /// handler sees them.
    pub fn from_handler(
        description: types::Prompt,
        handler: impl RawHandler<PromptResult>,
    ) -> Self {
        Self {
            description,
            handler: Arc::new(handler),
            requirements: Vec::new(),
            unfit: None,
            words: Words::default(),
            completers: Completers::default(),
            asks: Asks::default(),
            forms: Vec::new(),
        }
    }

    /// The name for programs.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Completes the argument `argument` by `completer`. Arguments that are choices or booleans complete
    /// themselves.
    #[must_use]
    pub fn complete(mut self, argument: impl Into<String>, completer: impl Completer) -> Self {
        self.completers.insert(argument.into(), completer);
        self
    }
}

/// The arguments that a schema's properties are.
fn arguments(schema: &Schema) -> Vec<PromptArgument> {
    let keywords = schema.keywords();
    let required: Vec<&str> = keywords
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = keywords.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flatten()
        .map(|(name, property)| {
            let text = |keyword: &str| {
                property
                    .get(keyword)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            let mut argument = PromptArgument::new(name);
            argument.title = text("title");
            argument.description = text("description");
            argument.required = required.contains(&name.as_str()).then_some(true);
            argument
        })
        .collect()
}

described!(Prompt: types::Prompt, "Sets what it is for.", asks: asks, forms: forms);
