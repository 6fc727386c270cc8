//! Asking whoever is here what a task asks, while the task is followed.

use serde_json::{Map, Value};

use super::Failure;
use super::client::Client;
use super::follow::Follow;
use super::question::{Given, Question};
use super::state::TaskState;
use crate::cli::person::Person;
use crate::cli::text::line;

/// Asks what a task asks, each question once.
#[derive(Debug)]
pub(super) struct Asking<'a> {
    client: &'a Client,
    person: Option<Person>,
    /// The keys of the questions that were asked.
    asked: Vec<String>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(client: &'a Client, person: Option<Person>) -> Self {
        Self {
            client,
            person,
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
        follow: &mut Follow<'_>,
        state: &TaskState,
    ) -> anyhow::Result<Option<TaskState>> {
        let mut later: Option<TaskState> = None;
        for (key, told) in &state.input_requests {
            let is_open = |state: &TaskState| state.input_requests.contains_key(key);
            if self.asked.contains(key) || later.as_ref().is_some_and(|later| !is_open(later)) {
                continue;
            }
            let Some(person) = &self.person else {
                return Err(unanswered(state).into());
            };
            let question = Question::read(key, told);
            let answer = question.ask(person, self.client.asker());
            let mut answer = std::pin::pin!(answer);
            let given = loop {
                tokio::select! {
                    given = &mut answer => break given,
                    // Nothing that was told is lost when this one is dropped: it looks again.
                    next = follow.next() => {
                        let next = next?;
                        if !is_open(&next) {
                            return Ok(Some(next));
                        }
                        later = Some(next);
                    }
                }
            };
            let Given(given) = given.map_err(|refusal| refused(key, &refusal.to_string()))?;
            let mut answers = Map::new();
            answers.insert(key.clone(), given);
            self.client
                .update(&state.id, Value::Object(answers))
                .await?;
            self.asked.push(key.clone());
        }
        Ok(later)
    }
}

/// A question that cannot be asked stays open.
pub(super) fn refused(key: &str, told: &str) -> Failure {
    Failure::NeedsInput(format!(
        "the question `{}` cannot be asked here: {}; answer it by `--json`, `--decline` or `--cancel`",
        line(key),
        line(told)
    ))
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
