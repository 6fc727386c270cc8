//! `midfield tasks`: the tasks of a server, as a client of whoever the token stands for.

mod answer;
mod asking;
mod follow;
mod list;
mod outcome;
mod question;
mod screen;
mod show;
mod words;

use clap::{Args, Subcommand};
use midfield::Revision;
use midfield::client::{self, Speak, TaskHandle};
use midfield::types::InputReply;
use midfield_protocol::jsonrpc::Code;

use super::Verdict;
use super::connect::{Session, Via};
use super::exit::{Ended, Exit};
use super::text::line;
use answer::Answer;
use list::List;

/// The arguments of `midfield tasks`; `V` says which server is meant, where that is not known yet.
#[derive(Debug, Args)]
pub(super) struct Tasks<V: Args> {
    #[command(subcommand)]
    action: Action<V>,
}

/// A server that is connected to already.
#[derive(Debug, Args)]
pub(super) struct Here {}

#[derive(Debug, Subcommand)]
enum Action<V: Args> {
    /// List your tasks, the oldest first. Only a server that knows who you are has a list.
    List(At<List, V>),
    /// Say how a task is, and what it asks.
    Show(At<One, V>),
    /// Follow a task to its end, and print what came of it. What it asks is asked at the terminal.
    Watch(At<One, V>),
    /// Answer a question of a task. Without a value, at a terminal, it is asked here: a form field by field.
    Answer(At<Answer, V>),
    /// Ask the server to end a task.
    Cancel(At<One, V>),
    /// Wait for the end of a task, and print its result. What it asks is asked at the terminal.
    Result(At<One, V>),
}

/// What is done, and at which server.
#[derive(Debug, Args)]
#[command(after_help = Exit::help())]
struct At<D: Args, V: Args> {
    #[command(flatten)]
    deed: D,

    #[command(flatten)]
    via: V,
}

