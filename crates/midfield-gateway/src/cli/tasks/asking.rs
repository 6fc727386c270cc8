//! Asking whoever is here what a task asks, while the task is followed.

use midfield::client::{TaskHandle, TaskState};

use super::answer_to;
use super::follow::{States, next};
use super::question::Question;
use crate::cli::connect::Session;
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::{line, word};

/// Asks what a task asks, each question once.
pub(super) struct Asking<'a> {
    session: &'a Session,
    task: &'a TaskHandle,
    /// The keys of the questions that were asked.
    asked: Vec<String>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(session: &'a Session, task: &'a TaskHandle) -> Self {
        Self {
            session,
            task,
            asked: Vec::new(),
        }
    }

    /// Asks what `state` asks. Gives a later state when that was told in the meantime.
    ///
    /// A question that is answered elsewhere, or whose task ends, is withdrawn.
    ///
    /// # Errors
    /// When nobody is here, or they cannot be asked.
    pub(super) async fn ask(
        &mut self,
        states: &mut States<'_>,
        state: &TaskState,
    ) -> anyhow::Result<Option<TaskState>> {
        let mut later: Option<TaskState> = None;
        for (key, asked) in &state.inputs {
            let is_open = |state: &TaskState| state.inputs.iter().any(|(open, _)| open == key);
            if self.asked.contains(key) || later.as_ref().is_some_and(|later| !is_open(later)) {
                continue;
            }
            let question = Question::new(key, asked.clone());
            let mut answer = std::pin::pin!(question.ask(self.session));
            let given = loop {
                tokio::select! {
                    given = &mut answer => break given,
                    next = next(states, self.task) => {
                        let next = next?;
                        if !is_open(&next) {
                            return Ok(Some(next));
                        }
                        later = Some(next);
                    }
                }
            };
            let given = given.ok_or_else(|| unanswered(state))?;
            let given = given.map_err(|refusal| refused(key, &refusal.to_string()))?;
            answer_to(self.task, key, given).await?;
            self.asked.push(key.clone());
        }
        Ok(later)
    }
}

/// A question that cannot be asked stays open.
pub(super) fn refused(key: &str, told: &str) -> Ended {
    Ended::new(
        Exit::NeedsAnswer,
        format!(
            "the question `{}` cannot be asked here: {}; answer it by `--json`, `--decline` or `--cancel`",
            line(key),
            line(told)
        ),
    )
}

/// Nobody is here who could be asked.
pub(super) fn unanswered(state: &TaskState) -> Ended {
    let keys = state.inputs.iter();
    let keys: Vec<String> = keys.map(|(key, _)| format!("`{}`", line(key))).collect();
    let id = word(&state.task.id);
    let told = match keys.as_slice() {
        [] => "the task waits for an answer, and asks who waits for it: run this at a terminal, or give `--answers FILE`".to_owned(),
        keys => format!(
            "the task waits for an answer to {}: `midfield tasks show SERVER {id}` shows what is asked, `midfield tasks answer \
             SERVER {id} KEY` answers it",
            keys.join(", ")
        ),
    };
    Ended::new(Exit::NeedsAnswer, told)
}
