//! `midfield tasks result`, and what came of a task.

use serde_json::Value;

use super::asking::Asking;
use super::client::Client;
use super::follow::{Follow, needs_input};
use super::state::TaskState;
use super::{Format, Status, Wait};
use crate::cli::person::Person;
use crate::cli::text::json;
use crate::cli::{Verdict, content, print};

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
    state
        .result
        .as_ref()
        .map(content::result_of_value)
        .unwrap_or_default()
}
