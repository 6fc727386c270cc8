//! One field: what it is, and which values fit.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::value;

/// A field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    name: String,
    title: Option<String>,
    description: Option<String>,
    is_required: bool,
    default: Option<Value>,
    kind: Kind,
    secret: Option<&'static str>,
    unchecked: Option<String>,
    validator: Validator,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A text.
    Text {
        /// What kind of text, such as `email`, `uri`, `date` or `date-time`. Others may be anything.
        format: Option<String>,
        /// Fewest characters.
        min_length: Option<u64>,
        /// Most characters.
        max_length: Option<u64>,
        /// The regular expression that it matches somewhere.
        pattern: Option<String>,
    },
    /// A whole number.
    Integer {
        /// The least.
        minimum: Option<f64>,
        /// The greatest.
        maximum: Option<f64>,
    },
    /// A number.
    Number {
        /// The least.
        minimum: Option<f64>,
        /// The greatest.
        maximum: Option<f64>,
    },
    /// A yes or no.
    Boolean,
    /// One of these.
    One(Vec<Choice>),
    /// Some of these.
    Many {
        /// What can be chosen.
        choices: Vec<Choice>,
        /// Fewest that are chosen.
        min_items: Option<u64>,
        /// Most that are chosen.
        max_items: Option<u64>,
    },
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What it is called for people; the value where the server says nothing.
    pub title: String,
}

/// A field of a filled-in form that cannot be sent so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the field `{field}`: {detail}")]
#[non_exhaustive]
pub struct Misfit {
    /// Its name.
    pub field: String,
    /// What is wrong, for the person who filled it in. It does not repeat the value.
    pub detail: String,
}

impl Field {
    /// Reads a field from what people are told of it, and what is checked.
    ///
    /// # Errors
    /// With what is wrong, when a keyword has a value that it cannot have.
    pub(super) fn read(
        name: &str,
        told: &Value,
        mut checked: Value,
        is_required: bool,
        secret: Option<&'static str>,
    ) -> Result<Self, String> {
        let text = |keyword: &str| told.get(keyword).and_then(Value::as_str).map(str::to_owned);
        let mut unchecked = None;
        let validator = match build(&checked) {
            Ok(validator) => validator,
            Err(error) => {
                // Often a pattern of a richer language than the one that is matched in linear time.
                let keywords = checked.as_object_mut();
                let pattern = keywords.and_then(|keywords| keywords.shift_remove("pattern"));
                let Some(Value::String(pattern)) = pattern else {
                    return Err(error);
                };
                unchecked = Some(pattern);
                build(&checked)?
            }
        };
        let mut field = Self {
            name: name.to_owned(),
            title: text("title"),
            description: text("description"),
            is_required,
            default: None,
            kind: Kind::read(told, &checked)?,
            secret,
            unchecked,
            validator,
        };
        let default = told.get("default").cloned();
        field.default = default.filter(|default| field.check(default).is_ok());
        Ok(field)
    }

    /// The name that its value is sent under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called for people.
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What is to be filled in.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Whether the form cannot be sent without it.
    pub fn is_required(&self) -> bool {
        self.is_required
    }

    /// What stands in it before anybody fills it in. It fits.
    pub fn default(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// What it holds.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The secret that it seems to ask for, by its name, title, description or format. A form must ask for none: it passes
    /// through the host ([form mode security](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#form-mode-security)).
    /// A guard against mistakes, and no proof: it reads words.
    pub fn secret(&self) -> Option<&'static str> {
        self.secret
    }

    /// The pattern that is left to the server, because it cannot be matched in a time that is known beforehand.
    pub fn unchecked(&self) -> Option<&str> {
        self.unchecked.as_deref()
    }

    /// The value that a person says by `text`; `None` when it is left out. Of choices the text has the values, the titles or
    /// the numbers from 1, with commas between where there may be several.
    ///
    /// # Errors
    /// With what is wrong, in words for whoever said it.
    pub fn value(&self, text: &str) -> Result<Option<Value>, String> {
        if text.trim().is_empty() {
            return if self.is_required {
                Err("it is required".to_owned())
            } else {
                Ok(None)
            };
        }
        let value = value::read(&self.kind, text)?;
        self.check(&value)?;
        Ok(Some(value))
    }

    /// The text by which a person would say `value`: what a field is filled in with beforehand, and shown as afterwards.
    pub fn text(&self, value: &Value) -> String {
        value::text(&self.kind, value)
    }

