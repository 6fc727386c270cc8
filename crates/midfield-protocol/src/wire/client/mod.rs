//! The client's half of the wire: writing what is asked, and reading what a server tells and asks back.

mod handshake;
mod hear;
mod outcome;
mod page;
mod read;
mod refused;
mod reply;
mod task;
mod write;

pub use handshake::{Discovery, Handshake};
pub use hear::{Asked, Told, read_question, read_told};
pub use outcome::Outcome;
pub use page::{Listed, Page};
pub use read::FromResult;
pub use refused::{is_header_mismatch, is_modern, pages, supported};
pub use reply::{
    answer, refusal, reply, responses, roots_changed, task_answer, task_created, task_page,
    task_state,
};
pub use task::{TaskPage, TaskState, task_result};
pub use write::{Aside, ClientDescription};

/// What a server answered is no answer to what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer to `{method}` cannot be read: {detail}")]
#[non_exhaustive]
pub struct InvalidAnswer {
    /// What was asked.
    pub method: String,
    /// What is wrong with the answer.
    pub detail: String,
}

impl InvalidAnswer {
    /// An answer to `method` with which this is wrong. What of it comes from the answer itself is cut, and commands no terminal.
    pub fn new(method: &str, detail: impl std::fmt::Display) -> Self {
        let detail = detail.to_string();
        let mut shown: String = detail
            .chars()
            .take(LONGEST)
            .map(|character| match character {
                '\n' | '\r' | '\t' => ' ',
                other if other.is_control() => char::REPLACEMENT_CHARACTER,
                // What changes in which direction others are read.
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    char::REPLACEMENT_CHARACTER
                }
                other => other,
            })
            .collect();
        if detail.chars().nth(LONGEST).is_some() {
            shown.push('…');
        }
        Self {
            method: method.to_owned(),
            detail: shown,
        }
    }
}

/// Most characters that are told of what is wrong.
const LONGEST: usize = 500;
