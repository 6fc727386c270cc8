//! What a tool, a prompt, a resource or a template is once it is ready to be called.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::Error;
use midfield_protocol::types::{self, PromptResult, ReadResult};
use serde_json::value::{RawValue, to_raw_value};

use super::super::ask::Asks;
use super::super::build_error::BuildError;
use super::super::check::{ArgumentsCheck, ResultCheck};
use super::super::complete::Completers;
use super::super::extract::{Requirement, States};
use super::super::form::FormOf;
use super::super::handler::{Misfit, RawHandler};
use super::super::meta::Keys;
use super::super::mirrored::Mirrored;
use super::super::prompt::Prompt;
use super::super::resource::{Code, Resource, ResourceTemplate};
use super::super::running::Defaults;
use super::super::template::UriTemplate;
use super::super::tool::Tool;
use super::super::words::{Words, not_of_text};

/// A tool that is ready to be called.
pub(in crate::server) struct ToolEntry {
    pub(in crate::server) name: Arc<str>,
    pub(in crate::server) description: types::Tool,
    pub(in crate::server) handler: Arc<dyn RawHandler>,
    pub(in crate::server) check: ArgumentsCheck,
    /// `None` where the tool says nothing of its results, or the handler has checked them.
    pub(in crate::server) results: Option<Arc<ResultCheck>>,
    pub(in crate::server) mirrored: Mirrored,
    pub(in crate::server) asks: Asks,
    pub(in crate::server) answers_ahead: bool,
    pub(in crate::server) timeout: Option<Duration>,
    pub(in crate::server) immediate: Option<Arc<str>>,
    pub(in crate::server) becomes_task: bool,
}

/// A prompt that is ready to be called.
pub(in crate::server) struct PromptEntry {
    pub(in crate::server) name: Arc<str>,
    pub(in crate::server) description: types::Prompt,
    pub(in crate::server) handler: Arc<dyn RawHandler<PromptResult>>,
    pub(in crate::server) words: Words,
    pub(in crate::server) completers: Completers,
    pub(in crate::server) asks: Asks,
}

/// A resource that is ready to be read.
pub(in crate::server) struct ResourceEntry {
    /// Its URI.
    pub(in crate::server) name: Arc<str>,
    pub(in crate::server) description: types::Resource,
    pub(in crate::server) handler: Arc<dyn RawHandler<ReadResult>>,
    pub(in crate::server) defaults: Arc<Defaults>,
    pub(in crate::server) asks: Asks,
}

/// Resources that are ready to be read.
pub(in crate::server) struct TemplateEntry {
    /// The template as it was written.
    pub(in crate::server) name: Arc<str>,
    pub(in crate::server) description: types::ResourceTemplate,
    pub(in crate::server) template: UriTemplate,
    pub(in crate::server) handler: Arc<dyn RawHandler<ReadResult>>,
    pub(in crate::server) words: Words,
    pub(in crate::server) completers: Completers,
    pub(in crate::server) defaults: Arc<Defaults>,
    pub(in crate::server) asks: Asks,
}

impl ToolEntry {
    pub(in crate::server) fn new(
        tool: Tool,
        states: &States,
        keys: Keys<'_>,
    ) -> Result<Self, BuildError> {
        let name = tool.name();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        if !(1..=MAX_NAME).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(BuildError::ToolName {
                tool: name.to_owned(),
            });
        }
        check_requirements("tool", name, &tool.requirements, states)?;
        check_forms("tool", name, &tool.forms)?;
        keys.check("tool", name, tool.description.meta.as_ref())?;
        let invalid = |detail: String| BuildError::Schema {
            tool: name.to_owned(),
            detail,
        };
        let schema = &tool.description.input_schema;
        let check =
            ArgumentsCheck::new(schema, tool.trust).map_err(|error| invalid(error.to_string()))?;
        let results = match &tool.description.output_schema {
            Some(schema) if tool.checks_results => {
                let check = ResultCheck::new(schema, tool.trust).map_err(|error| {
                    BuildError::OutputSchema {
                        tool: name.to_owned(),
                        detail: error.to_string(),
                    }
                })?;
                Some(Arc::new(check))
            }
            _ => None,
        };
        let mirrored = Mirrored::of(schema).map_err(|error| invalid(error.to_string()))?;
        Ok(Self {
            name: name.into(),
            description: tool.description,
            handler: tool.handler,
            check,
            results,
            mirrored,
            asks: tool.asks,
            answers_ahead: tool.answers_ahead,
            timeout: tool.timeout,
            immediate: tool.immediate,
            becomes_task: tool.becomes_task,
        })
    }
}

