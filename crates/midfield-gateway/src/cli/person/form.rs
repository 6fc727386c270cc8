//! A form at the terminal: its fields one after another, and then all of it once more before anything is sent.

use std::fmt::Write as _;
use std::io;

use midfield::host::form::{Choice, Field, Fields, Kind};
use midfield::types::{Action, ElicitResult, Schema};
use serde_json::{Map, Value};

use super::terminal::Terminal;
use super::words::{label, quoted, secret, shortened, unlinked};
use super::{Left, Outcome, choose, edit};
use crate::cli::text::line;
use crate::source::clean;

type Content = Map<String, Value>;

/// What a person decides once they have seen all of a form.
#[derive(Clone, Copy)]
enum Decision {
    Send,
    Change,
    Decline,
    Cancel,
}

/// Asks a person to fill in a form.
///
/// # Errors
/// When the terminal is gone.
pub(super) async fn ask(
    terminal: &mut Terminal,
    message: &str,
    schema: &Schema,
) -> io::Result<Outcome> {
    terminal.print(&quoted(message))?;
    let fields = match Fields::read(schema) {
        Ok(fields) => fields,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let mut content = Content::new();
    for field in &fields {
        if let Err(left) = fill(terminal, field, &mut content).await? {
            return Ok(left.into());
        }
    }
    loop {
        let told = review(&fields, &content);
        terminal.print(&told)?;
        match decide(terminal, &fields).await? {
            Err(left) => return Ok(left.into()),
            Ok(Decision::Decline) => {
                return Ok(Outcome::Answered(ElicitResult::new(Action::Decline)));
            }
            Ok(Decision::Cancel) => {
                return Ok(Outcome::Answered(ElicitResult::new(Action::Cancel)));
            }
            Ok(Decision::Send) => {
                let misfits = fields.misfits(&content);
                if misfits.is_empty() {
                    let mut result = ElicitResult::new(Action::Accept);
                    result.content = Some(content);
                    return Ok(Outcome::Answered(result));
                }
                for misfit in misfits {
                    terminal.print(&format!("  ! {}\n", line(&misfit.to_string())))?;
                }
            }
            Ok(Decision::Change) => {
                if let Err(left) = change(terminal, &fields, &mut content).await? {
                    return Ok(left.into());
                }
            }
        }
    }
}

/// What will be sent, for a person to look through.
fn review(fields: &Fields, content: &Content) -> String {
    if fields.is_empty() {
        return "  there is nothing to fill in, only to agree to\n".to_owned();
    }
    let mut told = "\n  this will be sent:\n".to_owned();
    for field in fields {
        let value = content.get(field.name()).map(|value| shown(field, value));
        let value = value.as_deref().unwrap_or("(left out)");
        let _ = writeln!(told, "    {} = {value}", unlinked(field.name()));
    }
    told
}

async fn decide(terminal: &mut Terminal, fields: &Fields) -> io::Result<Result<Decision, Left>> {
    let decisions: &[(&str, Decision)] = if fields.is_empty() {
        // Enter by habit agrees to nothing.
        &[
            ("no, decline", Decision::Decline),
            ("yes, agree", Decision::Send),
            ("cancel, and decide later", Decision::Cancel),
        ]
    } else {
        &[
            ("send it", Decision::Send),
            ("change an answer", Decision::Change),
            ("decline: send nothing, and say no", Decision::Decline),
            ("cancel, and decide later", Decision::Cancel),
        ]
    };
    let options: Vec<String> = decisions
        .iter()
        .map(|(words, _)| (*words).to_owned())
        .collect();
    let chosen = choose::one(terminal, &options, 0).await?;
    Ok(chosen.map(|at| {
        let decision = decisions.get(at).map(|(_, decision)| *decision);
        decision.unwrap_or(Decision::Cancel)
    }))
}

async fn change(
    terminal: &mut Terminal,
    fields: &Fields,
    content: &mut Content,
) -> io::Result<Result<(), Left>> {
    let names: Vec<String> = fields.iter().map(|field| unlinked(field.name())).collect();
    terminal.print("  which answer?\n")?;
    let at = match choose::one(terminal, &names, 0).await? {
        Ok(at) => at,
        Err(left) => return Ok(Err(left)),
    };
    match fields.iter().nth(at) {
        Some(field) => fill(terminal, field, content).await,
        None => Ok(Ok(())),
    }
}

/// Asks for one field, in which stands what was said before, or its default.
async fn fill(
    terminal: &mut Terminal,
    field: &Field,
    content: &mut Content,
) -> io::Result<Result<(), Left>> {
    let mut told = format!("  {}\n", label(field));
    if let Some(secret) = secret(field) {
        let _ = writeln!(told, "  ! {secret}");
    }
    if let Some(pattern) = field.unchecked() {
        let pattern = shortened(&unlinked(pattern), MAX_SHOWN);
        let _ = writeln!(told, "  (the server alone checks the pattern {pattern})");
    }
    terminal.print(&told)?;
    let said = content.get(field.name());
    let before = said.or_else(|| field.default()).cloned();
    let said = match field.kind() {
        Kind::Boolean => yes_or_no(terminal, field, before).await?,
        Kind::One(choices) => one_of(terminal, field, choices, before).await?,
        Kind::Many { choices, .. } => some_of(terminal, field, choices, before).await?,
        _ => {
            let text = before.map(|value| clean(&field.text(&value)));
            typed(terminal, field, &text.unwrap_or_default()).await?
        }
    };
    let value = match said {
        Ok(value) => value.or_else(|| seen_default(field)),
        Err(left) => return Ok(Err(left)),
    };
    if let Some(value) = value {
        terminal.print(&format!("  > {}\n", shown(field, &value)))?;
        content.insert(field.name().to_owned(), value);
    } else {
        terminal.print("  > (left out)\n")?;
        content.shift_remove(field.name());
    }
    Ok(Ok(()))
}

/// The default of a field, which stands for what is left out. Of a text, only what can be seen.
fn seen_default(field: &Field) -> Option<Value> {
    let default = field.default()?;
    match (field.kind(), default.as_str()) {
        (Kind::Text { .. }, Some(text)) => Some(clean(text).into()),
        _ => Some(default.clone()),
    }
}

type Said = Result<Option<Value>, Left>;

/// A text or a number, which is `before` until another is typed.
async fn typed(terminal: &mut Terminal, field: &Field, before: &str) -> io::Result<Said> {
    if unlinked(before) == line(before) {
        return edit::edit(terminal, before, |text| field.value(text)).await;
    }
    // A terminal would make a link of it, so that it is not shown as it is.
    terminal.print(&format!(
        "  (Enter takes {})\n",
        shortened(&unlinked(before), MAX_SHOWN)
    ))?;
    edit::edit(terminal, "", |text| {
        field.value(if text.is_empty() { before } else { text })
    })
    .await
}

async fn yes_or_no(
    terminal: &mut Terminal,
    field: &Field,
    before: Option<Value>,
) -> io::Result<Said> {
    let options = [
        ("no".to_owned(), Value::Bool(false)),
        ("yes".to_owned(), Value::Bool(true)),
    ];
    one(terminal, field, options.to_vec(), before).await
}

async fn one_of(
    terminal: &mut Terminal,
    field: &Field,
    choices: &[Choice],
    before: Option<Value>,
) -> io::Result<Said> {
    let options = choices
        .iter()
        .map(|choice| (option(choice), choice.value.as_str().into()));
    one(terminal, field, options.collect(), before).await
}

async fn one(
    terminal: &mut Terminal,
    field: &Field,
    mut options: Vec<(String, Value)>,
    before: Option<Value>,
) -> io::Result<Said> {
    let can_be_left_out = !field.is_required() && field.default().is_none();
    let at = before
        .and_then(|before| options.iter().position(|(_, value)| *value == before))
        .unwrap_or(if can_be_left_out { options.len() } else { 0 });
    if can_be_left_out {
        options.push(("(leave it out)".to_owned(), Value::Null));
    }
    let (names, mut values): (Vec<String>, Vec<Value>) = options.into_iter().unzip();
    let chosen = choose::one(terminal, &names, at).await?;
    Ok(chosen.map(|at| {
        let value = values.get_mut(at).map(Value::take);
        value.filter(|value| !value.is_null())
    }))
}

async fn some_of(
    terminal: &mut Terminal,
    field: &Field,
    choices: &[Choice],
    before: Option<Value>,
) -> io::Result<Said> {
    let names: Vec<String> = choices.iter().map(option).collect();
    let before = before.as_ref().and_then(Value::as_array);
    let was_chosen = |choice: &Choice| {
        before.is_some_and(|before| {
            before
                .iter()
                .any(|value| value.as_str() == Some(choice.value.as_str()))
        })
    };
    let chosen = choices.iter().map(was_chosen).collect();
    choose::many(terminal, &names, chosen, |chosen| {
        let values = choices.iter().zip(chosen).filter(|(_, chosen)| **chosen);
        let values: Vec<&str> = values.map(|(choice, _)| choice.value.as_str()).collect();
        if values.is_empty() && !field.is_required() && field.default().is_none() {
            return Ok(None);
        }
        let value = Value::from(values);
        field.check(&value).map(|()| Some(value))
    })
    .await
}

/// A choice by its title, with its value where that is another.
fn option(choice: &Choice) -> String {
    let title = unlinked(&choice.title);
    if choice.title == choice.value {
        title
    } else {
        format!("{title} ({})", unlinked(&choice.value))
    }
}

fn shown(field: &Field, value: &Value) -> String {
    shortened(&unlinked(&field.text(value)), MAX_SHOWN)
}

/// Most characters of a value that are shown.
const MAX_SHOWN: usize = 1_000;
