//! A form as a person fills it in
//! ([2026-07-28, requested schema](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#requested-schema)):
//! what its fields are, what may stand in them, and what is wrong with what was said.
//!
//! What a server writes stays as it wrote it: whoever shows it takes out what a terminal obeys or a reader does not see.

mod field;
#[cfg(test)]
mod tests;
mod value;

use midfield_protocol::types::Schema;
use serde_json::{Map, Value};

use crate::client::Refusal;
use crate::form::{Author, flatten};

pub use field::{Choice, Field, Kind, Misfit};

/// The fields of a form, in the order in which the server lists them.
///
/// ```
/// use midfield::host::form::Fields;
/// use midfield::types::Schema;
///
/// let schema = serde_json::json!({"type": "object", "required": ["seats"], "properties": {
///     "seats": {"type": "integer", "title": "How many", "minimum": 1, "maximum": 9},
///     "class": {"type": "string", "enum": ["first", "second"], "default": "second"},
/// }});
/// let fields = Fields::read(&Schema::new(schema.as_object().cloned().unwrap()))?;
/// let seats = fields.field("seats").unwrap();
/// assert_eq!(seats.value("12").unwrap_err(), "it must be at most 9");
///
/// let mut content = serde_json::Map::new();
/// content.extend([("seats".to_owned(), seats.value("2").unwrap().unwrap())]);
/// fields.fill(&mut content);
/// assert_eq!(serde_json::json!(content), serde_json::json!({"seats": 2, "class": "second"}));
/// assert!(fields.misfits(&content).is_empty());
/// # Ok::<(), midfield::client::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// Reads the schema that a server asks by.
    ///
    /// A field that may be null is one that may be left out. A format that is not known is a text like any other, and a pattern
    /// that cannot be matched in linear time is left to the server ([`Field::unchecked`]). A default that does not fit is none.
    ///
    /// # Errors
    /// With the error `-32602` for the server, when the schema is none of a flat form, such as one with an object in it, or is
    /// larger than anybody would fill in.
    pub fn read(schema: &Schema) -> Result<Self, Refusal> {
        check_size(schema)?;
        let flat = flatten(&schema.to_value(), Author::Peer)
            .map_err(|error| Refusal::invalid(error.to_string()))?;
        let member = |value: &Value, keyword: &str| value.get(keyword).cloned();
        let told = Value::Object(flat.told);
        let required = member(&told, "required").unwrap_or_default();
        let is_required = |name: &str| {
            let mut names = required.as_array().into_iter().flatten();
            names.any(|required| required.as_str() == Some(name))
        };
        let Some(Value::Object(told)) = member(&told, "properties") else {
            return Ok(Self(Vec::new()));
        };
        let checked = flat.checked.get("properties");
        let fields = told.into_iter().map(|(name, told)| {
            let checked = checked.and_then(|checked| checked.get(&name));
            let checked = checked.cloned().unwrap_or_default();
            let is_required = is_required(&name);
            let secret = flat.secrets.get(&name).copied();
            let field = Field::read(&name, &told, checked, is_required, secret);
            field.map_err(|detail| {
                Refusal::invalid(format!(
                    "the field `{name}` has no place in a form: {detail}"
                ))
            })
        });
        Ok(Self(fields.collect::<Result<_, _>>()?))
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Field> {
        self.0.iter()
    }

    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.name() == name)
    }

    /// Whether there is nothing to fill in, so that the form is a mere yes or no.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Fills in the defaults of fields that were left out.
    pub fn fill(&self, content: &mut Map<String, Value>) {
        for field in &self.0 {
            if let (Some(default), false) = (field.default(), content.contains_key(field.name())) {
                content.insert(field.name().to_owned(), default.clone());
            }
        }
    }

    /// What is wrong with a filled-in form: values that do not fit, required fields that are left out, fields that are none.
    /// Nothing, when it can be sent.
    pub fn misfits(&self, content: &Map<String, Value>) -> Vec<Misfit> {
        let misfit = |field: &str, detail: String| Misfit {
            field: field.to_owned(),
            detail,
        };
        let mut misfits = Vec::new();
        for field in &self.0 {
            match content.get(field.name()) {
                Some(value) => {
                    if let Err(detail) = field.check(value) {
                        misfits.push(misfit(field.name(), detail));
                    }
                }
                None if field.is_required() => {
                    misfits.push(misfit(field.name(), "it is required".to_owned()));
                }
                None => {}
            }
        }
        let unknown = content.keys().filter(|name| self.field(name).is_none());
        misfits.extend(unknown.map(|name| misfit(name, "the form has no such field".to_owned())));
        misfits
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = &'a Field;
    type IntoIter = std::slice::Iter<'a, Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn check_size(schema: &Schema) -> Result<(), Refusal> {
    let fields = schema
        .keywords()
        .get("properties")
        .and_then(Value::as_object);
    if fields.is_some_and(|fields| fields.len() > MAX_FIELDS) {
        return Err(Refusal::invalid(format!(
            "the form has more than {MAX_FIELDS} fields"
        )));
    }
    if schema.to_value().to_string().len() > MAX_SCHEMA {
        return Err(Refusal::invalid(format!(
            "the form's schema has more than {MAX_SCHEMA} bytes"
        )));
    }
    Ok(())
}

/// Most fields of a form.
const MAX_FIELDS: usize = 100;

/// Most bytes of a form's schema.
const MAX_SCHEMA: usize = 128 << 10;