impl PromptEntry {
    pub(in crate::server) fn new(
        prompt: Prompt,
        states: &States,
        keys: Keys<'_>,
    ) -> Result<Self, BuildError> {
        let name = prompt.name();
        check_requirements("prompt", name, &prompt.requirements, states)?;
        check_forms("prompt", name, &prompt.forms)?;
        keys.check("prompt", name, prompt.description.meta.as_ref())?;
        check_text(name, prompt.unfit.as_deref())?;
        let known = |argument: &str| {
            prompt
                .description
                .arguments
                .iter()
                .any(|known| known.name == argument)
        };
        if let Some(argument) = prompt.completers.names().find(|name| !known(name)) {
            return Err(BuildError::UnknownArgument {
                name: name.to_owned(),
                argument: argument.to_owned(),
            });
        }
        Ok(Self {
            name: name.into(),
            description: prompt.description,
            handler: prompt.handler,
            words: prompt.words,
            completers: prompt.completers,
            asks: prompt.asks,
        })
    }

    /// The arguments of a call as the handler reads them.
    pub(in crate::server) fn arguments(
        &self,
        raw: Option<&RawValue>,
    ) -> Result<Box<RawValue>, Error> {
        let given: BTreeMap<String, String> = match raw {
            Some(raw) => serde_json::from_str(raw.get()).map_err(|error| Error::InvalidParams {
                detail: format!("`arguments`: {error}"),
            })?,
            None => BTreeMap::new(),
        };
        let missing = self.description.arguments.iter().find(|argument| {
            argument.required == Some(true) && !given.contains_key(&argument.name)
        });
        if let Some(argument) = missing {
            return Err(Error::InvalidParams {
                detail: format!("the prompt needs the argument `{}`", argument.name),
            });
        }
        let texts = given
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let object = self.words.read(texts).map_err(Misfit::into_error)?;
        to_raw_value(&object).map_err(|_| Error::Internal)
    }
}

impl ResourceEntry {
    pub(in crate::server) fn new(
        resource: Resource,
        states: &States,
        keys: Keys<'_>,
    ) -> Result<Self, BuildError> {
        let uri = resource.uri();
        if url::Url::parse(uri).is_err() {
            return Err(BuildError::ResourceUri {
                uri: uri.to_owned(),
            });
        }
        check_code("resource", uri, &resource.code, states)?;
        keys.check("resource", uri, resource.description.meta.as_ref())?;
        Ok(Self {
            name: uri.into(),
            defaults: Defaults::new(&resource.code),
            description: resource.description,
            handler: resource.code.handler,
            asks: resource.code.asks,
        })
    }
}

impl TemplateEntry {
    pub(in crate::server) fn new(
        template: ResourceTemplate,
        states: &States,
        keys: Keys<'_>,
    ) -> Result<Self, BuildError> {
        let name = template.description.uri_template.as_str();
        check_code("resource template", name, &template.code, states)?;
        let meta = template.description.meta.as_ref();
        keys.check("resource template", name, meta)?;
        let uri_template = template.template.map_err(|source| BuildError::Template {
            template: name.to_owned(),
            source,
        })?;
        check_text(name, not_of_text(&template.schema))?;
        let variables = uri_template.variables();
        let needed = template
            .schema
            .keywords()
            .get("required")
            .and_then(serde_json::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str);
        let unknown = needed
            .chain(template.completers.names())
            .find(|argument| !variables.iter().any(|variable| variable == argument));
        if let Some(argument) = unknown {
            return Err(BuildError::UnknownArgument {
                name: name.to_owned(),
                argument: argument.to_owned(),
            });
        }
        Ok(Self {
            name: name.into(),
            defaults: Defaults::new(&template.code),
            description: template.description,
            template: uri_template,
            handler: template.code.handler,
            words: template.words,
            completers: template.completers,
            asks: template.code.asks,
        })
    }
}

/// Checks that no argument is anything but text.
fn check_text(name: &str, unfit: Option<&str>) -> Result<(), BuildError> {
    match unfit {
        Some(argument) => Err(BuildError::ArgumentType {
            name: name.to_owned(),
            argument: argument.to_owned(),
        }),
        None => Ok(()),
    }
}

fn check_code(
    what: &'static str,
    name: &str,
    code: &Code,
    states: &States,
) -> Result<(), BuildError> {
    check_requirements(what, name, &code.requirements, states)?;
    check_forms(what, name, &code.forms)
}

fn check_requirements(
    what: &'static str,
    name: &str,
    requirements: &[Requirement],
    states: &States,
) -> Result<(), BuildError> {
    match requirements
        .iter()
        .find(|requirement| !states.satisfies(**requirement))
    {
        Some(missing) => Err(BuildError::MissingState {
            what,
            name: name.to_owned(),
            state: missing.type_name,
        }),
        None => Ok(()),
    }
}

fn check_forms(what: &'static str, name: &str, forms: &[FormOf]) -> Result<(), BuildError> {
    for form in forms {
        form().map_err(|source| BuildError::Form {
            what,
            name: name.to_owned(),
            source,
        })?;
    }
    Ok(())
}

macro_rules! named {
    ($($entry:ty)*) => {$(
        impl fmt::Debug for $entry {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.name)
            }
        }
    )*};
}

named!(ToolEntry PromptEntry ResourceEntry TemplateEntry);

/// Longest name of a tool
/// ([tool names](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#tool-names)).
const MAX_NAME: usize = 128;
