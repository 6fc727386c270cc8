//! How far a list is read that comes in pages.

use std::collections::HashSet;
use std::sync::Arc;

use super::Error;
use super::core::Core;

/// A list that is being read page by page, within limits.
pub(super) struct Paging {
    core: Arc<Core>,
    method: String,
    /// Bytes and items so far.
    size: usize,
    items: usize,
    /// The cursors that led to further pages.
    seen: HashSet<String>,
}

impl Paging {
    pub(super) fn new(core: &Arc<Core>, method: &str) -> Self {
        Self {
            core: core.clone(),
            method: method.to_owned(),
            size: 0,
            items: 0,
            seen: HashSet::new(),
        }
    }

    /// Counts what a page has, before it is read.
    pub(super) fn bytes(&mut self, count: usize) -> Result<(), Error> {
        self.size += count;
        if self.size > MAX_SIZE.max(self.core.options.max_message) {
            return Err(self.endless(format!(
                "its pages have more than {MAX_SIZE} bytes, see `max_message`"
            )));
        }
        Ok(())
    }

    /// Counts what a page has, and gives the cursor of the next one, which is asked for once; `None`: this was the last.
    pub(super) fn next(
        &mut self,
        items: usize,
        cursor: Option<String>,
    ) -> Result<Option<String>, Error> {
        self.items += items;
        let most = self.core.options.max_items;
        if self.items > most {
            return Err(self.endless(format!("there are more than {most} items, see `max_items`")));
        }
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        if self.seen.len() >= MAX_PAGES {
            return Err(self.endless(format!("there are more than {MAX_PAGES} pages")));
        }
        if !self.seen.insert(cursor.clone()) {
            return Err(self.endless("one of its pages leads back to itself"));
        }
        Ok(Some(cursor))
    }

    /// What is wrong with a list that does not end.
    pub(super) fn endless(&self, detail: impl Into<String>) -> Error {
        endless(&self.method, detail)
    }
}

/// Reads a list in the time that a request may take.
pub(super) async fn in_time<T>(
    core: &Core,
    method: &str,
    reading: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let within = core.options.max_time;
    let read = tokio::time::timeout(within, Box::pin(reading)).await;
    read.unwrap_or_else(|_| {
        let seconds = within.as_secs();
        let detail = format!("it was not over after {seconds} s, see `max_time`");
        Err(endless(method, detail))
    })
}

fn endless(method: &str, detail: impl Into<String>) -> Error {
    Error::EndlessList {
        method: method.to_owned(),
        detail: detail.into(),
    }
}

/// Most bytes of a list, unless a single message may have more.
const MAX_SIZE: usize = 64 << 20;

/// Most pages of a list.
const MAX_PAGES: usize = 10_000;
