//! `midfield tasks watch` and `midfield tasks result`: a task to its end, with what it asks on the way.

use std::pin::{Pin, pin};

use futures_util::{Stream, StreamExt as _};
use midfield::client::{self, TaskHandle, TaskState};
use midfield::types::TaskStatus;

use super::asking::{Asking, unanswered};
use super::outcome::Outcome;
use super::screen::Screen;
use super::{Format, lost};
use crate::cli::Verdict;
use crate::cli::connect::Session;

/// The states of a task, as the server tells of them.
pub(super) type States<'a> = Pin<&'a mut dyn Stream<Item = Result<TaskState, client::Error>>>;

/// Waits for the end of a task, and prints its result.
pub(super) async fn result(
    session: &Session,
    task: &TaskHandle,
    format: Format,
) -> anyhow::Result<Verdict> {
    let outcome = to_its_end(session, task, &mut |_| Ok(())).await?;
    outcome.tell(session, format)?;
    Ok(outcome.verdict())
}

/// Follows a task to its end: shows each of its states, and prints its result.
pub(super) async fn watch(
    session: &Session,
    task: &TaskHandle,
    format: Format,
) -> anyhow::Result<Verdict> {
    let mut screen = Screen::new(format);
    let mut show = |state: &TaskState| screen.show(state);
    let outcome = to_its_end(session, task, &mut show).await?;
    screen.close()?;
    if format == Format::People && matches!(outcome, Outcome::Result(_)) {
        outcome.tell(session, format)?;
    }
    Ok(outcome.verdict())
}

/// Follows a task, and lets each of its states be seen.
async fn to_its_end(
    session: &Session,
    task: &TaskHandle,
    see: &mut dyn FnMut(&TaskState) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let mut states: States<'_> = pin!(task.watch());
    let mut asking = Asking::new(session, task);
    let mut later = None;
    loop {
        let state = match later.take() {
            Some(state) => state,
            None => next(&mut states, task).await?,
        };
        see(&state)?;
        if state.task.status.is_terminal() {
            return Outcome::of(task, state).await;
        }
        if state.task.status != TaskStatus::InputRequired {
            continue;
        }
        if task.asks_who_waits() {
            if !session.is_attended() {
                return Err(unanswered(&state).into());
            }
            return wait(task, &mut states, see).await;
        }
        later = asking.ask(&mut states, &state).await?;
    }
}

/// Waits for the result of a task, which meanwhile asks.
async fn wait(
    task: &TaskHandle,
    states: &mut States<'_>,
    see: &mut dyn FnMut(&TaskState) -> anyhow::Result<()>,
) -> anyhow::Result<Outcome> {
    let mut result = pin!(task.result());
    let mut is_over = false;
    loop {
        tokio::select! {
            told = &mut result => return Outcome::read(task, told),
            state = next(states, task), if !is_over => {
                let state = state?;
                see(&state)?;
                is_over = state.task.status.is_terminal();
            }
        }
    }
}

/// The next state of a task that is not over.
pub(super) async fn next(states: &mut States<'_>, task: &TaskHandle) -> anyhow::Result<TaskState> {
    match states.next().await {
        Some(state) => state.map_err(|error| lost(error, task)),
        // After an error there is no more.
        None => Err(client::Error::Closed.into()),
    }
}
