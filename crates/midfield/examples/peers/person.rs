//! Who answers what servers ask the user.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use midfield::client::{AnswerElicitation, Asker, Refusal};
use midfield::types::{Action, ElicitResult, Elicitation, ElicitationCapability, Settings};
use serde_json::{Value, json};

/// Fills in the fields that it knows, agrees to every page, and remembers what it was asked.
#[derive(Clone, Default)]
pub(crate) struct Person(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    asked: Vec<(Elicitation, Asker)>,
    declines_next: bool,
}

impl Person {
    /// Refuses the next question.
    pub(crate) fn decline_next(&self) {
        self.state().declines_next = true;
    }

    /// What was asked since this was called last.
    pub(crate) fn take_asked(&self) -> Vec<(Elicitation, Asker)> {
        std::mem::take(&mut self.state().asked)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnswerElicitation for Person {
    fn modes(&self) -> ElicitationCapability {
        let mut modes = ElicitationCapability::default();
        modes.form = Some(Settings::default());
        modes.url = Some(Settings::default());
        modes
    }

    async fn answer(&self, asked: Elicitation, asker: Asker) -> Result<ElicitResult, Refusal> {
        let mut state = self.state();
        state.asked.push((asked.clone(), asker));
        if std::mem::take(&mut state.declines_next) {
            return Ok(ElicitResult::new(Action::Decline));
        }
        let mut result = ElicitResult::new(Action::Accept);
        if let Elicitation::Form {
            requested_schema, ..
        } = &asked
        {
            let fields = requested_schema.keywords().get("properties");
            let names = fields.and_then(Value::as_object).into_iter().flatten();
            let known = names.filter_map(|(name, _)| Some((name.clone(), known(name)?)));
            result.content = Some(known.collect());
        }
        Ok(result)
    }
}

/// What stands in a field of this name. A field that is left out has its default.
fn known(field: &str) -> Option<Value> {
    match field {
        "name" => Some(json!("Ada")),
        "colour" => Some(json!("blue")),
        "check" => Some(json!(true)),
        // The choice of a task of `server-everything` that is asked in its middle.
        "interpretation" => Some(json!("technical")),
        _ => None,
    }
}
