//! Checking arguments against an input schema, which schemas need it, and results against an output schema.
//!
//! A typed handler's own reading enforces types, required members and the ranges of integers; only the
//! constraints beyond these cost a check. Results are checked whoever wrote them: a type may be written in
//! another way than its schema says, by a constraint that its values break or by hand
//! ([2026-07-28, output schema](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#output-schema)).

use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, Validator};
use midfield_protocol::Raw;
use midfield_protocol::types::{Schema, ToolResult};
use serde_json::{Map, Value};

use super::handler::{Arguments, Misfit};
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
    /// The names of the first few arguments that there are.
    takes: Vec<String>,
}

/// The schema is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidSchema(String);

impl ArgumentsCheck {
    pub(super) fn new(schema: &Schema, trust: Trust) -> Result<Self, InvalidSchema> {
        if !schema.is_of_object() {
            return Err(InvalidSchema(
                "its root does not say `\"type\": \"object\"`".into(),
            ));
        }
        let value = schema.to_value();
        let is_recursive = measured(&value)?;
        // What is derived from a type is a valid schema, and building a check costs more than all else at
        // the start of a server.
        if trust == Trust::Typed && !constrains_beyond_types(&value) {
            return Ok(Self(None));
        }
        let validator = validator(&value)?;
        Ok(Self(Some(Check {
            validator,
            is_recursive,
            takes: schema
                .keywords()
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .filter(|(_, schema)| **schema != Value::Bool(false))
                .map(|(name, _)| name.clone())
                .take(MAX_NAMED)
                .collect(),
        })))
    }

    /// Checks the arguments of one call.
    ///
    /// # Errors
    /// With a failure that names each place and what was expected there, up to a few.
    pub(super) fn check(&self, arguments: Arguments<'_>) -> Result<(), Misfit> {
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
            return Err(Misfit::new(
                "invalid arguments: they do not fit the input schema, and nest too deeply to say where",
            ));
        }
        let mut misfits: Vec<String> = check
            .validator
            .iter_errors(&value)
            .take(MAX_TOLD)
            .map(|error| {
                let path = error.instance_path().to_string();
                // What was sent is not repeated: it may be a secret, or long.
                let told = error.masked();
                match error.kind() {
                    ValidationErrorKind::FalseSchema => check.unknown(&path, &value),
                    _ if path.is_empty() => format!("invalid arguments: {told}"),
                    _ => format!("invalid arguments at `{path}`: {told}"),
                }
            })
            .collect();
        if misfits.is_empty() {
            // A pattern whose limit of steps was reached, which is no place to tell.
            misfits.push("invalid arguments: they do not fit the input schema".to_owned());
        }
        Err(Misfit::new(misfits.join("\n")))
    }
}

/// The check of one tool's structured results.
#[derive(Debug)]
pub(crate) struct ResultCheck {
    schema: Value,
    /// Made when it is needed first; `None` where the schema is none.
    validator: OnceLock<Option<Validator>>,
    is_recursive: bool,
}

impl ResultCheck {
    pub(super) fn new(schema: &Schema, trust: Trust) -> Result<Self, InvalidSchema> {
        let schema = schema.to_value();
        let is_recursive = measured(&schema)?;
        // What is derived from a type is a valid schema, and building the first check of a process costs more than
        // all else at the start of a server.
        let made = match trust {
            Trust::Typed => OnceLock::new(),
            Trust::Unchecked => OnceLock::from(Some(validator(&schema)?)),
        };
        Ok(Self {
            schema,
            validator: made,
            is_recursive,
        })
    }

    /// The check of what a peer promises.
    pub(crate) fn of_peer(schema: &Schema) -> Result<Self, InvalidSchema> {
        Self::new(schema, Trust::Unchecked)
    }

    fn validator(&self) -> Option<&Validator> {
        let made = self.validator.get_or_init(|| {
            validator(&self.schema)
                .inspect_err(|error| tracing::error!(%error, "a type's output schema is not valid"))
                .ok()
        });
        made.as_ref()
    }

    /// The result, or a failure in its place when it is not what the tool says: a client may rely on that.
    pub(super) fn checked(&self, result: ToolResult) -> ToolResult {
        if result.is_error {
            return result;
        }
        match self.misfit(result.structured_content.as_ref()) {
            None => result,
            Some(misfit) => {
                let misfit = format!("the result does not fit the tool's output schema{misfit}");
                tracing::error!("{misfit}");
                ToolResult::error(misfit)
            }
        }
    }

    /// What is wrong with a structured result, to be put behind a sentence about it.
    pub(crate) fn misfit(&self, structured: Option<&Raw>) -> Option<String> {
        let Some(structured) = structured else {
            return Some(": there is no structured content".to_owned());
        };
        let Ok(value) = structured.read::<Value>() else {
            return Some(String::new());
        };
        let Some(validator) = self.validator() else {
            return Some(", which is not valid".to_owned());
        };
        if validator.is_valid(&value) {
            return None;
        }
        if self.is_recursive && !is_small(&value) {
            return Some(String::new());
        }
        let error = validator.iter_errors(&value).next()?;
        // What the value is may be a secret of the system behind the tool; where it is may not.
        Some(format!(" at `{}`", error.instance_path()))
    }
}

/// Whether a schema refers to itself, once it is known to cost no more than is allowed.
pub(crate) fn measured(schema: &Value) -> Result<bool, InvalidSchema> {
    if count(schema) > MAX_SUBSCHEMAS {
        return Err(InvalidSchema(format!(
            "it has more than {MAX_SUBSCHEMAS} parts"
        )));
    }
    let weight = weigh(schema)
        .filter(|weight| weight.in_place <= MAX_IN_PLACE)
        .ok_or_else(|| {
            InvalidSchema(
                "its parts refer to one another so often that a check would not end".into(),
            )
        })?;
    Ok(weight.is_recursive)
}

/// The engine without look-around runs in linear time; only a pattern that needs more gets it, within a
/// limit of steps.
fn validator(schema: &Value) -> Result<Validator, InvalidSchema> {
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .or_else(|_| {
            let bounded = PatternOptions::fancy_regex().backtrack_limit(MAX_BACKTRACKING);
            jsonschema::options()
                .with_pattern_options(bounded)
                .build(schema)
        })
        .map_err(|error| InvalidSchema(error.to_string()))
}

impl Check {
    /// The failure of arguments that there are not, at `path` or, without, all of them.
    fn unknown(&self, path: &str, arguments: &Value) -> String {
        let names: Vec<&str> = match path.strip_prefix('/') {
            Some(name) => vec![name],
            None => arguments
                .as_object()
                .into_iter()
                .flat_map(|members| members.keys().map(String::as_str))
                .take(MAX_TOLD)
                .collect(),
        };
        let takes = if self.takes.is_empty() {
            "none".to_owned()
        } else {
            quoted(self.takes.iter().map(String::as_str))
        };
        format!(
            "invalid arguments: there is no argument {}; the tool takes {takes}",
            quoted(names.into_iter())
        )
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Whether the places of misfits can be searched for in `value` in a short time, whatever the schema.
pub(crate) fn is_small(value: &Value) -> bool {
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

/// Most arguments that are named where one is unknown.
const MAX_NAMED: usize = 20;

/// Most misfits that are told at once.
const MAX_TOLD: usize = 5;
