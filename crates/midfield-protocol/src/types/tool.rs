//! Tools and what they answer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Content, Icon, Meta};
use crate::Raw;

/// What a client learns about a tool
/// ([2026-07-28, tool](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#tool)).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Tool {
    /// Its name, unique in the server: 1 to 128 of `A-Z a-z 0-9 _ - .`.
    pub name: String,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does, for the model that chooses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Pictures, in several sizes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub icons: Vec<Icon>,
    /// Which arguments it takes.
    pub input_schema: Schema,
    /// How it can run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Execution>,
    /// What its structured result looks like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Schema>,
    /// Hints about its behaviour. Untrusted when they come from a peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<ToolAnnotations>,
    /// What is attached.
    #[serde(default, rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

impl Tool {
    /// A tool of which no more is known.
    pub fn new(name: impl Into<String>, input_schema: Schema) -> Self {
        Self {
            name: name.into(),
            input_schema,
            ..Self::default()
        }
    }

    /// Whether it can or must run as a task.
    pub fn task_support(&self) -> TaskSupport {
        let said = self.execution.as_ref();
        said.and_then(|execution| execution.task_support)
            .unwrap_or_default()
    }
}

/// A JSON Schema: an object, in dialect 2020-12 unless it says otherwise by `$schema`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema(Map<String, Value>);

impl Schema {
    /// The schema with these keywords.
    pub fn new(keywords: Map<String, Value>) -> Self {
        Self(keywords)
    }

    /// The keywords.
    pub fn keywords(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The same schema as a value.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Whether it says that its values are objects. Legacy revisions know no other structured output.
    pub fn is_of_object(&self) -> bool {
        self.0.get("type").and_then(Value::as_str) == Some("object")
    }
}

/// The schema of tools that take no arguments.
impl Default for Schema {
    fn default() -> Self {
        let mut keywords = Map::new();
        keywords.insert("type".into(), "object".into());
        keywords.insert("additionalProperties".into(), false.into());
        Self(keywords)
    }
}

/// Hints about a tool's behaviour, for clients that trust the server
/// ([2025-03-26 and later](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#tool)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolAnnotations {
    /// Its name for people; `Tool::title` goes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// It changes nothing. Taken as false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only_hint: Option<bool>,
    /// It may destroy something. Taken as true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destructive_hint: Option<bool>,
    /// Calling it twice does no more than calling it once. Taken as false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent_hint: Option<bool>,
    /// It reaches out of a closed world, such as a search of the web. Taken as true when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_world_hint: Option<bool>,
}

/// How a tool can run. Only revision 2025-11-25 writes it
/// ([tool-level negotiation](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#tool-level-negotiation)).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Execution {
    /// Whether it can or must run as a task. Taken as forbidden when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_support: Option<TaskSupport>,
}

impl Execution {
    /// A tool that runs as a task so far.
    pub const fn task(support: TaskSupport) -> Self {
        Self {
            task_support: Some(support),
        }
    }
}

/// Whether a tool runs as a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification defines exactly these three"
)]
pub enum TaskSupport {
    /// Never. What is said of no tool is this.
    #[default]
    Forbidden,
    /// When the client asks for it.
    Optional,
    /// Always.
    Required,
}

/// What a tool answers. A failure that the model can do something about is a result too, with
/// [`ToolResult::is_error`] set
/// ([2026-07-28, error handling](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#error-handling)).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ToolResult {
    /// What the model reads.
    pub content: Vec<Content>,
    /// What a program reads; it fits the tool's output schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured_content: Option<Raw>,
    /// The tool failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
    /// What is attached.
    #[serde(default, rename = "_meta", skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
}

impl ToolResult {
    /// A result of these contents.
    pub fn new(content: Vec<Content>) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }

    /// A result of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(vec![Content::text(text)])
    }

    /// A structured result, with its JSON as text beside it for clients that read only that.
    pub fn structured(value: &Raw) -> Self {
        Self {
            structured_content: Some(value.clone()),
            ..Self::text(value.as_str())
        }
    }

    /// A failure, told to the model.
    pub fn error(text: impl Into<String>) -> Self {
        Self {
            is_error: true,
            ..Self::text(text)
        }
    }
}
