//! `midfield tasks result`, and what came of a task.

use std::fmt::Write as _;

use serde_json::Value;

use super::asking::Asking;
use super::client::Client;
use super::follow::{Follow, needs_input};
use super::state::{TaskState, json, line};
use super::{Format, Status, Wait};
use crate::cli::person::Person;
use crate::cli::{Verdict, print};
use crate::source::clean;

/// Waits for the end of a task, and prints its result.
pub(super) async fn run(client: &Client, wait: &Wait) -> anyhow::Result<Verdict> {
    let mut asking = Asking::new(client, Person::here(wait.answers.as_deref())?);
    let mut follow = Follow::new(client, &wait.one.task);
    let mut state = follow.next().await?;
    loop {
        if state.status.has_ended() {
            tell(&state, wait.one.print.format())?;
            return Ok(verdict(&state));
        }
        let mut later = None;
        if needs_input(&state) {
            later = asking.ask(&mut follow, &state).await?;
        }
        state = match later {
            Some(later) => later,
            None => follow.next().await?,
        };
    }
}

fn tell(state: &TaskState, format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        let told = state.result.as_ref().or(state.error.as_ref());
        return print(&json(told.unwrap_or(&Value::Null), true));
    }
    match state.status {
        Status::Completed => print(&text(state)),
        status => {
            let message = match state.message().as_str() {
                "" => status.word().to_owned(),
                message => format!("{}: {message}", status.word()),
            };
            // Without stderr there is nobody to tell.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("{message}\n").as_bytes(),
            );
            Ok(())
        }
    }
}

/// Whether the task came to what it was meant to.
pub(super) fn verdict(state: &TaskState) -> Verdict {
    if state.has_succeeded() {
        Verdict::Fine
    } else {
        Verdict::Wrong
    }
}

/// The result of a task in plain text: what is not text is named.
pub(super) fn text(state: &TaskState) -> String {
    let Some(result) = &state.result else {
        return String::new();
    };
    let mut text = String::new();
    let blocks = result.get("content").and_then(Value::as_array);
    for block in blocks.into_iter().flatten() {
        let _ = writeln!(text, "{}", block_text(block).trim_end_matches('\n'));
    }
    match result.get("structuredContent") {
        Some(value) if text.is_empty() => json(value, true),
        _ => text,
    }
}

fn block_text(block: &Value) -> String {
    let member = |pointer: &str| block.pointer(pointer).and_then(Value::as_str);
    match member("/type") {
        Some("text") => clean(member("/text").unwrap_or_default()),
        Some("resource_link") => format!("[{}]", line(member("/uri").unwrap_or("a resource"))),
        Some("resource") => match member("/resource/text") {
            Some(text) => clean(text),
            None => format!(
                "[{}]",
                line(member("/resource/uri").unwrap_or("a resource"))
            ),
        },
        Some(kind) => format!(
            "[{} {}: `--json` shows it]",
            line(kind),
            line(member("/mimeType").unwrap_or_default())
        ),
        None => String::new(),
    }
}
