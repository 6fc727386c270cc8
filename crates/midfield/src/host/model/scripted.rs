//! A model that says what it is told to, for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use midfield_protocol::types::{CreateMessage, SampleResult, SamplingContent, ToolUse};
use serde::Deserialize;
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
    /// How many uses of tools the script has.
    uses: usize,
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

    /// Adds an answer that uses tools, each given by its name and arguments. Their ids are `call-1`, `call-2` and so on, through all
    /// of the script.
    pub fn uses<N: Into<String>>(
        self,
        tools: impl IntoIterator<Item = (N, Map<String, Value>)>,
    ) -> Self {
        let mut inner = self.inner();
        let uses = tools.into_iter().map(|(name, input)| {
            inner.uses += 1;
            let id = format!("call-{}", inner.uses);
            SamplingContent::ToolUse(ToolUse::new(id, name, input))
        });
        let uses = uses.collect();
        drop(inner);
        self.then(Ok(answer(uses, "toolUse")))
    }

    /// Reads a script: a JSON array of what the model says, in order. A text ends the turn, `{"uses": [{"name": "add", "input":
    /// {"a": 1}}]}` uses tools, `{"refuses": "why"}` refuses as a person may.
    ///
    /// # Errors
    /// When it is no script; with what is wrong and where.
    pub fn read(json: &[u8]) -> Result<Self, ScriptError> {
        let turns: Vec<Value> = serde_json::from_slice(json)
            .map_err(|error| ScriptError(format!("a script is a JSON array: {error}")))?;
        let mut script = Self::new();
        for (index, turn) in turns.into_iter().enumerate() {
            let turn = Turn::read(turn).map_err(|told| {
                ScriptError(format!("answer {} of the script: {told}", index + 1))
            })?;
            script = match turn {
                Turn::Says(text) => script.says(text),
                Turn::Uses(uses) => script.uses(uses.into_iter().map(|it| (it.name, it.input))),
                Turn::Refuses(why) => script.then(Err(Refusal::rejected(why))),
            };
        }
        Ok(script)
    }

    /// What it was asked so far, and by whom.
    pub fn asked(&self) -> Vec<(CreateMessage, Asker)> {
        self.inner().asked.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScriptError(String);

/// What a script says at once.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Turn {
    #[serde(skip)]
    Says(String),
    Uses(Vec<Use>),
    Refuses(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    name: String,
    #[serde(default)]
    input: Map<String, Value>,
}

impl Turn {
    fn read(turn: Value) -> Result<Self, String> {
        match turn {
            Value::String(text) => Ok(Self::Says(text)),
            other => serde_json::from_value(other).map_err(|error| {
                format!("it takes a text, {{\"uses\": […]}} or {{\"refuses\": \"why\"}}: {error}")
            }),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn next(model: &Scripted) -> Result<Value, Refusal> {
        let asked = CreateMessage::new(10);
        let said = model.sample(asked, Asker::new("x")).await?;
        Ok(serde_json::to_value(said.content).unwrap_or_default())
    }

    #[tokio::test]
    async fn a_script_is_read_from_json() {
        let script = br#"[{"uses": [{"name": "a", "input": {"n": 1}}]}, {"uses": [{"name": "b"}]}, {"refuses": "no"}, "Done."]"#;
        let model = Scripted::read(script).expect("a script");
        let used = next(&model).await.expect("a use");
        assert_eq!(
            (&used[0]["id"], &used[0]["input"]["n"]),
            (&"call-1".into(), &1.into())
        );
        assert_eq!(next(&model).await.expect("a use")[0]["id"], "call-2");
        assert_eq!(next(&model).await, Err(Refusal::rejected("no")));
        assert_eq!(next(&model).await.expect("a text")[0]["text"], "Done.");
        assert!(next(&model).await.is_err());
    }

    #[test]
    fn what_is_wrong_with_a_script_is_told_with_its_place() {
        for (script, told) in [
            ("{}", "a script is a JSON array"),
            ("[1]", "answer 1 of the script: it takes a text"),
            (
                r#"["a", {"use": []}]"#,
                "answer 2 of the script: it takes a text",
            ),
            (
                r#"[{"uses": [{"name": "a", "arguments": {}}]}]"#,
                "unknown field `arguments`",
            ),
        ] {
            let error = Scripted::read(script.as_bytes())
                .expect_err(script)
                .to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
