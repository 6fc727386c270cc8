//! The other half of the protocol: clients of servers, and what a host owes the servers that it uses.

pub mod config;

mod inputs;

pub use inputs::{AnswerElicitation, Asker, ListRoots, Refusal, Sample};
