//! Answers from a file, and a word on stderr about each.

use std::path::{Path, PathBuf};

use midfield::client::{AnswerElicitation, Asker, Refusal};
use midfield::host::answers::Answers;
use midfield::types::{Action, ElicitResult, Elicitation, ElicitationCapability};

use super::words;
use crate::cli::exit::Ended;
use crate::cli::floor;
use crate::cli::text::line;

/// A file of answers, instead of a person.
#[derive(Debug)]
pub(in crate::cli) struct Unattended {
    path: PathBuf,
    answers: Answers,
}

impl Unattended {
    /// Reads a file of answers.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || anyhow::Ok(Answers::read(&std::fs::read(path)?)?);
        let answers = read().map_err(|error| {
            let path = line(&path.to_string_lossy());
            Ended::usage(format!("could not read the answers in {path}: {error:#}"))
        })?;
        Ok(Self {
            path: path.to_owned(),
            answers,
        })
    }
}

impl AnswerElicitation for Unattended {
    fn modes(&self) -> ElicitationCapability {
        self.answers.modes()
    }

    async fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Result<ElicitResult, Refusal> {
        let server = words::server(&asker);
        let answer = self.answers.answer(elicitation, asker).await;
        let told = match &answer {
            Ok(result) => match result.action {
                Action::Accept => "answered as written down in",
                Action::Decline => "declined, by",
                Action::Cancel => "cancelled, by",
            },
            Err(_) => "refused, by",
        };
        let told = format!(
            "the server `{server}` asks: {told} {}\n",
            line(&self.path.to_string_lossy())
        );
        floor::tell(&told);
        answer
    }
}
