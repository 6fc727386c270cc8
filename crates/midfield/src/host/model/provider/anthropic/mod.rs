//! The Messages API of Anthropic, version 2023-06-01.

mod answer;
mod request;

pub(super) use answer::{Stream, read};
pub(super) use request::write;
