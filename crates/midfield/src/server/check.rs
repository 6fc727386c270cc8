//! Checking arguments against an input schema, and which schemas need it.
//!
//! A typed handler's own reading enforces types, required members and the ranges of integers; only the
//! constraints beyond these cost a check.

use jsonschema::{PatternOptions, Validator};
use midfield_protocol::types::{Schema, ToolResult};
use serde_json::{Map, Value};

use super::handler::Arguments;
use super::tool::Trust;

/// The check of one tool's arguments; empty where its handler's reading is check enough.
#[derive(Debug)]
pub(super) struct ArgumentsCheck(Option<Validator>);

/// The schema is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidSchema(String);

impl ArgumentsCheck {
    pub(super) fn new(schema: &Schema, trust: Trust) -> Result<Self, InvalidSchema> {
        if !schema.is_of_object() {
            return Err(InvalidSchema(
                "its root does not say `\"type\": \"object\"`".into(),
            ));
        }
        let value = schema.to_value();
        if count(&value) > MAX_SUBSCHEMAS {
            return Err(InvalidSchema(format!(
                "it has more than {MAX_SUBSCHEMAS} parts"
            )));
        }
        // Building it shows that it is a valid schema, also where the check itself is not needed.
        // The engine without look-around runs in linear time; only a pattern that needs more gets it,
        // within a limit of steps.
        let validator = jsonschema::options()
            .with_pattern_options(PatternOptions::regex())
            .build(&value)
            .or_else(|_| {
                let bounded = PatternOptions::fancy_regex().backtrack_limit(MAX_BACKTRACKING);
                jsonschema::options()
                    .with_pattern_options(bounded)
                    .build(&value)
            })
            .map_err(|error| InvalidSchema(error.to_string()))?;
        let needed = trust == Trust::Unchecked || constrains_beyond_types(&value);
        Ok(Self(needed.then_some(validator)))
    }

    /// Checks the arguments of one call.
    ///
    /// # Errors
    /// With a failure that names each place and what was expected there, up to a few.
    pub(super) fn check(&self, arguments: Arguments<'_>) -> Result<(), ToolResult> {
        let Some(validator) = &self.0 else {
            return Ok(());
        };
        let value: Value = arguments.read()?;
        let misfits: Vec<String> = validator
            .iter_errors(&value)
            .take(MAX_TOLD)
            .map(|error| {
                let path = error.instance_path().to_string();
                let place = if path.is_empty() {
                    String::new()
                } else {
                    format!(" at `{path}`")
                };
                format!("invalid arguments{place}: {error}")
            })
            .collect();
        if misfits.is_empty() {
            Ok(())
        } else {
            Err(ToolResult::error(misfits.join("\n")))
        }
    }
}

/// Whether the schema says something that reading into a Rust type does not enforce.
fn constrains_beyond_types(schema: &Value) -> bool {
    match schema {
        Value::Object(keywords) => keywords
            .iter()
            .any(|(keyword, value)| match keyword.as_str() {
                // The members of these are named by their author, not by JSON Schema.
                "properties" | "$defs" => value
                    .as_object()
                    .is_some_and(|members| members.values().any(constrains_beyond_types)),
                "minimum" | "maximum" => !is_range_of_integer(keywords),
                keyword if CONSTRAINTS.contains(&keyword) => true,
                "default" | "examples" | "enum" | "const" => false,
                _ => constrains_beyond_types(value),
            }),
        Value::Array(items) => items.iter().any(constrains_beyond_types),
        _ => false,
    }
}

/// `minimum` and `maximum` that are derived from `u8`, `i16` and the like go with a `format`.
fn is_range_of_integer(keywords: &Map<String, Value>) -> bool {
    keywords
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| format.starts_with("uint") || format.starts_with("int"))
        && keywords
            .get("minimum")
            .is_none_or(|minimum| minimum.as_i64() <= Some(0))
        && keywords.get("maximum").is_none_or(|maximum| {
            [127, 255, 32_767, 65_535]
                .into_iter()
                .any(|edge| maximum.as_i64() == Some(edge))
        })
}

/// The number of objects and arrays in a schema, near enough to the number of its parts.
fn count(schema: &Value) -> usize {
    match schema {
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        _ => 0,
    }
}

const CONSTRAINTS: [&str; 20] = [
    "additionalProperties",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "not",
    "pattern",
    "patternProperties",
    "propertyNames",
    "uniqueItems",
];

/// Most parts of a schema that is taken: a bound for what a check may cost.
const MAX_SUBSCHEMAS: usize = 50_000;

/// Most steps that one pattern with look-around may take.
const MAX_BACKTRACKING: usize = 100_000;

/// Most misfits that are told at once.
const MAX_TOLD: usize = 5;
