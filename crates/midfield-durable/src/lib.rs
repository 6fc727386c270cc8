//! Calls that can be run again from their journal to exactly where they were.
//!
//! A handler is straight-line asynchronous code. Everything that it waits for from outside itself passes through its
//! [`Execution`]: answers ([`Execution::ask`]), results of work that must not be repeated ([`Execution::step`]) and
//! time ([`Execution::sleep`]). What it learns is kept, in order, in a [`Journal`]; run again from that journal, the
//! handler goes through the same answers without asking, computing or waiting, and goes on where it was.
//!
//! An entry is known by the name that its author gave, and by how often that name was used before. Branches that run
//! side by side within one future (`join!`) may share names: a replay lets them go on in the order in which they did.
//! Tasks of their own, and branches that wait for something that does not pass through the execution, must not share.
//!
//! **Everything between two calls of the execution may run again.** Only what passes through it happens once.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use midfield_durable::{Execution, Kind, Retry};
//! use midfield_protocol::Raw;
//!
//! async fn handler(execution: &Execution) -> Raw {
//!     let count = async |_| Ok::<u32, String>(3);
//!     let rows = execution.step("count", &Retry::once(), count).await.unwrap();
//!     let question = Raw::of(&format!("Write {rows} rows?")).unwrap();
//!     let answer = execution.ask(Kind::Elicitation, "confirm", question, |_| Ok(())).await;
//!     answer.unwrap()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // The first run comes to the question, and is put away.
//! let first = Execution::new();
//! tokio::select! {
//!     biased;
//!     _ = handler(&first) => unreachable!("nobody has answered"),
//!     kept = async { (first.journal(), first.asked()) } => {
//!         assert_eq!(kept.0.len(), 1);
//!         // The next one counts nothing and asks nothing: it has the journal and the response.
//!         let yes = BTreeMap::from([("confirm".to_owned(), Raw::of("yes").unwrap())]);
//!         let second = Execution::resume(kept.0, kept.1, yes);
//!         assert_eq!(handler(&second).await.as_str(), "\"yes\"");
//!     }
//! }
//! # }
//! ```
//!
//! This crate opens no socket and knows no wire: whoever drives a handler polls it, looks at the questions that are
//! open, sends them in its own way and hands the answers in. A [`Journal`] is JSON, and where it is kept (memory, a
//! [store], sealed with the peer) is up to the driver.

mod digest;
pub mod engine;
mod execution;
mod failure;
mod journal;
mod key;
mod kind;
mod question;
mod retry;
pub mod store;
pub mod task;

pub use digest::Digest;
pub use execution::{Clock, Execution, Unkept};
pub use failure::{Failure, NameProblem};
pub use journal::{Entry, Journal, Outcome};
pub use key::{Key, UnreadableKey};
pub use kind::Kind;
pub use question::{Asked, Question, Refusal, Reply, Unaccepted};
pub use retry::{Attempt, Backoff, IdempotencyKey, Retry, StepError};
