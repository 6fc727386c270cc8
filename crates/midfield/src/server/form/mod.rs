//! Forms: what a server asks its user to fill in, as a Rust type or as a schema
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#requested-schema),
//! [2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#requested-schema)).
//!
//! The same form serves both revisions; asking, and the message beside the form, are not here. What
//! 2025-06-18 does not know (titles by `oneOf`, several choices) is for whoever writes that revision.

#[cfg(test)]
mod tests;

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{PatternOptions, ValidationError, Validator};
use midfield_protocol::types::Schema;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::schema::input_schema;
pub use crate::form::NotAForm;
use crate::form::{Author, flatten};

/// What a user is asked to fill in: named fields, each a text, a number, a yes or no, or a choice.
///
/// ```
/// use midfield::prelude::*;
/// use midfield::server::Form;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Booking {
///     /// Who travels.
///     name: String,
///     #[schemars(range(min = 1, max = 9))]
///     seats: u8,
///     class: Option<Class>,
/// }
///
/// #[derive(Deserialize, JsonSchema)]
/// enum Class {
///     /// Second class
///     Second,
///     /// First class
///     First,
/// }
///
/// let form = Form::of::<Booking>()?;
/// let answer = serde_json::json!({ "name": "Ada", "seats": 2, "class": "First" });
/// let booking: Booking = form.read(answer.as_object().unwrap()).unwrap();
/// # assert_eq!(booking.seats, 2);
/// # Ok::<(), midfield::server::NotAForm>(())
/// ```
#[derive(Clone, Debug)]
pub struct Form {
    schema: Schema,
    validator: Validator,
}

/// What makes the form of a type, to be called when the server is built.
pub(in crate::server) type FormOf = fn() -> Result<Arc<Form>, NotAForm>;

impl Form {
    /// The form whose fields are those of `T`.
    ///
    /// - A field is a string, a number, a `bool`, an enum of unit variants or a `Vec` of one.
    /// - An `Option`, and a field with a default, need not be filled in.
    /// - An enum any of whose variants has documentation or a title is shown with these.
    /// - What a form cannot say (`pattern`, `exclusiveMinimum`, other formats) is not told, but checked.
    ///
    /// # Errors
    /// When `T` is anything else, such as a struct in a struct, or asks for a secret.
    pub fn of<T: JsonSchema>() -> Result<Self, NotAForm> {
        Self::new(&input_schema::<T>())
    }

