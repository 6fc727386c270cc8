//! Checking arguments against an input schema, and which schemas need it.
//!
//! A typed handler's own reading enforces types, required members and the ranges of integers; only the
//! constraints beyond these cost a check.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use midfield_protocol::types::{Schema, ToolResult};
use serde_json::{Map, Value};

use super::handler::Arguments;
use super::tool::Trust;
use super::unique::Unique;
use super::weight::weigh;

/// The check of one tool's arguments; empty where its handler's reading is check enough.
#[derive(Debug)]
pub(super) struct ArgumentsCheck(Option<Check>);

#[derive(Debug)]
struct Check {
    validator: Validator,
    /// The schema refers to itself.
    is_recursive: bool,
}

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
        let weight = weigh(&value)
            .filter(|weight| weight.in_place <= MAX_IN_PLACE)
            .ok_or_else(|| {
                InvalidSchema(
                    "its parts refer to one another so often that a check would not end".into(),
                )
            })?;
        // What is derived from a type is a valid schema, and building a check costs more than all else at
        // the start of a server.
        if trust == Trust::Typed && !constrains_beyond_types(&value) {
            return Ok(Self(None));
        }
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
        Ok(Self(Some(Check {
            validator,
            is_recursive: weight.is_recursive,
        })))
    }

    /// Checks the arguments of one call.
    ///
    /// # Errors
    /// With a failure that names each place and what was expected there, up to a few.
    pub(super) fn check(&self, arguments: Arguments<'_>) -> Result<(), ToolResult> {
        let Some(check) = &self.0 else {
            return Ok(());
        };
        let Unique(value) = arguments.read()?;
        // This keeps in mind what it has found out; the search for places does not, so that it may take
        // exponential time in the depth of the arguments.
        if check.validator.is_valid(&value) {
            return Ok(());
        }
        if check.is_recursive && !is_small(&value) {
            return Err(ToolResult::error(
                "invalid arguments: they do not fit the input schema, and nest too deeply to say where",
            ));
        }
        let mut misfits: Vec<String> = check
            .validator
            .iter_errors(&value)
            .take(MAX_TOLD)
            .map(|error| {
                let path = error.instance_path().to_string();
                let place = if path.is_empty() {
                    String::new()
                } else {
                    format!(" at `{path}`")
                };
                match error.kind() {
                    ValidationErrorKind::FalseSchema => {
                        format!("invalid arguments{place}: there is no such argument")
                    }
                    _ => format!("invalid arguments{place}: {error}"),
                }
            })
            .collect();
        if misfits.is_empty() {
            // A pattern whose limit of steps was reached, which is no place to tell.
            misfits.push("invalid arguments: they do not fit the input schema".to_owned());
        }
        Err(ToolResult::error(misfits.join("\n")))
    }
}

/// Whether the places of misfits can be searched for in `value` in a short time, whatever the schema.
fn is_small(value: &Value) -> bool {
    fn walk(value: &Value, depth: usize, left: &mut usize) -> bool {
        let Some(fewer) = left.checked_sub(1) else {
            return false;
        };
        *left = fewer;
        match value {
            Value::Array(items) => {
                depth < MAX_TOLD_DEPTH && items.iter().all(|item| walk(item, depth + 1, left))
            }
            Value::Object(members) => {
                depth < MAX_TOLD_DEPTH && members.values().all(|item| walk(item, depth + 1, left))
            }
            _ => true,
        }
    }
    walk(value, 0, &mut { MAX_TOLD_PARTS })
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

/// Whether `minimum` and `maximum` are those that are derived from the integer type in `format`, and
/// which reading into it enforces.
fn is_range_of_integer(keywords: &Map<String, Value>) -> bool {
    let (minimum, maximum) = match keywords.get("format").and_then(Value::as_str) {
        Some("uint8") => (Some(0), Some(255)),
        Some("uint16") => (Some(0), Some(65_535)),
        Some("uint" | "uint32" | "uint64" | "uint128") => (Some(0), None),
        Some("int8") => (Some(-128), Some(127)),
        Some("int16") => (Some(-32_768), Some(32_767)),
        _ => (None, None),
    };
    let is = |keyword: &str, derived: Option<i64>| {
        keywords
            .get(keyword)
            .is_none_or(|value| derived.is_some() && value.as_i64() == derived)
    };
    is("minimum", minimum) && is("maximum", maximum)
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

/// Most parts of a schema that apply to one and the same place: more is no description but an attack.
const MAX_IN_PLACE: usize = 50_000;

/// Deepest nesting, and most parts, of arguments in which misfits with a recursive schema are searched for.
const MAX_TOLD_DEPTH: usize = 8;
const MAX_TOLD_PARTS: usize = 1_000;

/// Most steps that one pattern with look-around may take.
const MAX_BACKTRACKING: usize = 100_000;

/// Most misfits that are told at once.
const MAX_TOLD: usize = 5;
