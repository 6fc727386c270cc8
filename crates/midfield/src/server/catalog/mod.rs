//! What a server has: tools, prompts, resources and templates by name, and their lists.
//!
//! A catalog never changes: what is added or removed at run time makes a new one, which shares all that
//! stayed.

mod entry;
mod list;

pub(super) use entry::{PromptEntry, ResourceEntry, TemplateEntry, ToolEntry};
pub(super) use list::{ListKind, PageSize, Seen, Writing};

use std::sync::Arc;

use list::List;
use midfield_protocol::types;

use super::build_error::BuildError;

/// What there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog {
    pub(super) tools: List<ToolEntry>,
    pub(super) prompts: List<PromptEntry>,
    pub(super) resources: List<ResourceEntry>,
    pub(super) templates: List<TemplateEntry>,
}

impl Catalog {
    pub(super) fn tool(&self, name: &str) -> Option<&ToolEntry> {
        self.tools.find(name)
    }

    pub(super) fn prompt(&self, name: &str) -> Option<&PromptEntry> {
        self.prompts.find(name)
    }

    pub(super) fn resource(&self, uri: &str) -> Option<&ResourceEntry> {
        self.resources.find(uri)
    }

    /// The first template that `uri` fits, with the values of its variables.
    pub(super) fn template(&self, uri: &str) -> Option<(&TemplateEntry, Vec<(String, String)>)> {
        self.templates
            .entries()
            .find_map(|entry| Some((entry, entry.template.matches(uri)?)))
    }

    /// The template that is written like this.
    pub(super) fn template_named(&self, uri_template: &str) -> Option<&TemplateEntry> {
        self.templates.find(uri_template)
    }
}

/// What a list is made of.
pub(super) trait Listed {
    /// What clients learn about it.
    type Description: Clone;

    /// What it is called by.
    fn key(&self) -> &Arc<str>;

    /// What clients learn about it.
    fn description(&self) -> &Self::Description;

    /// The error of a second one that is called alike.
    fn duplicate(key: &str) -> BuildError;

    /// The list that is written.
    fn list(descriptions: &[Self::Description]) -> midfield_protocol::wire::List<'_>;
}

macro_rules! listed {
    ($entry:ty, $description:ty, $list:ident, $duplicate:ident) => {
        impl Listed for $entry {
            type Description = $description;

            fn key(&self) -> &Arc<str> {
                &self.name
            }

            fn description(&self) -> &$description {
                &self.description
            }

            fn duplicate(key: &str) -> BuildError {
                BuildError::$duplicate {
                    name: key.to_owned(),
                }
            }

            fn list(descriptions: &[$description]) -> midfield_protocol::wire::List<'_> {
                midfield_protocol::wire::List::$list(descriptions)
            }
        }
    };
}

listed!(ToolEntry, types::Tool, Tools, DuplicateTool);
listed!(PromptEntry, types::Prompt, Prompts, DuplicatePrompt);
listed!(ResourceEntry, types::Resource, Resources, DuplicateResource);
listed!(
    TemplateEntry,
    types::ResourceTemplate,
    ResourceTemplates,
    DuplicateResource
);
