//! A plan, as `tests/interop/plan.md` describes it.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Mode;

/// What a server must do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) server: Server,
    pub(crate) server_name: String,
    pub(crate) legacy_version: String,
    pub(crate) tools: Option<List>,
    pub(crate) resources: Option<List>,
    pub(crate) resource_templates: Option<List>,
    pub(crate) prompts: Option<List>,
    #[serde(default)]
    pub(crate) answers: Answers,
    #[serde(default)]
    pub(crate) calls: Vec<Call>,
    #[serde(default)]
    pub(crate) reads: Vec<Read>,
    #[serde(default)]
    pub(crate) prompt_gets: Vec<PromptGet>,
    #[serde(default)]
    pub(crate) completions: Vec<Completion>,
    #[serde(default)]
    pub(crate) subscriptions: Vec<Subscription>,
}

impl Plan {
    /// Reads a plan from its file.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text =
            std::fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no plan", file.display()))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Server {
    Url(String),
    Command(Vec<String>),
}

#[derive(Debug, Deserialize)]
pub(crate) struct List {
    #[serde(default)]
    pub(crate) present: Vec<String>,
    pub(crate) pages: Option<usize>,
}

/// What the client answers to the server's questions; what is absent is a capability that it does not declare.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Answers {
    pub(crate) elicitation: Option<Value>,
    pub(crate) sampling: Option<Value>,
    pub(crate) roots: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) arguments: Option<Map<String, Value>>,
    pub(crate) answers: Option<Answers>,
    #[serde(default)]
    pub(crate) expect: Expect,
    #[serde(default)]
    modes: Modes,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Read {
    pub(crate) uri: String,
    #[serde(default)]
    pub(crate) expect: Expect,
    #[serde(default)]
    modes: Modes,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PromptGet {
    pub(crate) prompt: String,
    pub(crate) arguments: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) expect: Expect,
    #[serde(default)]
    modes: Modes,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Completion {
    pub(crate) prompt: Option<String>,
    pub(crate) template: Option<String>,
    pub(crate) argument: String,
    pub(crate) value: String,
    pub(crate) context: Option<Map<String, Value>>,
    #[serde(default)]
    pub(crate) expect: Expect,
    #[serde(default)]
    modes: Modes,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) uri: Option<String>,
    pub(crate) list: Option<String>,
    pub(crate) trigger: Trigger,
    #[serde(default)]
    modes: Modes,
}

/// The call that brings about what was subscribed to.
#[derive(Debug, Deserialize)]
pub(crate) struct Trigger {
    pub(crate) tool: String,
    pub(crate) arguments: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Expect {
    pub(crate) code: Option<i32>,
    #[serde(default)]
    pub(crate) is_error: bool,
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) contains: Vec<String>,
    pub(crate) types: Option<Value>,
    pub(crate) structured: Option<Value>,
    pub(crate) progress: Option<Vec<f64>>,
    pub(crate) asked: Option<Vec<Question>>,
    pub(crate) mime_types: Option<Value>,
    pub(crate) blobs: Option<Value>,
    pub(crate) roles: Option<Value>,
    pub(crate) values: Option<Value>,
}

/// A question that the server must ask while it answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Question {
    pub(crate) method: String,
    #[serde(default = "anything")]
    pub(crate) params: Value,
}

fn anything() -> Value {
    Value::Object(Map::new())
}

/// The modes that a step is for; without any it is for all of them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Modes(Vec<String>);

impl Modes {
    fn include(&self, mode: Mode) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| name == mode.name())
    }
}

/// A step that may be for some modes only.
pub(crate) trait Step {
    /// Whether the step is for this mode.
    fn is_for(&self, mode: Mode) -> bool;
}

macro_rules! step {
    ($($name:ty),+) => {$(
        impl Step for $name {
            fn is_for(&self, mode: Mode) -> bool {
                self.modes.include(mode)
            }
        }
    )+};
}

step!(Call, Read, PromptGet, Completion, Subscription);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_step_without_modes_is_for_all_of_them() {
        let plan: Plan = serde_json::from_value(json!({
            "server": {"url": "http://127.0.0.1/mcp"},
            "serverName": "test",
            "legacyVersion": "2025-11-25",
            "reads": [
                {"uri": "a:1"},
                {"uri": "a:2", "modes": ["legacy"]},
                {"uri": "a:3", "modes": ["modern", "auto"]},
            ],
        }))
        .unwrap();
        let count = |mode| plan.reads.iter().filter(|step| step.is_for(mode)).count();
        assert_eq!(count(Mode::Legacy), 2);
        assert_eq!(count(Mode::Modern), 2);
        assert_eq!(count(Mode::Auto), 2);
    }

    #[test]
    fn the_plan_of_the_example_is_one() {
        let mut plan: Value =
            serde_json::from_str(include_str!("../../../interop/everything.json")).unwrap();
        plan["server"] = json!({"url": "http://127.0.0.1/mcp"});
        let plan: Plan = serde_json::from_value(plan).unwrap();
        assert!(!plan.reads.is_empty() && !plan.prompt_gets.is_empty());
    }
}
