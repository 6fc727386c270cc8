//! A question of a task: how it is shown, and how an answer to it is made
//! ([2026-07-28, elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation)).

use std::fmt::Write as _;

use midfield::client::Refusal;
use midfield::host::form::Fields;
use midfield::host::page;
use midfield::types::{Action, ElicitResult, Elicitation, InputReply, InputRequest, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::cli::connect::Session;
use crate::cli::person::{choices, label, secret, unlinked};
use crate::cli::stop;
use crate::cli::text::line;

/// A question of a task.
#[derive(Debug)]
pub(super) struct Question {
    key: String,
    asked: InputRequest,
}

impl Question {
    /// What is asked under `key`.
    pub(super) fn new(key: &str, asked: InputRequest) -> Self {
        Self {
            key: line(key),
            asked,
        }
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// How it is shown, in lines.
    pub(super) fn text(&self) -> String {
        let (kind, message) = match &self.asked {
            InputRequest::Elicit(Elicitation::Form { message, .. }) => ("form", message.as_str()),
            InputRequest::Elicit(Elicitation::Url { message, .. }) => ("page", message.as_str()),
            other => (other.method(), ""),
        };
        let mut text = format!("`{}` ({kind})", self.key);
        let message = unlinked(message);
        if !message.is_empty() {
            let _ = write!(text, ": {message}");
        }
        text.push('\n');
        match &self.asked {
            InputRequest::Elicit(Elicitation::Form {
                requested_schema, ..
            }) => match Fields::read(requested_schema) {
                Ok(fields) => fields.iter().for_each(|field| {
                    let _ = writeln!(text, "  {}", label(field));
                    if let Some(secret) = secret(field) {
                        let _ = writeln!(text, "    ! {secret}");
                    }
                    if let Some(choices) = choices(field) {
                        let _ = writeln!(text, "    of: {choices}");
                    }
                }),
                Err(refusal) => {
                    let _ = writeln!(text, "  ! {}", line(&refusal.to_string()));
                }
            },
            InputRequest::Elicit(Elicitation::Url { url, .. }) => match page::review(url) {
                Ok(page) => {
                    let _ = writeln!(text, "  to be done at {}", page.url());
                    for warning in page.warnings() {
                        let _ = writeln!(text, "  ! {}", line(&warning.to_string()));
                    }
                }
                Err(rejected) => {
                    let _ = writeln!(text, "  ! {}", line(&rejected.to_string()));
                }
            },
            _ => {}
        }
        text
    }

    /// What an answer must fit: the form, or anything.
    pub(super) fn schema(&self) -> Value {
        match &self.asked {
            InputRequest::Elicit(Elicitation::Form {
                requested_schema, ..
            }) => requested_schema.to_value(),
            _ => Value::Bool(true),
        }
    }

    /// The answer that agrees, with a value that was given on the command line: what the form holds, or where it is no form, all of
    /// the answer.
    ///
    /// # Errors
    /// With what does not fit.
    pub(super) fn agree(&self, value: Map<String, Value>) -> Result<InputReply, String> {
        match &self.asked {
            InputRequest::Elicit(Elicitation::Form {
                requested_schema, ..
            }) => fill_in(requested_schema, value).map(InputReply::Elicit),
            InputRequest::Elicit(_) => read(value).map(InputReply::Elicit),
            InputRequest::Sample(_) => read(value).map(|reply| InputReply::Sample(Box::new(reply))),
            InputRequest::ListRoots => read(value).map(InputReply::Roots),
            _ => Err("it is no question that is known here".to_owned()),
        }
    }

    /// The answer that makes no choice, of a form or a page.
    ///
    /// # Errors
    /// When it is neither, with what to do.
    pub(super) fn turn_down(&self, action: Action) -> Result<InputReply, String> {
        match &self.asked {
            InputRequest::Elicit(_) => Ok(InputReply::Elicit(ElicitResult::new(action))),
            other => Err(format!(
                "`{}` asks by `{}`, which can be neither declined nor cancelled: give the whole answer by `--json`, or end the task by \
                 `midfield tasks cancel`",
                self.key,
                line(other.method())
            )),
        }
    }

    /// Asks whoever is here for such questions; `None` where nobody is. Ctrl-C, which stops the command, leaves it open.
    ///
    /// # Errors
    /// When they cannot be asked this.
    pub(super) async fn ask(&self, session: &Session) -> Option<Result<InputReply, Refusal>> {
        if !session.can_answer(&self.asked) {
            return None;
        }
        let before = stop::pressed();
        let answered = session.client.ask(self.asked.clone()).await;
        if stop::pressed() != before {
            std::future::pending::<()>().await;
        }
        Some(answered)
    }
}

/// The answer that sends a form with this content.
fn fill_in(schema: &Schema, content: Map<String, Value>) -> Result<ElicitResult, String> {
    // What cannot be read as a form is left to the server.
    if let Ok(fields) = Fields::read(schema) {
        let misfits = fields.misfits(&content);
        if !misfits.is_empty() {
            let told = misfits.iter().map(|misfit| line(&misfit.to_string()));
            return Err(told.collect::<Vec<_>>().join("\n"));
        }
    }
    let mut result = ElicitResult::new(Action::Accept);
    result.content = Some(content);
    Ok(result)
}

fn read<T: DeserializeOwned>(value: Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(value.into()).map_err(|error| line(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(key: &str, told: Value) -> Question {
        Question::new(key, serde_json::from_value(told).unwrap())
    }

    fn question() -> Question {
        of(
            "who",
            json!({"method": "elicitation/create", "params": {"mode": "form", "message": "Whose?\u{1b}[2J",
                "requestedSchema": {"type": "object", "required": ["name", "size"], "properties": {
                    "name": {"type": "string", "title": "Name", "minLength": 2},
                    "size": {"type": "string", "oneOf": [{"const": "s", "title": "Small"}, {"const": "l", "title": "Large"}]}}}}}),
        )
    }

    #[test]
    fn a_question_is_shown_with_its_fields() {
        assert_eq!(
            question().text(),
            "`who` (form): Whose?[2J\n  name (text, required): Name\n  size (one choice, required)\n    of: 1 Small, 2 Large\n"
        );
    }

    #[test]
    fn a_page_is_shown_as_it_is_and_not_where_it_is_none() {
        let told = |url: &str| {
            let params = json!({"mode": "url", "message": "Sign in.", "url": url});
            let told = json!({"method": "elicitation/create", "params": params});
            of("page", told).text()
        };
        assert_eq!(
            told("https://g\u{43e}.example@evil.example/"),
            "`page` (page): Sign in.\n  to be done at https://g%D0%BE.example@evil.example/\n  ! what stands before the @ is not the \
             site: it may be there to look like one\n"
        );
        assert!(!told("javascript:alert(1)").contains("alert"));
    }

    #[test]
    fn a_value_of_the_command_line_must_fit_too() {
        let fits = json!({"name": "Ada", "size": "s"});
        let fits = fits.as_object().unwrap().clone();
        let mut given = ElicitResult::new(Action::Accept);
        given.content = Some(fits.clone());
        assert_eq!(question().agree(fits), Ok(InputReply::Elicit(given)));
        let misfits = json!({"name": "A", "size": "s"});
        let told = question().agree(misfits.as_object().unwrap().clone());
        assert_eq!(
            told.unwrap_err(),
            "the field `name`: it must have at least 2 characters"
        );
    }

    #[test]
    fn a_question_for_a_model_takes_the_whole_answer() {
        let asked =
            json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 5}});
        let reply =
            json!({"role": "assistant", "model": "m", "content": {"type": "text", "text": "x"}});
        let given = of("say", asked.clone()).agree(reply.as_object().unwrap().clone());
        assert_eq!(serde_json::to_value(given.unwrap()).unwrap(), reply);
        assert!(of("say", asked).agree(Map::new()).is_err());
    }
}
