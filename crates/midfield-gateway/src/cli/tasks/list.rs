//! `midfield tasks list`.

use std::fmt::Write as _;

use clap::Args;
use midfield::client;
use midfield::types::Task;

use super::words;
use crate::cli::Verdict;
use crate::cli::connect::Session;
use crate::cli::exit::{Ended, Exit};
use crate::cli::text::line;

/// The arguments of `midfield tasks list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// The server. It is left out where a command follows after `--`, and in the shell.
    #[arg(value_name = "SERVER")]
    pub(super) words: Vec<String>,

    /// Only tasks that have not ended.
    #[arg(long)]
    unfinished: bool,

    /// Print JSON, for programs.
    #[arg(long)]
    pub(super) json: bool,
}

impl List {
    pub(super) async fn run(&self, session: &Session) -> anyhow::Result<Verdict> {
        let listed = session.client.tasks().await;
        let mut tasks = listed.map_err(|error| match error {
            client::Error::NotOffered { .. } => Ended::new(Exit::NotFound, NO_LIST).into(),
            error => anyhow::Error::from(error),
        })?;
        if self.unfinished {
            tasks.retain(|task| !task.status.is_terminal());
        }
        if self.json {
            session.print_json(&tasks)?;
        } else {
            session.print(&table(&tasks))?;
        }
        Ok(Verdict::Fine)
    }
}

fn table(tasks: &[Task]) -> String {
    let mut text = String::new();
    for task in tasks {
        let row = format!(
            "{}  {:<14}  {}  {}",
            line(&task.id),
            words::state(task.status),
            task.created_at,
            words::message(task)
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

const NO_LIST: &str = "the server lists no tasks: servers do so in sessions (`--era legacy`), and only for those who say who they are, \
                       by a token (`--token-env`)";
