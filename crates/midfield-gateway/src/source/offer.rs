//! An operation as the tool that clients learn about.

use jsonschema::{PatternOptions, Validator};
use midfield::types::{self, Schema, ToolAnnotations};
use midfield_openapi::Operation;
use serde_json::Value;

use super::address::{self, ChosenBy};
use super::job::ID;
use super::text::{MAX_DESCRIPTION, clean, clean_schema, cut};
use crate::config::{self, Follow, Jobs, Responses};

/// An operation as the tool that clients learn about.
#[derive(Debug)]
pub(crate) struct Offer {
    /// What clients learn about it.
    pub(crate) description: types::Tool,
    /// What the document says.
    pub(crate) operation: Operation,
    /// Who chose the address that it is called at.
    pub(super) chosen_by: ChosenBy,
    /// The check of its answers; absent where any answer is passed on.
    pub(super) answers: Option<Validator>,
    /// How its jobs are followed; absent where they are not.
    pub(crate) jobs: Option<Jobs>,
}

/// Why an operation cannot be offered.
#[derive(Debug, thiserror::Error)]
pub(super) enum OfferError {
    #[error(transparent)]
    Address(#[from] address::Refused),
    #[error("its input schema is not an object")]
    InputSchema,
}

impl Offer {
    pub(super) fn new(source: &config::Source, operation: Operation) -> Result<Self, OfferError> {
        let base_url = source.base_url.as_ref();
        let chosen_by = address::choose(base_url, &source.document, &operation.base_url)?;
        let input = schema(operation.input_schema.clone()).ok_or(OfferError::InputSchema)?;
        let mut description = types::Tool::new(tool_name(source, &operation), input);
        description.title = title(&operation);
        description.description = text(&operation);
        description.annotations = Some(annotations(&operation));
        let mut offer = Self {
            description,
            chosen_by,
            answers: None,
            jobs: None,
            operation,
        };
        offer.jobs = offer.followed(source);
        if offer.jobs.is_some() {
            let description = offer.description.description.get_or_insert_default();
            if !description.is_empty() {
                description.push_str("\n\n");
            }
            description.push_str(WAITS);
        }
        // The document says what the operation answers, and not what comes of its jobs.
        if offer.jobs.is_none() && source.responses == Responses::Checked {
            offer.check_answers();
        }
        Ok(offer)
    }

    /// The name of the tool.
    pub(crate) fn name(&self) -> &str {
        &self.description.name
    }

    /// Whether its calls take up jobs and follow them.
    pub(crate) fn follows_jobs(&self) -> bool {
        self.jobs.is_some()
    }

    /// The operation behind it: its method and path.
    pub(crate) fn label(&self) -> String {
        clean(&format!(
            "{} {}",
            self.operation.method, self.operation.path
        ))
    }

    /// How its jobs are followed, if they are.
    fn followed(&mut self, source: &config::Source) -> Option<Jobs> {
        let jobs = config_of(&source.operation_jobs, &self.operation)
            .map_or(&source.jobs, |placed| &placed.value);
        let is_followed = match jobs.follow {
            Follow::Documented => self.operation.accepted.is_some(),
            Follow::Always => true,
            Follow::Never => false,
        };
        if !is_followed {
            return None;
        }
        let unknown = jobs.names().find(|name| {
            let mut arguments = self.operation.arguments();
            *name != ID && !arguments.any(|argument| argument.name == *name)
        });
        if let Some(name) = unknown {
            let note = format!(
                "its jobs are not followed: a template in `jobs` has `{{{name}}}`, which is no argument of it"
            );
            self.operation.notes.push(note);
            return None;
        }
        Some(jobs.clone())
    }

    /// Promises what the document says of answers, where that can be checked.
    fn check_answers(&mut self) {
        let Some(output) = self.operation.output_schema.clone().and_then(schema) else {
            return;
        };
        match compile(&output.to_value()) {
            Ok(validator) => {
                self.description.output_schema = Some(output);
                self.answers = Some(validator);
            }
            Err(error) => {
                let note = format!("its answers are not checked: their schema is broken: {error}");
                self.operation.notes.push(note);
            }
        }
    }
}

/// The schema with its texts cleaned; none when it is `true`, which says nothing, or `false`.
fn schema(mut value: Value) -> Option<Schema> {
    clean_schema(&mut value);
    match value {
        Value::Object(keywords) => Some(Schema::new(keywords)),
        _ => None,
    }
}

/// The engine without look-around runs in linear time; only a pattern that needs more gets it, within a
/// limit of steps.
fn compile(schema: &Value) -> Result<Validator, jsonschema::ValidationError<'static>> {
    let linear = jsonschema::options().with_pattern_options(PatternOptions::regex());
    linear.build(schema).or_else(|_| {
        let bounded = PatternOptions::fancy_regex().backtrack_limit(MAX_BACKTRACKING);
        jsonschema::options()
            .with_pattern_options(bounded)
            .build(schema)
    })
}

fn tool_name(source: &config::Source, operation: &Operation) -> String {
    match config_of(&source.rename, operation) {
        Some(name) => name.value.clone(),
        None => format!("{}{}", source.prefix.as_str(), operation.name),
    }
}

/// What a table of operations says of this one.
fn config_of<'a, T>(table: &'a config::Map<T>, operation: &Operation) -> Option<&'a T> {
    let id = operation.operation_id.as_ref();
    id.and_then(|id| table.get(id))
        .or_else(|| table.get(&operation.name))
}

/// The summary, where it is short enough for a name.
fn title(operation: &Operation) -> Option<String> {
    let summary = clean(operation.summary.as_deref()?);
    let summary = summary.trim_end_matches('.');
    (summary.len() <= MAX_TITLE && !summary.contains('\n')).then(|| summary.to_owned())
}

fn text(operation: &Operation) -> Option<String> {
    let summary = operation.summary.as_deref().unwrap_or_default();
    let description = operation.description.as_deref().unwrap_or_default();
    let mut text = if description.starts_with(summary.trim_end_matches('.')) {
        description.to_owned()
    } else if description.is_empty() {
        summary.to_owned()
    } else {
        format!("{summary}\n\n{description}")
    };
    if operation.deprecated {
        text.push_str("\n\nDeprecated: the service may take it away.");
    }
    let text = cut(clean(&text).trim(), MAX_DESCRIPTION);
    (!text.is_empty()).then_some(text)
}

fn annotations(operation: &Operation) -> ToolAnnotations {
    let mut annotations = ToolAnnotations::default();
    annotations.read_only_hint = Some(operation.hints.read_only);
    annotations.destructive_hint = Some(operation.hints.destructive);
    annotations.idempotent_hint = Some(operation.hints.idempotent);
    annotations
}

/// What is said of a tool that follows jobs: documents tell to ask for the job oneself.
const WAITS: &str = "The answer comes when the work has ended, with what came of it: there is no need to ask for its job.";

const MAX_TITLE: usize = 80;

/// Most steps that one pattern with look-around may take.
const MAX_BACKTRACKING: usize = 100_000;
