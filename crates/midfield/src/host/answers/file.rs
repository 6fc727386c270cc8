//! Answers that somebody has written down beforehand.

use midfield_protocol::types::{
    Action, ElicitResult, Elicitation, ElicitationCapability, Schema, Settings,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::{AnswerElicitation, Asker, Refusal};
use crate::host::form::Fields;
use crate::host::page::review;

/// Answers from a list of rules. What no rule is about is declined, and so is every form that asks for a secret.
///
/// As a file, in JSON:
///
/// ```
/// use midfield::host::answers::Answers;
///
/// let answers = Answers::read(br#"{
///     "rules": [
///         {"server": "shop", "message": "How much", "content": {"count": 3}},
///         {"message": "Delete everything?", "action": "cancel"},
///         {"host": "mcp.example.com", "action": "accept"}
///     ],
///     "fields": {"name": "Ada", "email": "ada@example.com"}
/// }"#)?;
/// # Ok::<(), midfield::host::answers::AnswersError>(())
/// ```
///
/// The first of `rules` answers whose `server` is the name under which the host knows the server, whose `message` is a part of
/// what is asked, and whose `host` is that of the page to be opened; what a rule does not name may be anything, but a page is
/// answered by rules with a `host` alone. `action` is `accept` (the default), `decline` or `cancel`; `content` is what the form
/// holds, with defaults for what it leaves out. A form that no rule is about is filled in from `fields`, by the names of its
/// fields, if all of those that it requires are there.
///
/// To accept a page says that whoever wrote the rule agrees to it. Nothing is opened.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default)]
    fields: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    server: Option<String>,
    message: Option<String>,
    host: Option<String>,
    #[serde(default = "accept")]
    action: Action,
    #[serde(default)]
    content: Map<String, Value>,
}

/// A file of answers that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswersError {
    /// It is larger than any is.
    #[error("the answers have more than {MAX_FILE} bytes")]
    TooLarge,
    /// It is none.
    #[error("the answers are not what is described for a file of them")]
    Format(#[source] serde_json::Error),
}

impl Answers {
    /// Declines everything.
    pub fn decline() -> Self {
        Self::default()
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// When it is no file of answers, or is larger than 1 MiB.
    pub fn read(bytes: &[u8]) -> Result<Self, AnswersError> {
        if bytes.len() > MAX_FILE {
            return Err(AnswersError::TooLarge);
        }
        serde_json::from_slice(bytes).map_err(AnswersError::Format)
    }

    fn form(&self, rule: Option<&Rule>, schema: &Schema) -> Result<ElicitResult, Refusal> {
        let fields = Fields::read(schema)?;
        if fields.iter().any(|field| field.secret().is_some()) {
            return Ok(ElicitResult::new(Action::Decline));
        }
        let content = match rule {
            Some(rule) if rule.action != Action::Accept => {
                return Ok(ElicitResult::new(rule.action));
            }
            Some(rule) => rule.content.clone(),
            // A form without fields asks for consent, which nobody gave.
            None if fields.is_empty() => return Ok(ElicitResult::new(Action::Decline)),
            None => {
                let mut known = self.fields.clone();
                known.retain(|name, _| fields.field(name).is_some());
                known
            }
        };
        let mut accepted = ElicitResult::new(Action::Accept);
        let content = accepted.content.insert(content);
        fields.fill(content);
        match (rule, fields.misfits(content).first()) {
            (_, None) if rule.is_some() || !self.fields.is_empty() => Ok(accepted),
            (Some(_), Some(misfit)) => Err(Refusal::failed(format!(
                "the answer that was written down beforehand does not fit the form: {misfit}"
            ))),
            (None, _) | (Some(_), None) => Ok(ElicitResult::new(Action::Decline)),
        }
    }
}

impl AnswerElicitation for Answers {
    /// Forms, and pages if a rule names one.
    fn modes(&self) -> ElicitationCapability {
        let mut modes = ElicitationCapability::default();
        modes.form = Some(Settings::default());
        if self.rules.iter().any(|rule| rule.host.is_some()) {
            modes.url = Some(Settings::default());
        }
        modes
    }

    async fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Result<ElicitResult, Refusal> {
        let is_about = |rule: &&Rule, message: &str| {
            let is_asker = rule.server.as_ref().is_none_or(|it| *it == asker.server);
            is_asker && rule.message.as_ref().is_none_or(|it| message.contains(it))
        };
        match elicitation {
            Elicitation::Form {
                message,
                requested_schema,
            } => {
                let mut rules = self.rules.iter().filter(|rule| rule.host.is_none());
                self.form(
                    rules.find(|rule| is_about(rule, &message)),
                    &requested_schema,
                )
            }
            Elicitation::Url { message, url, .. } => {
                let page = review(&url)?;
                let mut rules = self
                    .rules
                    .iter()
                    .filter(|rule| rule.host.as_deref() == Some(page.host()));
                let rule = rules.find(|rule| is_about(rule, &message));
                let action = rule.map_or(Action::Decline, |rule| rule.action);
                Ok(ElicitResult::new(action))
            }
            // Kinds of questions that are not known yet.
            _ => Ok(ElicitResult::new(Action::Decline)),
        }
    }
}

fn accept() -> Action {
    Action::Accept
}

/// Most bytes of a file.
const MAX_FILE: usize = 1 << 20;
