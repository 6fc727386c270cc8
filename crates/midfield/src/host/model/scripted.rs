//! A model that says what it is told to, for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use midfield_protocol::types::{CreateMessage, SampleResult, SamplingContent, ToolUse};
use serde_json::{Map, Value};

use crate::client::{Asker, Refusal, Sample};

/// A model that answers by a script, in order, and remembers what it was asked. Clones share both.
///
/// When the script has ended it fails, which says after how many answers.
///
/// ```
/// use midfield::client::{Asker, Sample};
/// use midfield::host::model::Scripted;
/// use midfield::types::{CreateMessage, SamplingMessage};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let model = Scripted::new().says("Paris.");
/// let question = CreateMessage::new(10).message(SamplingMessage::user("Which city?"));
/// let answer = model.sample(question.clone(), Asker::new("maps")).await.expect("the first answer");
/// assert_eq!(answer.model, "scripted");
/// assert_eq!(model.asked(), [(question.clone(), Asker::new("maps"))]);
/// assert!(model.sample(question, Asker::new("maps")).await.is_err());
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Scripted(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    script: VecDeque<Result<SampleResult, Refusal>>,
    asked: Vec<(CreateMessage, Asker)>,
}

impl Scripted {
    /// A model whose script is empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer, or a refusal, to the end of the script.
    pub fn then(self, answer: Result<SampleResult, Refusal>) -> Self {
        self.inner().script.push_back(answer);
        self
    }

    /// Adds a text that ends the turn.
    pub fn says(self, text: impl Into<String>) -> Self {
        self.then(Ok(answer(vec![SamplingContent::text(text)], "endTurn")))
    }

    /// Adds an answer that uses tools, each given by its name and arguments. Their ids are `call-1`, `call-2` and so on.
    pub fn uses<N: Into<String>>(
        self,
        tools: impl IntoIterator<Item = (N, Map<String, Value>)>,
    ) -> Self {
        let uses = tools.into_iter().enumerate().map(|(index, (name, input))| {
            let id = format!("call-{}", index + 1);
            SamplingContent::ToolUse(ToolUse::new(id, name, input))
        });
        self.then(Ok(answer(uses.collect(), "toolUse")))
    }

    /// What it was asked so far, and by whom.
    pub fn asked(&self) -> Vec<(CreateMessage, Asker)> {
        self.inner().asked.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sample for Scripted {
    async fn sample(&self, request: CreateMessage, asker: Asker) -> Result<SampleResult, Refusal> {
        let mut inner = self.inner();
        inner.asked.push((request, asker));
        let answered = inner.asked.len() - 1;
        inner.script.pop_front().unwrap_or_else(|| {
            Err(Refusal::failed(format!(
                "the script of the model ended after {answered} answers; add one for each time that it is asked"
            )))
        })
    }
}

fn answer(content: Vec<SamplingContent>, stop_reason: &str) -> SampleResult {
    SampleResult::new("scripted", content).stop_reason(stop_reason)
}
