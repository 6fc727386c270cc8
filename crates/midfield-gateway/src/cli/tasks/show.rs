//! `midfield tasks show` and `midfield tasks cancel`.

use std::fmt::Write as _;

use midfield::client::{TaskHandle, TaskState};
use midfield::types::TaskStatus;

use super::question::Question;
use super::{Format, lost, words};
use crate::cli::Verdict;
use crate::cli::connect::Session;
use crate::cli::text::{line, word};

/// Says how a task is.
pub(super) async fn run(
    session: &Session,
    task: &TaskHandle,
    format: Format,
) -> anyhow::Result<Verdict> {
    let state = task.status().await.map_err(|error| lost(error, task))?;
    match format {
        Format::Json => session.print_json(&state)?,
        Format::People => session.print(&text(&state))?,
    }
    Ok(Verdict::Fine)
}

/// Asks that a task be ended, and says how it is then.
pub(super) async fn cancel(
    session: &Session,
    task: &TaskHandle,
    format: Format,
) -> anyhow::Result<Verdict> {
    // Else nobody could tell a task that is over from one that is not there.
    let mut state = task.status().await.map_err(|error| lost(error, task))?;
    if !state.task.status.is_terminal() {
        let cancelled = task.cancel().await;
        state = task.status().await.map_err(|error| lost(error, task))?;
        match cancelled {
            // It may have come to its end meanwhile.
            Err(error) if !state.task.status.is_terminal() => return Err(error.into()),
            _ => {}
        }
    }
    match format {
        Format::Json => session.print_json(&state)?,
        Format::People => session.print(&format!("{}\n", words::state(state.task.status)))?,
    }
    Ok(Verdict::Fine)
}

fn text(state: &TaskState) -> String {
    let task = &state.task;
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:<8} {value}");
        }
    };
    row("task", &line(&task.id));
    row("state", words::state(task.status));
    row("message", &words::message(task));
    row("made", &task.created_at.to_string());
    row("changed", &task.updated_at.to_string());
    let kept = task.ttl.map_or_else(
        || "for ever".to_owned(),
        |time| format!("for {} from its making", humantime::format_duration(time)),
    );
    row("kept", &kept);
    for (key, asked) in &state.inputs {
        let question = Question::new(key, asked.clone());
        let _ = write!(text, "\n{}", question.text());
        let _ = writeln!(
            text,
            "  answer by `midfield tasks answer SERVER {} {}`",
            word(&task.id),
            word(key)
        );
    }
    if task.status == TaskStatus::InputRequired && state.inputs.is_empty() {
        text.push_str("\nwhat it asks is told to who waits: `midfield tasks watch`\n");
    }
    text
}
