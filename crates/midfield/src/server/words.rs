//! Arguments that come as text, and the types that a schema gives them: those of prompts and of URI
//! templates.

use midfield_protocol::types::Schema;
use serde_json::{Map, Value};

use super::handler::Misfit;

/// How each argument that is not just text is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(Vec<(String, Kind)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Number,
    Boolean,
    /// Text, one of these.
    Choice(Vec<String>),
}

impl Words {
    /// The kinds of the properties of `schema`.
    pub(super) fn of(schema: &Schema) -> Self {
        let root = schema.keywords();
        let properties = root.get("properties").and_then(Value::as_object);
        Self(
            properties
                .into_iter()
                .flatten()
                .filter_map(|(name, property)| Some((name.clone(), kind(root, property, 0)?)))
                .collect(),
        )
    }

    /// The arguments that are choices, with what there is to choose from.
    pub(super) fn choices(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        self.0.iter().filter_map(|(name, kind)| {
            let choices = match kind {
                Kind::Choice(choices) => choices.clone(),
                Kind::Boolean => vec!["true".to_owned(), "false".to_owned()],
                Kind::Integer | Kind::Number => return None,
            };
            Some((name.as_str(), choices))
        })
    }

    /// The JSON object of these arguments.
    ///
    /// # Errors
    /// When one is not of its kind. Whether all that is needed is there is for the handler's reading.
    pub(super) fn read<'a>(
        &self,
        arguments: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Map<String, Value>, Misfit> {
        let mut object = Map::new();
        for (name, text) in arguments {
            let kind = self.0.iter().find(|(known, _)| known == name);
            let value = match kind.map(|(_, kind)| kind) {
                None | Some(Kind::Choice(_)) => Some(text.into()),
                Some(Kind::Integer) => text
                    .parse::<i64>()
                    .map(Value::from)
                    .or_else(|_| text.parse::<u64>().map(Value::from))
                    .ok(),
                Some(Kind::Number) => text
                    .parse::<f64>()
                    .ok()
                    .and_then(|number| serde_json::Number::from_f64(number).map(Value::Number)),
                Some(Kind::Boolean) => text.parse::<bool>().map(Value::from).ok(),
            };
            let value = value.ok_or_else(|| {
                let expected = match kind {
                    Some((_, Kind::Integer)) => "an integer",
                    Some((_, Kind::Boolean)) => "true or false",
                    _ => "a number",
                };
                Misfit::new(format!(
                    "invalid arguments at `{name}`: invalid value: {text:?}, expected {expected}"
                ))
            })?;
            object.insert(name.to_owned(), value);
        }
        Ok(object)
    }
}

/// The first property of `schema` that cannot be given as text: an array or an object.
pub(super) fn not_of_text(schema: &Schema) -> Option<&str> {
    let root = schema.keywords();
    let properties = root.get("properties").and_then(Value::as_object)?;
    let unfit = properties
        .iter()
        .find(|(_, property)| !is_of_text(root, property, 0));
    unfit.map(|(name, _)| name.as_str())
}

fn is_of_text(root: &Map<String, Value>, property: &Value, depth: usize) -> bool {
    let property = resolved(root, property);
    let is_scalar = |name: &Value| {
        !["null", "array", "object"]
            .iter()
            .any(|other| name == other)
    };
    match property.get("type") {
        Some(Value::Array(names)) => return names.iter().any(is_scalar),
        Some(name) => return is_scalar(name),
        None => {}
    }
    let branches = property.get("anyOf").or_else(|| property.get("oneOf"));
    branches.and_then(Value::as_array).is_none_or(|branches| {
        // A type that refers to itself has come around by then.
        depth < MAX_DEPTH
            && branches
                .iter()
                .any(|branch| is_of_text(root, branch, depth + 1))
    })
}

