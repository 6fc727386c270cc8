//! What a server has may change while it serves: tools, prompts, resources and templates come and go, and clients that listen
//! are told so.

use std::sync::{Arc, PoisonError};

use midfield_protocol::wire::Changed;

use super::super::build_error::BuildError;
use super::super::catalog::{Catalog, PromptEntry, ResourceEntry, TemplateEntry, ToolEntry};
use super::super::meta::Keys;
use super::super::{Prompt, Resource, ResourceTemplate, Tool};
use super::Service;

impl Service {
    /// Adds a tool while the server is serving.
    ///
    /// # Errors
    /// As when the server was built: see [`BuildError`].
    pub fn add_tool(&self, tool: Tool) -> Result<(), BuildError> {
        let entry = ToolEntry::new(tool, &self.0.states, Keys(&self.0.extensions))?;
        self.change(Changed::Tools, |catalog| catalog.tools.push(entry))
    }

    /// Takes a tool away; `false` where there is none of that name. Calls that are at work go on.
    pub fn remove_tool(&self, name: &str) -> bool {
        self.take(Changed::Tools, |catalog| catalog.tools.remove(name))
    }

    /// Adds a prompt while the server is serving.
    ///
    /// # Errors
    /// As when the server was built: see [`BuildError`].
    pub fn add_prompt(&self, prompt: Prompt) -> Result<(), BuildError> {
        Self::must_have("prompts", self.capabilities().prompts.is_some())?;
        let entry = PromptEntry::new(prompt, &self.0.states, Keys(&self.0.extensions))?;
        self.change(Changed::Prompts, |catalog| catalog.prompts.push(entry))
    }

    /// Takes a prompt away; `false` where there is none of that name.
    pub fn remove_prompt(&self, name: &str) -> bool {
        self.take(Changed::Prompts, |catalog| catalog.prompts.remove(name))
    }

    /// Adds a resource while the server is serving.
    ///
    /// # Errors
    /// As when the server was built: see [`BuildError`].
    pub fn add_resource(&self, resource: Resource) -> Result<(), BuildError> {
        Self::must_have("resources", self.capabilities().resources.is_some())?;
        let entry = ResourceEntry::new(resource, &self.0.states, Keys(&self.0.extensions))?;
        self.change(Changed::Resources, |catalog| catalog.resources.push(entry))
    }

    /// Takes a resource away; `false` where there is none at that URI.
    pub fn remove_resource(&self, uri: &str) -> bool {
        self.take(Changed::Resources, |catalog| catalog.resources.remove(uri))
    }

    /// Adds a resource template while the server is serving.
    ///
    /// # Errors
    /// As when the server was built: see [`BuildError`].
    pub fn add_resource_template(&self, template: ResourceTemplate) -> Result<(), BuildError> {
        Self::must_have("resources", self.capabilities().resources.is_some())?;
        let entry = TemplateEntry::new(template, &self.0.states, Keys(&self.0.extensions))?;
        self.change(Changed::Resources, |catalog| catalog.templates.push(entry))
    }

    /// Takes a resource template away; `false` where there is none that is written like this.
    pub fn remove_resource_template(&self, uri_template: &str) -> bool {
        self.take(Changed::Resources, |catalog| {
            catalog.templates.remove(uri_template)
        })
    }

    fn must_have(what: &'static str, has: bool) -> Result<(), BuildError> {
        if has {
            Ok(())
        } else {
            Err(BuildError::Undeclared { what })
        }
    }

    fn change<E>(
        &self,
        list: Changed,
        change: impl FnOnce(&mut Catalog) -> Result<(), E>,
    ) -> Result<(), E> {
        {
            let mut catalog = self
                .0
                .catalog
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            let mut changed = Catalog::clone(&catalog);
            change(&mut changed)?;
            *catalog = Arc::new(changed);
        }
        self.0.hub.list_changed(list);
        Ok(())
    }

    fn take(&self, list: Changed, take: impl FnOnce(&mut Catalog) -> bool) -> bool {
        let change = |catalog: &mut Catalog| if take(catalog) { Ok(()) } else { Err(NotThere) };
        self.change(list, change).is_ok()
    }
}

/// There is nothing of the name that was to be taken away.
struct NotThere;
