//! Resources and prompts without what an older revision lacks.

use std::borrow::Cow;

use super::adapt::content;
use crate::Rules;
use crate::types::{
    Annotations, Prompt, PromptMessage, PromptResult, ReadResult, Resource, ResourceTemplate,
};

/// `resource` as the revision with these rules knows it.
pub(in crate::wire) fn resource(resource: &Resource, rules: Rules) -> Resource {
    let mut resource = resource.clone();
    if !rules.structured_output {
        resource.title = None;
        resource.meta = None;
        resource.annotations = resource.annotations.map(undated);
    }
    if !rules.icons {
        resource.icons = Vec::new();
    }
    resource
}

/// `template` as the revision with these rules knows it.
pub(in crate::wire) fn resource_template(
    template: &ResourceTemplate,
    rules: Rules,
) -> ResourceTemplate {
    let mut template = template.clone();
    if !rules.structured_output {
        template.title = None;
        template.meta = None;
        template.annotations = template.annotations.map(undated);
    }
    if !rules.icons {
        template.icons = Vec::new();
    }
    template
}

fn undated(annotations: Annotations) -> Annotations {
    Annotations {
        last_modified: None,
        ..annotations
    }
}

/// `result` as the revision with these rules knows it; borrowed where nothing changes.
pub(in crate::wire) fn read_result(result: &ReadResult, rules: Rules) -> Cow<'_, ReadResult> {
    let attached = result.contents.iter().any(|part| part.meta.is_some());
    if rules.structured_output || !attached {
        return Cow::Borrowed(result);
    }
    let mut result = result.clone();
    for part in &mut result.contents {
        part.meta = None;
    }
    Cow::Owned(result)
}

/// `prompt` as the revision with these rules knows it.
pub(in crate::wire) fn prompt(prompt: &Prompt, rules: Rules) -> Prompt {
    let mut prompt = prompt.clone();
    if !rules.structured_output {
        prompt.title = None;
        prompt.meta = None;
        for argument in &mut prompt.arguments {
            argument.title = None;
        }
    }
    if !rules.icons {
        prompt.icons = Vec::new();
    }
    prompt
}

/// `result` as the revision with these rules knows it.
pub(in crate::wire) fn prompt_result(result: &PromptResult, rules: Rules) -> PromptResult {
    let mut result = result.clone();
    result.messages = result
        .messages
        .into_iter()
        .map(|message| PromptMessage {
            content: content(message.content, rules),
            ..message
        })
        .collect();
    result
}
