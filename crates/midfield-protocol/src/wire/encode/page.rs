//! Pages of lists.

use std::sync::Arc;

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::Encoder;
use super::shapes::{COMPLETE, ResultMeta, WireFreshness};
use crate::types::{Prompt, Resource, ResourceTemplate, Tool};
use crate::wire::{Codec, legacy, modern};
use crate::{Era, Rules};

/// What stands on a page.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum List<'a> {
    /// Tools.
    Tools(&'a [Tool]),
    /// Resources.
    Resources(&'a [Resource]),
    /// Templates of resources.
    ResourceTemplates(&'a [ResourceTemplate]),
    /// Prompts.
    Prompts(&'a [Prompt]),
}

impl Encoder {
    /// One page of a list, to be kept and sent as [`crate::Answer::Page`].
    ///
    /// # Errors
    /// When a schema, a `_meta` or a priority cannot be written as JSON.
    pub fn page(
        &self,
        codec: Codec,
        list: List<'_>,
        next_cursor: Option<&str>,
    ) -> Result<Arc<RawValue>, serde_json::Error> {
        let page = match codec.revision().era() {
            Era::Legacy => legacy_page(list, codec.revision().rules(), next_cursor)?,
            Era::Modern => {
                let kept = Some((self.description.freshness.into(), self.meta(None)));
                match list {
                    List::Tools(tools) => write("tools", &modern::tools(tools), next_cursor, kept),
                    List::Resources(items) => write("resources", items, next_cursor, kept),
                    List::ResourceTemplates(items) => {
                        write("resourceTemplates", items, next_cursor, kept)
                    }
                    List::Prompts(items) => write("prompts", items, next_cursor, kept),
                }?
            }
        };
        Ok(page.into())
    }
}

fn legacy_page(
    list: List<'_>,
    rules: Rules,
    next_cursor: Option<&str>,
) -> Result<Box<RawValue>, serde_json::Error> {
    match list {
        List::Tools(tools) => {
            let tools: Vec<_> = tools.iter().map(|tool| legacy::tool(tool, rules)).collect();
            write("tools", &tools, next_cursor, None)
        }
        List::Resources(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| legacy::resource(item, rules))
                .collect();
            write("resources", &items, next_cursor, None)
        }
        List::ResourceTemplates(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| legacy::resource_template(item, rules))
                .collect();
            write("resourceTemplates", &items, next_cursor, None)
        }
        List::Prompts(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| legacy::prompt(item, rules))
                .collect();
            write("prompts", &items, next_cursor, None)
        }
    }
}

fn write<T: Serialize>(
    key: &'static str,
    items: &[T],
    next_cursor: Option<&str>,
    kept: Option<(WireFreshness, ResultMeta<'_>)>,
) -> Result<Box<RawValue>, serde_json::Error> {
    to_raw_value(&Page {
        key,
        items,
        next_cursor,
        kept,
    })
}

/// A page whose items stand under a key of their own; `kept` is what only modern pages say.
struct Page<'a, T> {
    key: &'static str,
    items: &'a [T],
    next_cursor: Option<&'a str>,
    kept: Option<(WireFreshness, ResultMeta<'a>)>,
}

impl<T: Serialize> Serialize for Page<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.kept.is_some() {
            map.serialize_entry("resultType", COMPLETE)?;
        }
        map.serialize_entry(self.key, self.items)?;
        if let Some(cursor) = self.next_cursor {
            map.serialize_entry("nextCursor", cursor)?;
        }
        if let Some((freshness, meta)) = &self.kept {
            map.serialize_entry("ttlMs", &freshness.ttl_ms)?;
            map.serialize_entry("cacheScope", &freshness.cache_scope)?;
            map.serialize_entry("_meta", meta)?;
        }
        map.end()
    }
}
