//! The tools of a server by name, and their list, written once for each revision.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use midfield_protocol::wire::{Codec, Encoder};
use midfield_protocol::{Error, Revision, types};
use serde_json::value::RawValue;

use super::builder::BuildError;
use super::check::ArgumentsCheck;
use super::handler::ToolHandler;
use super::tool::Tool;
use crate::seal::{Purpose, Sealer};

/// What is there to call.
#[derive(Debug)]
pub(super) struct Catalog {
    tools: HashMap<String, Entry>,
    /// For each revision, the pages of the list.
    pages: [Vec<Arc<RawValue>>; Revision::ALL.len()],
}

/// A tool that is ready to be called.
pub(super) struct Entry {
    pub(super) handler: Arc<dyn ToolHandler>,
    pub(super) check: ArgumentsCheck,
}

impl Catalog {
    pub(super) fn new(
        tools: Vec<Tool>,
        page_size: NonZeroUsize,
        encoder: &Encoder,
        sealer: &Sealer,
    ) -> Result<Self, BuildError> {
        let mut entries = HashMap::with_capacity(tools.len());
        let mut descriptions = Vec::with_capacity(tools.len());
        for tool in tools {
            let description = tool.description;
            let name = description.name.clone();
            let check =
                ArgumentsCheck::new(&description.input_schema, tool.trust).map_err(|error| {
                    BuildError::Schema {
                        tool: name.clone(),
                        detail: error.to_string(),
                    }
                })?;
            let entry = Entry {
                handler: tool.handler,
                check,
            };
            if entries.insert(name.clone(), entry).is_some() {
                return Err(BuildError::DuplicateTool { tool: name });
            }
            descriptions.push(description);
        }
        Ok(Self {
            tools: entries,
            pages: pages(&descriptions, page_size, encoder, sealer)?,
        })
    }

    pub(super) fn tool(&self, name: &str) -> Option<&Entry> {
        self.tools.get(name)
    }

    /// The page that begins at `cursor`, the first one without.
    pub(super) fn page(
        &self,
        codec: Codec,
        cursor: Option<&str>,
        sealer: &Sealer,
    ) -> Result<Arc<RawValue>, Error> {
        let number = match cursor {
            None => 0,
            Some(cursor) => page_number(cursor, sealer).ok_or(Error::InvalidCursor)?,
        };
        let pages = &self.pages[codec.revision().index()];
        pages.get(number).cloned().ok_or(Error::InvalidCursor)
    }
}

/// Writes the list in pages of `page_size`, for each revision. An empty list has one empty page.
fn pages(
    tools: &[types::Tool],
    page_size: NonZeroUsize,
    encoder: &Encoder,
    sealer: &Sealer,
) -> Result<[Vec<Arc<RawValue>>; Revision::ALL.len()], BuildError> {
    let mut chunks: Vec<&[types::Tool]> = tools.chunks(page_size.get()).collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    let cursors: Vec<String> = (1..chunks.len())
        .map(|number| {
            let number = u64::try_from(number).unwrap_or(u64::MAX);
            sealer
                .seal(Purpose::ToolsCursor, &number.to_be_bytes())
                .map_err(|_| BuildError::Random)
        })
        .collect::<Result<_, _>>()?;
    let mut pages = [const { Vec::new() }; Revision::ALL.len()];
    for revision in Revision::ALL {
        for (number, chunk) in chunks.iter().enumerate() {
            let next = cursors.get(number).map(String::as_str);
            let page = encoder
                .tools_page(Codec::new(revision), chunk, next)
                .map_err(|source| BuildError::Encode { source })?;
            pages[revision.index()].push(page);
        }
    }
    Ok(pages)
}

fn page_number(cursor: &str, sealer: &Sealer) -> Option<usize> {
    let number = sealer.open(Purpose::ToolsCursor, cursor)?;
    usize::try_from(u64::from_be_bytes(number.try_into().ok()?)).ok()
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry")
    }
}
