//! What the two sides can do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ClientTasks, ServerTasks};

/// Settings of a capability, an object; empty when there is nothing to set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings(Map<String, Value>);

impl Settings {
    /// The setting named `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The same settings with `value` under `key`.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }
}

/// What a client offers to servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientCapabilities {
    /// Outside of the specification, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub experimental: BTreeMap<String, Settings>,
    /// It lists root directories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<ListCapability>,
    /// It asks a model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<SamplingCapability>,
    /// It asks its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elicitation: Option<ElicitationCapability>,
    /// It runs tasks of revision 2025-11-25 for its servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<ClientTasks>,
    /// Extensions by identifier, with their settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, Settings>,
}

impl ClientCapabilities {
    /// What of `needed` is not offered here, whole objects of it; `None` where nothing is missing. What is in an object
    /// of an extension or of an experiment does not matter.
    pub fn lacking(&self, needed: &Self) -> Option<Self> {
        let absent = |offered: &BTreeMap<String, Settings>, needed: &BTreeMap<String, Settings>| {
            let absent = needed.iter().filter(|(id, _)| !offered.contains_key(*id));
            absent
                .map(|(id, settings)| (id.clone(), settings.clone()))
                .collect()
        };
        let lacking = Self {
            experimental: absent(&self.experimental, &needed.experimental),
            roots: needed.roots.clone().filter(|_| self.roots.is_none()),
            sampling: needed.sampling.clone().filter(|needed| {
                let offered = self.sampling.as_ref();
                !offered.is_some_and(|offered| offered.covers(needed))
            }),
            elicitation: needed.elicitation.clone().filter(|needed| {
                let offered = self.elicitation.as_ref();
                !offered.is_some_and(|offered| offered.covers(needed))
            }),
            tasks: needed.tasks.filter(|needed| {
                let offered = self.tasks;
                !offered.is_some_and(|offered| offered.covers(*needed))
            }),
            extensions: absent(&self.extensions, &needed.extensions),
        };
        (lacking != Self::default()).then_some(lacking)
    }
}

impl SamplingCapability {
    fn covers(&self, needed: &Self) -> bool {
        (needed.tools.is_none() || self.tools.is_some())
            && (needed.context.is_none() || self.context.is_some())
    }
}

impl ElicitationCapability {
    fn covers(&self, needed: &Self) -> bool {
        // An empty object stands for forms.
        let has_form = self.form.is_some() || self.url.is_none();
        (needed.form.is_none() || has_form) && (needed.url.is_none() || self.url.is_some())
    }
}

/// What a server offers to clients.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerCapabilities {
    /// Outside of the specification, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub experimental: BTreeMap<String, Settings>,
    /// It sends log messages to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<Settings>,
    /// It completes arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completions: Option<Settings>,
    /// It has prompts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<ListCapability>,
    /// It has resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourcesCapability>,
    /// It has tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<ListCapability>,
    /// It runs tasks of revision 2025-11-25.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<ServerTasks>,
    /// Extensions by identifier, with their settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, Settings>,
}

/// A list that its owner may say has changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListCapability {
    /// A notification is sent when the list changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_changed: Option<bool>,
}

/// Resources, which can also be watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ResourcesCapability {
    /// A client can subscribe to a resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<bool>,
    /// A notification is sent when the list changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_changed: Option<bool>,
}

/// How a client asks a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SamplingCapability {
    /// It can add context from servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Settings>,
    /// It can give tools to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Settings>,
}

/// How a client asks its user. An empty object means form mode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ElicitationCapability {
    /// By a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Settings>,
    /// By a page that the user opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Settings>,
}