/// The kind that a property's schema gives; `None` for text.
fn kind(root: &Map<String, Value>, property: &Value, depth: usize) -> Option<Kind> {
    let property = resolved(root, property);
    if let Some(choices) = choices(property) {
        return Some(Kind::Choice(choices));
    }
    let types = match property.get("type") {
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => {
            // An optional reference: `anyOf` of it and of null.
            let branches = property.get("anyOf").and_then(Value::as_array)?;
            return branches
                .iter()
                .filter(|_| depth < MAX_DEPTH)
                .find_map(|branch| kind(root, branch, depth + 1));
        }
    };
    match *types.iter().find(|name| **name != "null")? {
        "integer" => Some(Kind::Integer),
        "number" => Some(Kind::Number),
        "boolean" => Some(Kind::Boolean),
        _ => None,
    }
}

fn choices(property: &Value) -> Option<Vec<String>> {
    let texts = |values: &[Value]| -> Option<Vec<String>> {
        values
            .iter()
            .filter(|value| !value.is_null())
            .map(|value| value.as_str().map(str::to_owned))
            .collect()
    };
    if let Some(values) = property.get("enum").and_then(Value::as_array) {
        return texts(values);
    }
    let branches = property.get("oneOf").and_then(Value::as_array)?;
    let mut all = Vec::new();
    for branch in branches {
        match (branch.get("const"), branch.get("enum")) {
            (Some(Value::String(choice)), _) => all.push(choice.clone()),
            (None, Some(Value::Array(values))) => all.extend(texts(values)?),
            _ => return None,
        }
    }
    Some(all)
}

/// What a reference into the same schema names.
fn resolved<'a>(root: &'a Map<String, Value>, property: &'a Value) -> &'a Value {
    let definition = property
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix("#/$defs/"))
        .and_then(|name| root.get("$defs")?.get(name));
    definition.unwrap_or(property)
}

/// Deepest nesting of alternatives that is looked into: a type may refer to itself.
const MAX_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::server::input_schema;

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Color {
        /// As a tomato.
        Red,
        /// As grass.
        Green,
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Arguments {
        text: String,
        count: u8,
        share: Option<f64>,
        sure: bool,
        color: Color,
        other: Option<Color>,
    }

    #[test]
    fn text_is_read_as_the_type_that_the_schema_gives() {
        let words = Words::of(&input_schema::<Arguments>());
        let read = |name: &str, text: &str| words.read([(name, text)]);
        let cases = [
            ("text", "12", json!("12")),
            ("count", "12", json!(12)),
            ("share", "0.5", json!(0.5)),
            ("sure", "true", json!(true)),
            ("color", "red", json!("red")),
            ("unknown", "1", json!("1")),
        ];
        for (name, text, value) in cases {
            assert_eq!(read(name, text).expect(text)[name], value, "{name}");
        }
        for (name, text) in [
            ("count", "many"),
            ("share", "NaN"),
            ("sure", "yes"),
            ("count", ""),
        ] {
            let misfit = read(name, text).expect_err(text);
            assert!(
                misfit.message.contains(&format!("`{name}`")),
                "{}",
                misfit.message
            );
        }
        let choices: Vec<_> = words.choices().collect();
        let colors = vec!["red".to_owned(), "green".to_owned()];
        assert!(choices.contains(&("color", colors.clone())), "{choices:?}");
        assert!(choices.contains(&("other", colors)), "{choices:?}");
        assert!(choices.iter().any(|(name, _)| *name == "sure"));
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Nested {
        Text(String),
        Again(Box<Self>),
        Many(Vec<String>),
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Nests {
        nested: Option<Nested>,
        many: Option<Vec<String>>,
    }

    #[test]
    fn an_array_is_found_to_be_no_text_and_a_type_that_refers_to_itself_comes_to_an_end() {
        let schema = input_schema::<Nests>();
        assert_eq!(not_of_text(&schema), Some("many"));
        assert_eq!(not_of_text(&input_schema::<Arguments>()), None);
        assert_eq!(
            Words::of(&schema)
                .read([("nested", "1")])
                .expect("it is text")["nested"],
            "1"
        );
    }
}
