//! A form: what its fields are, and asking them one by one
//! ([2026-07-28, requested schema](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation#requested-schema)).

use std::fmt::Write as _;
use std::io::{BufRead, Write};

use serde_json::{Map, Number, Value};

use super::question::read_line;
use crate::cli::misfit::misfit;
use crate::cli::text::line;

/// The fields of a form, in their order.
#[derive(Debug)]
pub(super) struct Form(Vec<Field>);

#[derive(Debug)]
struct Field {
    name: String,
    title: String,
    description: String,
    is_required: bool,
    default: Option<Value>,
    kind: Kind,
    schema: Value,
}

#[derive(Debug)]
enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    /// One of these values, each with its title.
    One(Vec<Choice>),
    /// Any of them.
    Many(Vec<Choice>),
}

#[derive(Debug)]
struct Choice {
    value: Value,
    title: String,
}

impl Form {
    pub(super) fn read(schema: &Value) -> Self {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| {
            let mut names = required.into_iter().flatten();
            names.any(|required| required.as_str() == Some(name))
        };
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields = properties.into_iter().flatten().map(|(name, schema)| {
            let text =
                |key: &str| line(schema.get(key).and_then(Value::as_str).unwrap_or_default());
            Field {
                name: name.clone(),
                title: text("title"),
                description: text("description"),
                is_required: is_required(name),
                default: schema.get("default").cloned(),
                kind: Kind::read(schema),
                schema: schema.clone(),
            }
        });
        Self(fields.collect())
    }

    /// The fields, a line each.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for field in &self.0 {
            let _ = writeln!(text, "  {}", field.text());
        }
        text
    }

    /// Asks the fields one by one. `None` when nothing is said any more.
    pub(super) fn ask(
        &self,
        from: &mut impl BufRead,
        out: &mut impl Write,
    ) -> std::io::Result<Option<Map<String, Value>>> {
        let mut content = Map::new();
        for field in &self.0 {
            writeln!(out, "  {}", field.text())?;
            loop {
                write!(out, "  {} = ", line(&field.name))?;
                out.flush()?;
                let Some(said) = read_line(from)? else {
                    return Ok(None);
                };
                match field.value(&said) {
                    Ok(Some(value)) => {
                        content.insert(field.name.clone(), value);
                        break;
                    }
                    Ok(None) => break,
                    Err(told) => writeln!(out, "  {told}")?,
                }
            }
        }
        Ok(Some(content))
    }
}

impl Field {
    fn text(&self) -> String {
        let mut text = format!("{} ({}", line(&self.name), self.kind.text());
        if self.is_required {
            text.push_str(", required");
        }
        if let Some(default) = &self.default {
            let _ = write!(text, ", default {}", line(&default.to_string()));
        }
        text.push(')');
        let words = [self.title.as_str(), self.description.as_str()];
        for words in words.into_iter().filter(|words| !words.is_empty()) {
            let _ = write!(text, ": {words}");
        }
        text
    }

    /// The value that was said; `None` for one that is left out.
    fn value(&self, said: &str) -> Result<Option<Value>, String> {
        if said.is_empty() {
            return match &self.default {
                Some(default) => Ok(Some(default.clone())),
                None if self.is_required => Err("it is required".to_owned()),
                None => Ok(None),
            };
        }
        let value = self.kind.value(said)?;
        match misfit(&self.schema, &value) {
            Some(told) => Err(told),
            None => Ok(Some(value)),
        }
    }
}

impl Kind {
    fn read(schema: &Value) -> Self {
        if let Some(choices) = choices(schema) {
            return Self::One(choices);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("integer") => Self::Integer,
            Some("number") => Self::Number,
            Some("boolean") => Self::Boolean,
            Some("array") => {
                let items = schema.get("items").and_then(choices);
                Self::Many(items.unwrap_or_default())
            }
            _ => Self::Text,
        }
    }

    fn text(&self) -> String {
        let names = |choices: &[Choice]| {
            let titles = choices.iter().enumerate();
            let titles = titles.map(|(at, choice)| format!("{} {}", at + 1, choice.title));
            titles.collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Text => "text".to_owned(),
            Self::Integer => "whole number".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Boolean => "yes or no".to_owned(),
            Self::One(choices) => format!("one of: {}", names(choices)),
            Self::Many(choices) => format!("any of, with commas between: {}", names(choices)),
        }
    }

