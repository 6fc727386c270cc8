//! From what a handler returns to the messages of a prompt.

use midfield_protocol::types::{Content, PromptMessage, PromptResult};

use crate::Error;

/// What the handler of a prompt may return.
///
/// Text and content become one message of the user.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a prompt",
    note = "return text, `Content`, `PromptMessage`, a `Vec` of messages, `PromptResult`, or a `Result` of one of these"
)]
pub trait IntoPromptResult {
    /// The messages, or why there are none.
    fn into_prompt_result(self) -> Result<PromptResult, Error>;
}

impl<T: IntoPromptResult, E: Into<Error>> IntoPromptResult for Result<T, E> {
    fn into_prompt_result(self) -> Result<PromptResult, Error> {
        self.map_err(Into::into)?.into_prompt_result()
    }
}

impl IntoPromptResult for PromptResult {
    fn into_prompt_result(self) -> Result<PromptResult, Error> {
        Ok(self)
    }
}

impl IntoPromptResult for Vec<PromptMessage> {
    fn into_prompt_result(self) -> Result<PromptResult, Error> {
        Ok(PromptResult::new(self))
    }
}

impl IntoPromptResult for PromptMessage {
    fn into_prompt_result(self) -> Result<PromptResult, Error> {
        vec![self].into_prompt_result()
    }
}

impl IntoPromptResult for Content {
    fn into_prompt_result(self) -> Result<PromptResult, Error> {
        PromptMessage::user(self).into_prompt_result()
    }
}

impl IntoPromptResult for String {
    fn into_prompt_result(self) -> Result<PromptResult, Error> {
        Content::text(self).into_prompt_result()
    }
}

impl IntoPromptResult for &'static str {
    fn into_prompt_result(self) -> Result<PromptResult, Error> {
        Content::text(self).into_prompt_result()
    }
}
