//! The keys of `_meta` that authors set: those of the grammar, without the prefixes of the protocol
//! ([2026-07-28, `_meta`](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).
//!
//! A description with another key makes no server. What a handler attaches under another key is left out of
//! what it says, and logged: the work is done by then, and worth more than the key. What extensions answer to
//! their own methods, and what they show of tools, is theirs.

use midfield_protocol::Answer;
use midfield_protocol::types::{
    Content, CreateMessage, Meta, MetaKey, ResourceContents, SamplingContent,
};

use super::build_error::BuildError;
use crate::extension::Extensions;

/// Which keys authors may set: prefixes of the protocol are for the extensions that have them.
#[derive(Clone, Copy)]
pub(super) struct Keys<'a>(pub(super) &'a Extensions);

impl Keys<'_> {
    /// Checks what is attached to a description.
    ///
    /// # Errors
    /// [`BuildError::MetaKey`], with the first key that is none.
    pub(super) fn check(
        self,
        what: &'static str,
        name: &str,
        meta: Option<&Meta>,
    ) -> Result<(), BuildError> {
        match meta.and_then(|meta| meta.iter().find(|(key, _)| !self.allows(key))) {
            Some((key, _)) => Err(BuildError::MetaKey {
                what,
                name: name.to_owned(),
                key: key.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Leaves out of an answer what may not be attached.
    pub(super) fn clean_answer(self, answer: &mut Answer) {
        match answer {
            Answer::Tool(result) => {
                self.clean(&mut result.meta);
                result
                    .content
                    .iter_mut()
                    .for_each(|content| self.clean_content(content));
            }
            Answer::Prompt(result) => {
                self.clean(&mut result.meta);
                for message in &mut result.messages {
                    self.clean_content(&mut message.content);
                }
            }
            Answer::Resource(result) => {
                self.clean(&mut result.meta);
                for contents in &mut result.contents {
                    self.clean_contents(contents);
                }
            }
            _ => {}
        }
    }

    /// Leaves out of a question to the model what may not be attached.
    pub(super) fn clean_question(self, question: &mut CreateMessage) {
        for message in &mut question.messages {
            self.clean(&mut message.meta);
            for content in &mut message.content {
                match content {
                    SamplingContent::Text(text) => self.clean(&mut text.meta),
                    SamplingContent::Image(image) => self.clean(&mut image.meta),
                    SamplingContent::Audio(audio) => self.clean(&mut audio.meta),
                    SamplingContent::ToolUse(tool_use) => self.clean(&mut tool_use.meta),
                    SamplingContent::ToolResult(answer) => {
                        self.clean(&mut answer.meta);
                        answer
                            .content
                            .iter_mut()
                            .for_each(|content| self.clean_content(content));
                    }
                    _ => {}
                }
            }
        }
        for tool in &mut question.tools {
            self.clean(&mut tool.meta);
        }
    }

    fn clean_content(self, content: &mut Content) {
        match content {
            Content::Text(text) => self.clean(&mut text.meta),
            Content::Image(image) => self.clean(&mut image.meta),
            Content::Audio(audio) => self.clean(&mut audio.meta),
            Content::ResourceLink(link) => self.clean(&mut link.meta),
            Content::Resource(resource) => {
                self.clean(&mut resource.meta);
                self.clean_contents(&mut resource.resource);
            }
            _ => {}
        }
    }

    fn clean_contents(self, contents: &mut ResourceContents) {
        self.clean(&mut contents.meta);
    }

    fn clean(self, attached: &mut Option<Meta>) {
        let Some(meta) = attached else {
            return;
        };
        meta.retain(|key| {
            let is_allowed = self.allows(key);
            if !is_allowed {
                tracing::error!(
                    key,
                    "a handler attached a key that is not its own to `_meta`; it was left out"
                );
            }
            is_allowed
        });
        if meta.is_empty() {
            *attached = None;
        }
    }

    fn allows(self, key: &str) -> bool {
        MetaKey::parse(key).is_some_and(|parsed| {
            !parsed.is_reserved()
                || parsed
                    .prefix
                    .is_some_and(|prefix| self.0.have_prefix(prefix))
        })
    }
}
