//! The Chat Completions API of OpenAI, which servers of models on one's own machine speak too.

mod answer;
mod request;

pub(super) use answer::{Stream, read};
pub(super) use request::{LengthField, write};
