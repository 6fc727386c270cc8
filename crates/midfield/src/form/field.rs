//! One field of a form: a text, a number, a yes or no, or a choice.

use serde_json::Value;

use super::choice::{Choices, LISTS};
use super::flatten::{Keywords, Scope};
use super::secret::secret;
use super::{Author, NotAForm};

/// A field in its two shapes.
pub(super) struct Field {
    /// What the client is told, within the subset of the specification.
    pub(super) told: Keywords,
    /// What an answer is checked against: also what the subset cannot say.
    pub(super) checked: Keywords,
    /// It is an `Option`, or may be null, which a form says by not requiring it.
    pub(super) is_optional: bool,
    /// The secret that it asks for.
    pub(super) secret: Option<&'static str>,
}

/// What a field can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Boolean,
    Single,
    Multiple,
}

impl Field {
    /// Reads the schema of the field `name`.
    ///
    /// # Errors
    /// When it is none that a form can have.
    pub(super) fn new(
        name: &str,
        schema: &Value,
        scope: Scope<'_>,
        author: Author,
    ) -> Result<Self, NotAForm> {
        let misfit = |detail: String| NotAForm::Field {
            field: name.to_owned(),
            detail,
        };
        let (schema, is_optional) = without_null(schema, scope).map_err(misfit)?;
        let (kind, choices) = kind(&schema, scope).map_err(misfit)?;
        let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
        let secret = match kind {
            Kind::Text | Kind::Number if text("format") == Some("password") => Some("password"),
            Kind::Text | Kind::Number => secret(name, text("title"), text("description")),
            Kind::Boolean | Kind::Single | Kind::Multiple => None,
        };
        if let (Some(secret), Author::Ourselves) = (secret, author) {
            return Err(NotAForm::Secret {
                field: name.to_owned(),
                secret,
            });
        }
        let mut field = Self {
            told: Keywords::new(),
            checked: Keywords::new(),
            is_optional,
            secret,
        };
        field
            .write(kind, choices.as_ref(), &schema, author)
            .map_err(misfit)?;
        Ok(field)
    }

    /// Writes both shapes, in the order in which people read a schema.
    fn write(
        &mut self,
        kind: Kind,
        choices: Option<&Choices>,
        schema: &Keywords,
        author: Author,
    ) -> Result<(), String> {
        let name = match kind {
            Kind::Text | Kind::Single => "string".into(),
            Kind::Number => schema.get("type").cloned().unwrap_or_default(),
            Kind::Boolean => "boolean".into(),
            Kind::Multiple => "array".into(),
        };
        self.told.insert("type".into(), name);
        for keyword in ["title", "description"] {
            if let Some(text) = schema.get(keyword) {
                self.told.insert(keyword.into(), text.clone());
            }
        }
        match (kind, choices) {
            (Kind::Single, Some(choices)) => choices.write_single(&mut self.told),
            (Kind::Multiple, Some(choices)) => choices.write_multiple(&mut self.told),
            _ => {}
        }
        for (keyword, value) in schema {
            match placement(kind, keyword, value) {
                Placement::Done => {}
                Placement::Told => {
                    self.told.insert(keyword.clone(), value.clone());
                }
                Placement::Checked => {
                    self.checked.insert(keyword.clone(), value.clone());
                }
                Placement::Nowhere
                    if author == Author::Peer && !RESTRICTIONS.contains(&keyword.as_str()) => {}
                Placement::Nowhere => {
                    return Err(format!("the keyword `{keyword}` cannot be said in one"));
                }
            }
        }
        if let Some(default) = schema.get("default") {
            self.told.insert("default".into(), default.clone());
        }
        check_bounds(&self.told)?;
        let told = self.told.iter();
        self.checked
            .extend(told.map(|(keyword, value)| (keyword.clone(), value.clone())));
        if let Some(choices) = choices {
            choices.write_check(&mut self.checked);
        }
        Ok(())
    }
}

/// Where a keyword of a field goes.
enum Placement {
    /// It is written already, later, or says nothing to whoever fills in the form.
    Done,
    Told,
    Checked,
    Nowhere,
}

