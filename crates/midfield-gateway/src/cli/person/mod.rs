//! The person, or the file that stands for one, who answers what servers ask
//! ([2026-07-28, elicitation](https://modelcontextprotocol.io/specification/2026-07-28/client/elicitation)).
//!
//! What is asked goes to stderr and is answered by the keys; nothing that a server writes reaches the terminal as it came.

mod choose;
mod edit;
mod form;
mod model;
mod page;
mod terminal;
mod unattended;
mod words;

use std::io::IsTerminal as _;
use std::path::Path;

use midfield::client::{AnswerElicitation, Asker, Refusal};
use midfield::types::{Action, ElicitResult, Elicitation, ElicitationCapability, Settings};
use tokio::sync::Mutex;

use super::text::line;

use terminal::Terminal;
use unattended::Unattended;

pub(super) use model::{words_of_model, words_of_wish};
pub(super) use terminal::{cut, width};
pub(super) use words::{choices, label, secret, server, unlinked};

/// Who answers.
#[derive(Debug)]
pub(super) enum Person {
    /// Whoever sits at the terminal, asked one question after another.
    AtTerminal(Mutex<()>),
    /// A file of answers.
    Away(Unattended),
}

impl Person {
    /// Whoever answers here: the file of answers, where there is one, or else whoever sits at the terminal; `None` without either.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn here(answers: Option<&Path>) -> anyhow::Result<Option<Self>> {
        if let Some(path) = answers {
            return Ok(Some(Self::Away(Unattended::read(path)?)));
        }
        Ok(is_there().then(|| Self::AtTerminal(Mutex::new(()))))
    }
}

/// Whether somebody is there who can be asked.
pub(super) fn is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

impl AnswerElicitation for Person {
    fn modes(&self) -> ElicitationCapability {
        match self {
            Self::AtTerminal(_) => {
                let mut modes = ElicitationCapability::default();
                modes.form = Some(Settings::default());
                modes.url = Some(Settings::default());
                modes
            }
            Self::Away(unattended) => unattended.modes(),
        }
    }

    async fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Result<ElicitResult, Refusal> {
        match self {
            Self::AtTerminal(turn) => {
                // Several questions at once are asked one after another.
                let _turn = turn.lock().await;
                ask(&elicitation, &asker).await
            }
            Self::Away(unattended) => unattended.answer(elicitation, asker).await,
        }
    }
}

/// How a person left a question before they came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// By Escape.
    Escape,
    /// By Ctrl-C, which also stops the command, or the terminal is gone.
    Interrupted,
    /// By Ctrl-D: they refuse.
    Declined,
}

/// What a person came to.
#[derive(Debug)]
enum Outcome {
    Answered(ElicitResult),
    Left(Left),
    Refused(Refusal),
}

impl From<Left> for Outcome {
    fn from(left: Left) -> Self {
        Self::Left(left)
    }
}

/// Asks at the terminal. When the future is dropped the terminal is as it was, and says that nobody waits any more.
async fn ask(elicitation: &Elicitation, asker: &Asker) -> Result<ElicitResult, Refusal> {
    let cannot = |error: std::io::Error| {
        tracing::debug!("the terminal cannot be used: {error}");
        Refusal::failed("the terminal cannot be used")
    };
    let mut terminal = Terminal::open(asker).await.map_err(cannot)?;
    let outcome = match elicitation {
        Elicitation::Form {
            message,
            requested_schema,
        } => form::ask(&mut terminal, message, requested_schema).await,
        Elicitation::Url { message, url, .. } => page::ask(&mut terminal, message, url).await,
        _ => Ok(Outcome::Refused(Refusal::failed(
            "this kind of question cannot be asked here",
        ))),
    };
    let told = match &outcome {
        Ok(Outcome::Answered(result)) => match result.action {
            Action::Accept => "",
            Action::Decline => "declined\n",
            Action::Cancel => "cancelled\n",
        },
        Ok(Outcome::Left(Left::Escape)) => "cancelled\n",
        Ok(Outcome::Left(Left::Interrupted)) => "cancelled, by Ctrl-C\n",
        Ok(Outcome::Left(Left::Declined)) => "declined\n",
        Ok(Outcome::Refused(refusal)) => &format!("refused: {}\n", line(&refusal.to_string())),
        Err(_) => "",
    };
    terminal.close(told);
    match outcome.map_err(cannot)? {
        Outcome::Answered(result) => Ok(result),
        Outcome::Left(Left::Declined) => Ok(ElicitResult::new(Action::Decline)),
        Outcome::Left(Left::Escape | Left::Interrupted) => Ok(ElicitResult::new(Action::Cancel)),
        Outcome::Refused(refusal) => Err(refusal),
    }
}
