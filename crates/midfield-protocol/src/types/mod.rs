//! What MCP means, free of revisions: the shapes that every wire shares.
//!
//! They derive serde because they are written alike on every wire; what a revision lacks is left out by
//! [`crate::wire`], not here.

mod capabilities;
mod content;
mod implementation;
mod log;
mod meta;
mod progress;
mod tool;

pub use capabilities::{
    ClientCapabilities, ElicitationCapability, ListCapability, ResourcesCapability,
    SamplingCapability, ServerCapabilities, Settings,
};
pub use content::{
    Annotations, Audio, Content, EmbeddedResource, Image, ResourceContents, ResourceLink, Role,
    Text,
};
pub use implementation::{Icon, Implementation, Theme};
pub use log::{LogLevel, LogMessage, UnknownLogLevel};
pub use meta::Meta;
pub use progress::{Progress, ProgressToken};
pub use tool::{Execution, Schema, TaskSupport, Tool, ToolAnnotations, ToolResult};
