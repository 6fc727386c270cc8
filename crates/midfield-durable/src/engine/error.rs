//! Why an engine could not do what it was asked for.

use super::seal::SealError;
use crate::store::StoreError;

/// Why an engine could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store failed. Nothing was done, unless [`StoreError::is_unknown`] says so.
    #[error("the store of tasks failed")]
    Store(#[from] StoreError),
    /// The contents cannot be sealed.
    #[error(transparent)]
    Seal(SealError),
    /// The contents of a task cannot be read: they were sealed with a key that the ring has no more, or were changed.
    #[error(
        "the contents of a task cannot be read: does the key ring still hold the key that sealed them?"
    )]
    Unreadable,
    /// The owner has as many unfinished tasks as it may have.
    #[error("there are {most} unfinished tasks already; wait until one ends, or cancel one")]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// The idempotency key was used before for another request.
    #[error("the idempotency key was used before for another request; use a key once")]
    KeyReused,
    /// The engine is shutting down.
    #[error("the server is shutting down; ask again later")]
    ShuttingDown,
}
