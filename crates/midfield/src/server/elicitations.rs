//! Pages that users were sent to, and the sessions that are told when one is done
//! ([URL mode](https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#completion-notifications-for-url-mode-elicitation)).

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::questions::SessionKey;

/// The pages that are not said to be done yet, by their ids, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Elicitations(Mutex<VecDeque<(String, SessionKey)>>);

impl Elicitations {
    /// Remembers that a user of `session` was sent to the page `id`.
    pub(super) fn insert(&self, id: &str, session: SessionKey) {
        let mut all = self.all();
        if all.len() >= MAX_ELICITATIONS {
            // Most pages are never said to be done: the oldest is the least likely to be.
            all.pop_front();
        }
        all.push_back((id.to_owned(), session));
    }

    /// Forgets the page `id`, and says whose it was.
    pub(super) fn take(&self, id: &str) -> Option<SessionKey> {
        let mut all = self.all();
        let at = all.iter().position(|(asked, _)| asked == id)?;
        all.remove(at).map(|(_, session)| session)
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<(String, SessionKey)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a user can be sent to `page`.
///
/// # Errors
/// When it is no URL.
pub(crate) fn check_page(page: &str) -> Result<(), url::ParseError> {
    url::Url::parse(page).map(drop)
}

/// Most pages that are remembered at once.
const MAX_ELICITATIONS: usize = 10_000;
