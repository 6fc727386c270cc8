//! `midfield tasks`: the tasks of a running server, as a client of whoever the token stands for.

mod answer;
mod asking;
mod client;
mod failure;
mod follow;
mod list;
mod question;
mod result;
mod screen;
mod show;
mod state;
mod watch;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Verdict, block_on};
use client::{Client, Place};
use state::Status;

pub(super) use failure::Failure;

/// The arguments of `midfield tasks`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Tasks {
    #[command(flatten)]
    place: Place,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List your tasks, the oldest first. Only a server that knows who you are has a list.
    #[command(after_help = EXIT_CODES)]
    List(list::List),
    /// Say how a task is, and what it asks.
    #[command(after_help = EXIT_CODES)]
    Show(One),
    /// Follow a task to its end, and print what came of it. At a terminal, what it asks is asked here.
    #[command(after_help = EXIT_CODES)]
    Watch(Wait),
    /// Answer a question of a task. Without a value, at a terminal, it is asked here: a form field by field.
    #[command(after_help = EXIT_CODES)]
    Answer(answer::Answer),
    /// Ask the server to end a task.
    #[command(after_help = EXIT_CODES)]
    Cancel(One),
    /// Wait for the end of a task, and print its result. At a terminal, what it asks is asked here.
    #[command(after_help = EXIT_CODES)]
    Result(Wait),
}

/// One task.
#[derive(Debug, Args)]
struct One {
    /// The task's id, or what `midfield call --detach` printed.
    #[arg(value_name = "TASK", value_parser = id)]
    task: String,

    #[command(flatten)]
    print: Print,
}

/// A task that is waited for.
#[derive(Debug, Args)]
struct Wait {
    #[command(flatten)]
    one: One,

    /// Answer what the task asks from this file, and ask nobody. See docs/elicitation.md.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
}

/// How a command prints.
#[derive(Debug, Args)]
struct Print {
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// For whom a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    People,
    Json,
}

impl Tasks {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let client = Client::new(&self.place)?;
        block_on(async {
            match &self.action {
                Action::List(list) => list.run(&client).await,
                Action::Show(one) => show::run(&client, &one.task, one.print.format()).await,
                Action::Watch(wait) => watch::run(&client, wait).await,
                Action::Answer(answer) => answer.run(&client).await,
                Action::Cancel(one) => show::cancel(&client, &one.task, one.print.format()).await,
                Action::Result(wait) => result::run(&client, wait).await,
            }
        })
    }
}

impl Print {
    fn format(&self) -> Format {
        Format::of(self.json)
    }
}

impl Format {
    fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::People }
    }
}

/// The id of a task that is written as an id or as a handle, `2026-07-28:ID`.
#[expect(clippy::unnecessary_wraps, reason = "clap wants a `Result`")]
fn id(written: &str) -> Result<String, std::convert::Infallible> {
    let id = written
        .split_once(':')
        .filter(|(revision, _)| revision.parse::<midfield::Revision>().is_ok())
        .map_or(written, |(_, id)| id);
    Ok(id.to_owned())
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 the task failed or was cancelled, or the server refused; 2 the command line is \
                          not understood; 3 the server cannot be reached; 4 there is no such task; 5 the task needs an answer, \
                          and nobody is there to give it.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_written_as_an_id_or_as_a_handle() {
        assert_eq!(id("2026-07-28:a:b"), Ok("a:b".to_owned()));
        assert_eq!(id("a:b"), Ok("a:b".to_owned()));
    }
}
