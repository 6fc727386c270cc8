//! A line of the shell: the commands that it knows.

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use super::super::{call, complete, inspect, list, prompt, read};
use crate::cli::Verdict;
use crate::cli::connect::Session;
use crate::cli::tasks::{Here, Tasks};

/// What a line says.
#[derive(Debug)]
pub(super) enum Line {
    Nothing,
    Quit,
    Help(String),
    Command(Command),
}

#[derive(Debug, Parser)]
#[command(name = "", no_binary_name = true, disable_version_flag = true)]
struct Words {
    #[command(subcommand)]
    command: Known,
}

#[derive(Debug, Subcommand)]
#[command(disable_help_flag = false)]
enum Known {
    #[command(flatten)]
    Command(Command),
    /// End the connection. So does Ctrl-D.
    #[command(visible_alias = "exit")]
    Quit,
}

/// A command about the server.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List what the server offers.
    #[command(visible_alias = "ls")]
    List(list::What),
    /// Call a tool.
    Call(call::What),
    /// Read a resource.
    Read(read::What),
    /// Print what a prompt becomes.
    Prompt(prompt::What),
    /// Print what an argument could be.
    Complete(complete::What),
    /// Look after the tasks of the server.
    Tasks(Tasks<Here>),
    /// Say what the server says of itself, and what is unusual about it.
    Inspect(inspect::What),
}

impl Line {
    /// Reads a line, in which words stand as in a shell: in quotes where they have spaces.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() || text.trim_start().starts_with('#') {
            return Ok(Self::Nothing);
        }
        let words = shlex::split(text).ok_or("a quote is not closed")?;
        match Words::try_parse_from(words) {
            Ok(Words {
                command: Known::Command(command),
            }) => Ok(Self::Command(command)),
            Ok(Words {
                command: Known::Quit,
            }) => Ok(Self::Quit),
            Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp) => {
                Ok(Self::Help(error.render().to_string()))
            }
            Err(error) => {
                let told = error.render().to_string();
                let told = told.trim();
                Err(told.strip_prefix("error: ").unwrap_or(told).to_owned())
            }
        }
    }
}

impl Command {
    pub(super) async fn run(&self, session: &Session) -> anyhow::Result<Verdict> {
        match self {
            Self::List(what) => what.run(session).await,
            Self::Call(what) => Box::pin(what.run(session)).await,
            Self::Read(what) => what.run(session).await,
            Self::Prompt(what) => what.run(session).await,
            Self::Complete(what) => what.run(session).await,
            Self::Tasks(tasks) => tasks.run(session).await,
            Self::Inspect(what) => what.run(session).await,
        }
    }

    /// Lets it print for programs.
    pub(super) fn speak_json(&mut self) {
        let json = match self {
            Self::List(what) => &mut what.json,
            Self::Call(what) => &mut what.how.json,
            Self::Read(what) => &mut what.how.json,
            Self::Prompt(what) => &mut what.how.json,
            Self::Complete(what) => &mut what.how.json,
            Self::Tasks(tasks) => return tasks.speak_json(),
            Self::Inspect(what) => &mut what.json,
        };
        *json = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_words_in_quotes() {
        assert!(matches!(
            Line::parse("call echo 'text=a b' --json"),
            Ok(Line::Command(Command::Call(_)))
        ));
        assert!(matches!(Line::parse("  "), Ok(Line::Nothing)));
        assert!(matches!(Line::parse("# a remark"), Ok(Line::Nothing)));
        assert!(matches!(Line::parse("exit"), Ok(Line::Quit)));
        assert_eq!(Line::parse("call 'a").unwrap_err(), "a quote is not closed");
        let told = Line::parse("cal x").unwrap_err();
        assert!(told.contains("call"), "{told}");
        let Ok(Line::Help(told)) = Line::parse("help") else {
            panic!("no help");
        };
        assert!(told.contains("quit"), "{told}");
    }
}
