//! A question of a task: how it is shown, and asked of whoever is there
//! ([2026-07-28, elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation)).

use std::fmt::Write as _;
use std::io::{BufRead, Write};

use serde_json::{Value, json};

use super::form::Form;
use crate::cli::misfit::misfit;
use crate::cli::text::line;

/// A question of a task.
#[derive(Debug)]
pub(super) struct Question {
    key: String,
    message: String,
    ask: Ask,
}

/// What is asked for.
#[derive(Debug)]
enum Ask {
    /// To fill in a form, whose schema is kept too.
    Form(Form, Value),
    /// To open a page.
    Page(String),
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
        let member = |pointer: &str| told.pointer(pointer).and_then(Value::as_str);
        let method = member("/method").unwrap_or_default();
        let ask = match (method, member("/params/mode")) {
            ("elicitation/create", Some("url")) => {
                Ask::Page(line(member("/params/url").unwrap_or_default()))
            }
            ("elicitation/create", None | Some("form")) => {
                let schema = told.pointer("/params/requestedSchema");
                let schema = schema.cloned().unwrap_or_else(|| json!({}));
                Ask::Form(Form::read(&schema), schema)
            }
            (other, _) => Ask::Other(line(other)),
        };
        Self {
            key: line(key),
            message: line(member("/params/message").unwrap_or_default()),
            ask,
        }
    }

    /// How it is shown, in lines.
    pub(super) fn text(&self) -> String {
        let mut text = self.head();
        match &self.ask {
            Ask::Form(form, _) => text.push_str(&form.text()),
            Ask::Page(url) => {
                let _ = writeln!(text, "  to be done at {url}");
            }
            Ask::Other(_) => {}
        }
        text
    }

    fn head(&self) -> String {
        let kind = match &self.ask {
            Ask::Form(..) => "form",
            Ask::Page(_) => "page",
            Ask::Other(method) => method,
        };
        let mut head = format!("`{}` ({kind})", self.key);
        if !self.message.is_empty() {
            let _ = write!(head, ": {}", self.message);
        }
        head.push('\n');
        head
    }

    /// What an answer must fit: the form, or anything.
    pub(super) fn schema(&self) -> &Value {
        match &self.ask {
            Ask::Form(_, schema) => schema,
            Ask::Page(_) | Ask::Other(_) => &Value::Bool(true),
        }
    }

    /// The answer that agrees, with a value that was given on the command line: what the form holds, or where it is no form, all of
    /// the answer.
    ///
    /// # Errors
    /// With what does not fit.
    pub(super) fn agree(&self, value: Value) -> Result<Given, String> {
        match &self.ask {
            Ask::Form(_, schema) => match misfit(schema, &value) {
                Some(told) => Err(told),
                None => Ok(Given(json!({"action": "accept", "content": value}))),
            },
            Ask::Page(_) | Ask::Other(_) => Ok(Given(value)),
        }
    }

    /// Asks whoever reads `out` and writes `from`. `None` when they say nothing.
    pub(super) fn ask(
        &self,
        from: &mut impl BufRead,
        out: &mut impl Write,
    ) -> std::io::Result<Option<Given>> {
        out.write_all(self.head().as_bytes())?;
        let accepted = match &self.ask {
            Ask::Form(form, _) => match form.ask(from, out)? {
                Some(content) => json!({"action": "accept", "content": content}),
                None => return Ok(None),
            },
            Ask::Page(url) => {
                writeln!(out, "  open {url} and do there what is asked")?;
                json!({"action": "accept"})
            }
            Ask::Other(_) => {
                writeln!(out, "  this cannot be asked here: answer it by `--json`")?;
                return Ok(None);
            }
        };
        loop {
            write!(out, "send this answer? [Y]es, [d]ecline, [c]ancel: ")?;
            out.flush()?;
            let Some(said) = read_line(from)? else {
                return Ok(None);
            };
            match said.to_lowercase().as_str() {
                "" | "y" | "yes" => return Ok(Some(Given(accepted))),
                "d" | "decline" | "n" | "no" => return Ok(Some(Given::declined())),
                "c" | "cancel" => return Ok(Some(Given::cancelled())),
                _ => {}
            }
        }
    }
}

/// The next line without its end; `None` when there is none.
pub(super) fn read_line(from: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut said = String::new();
    if from.read_line(&mut said)? == 0 {
        return Ok(None);
    }
    Ok(Some(said.trim().to_owned()))
}