    /// The form of [`Form::of`], made once for each type and kept as long as the program runs.
    ///
    /// # Errors
    /// As [`Form::of`].
    pub fn cached<T: JsonSchema + 'static>() -> Result<Arc<Self>, NotAForm> {
        let id = TypeId::of::<T>();
        // Whoever panicked with the lock left a map that is whole.
        let lock = || FORMS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(form) = lock().get(&id) {
            return Ok(Arc::clone(form));
        }
        let made = Arc::new(Self::of::<T>()?);
        Ok(Arc::clone(lock().entry(id).or_insert(made)))
    }

    /// The form that a hand-written schema asks for, under the same rules as [`Form::of`]. The older
    /// titles of choices, `enumNames`, stay as they are.
    ///
    /// # Errors
    /// When the schema is none, or none of a form.
    pub fn new(schema: &Schema) -> Result<Self, NotAForm> {
        let flat = flatten(&schema.to_value(), Author::Ourselves)?;
        let validator = jsonschema::options()
            // The engine without look-around runs in linear time, whatever a user answers.
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .build(&flat.checked)
            .map_err(|error| invalid(&error))?;
        let form = Self {
            schema: Schema::new(flat.told),
            validator,
        };
        form.check_defaults()?;
        Ok(form)
    }

    /// What the client is told: the `requestedSchema` of a request.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Checks an answer. A field that the form does not have is an error too.
    ///
    /// # Errors
    /// With a line for each field that is wrong, up to a few. What the user filled in is not repeated.
    pub fn check(&self, answer: &Map<String, Value>) -> Result<(), String> {
        let misfits = self.misfits(answer);
        if misfits.is_empty() {
            return Ok(());
        }
        let lines = misfits
            .into_iter()
            .map(|(field, misfit)| format!("the field `{field}`: {misfit}"));
        Err(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Checks an answer and reads it as a `T`.
    ///
    /// # Errors
    /// As [`Form::check`], or when a `T` says more than the form can.
    pub fn read<T: DeserializeOwned>(&self, answer: &Map<String, Value>) -> Result<T, String> {
        self.check(answer)?;
        let mut answer = answer.clone();
        for (name, value) in &mut answer {
            // To JSON, 30.0 is an integer; to Rust it is none.
            if let Some(integer) = self.integer(name, value) {
                *value = integer.into();
            }
        }
        serde_path_to_error::deserialize(Value::Object(answer)).map_err(|error| {
            let path = error.path().to_string();
            format!("the field `{path}`: {}", error.into_inner())
        })
    }

    fn misfits(&self, answer: &Map<String, Value>) -> Vec<(String, String)> {
        let answer = Value::Object(answer.clone());
        let mut misfits: Vec<(String, String)> = Vec::new();
        for error in self.validator.iter_errors(&answer) {
            match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected } => {
                    let unexpected = unexpected.iter().take(MAX_TOLD);
                    misfits
                        .extend(unexpected.map(|name| (shortened(name), "there is none".into())));
                }
                ValidationErrorKind::Required { property } => {
                    let name = property.as_str().unwrap_or_default();
                    misfits.push((name.to_owned(), "it is required".into()));
                }
                _ => {
                    let name = place(error.instance_path(), 0).unwrap_or_default();
                    misfits.push((name, error.masked().to_string()));
                }
            }
            if misfits.len() >= MAX_TOLD {
                break;
            }
        }
        misfits.truncate(MAX_TOLD);
        misfits
    }

    /// A default must be an answer that the form takes.
    fn check_defaults(&self) -> Result<(), NotAForm> {
        let fields = self.schema.keywords().get("properties");
        let fields = fields.and_then(Value::as_object).into_iter().flatten();
        let defaults: Map<String, Value> = fields
            .filter_map(|(name, field)| Some((name.clone(), field.get("default")?.clone())))
            .collect();
        let defaults = Value::Object(defaults);
        let mut misfits = self.validator.iter_errors(&defaults);
        // A default stands for its field alone, so that others are missing.
        let is_of_field = |error: &ValidationError<'_>| !error.instance_path().is_empty();
        misfits.find(is_of_field).map_or(Ok(()), |error| {
            Err(NotAForm::Field {
                field: place(error.instance_path(), 0).unwrap_or_default(),
                detail: format!("its default is no answer to it: {error}"),
            })
        })
    }

    /// The integer that `value` is although it is written with a fraction.
    fn integer(&self, name: &str, value: &Value) -> Option<i64> {
        let fields = self.schema.keywords().get("properties")?;
        if fields.get(name)?.get("type")? != "integer" || !value.is_f64() {
            return None;
        }
        format!("{:.0}", value.as_f64()?).parse().ok()
    }
}

/// The member that is `depth` members deep on the way to a place.
fn place(location: &Location, depth: usize) -> Option<String> {
    match location.segments().nth(depth)? {
        LocationSegment::Property(name) => Some(name.into_owned()),
        LocationSegment::Index(_) => None,
    }
}

/// A name that the peer chose, short enough to be told.
fn shortened(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

/// A keyword has a value that it cannot have.
fn invalid(error: &ValidationError<'_>) -> NotAForm {
    let detail = error.to_string();
    match place(error.instance_path(), 1) {
        Some(field) => NotAForm::Field { field, detail },
        None => NotAForm::Root { detail },
    }
}

/// The forms of types, as many at most as the program has types.
static FORMS: LazyLock<Mutex<HashMap<TypeId, Arc<Form>>>> = LazyLock::new(Mutex::default);

/// Most misfits that are told at once.
const MAX_TOLD: usize = 16;

/// Most characters of a name that is told.
const MAX_NAME: usize = 64;
