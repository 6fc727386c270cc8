//! A user for tests, who answers as a script says.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use midfield_protocol::types::{
    Action, ElicitResult, Elicitation, ElicitationCapability, Settings,
};
use serde_json::{Map, Value};

use crate::client::{AnswerElicitation, Asker, Refusal};
use crate::host::form::Fields;
use crate::host::page::review;

/// Answers one question after another as a test has written it down, and remembers what was asked.
///
/// A question beyond the script, and a form whose answer does not fit it, get an error that says so.
///
/// ```
/// use midfield::client::{AnswerElicitation, Asker};
/// use midfield::host::answers::ScriptedUser;
/// use midfield::types::{Action, Elicitation};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let user = ScriptedUser::new().accept().decline();
/// let page = || Elicitation::url("Sign in.", "https://example.com/", "1");
/// let first = user.answer(page(), Asker::new("shop")).await?;
/// let second = user.answer(page(), Asker::new("shop")).await?;
/// assert_eq!((first.action, second.action), (Action::Accept, Action::Decline));
/// assert_eq!(user.asked().len(), 2);
/// assert_eq!(user.asked()[0].1.server, "shop");
/// # Ok::<(), midfield::client::Refusal>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct ScriptedUser(Mutex<Script>);

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Result<ElicitResult, Refusal>>,
    asked: Vec<(Elicitation, Asker)>,
}

impl ScriptedUser {
    /// A user whose script is empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then fills in a form, and sends it. Defaults stand in what is left out.
    #[must_use]
    pub fn fill(self, content: Map<String, Value>) -> Self {
        let mut result = ElicitResult::new(Action::Accept);
        result.content = Some(content);
        self.then(Ok(result))
    }

    /// Then agrees: to a page, or to a form as it stands with its defaults.
    #[must_use]
    pub fn accept(self) -> Self {
        self.then(Ok(ElicitResult::new(Action::Accept)))
    }

    /// Then refuses.
    #[must_use]
    pub fn decline(self) -> Self {
        self.then(Ok(ElicitResult::new(Action::Decline)))
    }

    /// Then leaves without a choice.
    #[must_use]
    pub fn cancel(self) -> Self {
        self.then(Ok(ElicitResult::new(Action::Cancel)))
    }

    /// Then cannot be asked.
    #[must_use]
    pub fn refuse(self, refusal: Refusal) -> Self {
        self.then(Err(refusal))
    }

    /// What was asked so far, and by whom, in order.
    pub fn asked(&self) -> Vec<(Elicitation, Asker)> {
        self.script().asked.clone()
    }

    fn then(self, answer: Result<ElicitResult, Refusal>) -> Self {
        self.script().answers.push_back(answer);
        self
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        // Nothing is left half done in it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnswerElicitation for ScriptedUser {
    /// Both.
    fn modes(&self) -> ElicitationCapability {
        let mut modes = ElicitationCapability::default();
        modes.form = Some(Settings::default());
        modes.url = Some(Settings::default());
        modes
    }

    async fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Result<ElicitResult, Refusal> {
        let answer = {
            let mut script = self.script();
            script.asked.push((elicitation.clone(), asker));
            script.answers.pop_front()
        };
        let mut answer =
            answer.unwrap_or_else(|| Err(Refusal::failed("the script has no further answer")))?;
        if answer.action != Action::Accept {
            return Ok(answer);
        }
        match elicitation {
            Elicitation::Form {
                requested_schema, ..
            } => {
                let fields = Fields::read(&requested_schema)?;
                let content = answer.content.get_or_insert_default();
                fields.fill(content);
                if let Some(misfit) = fields.misfits(content).first() {
                    return Err(Refusal::failed(format!(
                        "the script's answer does not fit the form: {misfit}"
                    )));
                }
            }
            Elicitation::Url { url, .. } => {
                review(&url)?;
                if answer.content.is_some() {
                    return Err(Refusal::failed(
                        "the script fills in a form, and is sent to a page",
                    ));
                }
            }
            _ => return Err(Refusal::failed("the script knows forms and pages alone")),
        }
        Ok(answer)
    }
}
