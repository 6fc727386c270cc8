//! `midfield tasks show` and `midfield tasks cancel`.

use std::fmt::Write as _;

use super::Format;
use super::client::Client;
use super::question::Question;
use super::state::TaskState;
use crate::cli::text::{json, line};
use crate::cli::{Verdict, print};

/// Says how a task is.
pub(super) async fn run(client: &Client, task: &str, format: Format) -> anyhow::Result<Verdict> {
    let state = client.get(task).await?;
    print(&text(&state, format))?;
    Ok(Verdict::Fine)
}

/// Asks that a task be ended, and says how it is then.
pub(super) async fn cancel(client: &Client, task: &str, format: Format) -> anyhow::Result<Verdict> {
    client.cancel(task).await?;
    let state = client.get(task).await?;
    let text = match format {
        Format::Json => json(&state.told, true),
        Format::People => format!("{}\n", state.status.word()),
    };
    print(&text)?;
    Ok(Verdict::Fine)
}

fn text(state: &TaskState, format: Format) -> String {
    if format == Format::Json {
        return json(&state.told, true);
    }
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{name:<8} {value}");
        }
    };
    row("task", &line(&state.id));
    row("state", state.status.word());
    row("message", &state.message());
    row("made", &state.made());
    row("changed", &state.changed());
    let kept = state.lifetime().map_or_else(
        || "for ever".to_owned(),
        |time| format!("for {} from its making", humantime::format_duration(time)),
    );
    row("kept", &kept);
    for (key, told) in &state.input_requests {
        let question = Question::read(key, told);
        let _ = write!(text, "\n{}", question.text());
        let _ = writeln!(
            text,
            "  answer by `midfield tasks answer {} {}`",
            line(&state.id),
            line(key)
        );
    }
    text
}
