//! What MCP means, free of revisions: the shapes that every wire shares.
//!
//! They derive serde because they are written alike on every wire; what a revision lacks is left out by
//! [`crate::wire`], not here.

mod capabilities;
mod completion;
mod content;
mod elicitation;
mod freshness;
mod implementation;
mod input;
mod log;
mod meta;
mod progress;
mod prompt;
mod resource;
mod root;
mod sampling;
mod subscription;
mod task;
mod task_capabilities;
mod tool;
mod trace;

pub use capabilities::{
    ClientCapabilities, ElicitationCapability, ListCapability, ResourcesCapability,
    SamplingCapability, ServerCapabilities, Settings,
};
pub use completion::Completion;
pub(crate) use completion::MAX_VALUES;
pub use content::{
    Annotations, Audio, Content, EmbeddedResource, Image, ResourceContents, ResourceLink, Role,
    Text,
};
pub use elicitation::{Action, ElicitResult, Elicitation};
pub use freshness::{CacheScope, Freshness};
pub use implementation::{Icon, Implementation, Theme};
pub use input::{InputReply, InputRequest, InputRequired};
pub use log::{LogLevel, LogMessage, UnknownLogLevel};
pub use meta::{Meta, MetaKey};
pub use progress::{Progress, ProgressToken};
pub use prompt::{Prompt, PromptArgument, PromptMessage, PromptResult};
pub use resource::{ReadResult, Resource, ResourceTemplate};
pub use root::{Root, Roots};
pub use sampling::{
    CreateMessage, IncludeContext, ModelHint, ModelPreferences, SampleResult, SamplingContent,
    SamplingMessage, ToolAnswer, ToolChoice, ToolChoiceMode, ToolUse,
};
pub use subscription::Filter;
pub(crate) use task::millis;
pub use task::{TASKS_EXTENSION, Task, TaskRequest, TaskStatus, TaskView, Timestamp, UnknownTime};
pub use task_capabilities::{ClientTasks, ServerTasks};
pub use tool::{Execution, Schema, TaskSupport, Tool, ToolAnnotations, ToolResult};
pub use trace::TraceContext;
