//! In which state a task is, and which state may follow which
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#task-status-lifecycle)).

/// The state of a task. What has ended never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum State {
    /// Somebody works on it, or will.
    Working,
    /// It waits for an answer.
    InputRequired,
    /// It has ended as its handler meant it to, be that with a result or with an error that the tool reports.
    Completed,
    /// It has ended with an error.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

impl State {
    /// All states, in the order of their declaration.
    pub const ALL: [Self; 5] = [
        Self::Working,
        Self::InputRequired,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Whether nothing follows any more.
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether `next` may follow, or is the same.
    pub const fn may_become(self, next: Self) -> bool {
        !self.has_ended() || self as u8 == next as u8
    }

    /// The word for it, as both task protocols have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired => "input_required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a task ended that has no result of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Its time was over before it ended.
    Expired,
    /// It was begun as often as it may be, and each time the process died or lost it.
    Undeliverable,
}
