//! `midfield tasks result`, and what came of a task.

use serde_json::Value;

use super::client::Client;
use super::follow::{Follow, needs_input};
use super::question::{Given, Question};
use super::state::TaskState;
use super::{Failure, Format, Status, has_somebody};
use crate::cli::text::{json, line};
use crate::cli::{Verdict, content, print};

/// Waits for the end of a task, and prints its result.
pub(super) async fn run(client: &Client, task: &str, format: Format) -> anyhow::Result<Verdict> {
    let mut follow = Follow::new(client, task);
    let mut asked = Vec::new();
    loop {
        let state = follow.next().await?;
        if state.status.has_ended() {
            tell(&state, format)?;
            return Ok(verdict(&state));
        }
        if needs_input(&state) {
            answer_here(client, &state, &mut asked).await?;
        }
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

/// Asks whoever is there what the task asks, each question once; `asked` has the keys of those that were.
///
/// # Errors
/// When nobody is there, or does not answer.
pub(super) async fn answer_here(
    client: &Client,
    state: &TaskState,
    asked: &mut Vec<String>,
) -> anyhow::Result<()> {
    for (key, told) in &state.input_requests {
        if asked.contains(key) {
            continue;
        }
        let question = Question::read(key, told);
        let given = if has_somebody() {
            question.ask(&mut std::io::stdin().lock(), &mut std::io::stderr())?
        } else {
            None
        };
        let Some(Given(answer)) = given else {
            return Err(unanswered(state).into());
        };
        let mut answers = serde_json::Map::new();
        answers.insert(key.clone(), answer);
        client.update(&state.id, Value::Object(answers)).await?;
        asked.push(key.clone());
    }
    Ok(())
}

fn unanswered(state: &TaskState) -> Failure {
    let keys = state.input_requests.keys();
    let keys: Vec<String> = keys.map(|key| format!("`{}`", line(key))).collect();
    let id = line(&state.id);
    Failure::NeedsInput(format!(
        "the task waits for an answer to {}: `midfield tasks show {id}` shows what is asked, `midfield tasks answer {id} KEY` \
         answers it",
        keys.join(", ")
    ))
}
