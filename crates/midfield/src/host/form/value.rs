//! Between the text that a person says and the value that is sent.

use serde_json::{Number, Value};

use super::{Choice, Kind};

/// Reads what a person says. Whether it fits is another question.
///
/// # Errors
/// With what is wrong, when it is nothing of the kind.
pub(super) fn read(kind: &Kind, text: &str) -> Result<Value, String> {
    if text.len() > MAX_TEXT {
        return Err(format!("it must have at most {MAX_TEXT} bytes"));
    }
    let trimmed = text.trim();
    match kind {
        Kind::Text { format: None, .. } => Ok(text.into()),
        // Spaces around an address or a date are slips of the keyboard.
        Kind::Text { .. } => Ok(trimmed.into()),
        Kind::Integer { .. } => integer(trimmed)
            .map(Value::Number)
            .ok_or_else(|| "it must be a whole number, such as 3".to_owned()),
        Kind::Number { .. } => number(trimmed)
            .map(Value::Number)
            .ok_or_else(|| "it must be a number, such as 3 or 2.5".to_owned()),
        Kind::Boolean => match trimmed.to_lowercase().as_str() {
            "y" | "yes" | "true" => Ok(true.into()),
            "n" | "no" | "false" => Ok(false.into()),
            _ => Err("it must be yes or no".to_owned()),
        },
        Kind::One(choices) => choose(choices, trimmed).map(Value::from),
        Kind::Many { choices, .. } => {
            // A title may have commas in it.
            if let Ok(only) = choose(choices, trimmed) {
                return Ok(vec![only].into());
            }
            let said = trimmed.split(',').map(str::trim);
            let said = said.filter(|said| !said.is_empty());
            let values = said.map(|said| choose(choices, said));
            Ok(values.collect::<Result<Vec<_>, _>>()?.into())
        }
    }
}

/// The text that is read as `value`.
pub(super) fn text(kind: &Kind, value: &Value) -> String {
    let title = |choices: &[Choice], value: &Value| {
        let choice = choices
            .iter()
            .find(|choice| Some(choice.value.as_str()) == value.as_str());
        choice.map(|choice| choice.title.clone())
    };
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => other.to_string(),
    };
    match (kind, value) {
        (Kind::One(choices), value) => title(choices, value).unwrap_or_else(|| plain(value)),
        (Kind::Many { choices, .. }, Value::Array(values)) => {
            let titles = values
                .iter()
                .map(|value| title(choices, value).unwrap_or_else(|| plain(value)));
            titles.collect::<Vec<_>>().join(", ")
        }
        (_, value) => plain(value),
    }
}

/// Checks what can be said better than a schema's validator says it.
///
/// # Errors
/// With what is wrong.
pub(super) fn check(kind: &Kind, value: &Value) -> Result<(), String> {
    match (kind, value) {
        (
            Kind::Text {
                min_length,
                max_length,
                ..
            },
            Value::String(text),
        ) => {
            // At most as many as the text has bytes.
            let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
            within(length, *min_length, *max_length, "have", "character")
        }
        (
            Kind::Integer { minimum, maximum } | Kind::Number { minimum, maximum },
            Value::Number(number),
        ) => {
            let number = number.as_f64();
            match (minimum, maximum) {
                (Some(least), _) if number.is_some_and(|number| number < *least) => {
                    Err(format!("it must be at least {least}"))
                }
                (_, Some(most)) if number.is_some_and(|number| number > *most) => {
                    Err(format!("it must be at most {most}"))
                }
                _ => Ok(()),
            }
        }
        (Kind::Boolean, Value::Bool(_)) => Ok(()),
        (Kind::One(choices), Value::String(value)) => is_choice(choices, value),
        (
            Kind::Many {
                choices,
                min_items,
                max_items,
            },
            Value::Array(values),
        ) => {
            let count = u64::try_from(values.len()).unwrap_or(u64::MAX);
            within(count, *min_items, *max_items, "have", "choice")?;
            values
                .iter()
                .try_for_each(|value| is_choice(choices, value.as_str().unwrap_or_default()))
        }
        (Kind::Text { .. }, _) => Err("it must be a text".to_owned()),
        (Kind::Integer { .. }, _) => Err("it must be a whole number".to_owned()),
        (Kind::Number { .. }, _) => Err("it must be a number".to_owned()),
        (Kind::Boolean, _) => Err("it must be yes or no".to_owned()),
        (Kind::One(_), _) => Err("it must be one of the choices".to_owned()),
        (Kind::Many { .. }, _) => Err("it must be a list of choices".to_owned()),
    }
}

fn within(
    count: u64,
    least: Option<u64>,
    most: Option<u64>,
    verb: &str,
    thing: &str,
) -> Result<(), String> {
    let things = |count: u64| format!("{count} {thing}{}", if count == 1 { "" } else { "s" });
    match (least, most) {
        (Some(least), _) if count < least => {
            Err(format!("it must {verb} at least {}", things(least)))
        }
        (_, Some(most)) if count > most => Err(format!("it must {verb} at most {}", things(most))),
        _ => Ok(()),
    }
}

fn is_choice(choices: &[Choice], value: &str) -> Result<(), String> {
    if choices.iter().any(|choice| choice.value == value) {
        return Ok(());
    }
    Err(NO_CHOICE.to_owned())
}

/// By value, by title, or by number from 1.
fn choose(choices: &[Choice], said: &str) -> Result<String, String> {
    let by = |is_meant: &dyn Fn(&Choice) -> bool| choices.iter().find(|choice| is_meant(choice));
    let lower = said.to_lowercase();
    by(&|choice| choice.value == said)
        .or_else(|| by(&|choice| choice.title == said))
        .or_else(|| by(&|choice| choice.title.to_lowercase() == lower))
        .or_else(|| choices.get(said.parse::<usize>().ok()?.checked_sub(1)?))
        .map(|choice| choice.value.clone())
        .ok_or_else(|| NO_CHOICE.to_owned())
}

fn integer(text: &str) -> Option<Number> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let signed = text.parse::<i64>().map(Number::from).ok();
    signed.or_else(|| text.parse::<u64>().map(Number::from).ok())
}

fn number(text: &str) -> Option<Number> {
    // Rust also reads `inf` and `nan`, which JSON cannot say.
    integer(text).or_else(|| Number::from_f64(text.parse().ok()?))
}

const NO_CHOICE: &str = "that is none of the choices";

/// Most bytes of what a person says.
const MAX_TEXT: usize = 64 << 10;
