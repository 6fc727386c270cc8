//! Answers without a person: from a file, for programs and for continuous integration, and from a script, for tests.

mod file;
mod scripted;
#[cfg(test)]
mod tests;

pub use file::{Answers, AnswersError};
pub use scripted::ScriptedUser;
