//! From what a word says to a value of the kind that its schema takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use super::schema::{Kind, Kinds, Schema};
use super::{ReadFile, exact, line, too_long};

/// What a word says of a name.
#[derive(Debug)]
pub(super) enum Given {
    /// `name=TEXT`.
    Text(String),
    /// `name=@FILE`.
    Bytes(Vec<u8>),
    /// `name:=JSON`.
    Json(Value),
}

impl Given {
    /// The name of a word, and what it says.
    pub(super) fn parse<'w>(word: &'w str, files: ReadFile<'_>) -> Result<(&'w str, Self), String> {
        let Some((name, text)) = word.split_once('=') else {
            return Err(format!("`{}` is no `NAME=VALUE`", line(word)));
        };
        let file = text.strip_prefix('@');
        let Some(name) = name.strip_suffix(':') else {
            let given = match file {
                Some(file) => Self::Bytes(files(file)?),
                None => Self::Text(text.to_owned()),
            };
            return Ok((name, given));
        };
        let bytes = match file {
            Some(file) => files(file)?,
            None => text.as_bytes().to_vec(),
        };
        let json = super::json(name, &bytes)?;
        Ok((name, Self::Json(json)))
    }
}

/// The value of a name that was given once or more.
pub(super) fn value(
    name: &str,
    mut given: Vec<Given>,
    schema: Schema<'_>,
) -> Result<Value, String> {
    let kinds = schema.kinds();
    if given.len() > 1 {
        if !kinds.take(Kind::Array) && !kinds.is_any() {
            return Err(format!(
                "`{}` is given {} times: it takes {}",
                line(name),
                given.len(),
                kinds.told()
            ));
        }
        let items = schema.items();
        return given
            .into_iter()
            .map(|given| one(name, given, items))
            .collect();
    }
    match given.pop() {
        Some(given) => one(name, given, schema),
        None => Ok(Value::Null),
    }
}

fn one(name: &str, given: Given, schema: Schema<'_>) -> Result<Value, String> {
    match given {
        Given::Json(value) => Ok(value),
        Given::Text(text) => of_text(name, &text, schema),
        Given::Bytes(bytes) if schema.is_base64() => Ok(STANDARD.encode(bytes).into()),
        Given::Bytes(bytes) => {
            let text = String::from_utf8(bytes);
            let text = text
                .map_err(|_| format!("`{}` takes a text, and the file holds none", line(name)))?;
            of_text(name, &text, schema)
        }
    }
}

fn of_text(name: &str, text: &str, schema: Schema<'_>) -> Result<Value, String> {
    let kinds = schema.kinds();
    if let Some(value) = choice(text, &kinds) {
        return Ok(value);
    }
    if let Some(value) = plain(text, &kinds) {
        return match exact::altered(text) {
            Some(_) if kinds.take(Kind::Text) => Ok(text.into()),
            Some(number) if !value.is_string() => Err(too_long(&line(name), number)),
            _ => Ok(value),
        };
    }
    if kinds.take(Kind::Array) {
        return of_text(name, text, schema.items()).map(|item| Value::Array(vec![item]));
    }
    let choices = kinds.choices.iter().filter_map(|choice| choice.as_str());
    let hint = match crate::config::nearest(text, choices) {
        Some(near) => format!("; did you mean `{}`?", line(near)),
        None => String::new(),
    };
    Err(format!(
        "`{}` takes {}, not `{}`{hint}",
        line(name),
        kinds.told(),
        short(text)
    ))
}

/// The choice that a text names, by its value or its JSON.
fn choice(text: &str, kinds: &Kinds<'_>) -> Option<Value> {
    let mut choices = kinds.choices.iter();
    choices
        .find(|choice| {
            choice.as_str() == Some(text)
                || (!choice.is_string() && choice.to_string() == text.trim())
        })
        .map(|choice| (*choice).clone())
}

/// The value that a text is. Where several kinds fit, a text is the last.
fn plain(text: &str, kinds: &Kinds<'_>) -> Option<Value> {
    let trimmed = text.trim();
    if kinds.is_any() {
        return Some(serde_json::from_str(trimmed).unwrap_or_else(|_| text.into()));
    }
    let number = || serde_json::from_str::<Number>(trimmed).ok();
    let whole = || {
        number().filter(|number| {
            number.is_i64()
                || number.is_u64()
                || number.as_f64().is_some_and(|it| it.fract() == 0.0)
        })
    };
    let json = |opening: char| {
        let value = trimmed
            .starts_with(opening)
            .then(|| serde_json::from_str::<Value>(trimmed));
        value.and_then(Result::ok)
    };
    match trimmed {
        "true" | "false" if kinds.take(Kind::Boolean) => Some((trimmed == "true").into()),
        "null" if kinds.take(Kind::Null) && !kinds.take(Kind::Text) => Some(Value::Null),
        _ => None,
    }
    .or_else(|| {
        kinds
            .take(Kind::Integer)
            .then(whole)
            .flatten()
            .map(Value::Number)
    })
    .or_else(|| {
        kinds
            .take(Kind::Number)
            .then(number)
            .flatten()
            .map(Value::Number)
    })
    .or_else(|| kinds.take(Kind::Array).then(|| json('[')).flatten())
    .or_else(|| kinds.take(Kind::Object).then(|| json('{')).flatten())
    .or_else(|| kinds.take(Kind::Text).then(|| text.into()))
}

/// A text that is told back, which may be a whole file.
pub(super) fn short(text: &str) -> String {
    let text = line(text);
    match text.char_indices().nth(MAX_TOLD) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Most characters that are told back.
const MAX_TOLD: usize = 60;
