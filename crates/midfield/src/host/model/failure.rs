//! Why a model gave no answer, and what of it the server is told.

use std::time::Duration;

use crate::client::Refusal;

/// Why a model gave no answer. The texts go to the server that asked: they hold nothing of the key, and of what the provider
/// says only its own word for the kind of error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The provider has no room for what is asked.
    #[error("{0}")]
    Unfit(String),
    /// The provider has too much to do.
    #[error("the model's provider has no room now (status {status}); try again later")]
    Busy {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// The provider wants the client to wait for longer than it does.
    #[error("the model's provider takes no request for {} s; try again then", .0.as_secs())]
    BusyFor(Duration),
    /// No connection came about, so that nothing was asked.
    #[error(
        "the model's provider cannot be reached; look at the address and the network of this client"
    )]
    Unreachable,
    /// It took too long.
    #[error("the model's provider {0}; ask for less, or raise the limit")]
    TimedOut(String),
    /// The provider refuses.
    #[error("the model's provider refused with status {status}{}", of_kind(.kind.as_ref()))]
    Refused { status: u16, kind: Option<Word> },
    /// The provider gave up amid its answer.
    #[error("the model's provider broke off with an error{}", of_kind(.kind.as_ref()))]
    BrokeOff { kind: Option<Word> },
    /// The connection ended amid the answer.
    #[error("the answer of the model's provider ended before it was whole; ask again")]
    Cut,
    /// The answer is no answer.
    #[error("the answer of the model's provider cannot be used: {0}")]
    Unusable(String),
    /// What stands behind the model is no provider, and says so itself.
    #[error(transparent)]
    Own(Refusal),
}

impl Failure {
    pub(super) fn unusable(told: impl Into<String>) -> Self {
        Self::Unusable(told.into())
    }

    /// Whether the same request may succeed in a while, and was not answered, even in part.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unreachable)
    }

    /// Whether it is certain that no model was at work, so that nothing was spent.
    pub(super) const fn is_free(&self) -> bool {
        matches!(
            self,
            Self::Unfit(_)
                | Self::Busy { .. }
                | Self::BusyFor(_)
                | Self::Unreachable
                | Self::Refused { .. }
        )
    }

    /// What the server is told.
    pub(super) fn into_refusal(self) -> Refusal {
        match self {
            Self::Own(refusal) => refusal,
            Self::Unfit(told) => Refusal::invalid(told),
            other => Refusal::failed(other.to_string()),
        }
    }
}

/// A provider's word for a kind of error, such as `invalid_request_error`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word(String);

impl Word {
    /// `None` when it is no word, but a text that could hold anything.
    pub(super) fn new(text: &str) -> Option<Self> {
        let is_word = !text.is_empty()
            && text.len() <= MAX_WORD
            && text.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
        is_word.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

fn of_kind(kind: Option<&Word>) -> String {
    kind.map_or_else(String::new, |word| format!(" ({})", word.as_str()))
}

const MAX_WORD: usize = 48;