    /// Checks a value.
    ///
    /// # Errors
    /// With what is wrong, in words for whoever said it. The value is not repeated.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        value::check(&self.kind, value)?;
        self.validator.validate(value).map_err(|error| told(&error))
    }
}

impl Kind {
    fn read(told: &Value, checked: &Value) -> Result<Self, String> {
        let text = |keyword: &str| {
            checked
                .get(keyword)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let number = |keyword: &str| told.get(keyword).and_then(Value::as_f64);
        // To JSON, 3.0 is a count too. The validator knows that it is none below zero.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        let count = |keyword: &str| number(keyword).map(|number| number as u64);
        if let Some(choices) = choices(told) {
            return Ok(Self::One(choices));
        }
        let kind = match told.get("type").and_then(Value::as_str) {
            Some("string") => Self::Text {
                format: text("format"),
                min_length: count("minLength"),
                max_length: count("maxLength"),
                pattern: text("pattern"),
            },
            Some("integer") => Self::Integer {
                minimum: number("minimum"),
                maximum: number("maximum"),
            },
            Some("number") => Self::Number {
                minimum: number("minimum"),
                maximum: number("maximum"),
            },
            Some("boolean") => Self::Boolean,
            Some("array") => Self::Many {
                choices: told.get("items").and_then(choices).unwrap_or_default(),
                min_items: count("minItems"),
                max_items: count("maxItems"),
            },
            _ => return Err("it is of no type that a field has".to_owned()),
        };
        Ok(kind)
    }
}

/// The choices that a schema lists, in any of the forms that a flat form has.
fn choices(schema: &Value) -> Option<Vec<Choice>> {
    let list = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
    if let Some(values) = list("enum") {
        let names = list("enumNames");
        let choices = values.iter().enumerate().filter_map(|(at, value)| {
            let value = value.as_str()?;
            let name = names.and_then(|names| names.get(at)?.as_str());
            Some(Choice {
                value: value.to_owned(),
                title: name.unwrap_or(value).to_owned(),
            })
        });
        return Some(choices.collect());
    }
    let titled = list("oneOf").or_else(|| list("anyOf"))?;
    let choices = titled.iter().filter_map(|choice| {
        let value = choice.get("const")?.as_str()?;
        let title = choice.get("title").and_then(Value::as_str);
        Some(Choice {
            value: value.to_owned(),
            title: title.unwrap_or(value).to_owned(),
        })
    });
    Some(choices.collect())
}

fn build(checked: &Value) -> Result<Validator, String> {
    let mut checked = checked.clone();
    if let Some(keywords) = checked.as_object_mut() {
        // Neither restricts anything, and a default may be wrong.
        for annotation in ["title", "description", "default", "enumNames"] {
            keywords.shift_remove(annotation);
        }
    }
    let pattern = checked.get("pattern").and_then(Value::as_str);
    if pattern.is_some_and(|pattern| pattern.len() > MAX_PATTERN) {
        return Err(format!("its pattern has more than {MAX_PATTERN} bytes"));
    }
    jsonschema::options()
        // A server's pattern runs in linear time, whatever a person answers.
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_COMPILED))
        .should_validate_formats(true)
        .build(&checked)
        .map_err(|error| error.masked().to_string())
}

/// What is wrong, for people.
fn told(error: &ValidationError<'_>) -> String {
    match error.kind() {
        ValidationErrorKind::Format { format } => match format.as_str() {
            "email" => "it must be an email address, such as ada@example.com".to_owned(),
            "uri" => "it must be a whole address, such as https://example.com/page".to_owned(),
            "date" => "it must be a date, such as 2026-03-31".to_owned(),
            "date-time" => "it must be a date and time, such as 2026-03-31T09:30:00Z".to_owned(),
            other => format!("it must have the format `{other}`"),
        },
        ValidationErrorKind::Pattern { pattern } => format!("it must match the pattern {pattern}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("it must be more than {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("it must be less than {limit}"),
        ValidationErrorKind::MultipleOf { multiple_of } => {
            format!("it must be a multiple of {multiple_of}")
        }
        ValidationErrorKind::UniqueItems => "nothing may be chosen twice".to_owned(),
        _ => error.masked().to_string(),
    }
}

/// Most bytes of a pattern.
const MAX_PATTERN: usize = 1 << 10;

/// Most bytes that a compiled pattern takes.
const MAX_COMPILED: usize = 1 << 20;
