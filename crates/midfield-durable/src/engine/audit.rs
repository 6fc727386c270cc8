//! Who did what to which task, and when: an event of `tracing` for each, with the target `midfield::audit`.
//!
//! An owner is named by the digest of its principal alone: what a task was asked for, and what came of it, is not told.

use crate::task::{Reason, Record, State};

/// What has happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// It was made.
    Made,
    /// It asked something, and waits.
    Asked,
    /// Its owner answered.
    Answered,
    /// It goes on.
    Resumed,
    /// It ended as its handler meant it to.
    Completed,
    /// It ended with an error.
    Failed,
    /// Its owner ended it.
    Cancelled,
}

impl Act {
    /// What it was that made a task of `before`, if there was one, one of `after`.
    pub(super) fn between(before: Option<State>, after: State) -> Self {
        match after {
            State::Completed => Self::Completed,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
            _ if before.is_none() => Self::Made,
            State::InputRequired => Self::Asked,
            State::Working => Self::Resumed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Asked => "asked",
            Self::Answered => "answered",
            Self::Resumed => "resumed",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Tells of an act.
pub(super) fn tell(act: Act, before: Option<State>, record: &Record) {
    tracing::info!(
        target: "midfield::audit",
        act = act.word(),
        task = %record.id,
        owner = %record.owner,
        tool = record.lane,
        from = before.map(State::word),
        state = record.state.word(),
        reason = record.reason.map(word),
        deliveries = record.deliveries,
        "a task has changed"
    );
}

fn word(reason: Reason) -> &'static str {
    match reason {
        Reason::Expired => "expired",
        Reason::Undeliverable => "undeliverable",
    }
}