/// One task.
#[derive(Debug, Args)]
struct One {
    /// The server, and the task: its id, or what `midfield call --detach` printed. SERVER is left out where a command follows after
    /// `--`, and in the shell.
    #[arg(value_name = "SERVER TASK", required = true)]
    words: Vec<String>,

    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// What is done.
enum Deed<'a> {
    List(&'a List),
    Show(&'a One),
    Watch(&'a One),
    Answer(&'a Answer),
    Cancel(&'a One),
    Result(&'a One),
}

/// For whom a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    People,
    Json,
}

impl Tasks<Via> {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        let (deed, via) = self.action.parts();
        let (server, words) = via.split(deed.words())?;
        // Before anything is asked of the server.
        deed.check(words)?;
        via.run_speaking(
            deed.speak(words),
            server,
            "the task goes on",
            async |session| Box::pin(deed.run(session, words)).await,
        )
    }
}

impl Tasks<Here> {
    pub(super) async fn run(&self, session: &Session) -> anyhow::Result<Verdict> {
        let (deed, Here {}) = self.action.parts();
        deed.check(deed.words())?;
        Box::pin(deed.run(session, deed.words())).await
    }

    /// Lets it print for programs.
    pub(super) fn speak_json(&mut self) {
        let json = match &mut self.action {
            Action::List(at) => &mut at.deed.json,
            Action::Answer(at) => &mut at.deed.json_output,
            Action::Show(at) | Action::Watch(at) | Action::Cancel(at) | Action::Result(at) => {
                &mut at.deed.json
            }
        };
        *json = true;
    }
}

impl<V: Args> Action<V> {
    fn parts(&self) -> (Deed<'_>, &V) {
        match self {
            Self::List(at) => (Deed::List(&at.deed), &at.via),
            Self::Show(at) => (Deed::Show(&at.deed), &at.via),
            Self::Watch(at) => (Deed::Watch(&at.deed), &at.via),
            Self::Answer(at) => (Deed::Answer(&at.deed), &at.via),
            Self::Cancel(at) => (Deed::Cancel(&at.deed), &at.via),
            Self::Result(at) => (Deed::Result(&at.deed), &at.via),
        }
    }
}

impl<'a> Deed<'a> {
    fn words(&self) -> &'a [String] {
        match self {
            Self::List(list) => &list.words,
            Self::Answer(answer) => &answer.words,
            Self::Show(one) | Self::Watch(one) | Self::Cancel(one) | Self::Result(one) => {
                &one.words
            }
        }
    }

    /// Whether there are the words that it needs, after SERVER.
    fn check(&self, words: &[String]) -> Result<(), Ended> {
        match (self, words) {
            (Self::Answer(answer), words) => answer.check(words),
            (Self::List(_), []) => Ok(()),
            (Self::List(_), _) => Err(Ended::usage("a list takes no more words than SERVER")),
            (_, [_]) => Ok(()),
            (_, _) => Err(Ended::usage("say which task: one TASK after SERVER")),
        }
    }

    /// What has to be spoken, where that is known.
    fn speak(&self, words: &[String]) -> Option<Speak> {
        match self {
            // The others have no list.
            Self::List(_) => Some(Speak::Legacy),
            _ => words.first().and_then(|task| made_in(task)),
        }
    }

    async fn run(&self, session: &Session, words: &[String]) -> anyhow::Result<Verdict> {
        let Some(written) = words.first() else {
            return match self {
                Self::List(list) => list.run(session).await,
                _ => Err(Ended::usage("say which task").into()),
            };
        };
        let task = find(session, written)?;
        match self {
            Self::List(list) => list.run(session).await,
            Self::Show(one) => show::run(session, &task, one.format()).await,
            Self::Watch(one) => follow::watch(session, &task, one.format()).await,
            Self::Answer(answer) => answer.run(session, &task, words).await,
            Self::Cancel(one) => show::cancel(session, &task, one.format()).await,
            Self::Result(one) => follow::result(session, &task, one.format()).await,
        }
    }
}

impl One {
    fn format(&self) -> Format {
        Format::of(self.json)
    }
}

impl Format {
    fn of(json: bool) -> Self {
        if json { Self::Json } else { Self::People }
    }
}

/// What a handle, `2026-07-28:ID`, was made in; an id alone does not say.
fn made_in(written: &str) -> Option<Speak> {
    let (revision, _) = written.split_once(':')?;
    revision.parse::<Revision>().ok().map(Speak::from)
}

/// The task that an id or a handle means.
fn find(session: &Session, written: &str) -> Result<TaskHandle, client::Error> {
    match made_in(written) {
        Some(_) => session.client.task(written),
        None => Ok(session.client.task_by_id(written)),
    }
}

/// Sends an answer to the question `key` of a task.
async fn answer_to(task: &TaskHandle, key: &str, given: InputReply) -> anyhow::Result<()> {
    match task.answer(key, given).await {
        // The answer may not fit, or the task be gone.
        Err(error @ client::Error::Refused(_)) => match task.status().await {
            Ok(_) => Err(error.into()),
            Err(gone) => Err(lost(gone, task)),
        },
        answered => Ok(answered?),
    }
}

/// An error, where it means that there is no such task in plain words.
fn lost(error: client::Error, task: &TaskHandle) -> anyhow::Error {
    match error {
        // Nothing else in the parameters of these can be wrong.
        client::Error::Refused(refused)
            if refused.code == Code::INVALID_PARAMS.number()
                && ["tasks/get", "tasks/result", "tasks/cancel"].contains(&&*refused.method) =>
        {
            let id = line(task.id());
            let told = format!("there is no task {id}: it may have expired, or be somebody else's");
            Ended::new(Exit::NotFound, told).into()
        }
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_says_what_it_was_made_in_and_an_id_does_not() {
        assert_eq!(made_in("2026-07-28:a:b"), Some(Speak::Modern));
        assert_eq!(made_in("2025-11-25:a"), Some(Speak::Legacy));
        assert_eq!(made_in("a:b"), None);
        assert_eq!(made_in("a"), None);
    }
}