fn placement(kind: Kind, keyword: &str, value: &Value) -> Placement {
    let is_choice = matches!(kind, Kind::Single | Kind::Multiple);
    match (kind, keyword) {
        (_, "type" | "title" | "description" | "default") => Placement::Done,
        (_, "enumNames" | "items") if is_choice => Placement::Done,
        (Kind::Single, list) if LISTS.contains(&list) => Placement::Done,
        (Kind::Text, "minLength" | "maxLength")
        | (Kind::Number, "minimum" | "maximum")
        | (Kind::Multiple, "minItems" | "maxItems") => Placement::Told,
        (Kind::Text, "format") if value.as_str().is_some_and(|name| FORMATS.contains(&name)) => {
            Placement::Told
        }
        // `pattern` is in the text of 2025-11-25 but in no schema, and gone from the text of 2026-07-28.
        (Kind::Text, "format" | "pattern")
        | (Kind::Number, "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf")
        | (Kind::Multiple, "uniqueItems") => Placement::Checked,
        // The name of a Rust type, or a restriction of what is restricted to a few values already.
        (Kind::Number | Kind::Single, "format") => Placement::Done,
        _ if ANNOTATIONS.contains(&keyword) || keyword.starts_with("x-") => Placement::Done,
        _ => Placement::Nowhere,
    }
}

fn kind(schema: &Keywords, scope: Scope<'_>) -> Result<(Kind, Option<Choices>), String> {
    let name = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        None => None,
        Some(_) => return Err("it has more than one type; use one".into()),
    };
    if let Some(choices) = Choices::of(schema)? {
        return match name {
            None | Some("string") => Ok((Kind::Single, Some(choices))),
            Some(_) => Err("only strings can be chosen from".into()),
        };
    }
    match name {
        Some("string") => Ok((Kind::Text, None)),
        Some("integer" | "number") => Ok((Kind::Number, None)),
        Some("boolean") => Ok((Kind::Boolean, None)),
        Some("array") => {
            let choices = match schema.get("items") {
                Some(items) => item_choices(items, scope)?,
                None => None,
            };
            let choices = choices.ok_or(
                "a list can only be of choices; use a `Vec` of an enum of unit variants, or one text",
            )?;
            Ok((Kind::Multiple, Some(choices)))
        }
        Some("object") => {
            Err("objects cannot be nested; make each of its members a field of the form".into())
        }
        Some(other) => Err(format!("`{other}` is no type of a field")),
        None => Err("it can be anything; use a string, a number, a bool or an enum".into()),
    }
}

fn item_choices(items: &Value, scope: Scope<'_>) -> Result<Option<Choices>, String> {
    let items = scope.resolve(items)?;
    if items.get("type").is_some_and(|name| name != "string") {
        return Ok(None);
    }
    Choices::of(&items)
}

/// The schema without the null that an `Option` adds, and whether there was one.
fn without_null(schema: &Value, scope: Scope<'_>) -> Result<(Keywords, bool), String> {
    let mut schema = scope.resolve(schema)?;
    let mut is_nullable = false;
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        let before = types.len();
        types.retain(|name| name != "null");
        is_nullable = types.len() < before;
        if let [only] = types.as_mut_slice() {
            let only = only.take();
            schema.insert("type".into(), only);
        }
    }
    for list in ["anyOf", "oneOf", "enum"] {
        let Some(Value::Array(alternatives)) = schema.get_mut(list) else {
            continue;
        };
        let before = alternatives.len();
        alternatives.retain(|alternative| !is_null(alternative));
        if alternatives.len() == before {
            continue;
        }
        is_nullable = true;
        if let ("anyOf" | "oneOf", [only]) = (list, alternatives.as_mut_slice()) {
            let only = only.take();
            schema.shift_remove(list);
            // What stands beside the alternatives is said of this place, so that it goes before.
            let mut inner = scope.resolve(&only)?;
            inner.extend(schema);
            schema = inner;
        }
    }
    if is_nullable && schema.get("default").is_some_and(Value::is_null) {
        schema.shift_remove("default");
    }
    Ok((schema, is_nullable))
}

fn is_null(alternative: &Value) -> bool {
    alternative.is_null() || alternative.get("type").is_some_and(|name| name == "null")
}

fn check_bounds(told: &Keywords) -> Result<(), String> {
    let number = |keyword: &str| told.get(keyword).and_then(Value::as_f64);
    for [low, high] in [
        ["minLength", "maxLength"],
        ["minimum", "maximum"],
        ["minItems", "maxItems"],
    ] {
        if let (Some(least), Some(most)) = (number(low), number(high))
            && least > most
        {
            return Err(format!("its `{low}` is above its `{high}`"));
        }
    }
    Ok(())
}

/// The formats of text that a client knows how to ask for.
const FORMATS: [&str; 4] = ["email", "uri", "date", "date-time"];

/// Keywords that restrict a value of a field in ways that no form can show. All others restrict values of another type, or nothing.
const RESTRICTIONS: [&str; 13] = [
    "$dynamicRef",
    "$ref",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "enum",
    "if",
    "not",
    "oneOf",
    "prefixItems",
    "unevaluatedItems",
    "additionalItems",
];

/// Keywords that restrict nothing.
const ANNOTATIONS: [&str; 7] = [
    "$comment",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
];
