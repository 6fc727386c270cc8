//! What a task is: its id, whose it is, how it may change. Pure: no clock, no store, no random numbers.
//!
//! A [`Record`] is what a store keeps of a task beside its sealed contents. Each change of a task is one method of it, which
//! every store calls between reading a record and writing it back: so all stores agree, and no store decides anything.

mod id;
mod record;
mod state;

pub use id::{Owner, TaskId, UnreadableTaskId, WorkerId};
pub use record::{Delivered, Record};
pub use state::{Reason, State};