    fn value(&self, said: &str) -> Result<Value, String> {
        match self {
            Self::Text => Ok(said.into()),
            Self::Integer => said
                .parse::<i64>()
                .map(Value::from)
                .map_err(|_| "that is no whole number".to_owned()),
            Self::Number => said
                .parse::<i64>()
                .map(Number::from)
                .ok()
                .or_else(|| Number::from_f64(said.parse().ok()?))
                .map(Value::Number)
                .ok_or_else(|| "that is no number".to_owned()),
            Self::Boolean => match said.to_lowercase().as_str() {
                "y" | "yes" | "true" => Ok(true.into()),
                "n" | "no" | "false" => Ok(false.into()),
                _ => Err("say yes or no".to_owned()),
            },
            Self::One(choices) => choose(choices, said),
            Self::Many(choices) => {
                let said = said.split(',').map(str::trim).filter(|it| !it.is_empty());
                let values = said.map(|it| choose(choices, it));
                values.collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
        }
    }
}

/// The choices that a schema leaves: bare values, or values with titles.
fn choices(schema: &Value) -> Option<Vec<Choice>> {
    let plain = |value: &Value| match value {
        Value::String(text) => line(text),
        other => line(&other.to_string()),
    };
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        // An older form has the titles beside the values.
        let names = schema.get("enumNames").and_then(Value::as_array);
        let choices = values.iter().enumerate().map(|(at, value)| {
            let name = names.and_then(|names| names.get(at)).unwrap_or(value);
            Choice {
                value: value.clone(),
                title: plain(name),
            }
        });
        return Some(choices.collect());
    }
    let titled = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|key| schema.get(key));
    let choices = titled?.as_array()?.iter().filter_map(|choice| {
        let value = choice.get("const")?;
        Some(Choice {
            value: value.clone(),
            title: plain(choice.get("title").unwrap_or(value)),
        })
    });
    Some(choices.collect())
}

/// By value, by title, or by number.
fn choose(choices: &[Choice], said: &str) -> Result<Value, String> {
    let by_name = choices
        .iter()
        .find(|choice| choice.value.as_str() == Some(said) || choice.title == said);
    let by_number = || choices.get(said.parse::<usize>().ok()?.checked_sub(1)?);
    by_name
        .or_else(by_number)
        .map(|choice| choice.value.clone())
        .ok_or_else(|| format!("`{}` is none of the choices", line(said)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::cli::tasks::question::{Given, Question};

    fn question() -> Question {
        Question::read(
            "who",
            &json!({"method": "elicitation/create", "params": {"mode": "form", "message": "Whose?\u{1b}[2J",
                "requestedSchema": {"type": "object", "required": ["name", "size"], "properties": {
                    "name": {"type": "string", "title": "Name", "minLength": 2},
                    "count": {"type": "integer", "minimum": 1, "maximum": 9},
                    "weight": {"type": "number"},
                    "sure": {"type": "boolean", "default": true},
                    "size": {"type": "string", "oneOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}]},
                    "tags": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "maxItems": 2},
                    "mail": {"type": "string", "format": "email"}}}}}),
        )
    }

    /// What is asked and what comes of it when somebody says these lines.
    fn ask(lines: &str) -> (String, Option<Given>) {
        let mut out = Vec::new();
        let given = question().ask(&mut lines.as_bytes(), &mut out).unwrap();
        (String::from_utf8(out).unwrap(), given)
    }

    #[test]
    fn fields_are_asked_one_by_one_until_they_fit() {
        let (out, given) = ask("\nA\nAda\n12\n3\n\n\nLarge\na, 3\nada@example.com\nyes\n");
        let content = json!({"name": "Ada", "count": 3, "sure": true, "size": "l", "tags": ["a", "c"],
            "mail": "ada@example.com"});
        assert_eq!(
            given,
            Some(Given(json!({"action": "accept", "content": content}))),
            "{out}"
        );
        assert!(out.contains("it is required"), "{out}");
        assert!(out.contains("12 is greater than the maximum of 9"), "{out}");
        assert!(!out.contains('\u{1b}'), "{out}");
    }

    #[test]
    fn a_form_may_be_declined_or_left() {
        let said = "Ada\n\n\n\n1\n\n\n";
        assert_eq!(ask(&format!("{said}d\n")).1, Some(Given::declined()));
        assert_eq!(ask(&format!("{said}what\nc\n")).1, Some(Given::cancelled()));
        assert_eq!(ask(said).1, None);
        assert_eq!(ask("Ada\n").1, None);
    }

    #[test]
    fn a_value_of_the_command_line_must_fit_too() {
        let fits = json!({"name": "Ada", "size": "s"});
        assert!(question().agree(fits).is_ok());
        let told = question().agree(json!({"name": "A", "size": "s"}));
        assert!(told.unwrap_err().starts_with("/name: "));
    }
}
