//! A question of a task: how it is shown, and how an answer to it is made
//! ([2026-07-28, elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation)).

use std::fmt::Write as _;

use midfield::client::{AnswerElicitation as _, Asker, Refusal};
use midfield::host::form::Fields;
use midfield::host::page;
use midfield::types::Elicitation;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::cli::person::{Person, choices, label, unlinked};
use crate::cli::text::line;

/// A question of a task.
#[derive(Debug)]
pub(super) struct Question {
    key: String,
    ask: Ask,
}

/// What is asked for.
#[derive(Debug)]
enum Ask {
    /// To fill in a form, or to open a page.
    Person(Elicitation),
    /// What a person at a terminal cannot give, such as a model's reply.
    Other(String),
}

/// An answer, as it is handed in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Given(pub(super) Value);

impl Given {
    pub(super) fn declined() -> Self {
        Self(json!({"action": "decline"}))
    }

    pub(super) fn cancelled() -> Self {
        Self(json!({"action": "cancel"}))
    }
}

impl Question {
    /// Reads a question as a server tells it under `key`.
    pub(super) fn read(key: &str, told: &Value) -> Self {
        let method = told.get("method").and_then(Value::as_str);
        let method = method.unwrap_or_default();
        let params = told
            .get("params")
            .filter(|_| method == "elicitation/create");
        let elicitation = params.and_then(|params| Elicitation::deserialize(params).ok());
        Self {
            key: line(key),
            ask: elicitation.map_or_else(|| Ask::Other(line(method)), Ask::Person),
        }
    }

    /// How it is shown, in lines.
    pub(super) fn text(&self) -> String {
        let (kind, message) = match &self.ask {
            Ask::Person(Elicitation::Form { message, .. }) => ("form", message.as_str()),
            Ask::Person(Elicitation::Url { message, .. }) => ("page", message.as_str()),
            Ask::Person(_) => ("question", ""),
            Ask::Other(method) => (method.as_str(), ""),
        };
        let mut text = format!("`{}` ({kind})", self.key);
        let message = unlinked(message);
        if !message.is_empty() {
            let _ = write!(text, ": {message}");
        }
        text.push('\n');
        match &self.ask {
            Ask::Person(Elicitation::Form {
                requested_schema, ..
            }) => match Fields::read(requested_schema) {
                Ok(fields) => fields.iter().for_each(|field| {
                    let _ = writeln!(text, "  {}", label(field));
                    if let Some(choices) = choices(field) {
                        let _ = writeln!(text, "    of: {choices}");
                    }
                }),
                Err(refusal) => {
                    let _ = writeln!(text, "  ! {}", line(&refusal.to_string()));
                }
            },
            Ask::Person(Elicitation::Url { url, .. }) => match page::review(url) {
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
            Ask::Person(_) | Ask::Other(_) => {}
        }
        text
    }

    /// What an answer must fit: the form, or anything.
    pub(super) fn schema(&self) -> Value {
        match &self.ask {
            Ask::Person(Elicitation::Form {
                requested_schema, ..
            }) => requested_schema.to_value(),
            Ask::Person(_) | Ask::Other(_) => Value::Bool(true),
        }
    }

    /// The answer that agrees, with a value that was given on the command line: what the form holds, or where it is no form, all of
    /// the answer.
    ///
    /// # Errors
    /// With what does not fit.
    pub(super) fn agree(&self, value: Value) -> Result<Given, String> {
        let Ask::Person(Elicitation::Form {
            requested_schema, ..
        }) = &self.ask
        else {
            return Ok(Given(value));
        };
        // What cannot be read as a form is left to the server.
        if let (Ok(fields), Some(content)) = (Fields::read(requested_schema), value.as_object()) {
            let misfits = fields.misfits(content);
            if !misfits.is_empty() {
                let told = misfits.iter().map(|misfit| line(&misfit.to_string()));
                return Err(told.collect::<Vec<_>>().join("\n"));
            }
        }
        Ok(Given(json!({"action": "accept", "content": value})))
    }

    /// Asks `person`.
    ///
    /// # Errors
    /// When they cannot be asked this.
    pub(super) async fn ask(&self, person: &Person, asker: Asker) -> Result<Given, Refusal> {
        let Ask::Person(elicitation) = &self.ask else {
            return Err(Refusal::failed("it is no question for a person"));
        };
        let result = person.answer(elicitation.clone(), asker).await?;
        let mut given = json!({"action": result.action});
        if let Some(content) = result.content {
            given["content"] = content.into();
        }
        Ok(Given(given))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        Question::read(
            "who",
            &json!({"method": "elicitation/create", "params": {"mode": "form", "message": "Whose?\u{1b}[2J",
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
            Question::read("page", &told).text()
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
        let given = Given(json!({"action": "accept", "content": fits}));
        assert_eq!(question().agree(fits), Ok(given));
        let told = question().agree(json!({"name": "A", "size": "s"}));
        assert_eq!(
            told.unwrap_err(),
            "the field `name`: it must have at least 2 characters"
        );
    }
}
