//! `midfield tasks answer`.

use clap::Args;
use midfield::client::{TaskHandle, TaskState};
use midfield::types::{Action, InputReply, TaskStatus};
use serde_json::{Map, Value};

use super::asking::refused;
use super::question::Question;
use super::{answer_to, lost};
use crate::cli::Verdict;
use crate::cli::arguments::{self, Files};
use crate::cli::connect::Session;
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::line;

/// The arguments of `midfield tasks answer`.
#[derive(Debug, Args)]
pub(super) struct Answer {
    /// The server, the task, the key of the question as `show` prints it, and fields of the form as for the arguments of a tool:
    /// `count=3`, `tags=a tags=b`, `name=@FILE`, `list:=[1, 2]`. SERVER is left out where a command follows after `--`, and in the
    /// shell.
    #[arg(value_name = "SERVER TASK KEY FIELD=VALUE", required = true)]
    pub(super) words: Vec<String>,

    /// What the form holds, as a JSON object, `@FILE` with one, or `-` for stdin. For a question that is no form: the whole answer.
    #[arg(long, value_name = "JSON", conflicts_with_all = ["decline", "cancel"])]
    json: Option<String>,

    /// Refuse.
    #[arg(long, conflicts_with = "cancel")]
    decline: bool,

    /// Leave the question without a choice. The task may ask again.
    #[arg(long)]
    cancel: bool,

    /// Print the task as JSON, for programs.
    #[arg(long)]
    pub(super) json_output: bool,
}

impl Answer {
    /// Whether `words` are what it needs, after SERVER.
    pub(super) fn check(&self, words: &[String]) -> Result<(), Ended> {
        match words {
            [_, _, _, ..] if self.decline || self.cancel => Err(Ended::usage(
                "`--decline` and `--cancel` take no FIELD=VALUE",
            )),
            [_, _, ..] => Ok(()),
            _ => Err(Ended::usage(
                "say which task, and the KEY of its question: `midfield tasks show` shows it",
            )),
        }
    }

    /// Answers the question of `task` that `words` name.
    pub(super) async fn run(
        &self,
        session: &Session,
        task: &TaskHandle,
        words: &[String],
    ) -> anyhow::Result<Verdict> {
        let [_, key, fields @ ..] = words else {
            return Err(Ended::usage("say which task, and the KEY of its question").into());
        };
        let files = Files::of(fields, self.json.as_deref()).await;
        let files = files.map_err(Ended::usage)?;
        let value = self.value(&files)?;
        let state = task.status().await.map_err(|error| lost(error, task))?;
        let asked = state.inputs.iter().find(|(open, _)| open == key);
        let (_, asked) = asked.ok_or_else(|| not_open(key, &state))?;
        let question = Question::new(key, asked.clone());
        let given = self
            .given((value, files), fields, &question, session)
            .await?;
        answer_to(task, key, given).await?;
        if self.json_output {
            let state = task.status().await.map_err(|error| lost(error, task))?;
            session.print_json(&state)?;
        } else {
            session.print(&format!("answered `{}`\n", line(key)))?;
        }
        Ok(Verdict::Fine)
    }

    fn value(&self, files: &Files) -> Result<Option<Map<String, Value>>, Ended> {
        let text = self.json.as_deref();
        let value = text.map(|text| arguments::base("--json", text, &mut files.reader()));
        value.transpose().map_err(Ended::usage)
    }

    async fn given(
        &self,
        (value, files): (Option<Map<String, Value>>, Files),
        fields: &[String],
        question: &Question,
        session: &Session,
    ) -> anyhow::Result<InputReply> {
        if self.decline || self.cancel {
            let action = if self.decline {
                Action::Decline
            } else {
                Action::Cancel
            };
            return Ok(question.turn_down(action).map_err(Ended::usage)?);
        }
        if !fields.is_empty() {
            let base = value.unwrap_or_default();
            let schema = question.schema();
            let fields = arguments::read(fields, base, &schema, &mut files.reader());
            let given = fields.and_then(|fields| question.agree(fields));
            return Ok(given.map_err(Ended::usage)?);
        }
        if let Some(value) = value {
            let given = question.agree(value);
            let given =
                given.map_err(|told| Ended::usage(format!("`--json` does not fit: {told}")));
            return Ok(given?);
        }
        let asked = question.ask(session).await;
        let given = asked.ok_or_else(|| {
            let told = "nobody is here who can be asked: give `FIELD=VALUE`, `--json`, `--answers`, `--decline` or `--cancel`";
            Ended::new(Exit::NeedsAnswer, told)
        })?;
        given.map_err(|refusal| refused(question.key(), &refusal.to_string()).into())
    }
}

fn not_open(key: &str, state: &TaskState) -> Ended {
    let open = state.inputs.iter();
    let open: Vec<String> = open.map(|(key, _)| format!("`{}`", line(key))).collect();
    let open = match open.as_slice() {
        [] if state.task.status == TaskStatus::InputRequired => {
            "it asks who waits for it: `midfield tasks watch` or `result`".to_owned()
        }
        [] => "it asks nothing now".to_owned(),
        open => format!("it asks {}", open.join(", ")),
    };
    Ended::usage(format!("the task does not ask `{}`: {open}", line(key)))
}
