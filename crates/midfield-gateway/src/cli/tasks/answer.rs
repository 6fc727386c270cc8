//! `midfield tasks answer`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::asking::refused;
use super::client::Client;
use super::question::{Given, Question};
use super::state::TaskState;
use super::{Failure, Format};
use crate::cli::person::Person;
use crate::cli::text::{json, line};
use crate::cli::{Verdict, arguments, print};

/// The arguments of `midfield tasks answer`.
#[derive(Debug, Args)]
pub(super) struct Answer {
    /// The task's id, or what `midfield call --detach` printed.
    #[arg(value_name = "TASK", value_parser = super::id)]
    task: String,

    /// The key of the question, as `show` prints it.
    #[arg(value_name = "KEY")]
    key: String,

    /// Fields of the form, as for the arguments of a tool: `count=3`, `tags=a tags=b`, `name=@FILE`, `list:=[1, 2]`.
    #[arg(value_name = "FIELD=VALUE", conflicts_with_all = ["decline", "cancel"])]
    fields: Vec<String>,

    /// What the form holds, as a JSON object, `@FILE` with one, or `-` for stdin. For a question that is no form: the whole answer.
    #[arg(long, value_name = "JSON", conflicts_with_all = ["decline", "cancel"])]
    json: Option<String>,

    /// Refuse.
    #[arg(long, conflicts_with = "cancel")]
    decline: bool,

    /// Leave the question without a choice. The task may ask again.
    #[arg(long)]
    cancel: bool,

    /// Answer from this file, and ask nobody. See docs/elicitation.md.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "decline", "cancel"])]
    answers: Option<PathBuf>,

    /// Print the task as JSON, for programs.
    #[arg(long)]
    json_output: bool,
}

impl Answer {
    pub(super) async fn run(&self, client: &Client) -> anyhow::Result<Verdict> {
        // Before anything is asked of the server.
        let value = self.value()?;
        let state = client.get(&self.task).await?;
        let told = state.input_requests.get(&self.key);
        let told = told.ok_or_else(|| self.not_open(&state))?;
        let question = Question::read(&self.key, told);
        let Given(answer) = self.given(value, &question, client).await?;
        let mut answers = Map::new();
        answers.insert(self.key.clone(), answer);
        client.update(&self.task, Value::Object(answers)).await?;
        let text = match Format::of(self.json_output) {
            Format::Json => json(&client.get(&self.task).await?.told, true),
            Format::People => format!("answered `{}`\n", line(&self.key)),
        };
        print(&text)?;
        Ok(Verdict::Fine)
    }

    fn value(&self) -> Result<Option<Map<String, Value>>, Failure> {
        let text = self.json.as_deref();
        let value = text.map(|text| arguments::base("--json", text, &mut arguments::read_file));
        value.transpose().map_err(Failure::Usage)
    }

    async fn given(
        &self,
        value: Option<Map<String, Value>>,
        question: &Question,
        client: &Client,
    ) -> anyhow::Result<Given> {
        if self.decline {
            return Ok(Given::declined());
        }
        if self.cancel {
            return Ok(Given::cancelled());
        }
        if !self.fields.is_empty() {
            let base = value.unwrap_or_default();
            let schema = question.schema();
            let fields = arguments::read(&self.fields, base, &schema, &mut arguments::read_file);
            let given = fields.and_then(|fields| question.agree(Value::Object(fields)));
            return Ok(given.map_err(Failure::Usage)?);
        }
        if let Some(value) = value {
            let given = question.agree(Value::Object(value));
            let given =
                given.map_err(|told| Failure::Usage(format!("`--json` does not fit: {told}")));
            return Ok(given?);
        }
        let Some(person) = Person::here(self.answers.as_deref())? else {
            let told = "without a terminal nobody can be asked: give `FIELD=VALUE`, `--json`, `--answers`, `--decline` or `--cancel`";
            return Err(Failure::NeedsInput(told.to_owned()).into());
        };
        let given = question.ask(&person, client.asker()).await;
        given.map_err(|refusal| refused(&self.key, &refusal.to_string()).into())
    }

    fn not_open(&self, state: &TaskState) -> Failure {
        let open: Vec<String> = state
            .input_requests
            .keys()
            .map(|key| format!("`{}`", line(key)))
            .collect();
        let open = match open.as_slice() {
            [] => "it asks nothing now".to_owned(),
            open => format!("it asks {}", open.join(", ")),
        };
        Failure::Usage(format!(
            "the task does not ask `{}`: {open}",
            line(&self.key)
        ))
    }
}
