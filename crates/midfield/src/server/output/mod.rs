//! From what handlers return to what clients get.

mod prompt;
mod resource;
mod tool;

pub use prompt::IntoPromptResult;
pub use resource::IntoReadResult;
pub use tool::{IntoToolResult, Json};
