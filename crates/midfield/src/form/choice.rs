//! Fields that let the user choose: the five forms of an enum
//! ([2025-11-25, requested schema](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#requested-schema)).

use serde_json::{Map, Value, json};

use super::flatten::Keywords;

/// What can be chosen.
pub(super) struct Choices {
    options: Vec<Choice>,
    /// The names came in the form that 2025-06-18 knows, `enumNames`, and stay so.
    is_legacy: bool,
}

struct Choice {
    value: String,
    title: Option<String>,
}

impl Choices {
    /// The choices that `schema` lists; `None` if it lists none.
    ///
    /// # Errors
    /// With what is wrong, when what it lists cannot be chosen from in a form.
    pub(super) fn of(schema: &Keywords) -> Result<Option<Self>, String> {
        let lists: Vec<&str> = LISTS
            .into_iter()
            .filter(|list| schema.contains_key(*list))
            .collect();
        let choices = match lists[..] {
            [] => return Ok(None),
            ["enum"] => Self::plain(schema)?,
            ["const"] => Self::untitled(schema.get("const").into_iter())?,
            [list] => Self::titled(list, schema.get(list))?,
            _ => {
                return Err(format!(
                    "it lists its choices twice, by {}",
                    lists.join(" and ")
                ));
            }
        };
        choices.check().map(Some)
    }

    /// Writes the choice of one of these into `field`.
    pub(super) fn write_single(&self, field: &mut Keywords) {
        if self.is_legacy {
            field.insert("enum".into(), self.values());
            let names = self.options.iter().map(|choice| choice.title.clone());
            field.insert("enumNames".into(), names.collect());
        } else if self.is_titled() {
            field.insert("oneOf".into(), self.consts());
        } else {
            field.insert("enum".into(), self.values());
        }
    }

    /// Writes the choice of several of these into `field`.
    pub(super) fn write_multiple(&self, field: &mut Keywords) {
        let items = if self.is_titled() {
            json!({ "anyOf": self.consts() })
        } else {
            json!({ "type": "string", "enum": self.values() })
        };
        field.insert("items".into(), items);
    }

    /// Replaces the choices in `field` by mere values, which a misfit can name.
    pub(super) fn write_check(&self, field: &mut Keywords) {
        field.shift_remove("oneOf");
        let values = json!({ "enum": self.values() });
        if field.contains_key("items") {
            field.insert("items".into(), values);
        } else if let Value::Object(values) = values {
            field.extend(values);
        }
    }

    fn plain(schema: &Keywords) -> Result<Self, String> {
        let values = schema.get("enum").and_then(Value::as_array);
        let mut choices = Self::untitled(values.into_iter().flatten())?;
        let Some(names) = schema.get("enumNames") else {
            return Ok(choices);
        };
        let names = names
            .as_array()
            .filter(|names| names.len() == choices.options.len());
        let names = names.ok_or("`enumNames` names not exactly the values of `enum`")?;
        for (choice, name) in choices.options.iter_mut().zip(names) {
            choice.title = Some(text(name)?);
        }
        choices.is_legacy = true;
        Ok(choices)
    }

    fn untitled<'a>(values: impl Iterator<Item = &'a Value>) -> Result<Self, String> {
        let options = values.map(|value| {
            Ok(Choice {
                value: text(value)?,
                title: None,
            })
        });
        Ok(Self {
            options: options.collect::<Result<_, String>>()?,
            is_legacy: false,
        })
    }

    fn titled(list: &str, alternatives: Option<&Value>) -> Result<Self, String> {
        let alternatives = alternatives.and_then(Value::as_array);
        let mut options = Vec::new();
        for alternative in alternatives.into_iter().flatten() {
            let keywords = alternative
                .as_object()
                .filter(|keywords| is_constant(keywords))
                .ok_or_else(|| format!("{UNTAGGED} (in `{list}`)"))?;
            if let Some(value) = keywords.get("const") {
                options.push(Choice {
                    value: text(value)?,
                    title: label(keywords),
                });
            } else {
                // Variants without a description, which are derived as one alternative.
                let values = keywords.get("enum").and_then(Value::as_array);
                options.extend(Self::untitled(values.into_iter().flatten())?.options);
            }
        }
        Ok(Self {
            options,
            is_legacy: false,
        })
    }

    fn check(self) -> Result<Self, String> {
        if self.options.is_empty() {
            return Err("there is nothing to choose from".into());
        }
        let mut values: Vec<&str> = self.options.iter().map(|choice| &*choice.value).collect();
        values.sort_unstable();
        match values.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(pair) => Err(format!("it lists a choice twice: {}", pair.join(" and "))),
            None => Ok(self),
        }
    }

    fn is_titled(&self) -> bool {
        self.options.iter().any(|choice| choice.title.is_some())
    }

    fn values(&self) -> Value {
        self.options
            .iter()
            .map(|choice| choice.value.as_str())
            .collect()
    }

    fn consts(&self) -> Value {
        let options = self.options.iter().map(|choice| {
            let title = choice.title.as_ref().unwrap_or(&choice.value);
            json!({ "const": choice.value, "title": title })
        });
        options.collect()
    }
}

/// Whether an alternative is a value, or some, of which nothing else is said.
fn is_constant(keywords: &Map<String, Value>) -> bool {
    let is_string = keywords.get("type").is_none_or(|kind| kind == "string");
    is_string
        && (keywords.contains_key("const") != keywords.contains_key("enum"))
        && keywords.keys().all(|keyword| {
            [
                "type",
                "const",
                "enum",
                "title",
                "description",
                "deprecated",
            ]
            .contains(&&**keyword)
        })
}

/// What a variant is called for people: its title, or the first paragraph of its documentation without
/// the full stop.
fn label(keywords: &Map<String, Value>) -> Option<String> {
    let text = |keyword: &str| keywords.get(keyword).and_then(Value::as_str);
    if let Some(title) = text("title") {
        return Some(title.to_owned());
    }
    let paragraph = text("description")?.trim().split("\n\n").next()?;
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.strip_suffix('.').unwrap_or(&line);
    (!line.is_empty()).then(|| line.to_owned())
}

fn text(value: &Value) -> Result<String, String> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("{value} is no string, and only strings can be chosen from"))
}

/// The keywords that list choices.
pub(super) const LISTS: [&str; 4] = ["enum", "const", "oneOf", "anyOf"];

const UNTAGGED: &str = "alternatives can only be strings; use an enum of unit variants";
