//! `midfield tasks list`.

use std::fmt::Write as _;

use clap::Args;
use serde_json::Value;

use super::client::{Client, Session};
use super::state::TaskState;
use super::{Format, Print};
use crate::cli::text::{json, line};
use crate::cli::{Verdict, print};

/// The arguments of `midfield tasks list`.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Only tasks that have not ended.
    #[arg(long)]
    unfinished: bool,

    #[command(flatten)]
    print: Print,
}

impl List {
    pub(super) async fn run(&self, client: &Client) -> anyhow::Result<Verdict> {
        let session = Session::begin(client).await?;
        let listed = self.all(&session).await;
        session.end().await;
        let tasks = listed?;
        let text = match self.print.format() {
            Format::Json => {
                let told = tasks.into_iter().map(|task| task.told).collect();
                json(&Value::Array(told), true)
            }
            Format::People => table(&tasks),
        };
        print(&text)?;
        Ok(Verdict::Fine)
    }

    async fn all(&self, session: &Session<'_>) -> anyhow::Result<Vec<TaskState>> {
        let mut tasks = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let (page, next) = session.list(cursor.as_deref()).await?;
            let wanted = page
                .into_iter()
                .filter(|task| !self.unfinished || !task.status.has_ended());
            tasks.extend(wanted);
            if next.is_none() || next == cursor || tasks.len() >= MOST {
                return Ok(tasks);
            }
            cursor = next;
        }
    }
}

fn table(tasks: &[TaskState]) -> String {
    let mut text = String::new();
    for task in tasks {
        let row = format!(
            "{}  {:<14}  {}  {}",
            line(&task.id),
            task.status.word(),
            task.made(),
            task.message()
        );
        let _ = writeln!(text, "{}", row.trim_end());
    }
    text
}

/// Most tasks that are listed.
const MOST: usize = 100_000;
