//! From what a handler returns to a tool result.

use midfield_protocol::Raw;
use midfield_protocol::types::{Content, Schema, ToolResult};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::schema::output_schema;
use crate::Error;

/// What a handler may return.
///
/// Text and content become content; [`Json`] becomes a structured result with an output schema; an `Err`
/// becomes a failure, see [`Error`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a tool",
    note = "return text, `Content`, `ToolResult`, `Json<T>` for structured output, or a `Result` of one of these"
)]
pub trait IntoToolResult {
    /// The result, or why there is none.
    fn into_tool_result(self) -> Result<ToolResult, Error>;

    /// What the structured result looks like; `None` where there is no structured result.
    fn output_schema() -> Option<Schema> {
        None
    }
}

/// A structured result, written as JSON, whose output schema is that of `T`.
///
/// Clients that know no structured output read the same JSON as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is its one field")]
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema> IntoToolResult for Json<T> {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        match Raw::of(&self.0) {
            Ok(value) => Ok(ToolResult::structured(&value)),
            Err(error) => {
                tracing::error!(%error, "a tool's result cannot be written as JSON");
                Err(Error::protocol(midfield_protocol::Error::Internal))
            }
        }
    }

    fn output_schema() -> Option<Schema> {
        Some(output_schema::<T>())
    }
}

impl<T: IntoToolResult, E: Into<Error>> IntoToolResult for Result<T, E> {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        self.map_err(Into::into)?.into_tool_result()
    }

    fn output_schema() -> Option<Schema> {
        T::output_schema()
    }
}

impl IntoToolResult for ToolResult {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        Ok(self)
    }
}

impl IntoToolResult for String {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        Ok(ToolResult::text(self))
    }
}

impl IntoToolResult for &'static str {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        Ok(ToolResult::text(self))
    }
}

impl IntoToolResult for Content {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        Ok(ToolResult::new(vec![self]))
    }
}

impl IntoToolResult for Vec<Content> {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        Ok(ToolResult::new(self))
    }
}

/// Done, and nothing to say.
impl IntoToolResult for () {
    fn into_tool_result(self) -> Result<ToolResult, Error> {
        Ok(ToolResult::new(Vec::new()))
    }
}
