//! Who answers what a server asks while a command talks to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use midfield::client::{AnswerElicitation, Asker, Refusal};
use midfield::types::{Action, ElicitResult, Elicitation, ElicitationCapability, Settings};
use tokio::sync::watch;

use super::Bar;
use crate::cli::note;
use crate::cli::person::{Person, server, unlinked};

/// Whoever is here, or nobody, who declines.
pub(super) struct Answering {
    pub(super) person: Option<Arc<Person>>,
    pub(super) bar: Arc<Bar>,
    /// Set when a question came that nobody was there to answer.
    pub(super) unanswered: Arc<AtomicBool>,
    /// Whether no command runs, so that nobody is to be asked.
    pub(super) is_idle: watch::Receiver<bool>,
}

impl AnswerElicitation for Answering {
    fn modes(&self) -> ElicitationCapability {
        if let Some(person) = &self.person {
            return person.modes();
        }
        let mut modes = ElicitationCapability::default();
        modes.form = Some(Settings::default());
        modes.url = Some(Settings::default());
        modes
    }

    async fn answer(
        &self,
        elicitation: Elicitation,
        asker: Asker,
    ) -> Result<ElicitResult, Refusal> {
        // Nothing else may write where the question stands.
        let _paused = self.bar.pause();
        if let Some(person) = &self.person {
            let mut is_idle = self.is_idle.clone();
            return tokio::select! {
                biased;
                Ok(_) = is_idle.wait_for(|is_idle| *is_idle) => {
                    tracing::debug!("cancelled a question: no command runs that it could be about");
                    Ok(ElicitResult::new(Action::Cancel))
                }
                answer = person.answer(elicitation, asker) => answer,
            };
        }
        self.unanswered.store(true, Ordering::Relaxed);
        let (Elicitation::Form { message, .. } | Elicitation::Url { message, .. }) = &elicitation
        else {
            return Ok(ElicitResult::new(Action::Decline));
        };
        note(&format!(
            "the server `{}` asks: {} (declined: nobody is here to answer)",
            server(&asker),
            unlinked(message)
        ));
        Ok(ElicitResult::new(Action::Decline))
    }
}
