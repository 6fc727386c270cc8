//! One list of a catalog: what is in it by name, in order, and its pages, written once for each revision.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, RwLock};

use midfield_protocol::wire::{Codec, Encoder};
use midfield_protocol::{Error, Principal};
use serde_json::value::RawValue;

use super::super::build_error::BuildError;
use super::Listed;
use crate::seal::{Purpose, Sealer};

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::server) enum ListKind {
    Tools,
    Prompts,
    Resources,
    ResourceTemplates,
}

/// Most entries of a page.
pub(in crate::server) type PageSize = NonZeroUsize;

/// A list that does not change.
#[derive(Debug)]
pub(in crate::server) struct List<E> {
    by_key: HashMap<Arc<str>, Arc<E>>,
    /// Each with its number, which only grows: a place in the list that outlives changes of it.
    in_order: Vec<(u64, Arc<E>)>,
    next: u64,
    pages: RwLock<HashMap<Variant, Page>>,
}

/// One page, for those who see it alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Variant {
    revision: usize,
    /// Which extensions, as bits, change what is seen.
    view: u64,
    /// The number after which the page begins.
    after: u64,
    /// Whose cursor stands in it, when more follow.
    reader: Reader,
}

/// Whose cursors are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Reader {
    Anonymous,
    Parent,
    Identified,
}

/// A page that is kept.
#[derive(Clone, Debug)]
enum Page {
    /// As it is sent.
    Written(Arc<RawValue>),
    /// More follow, and each reader has its own cursor, so that it is written for each.
    Followed { entries: (usize, usize), last: u64 },
}

/// Makes the description as somebody sees it; none where they do not.
pub(in crate::server) type Seen<'a, D> = &'a dyn Fn(&D) -> Option<D>;

/// How a page is written.
pub(in crate::server) struct Writing<'a, D> {
    pub(in crate::server) codec: Codec,
    pub(in crate::server) page_size: PageSize,
    pub(in crate::server) encoder: &'a Encoder,
    pub(in crate::server) sealer: &'a Sealer,
    pub(in crate::server) principal: &'a Principal,
    /// Which list it is, for cursors.
    pub(in crate::server) kind: ListKind,
    /// Which extensions, as bits, change what is seen.
    pub(in crate::server) view: u64,
    /// Makes the description as it is seen, or none where it is not; without, all is seen as it is.
    pub(in crate::server) seen: Option<Seen<'a, D>>,
}

impl<E> Default for List<E> {
    fn default() -> Self {
        Self {
            by_key: HashMap::new(),
            in_order: Vec::new(),
            next: 1,
            pages: RwLock::default(),
        }
    }
}

/// The same entries; what was written is not taken along, as whoever clones it will change it.
impl<E> Clone for List<E> {
    fn clone(&self) -> Self {
        Self {
            by_key: self.by_key.clone(),
            in_order: self.in_order.clone(),
            next: self.next,
            pages: RwLock::default(),
        }
    }
}

impl<E: Listed> List<E> {
    /// Adds an entry at the end.
    ///
    /// # Errors
    /// When there is one of that name.
    pub(in crate::server) fn push(&mut self, entry: E) -> Result<(), BuildError> {
        let entry = Arc::new(entry);
        let key = entry.key().clone();
        if self.by_key.contains_key(&key) {
            return Err(E::duplicate(&key));
        }
        self.by_key.insert(key, entry.clone());
        self.in_order.push((self.next, entry));
        self.next += 1;
        Ok(())
    }

    /// Takes an entry out; `false` where there is none of that name.
    pub(in crate::server) fn remove(&mut self, key: &str) -> bool {
        if self.by_key.remove(key).is_none() {
            return false;
        }
        self.in_order.retain(|(_, entry)| &**entry.key() != key);
        true
    }

    pub(in crate::server) fn find(&self, key: &str) -> Option<&E> {
        self.by_key.get(key).map(Arc::as_ref)
    }

    pub(in crate::server) fn entries(&self) -> impl Iterator<Item = &E> {
        self.in_order.iter().map(|(_, entry)| entry.as_ref())
    }

    /// The page that begins at `cursor`, the first one without.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`] for a cursor that was not given to this principal for this list.
    pub(in crate::server) fn page(
        &self,
        writing: &Writing<'_, E::Description>,
        cursor: Option<&str>,
    ) -> Result<Arc<RawValue>, Error> {
        let after = match cursor {
            None => 0,
            Some(cursor) => writing.open(cursor).ok_or(Error::InvalidCursor)?,
        };
        let variant = Variant {
            revision: writing.codec.revision().index(),
            view: writing.view,
            after,
            reader: match writing.principal {
                Principal::Anonymous => Reader::Anonymous,
                Principal::Parent => Reader::Parent,
                _ => Reader::Identified,
            },
        };
        let kept = self
            .pages
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&variant)
            .cloned();
        let page = match kept {
            Some(page) => page,
            None => self.keep(variant, writing)?,
        };
        match page {
            Page::Written(page) => Ok(page),
            Page::Followed { entries, last } => {
                let cursor = writing.seal(last)?;
                self.write(writing, entries, Some(&cursor))
            }
        }
    }

    /// Finds out what is on a page, and keeps that for whoever asks next.
    fn keep(&self, variant: Variant, writing: &Writing<'_, E::Description>) -> Result<Page, Error> {
        let begin = self
            .in_order
            .partition_point(|(number, _)| *number <= variant.after);
        let end = begin
            .saturating_add(writing.page_size.get())
            .min(self.in_order.len());
        let page = match self.in_order.get(end.wrapping_sub(1)) {
            Some((last, _)) if end < self.in_order.len() => match variant.reader {
                Reader::Identified => Page::Followed {
                    entries: (begin, end),
                    last: *last,
                },
                Reader::Anonymous | Reader::Parent => {
                    let cursor = writing.seal(*last)?;
                    Page::Written(self.write(writing, (begin, end), Some(&cursor))?)
                }
            },
            _ => Page::Written(self.write(writing, (begin, end), None)?),
        };
        let mut pages = self.pages.write().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= MAX_KEPT {
            pages.clear();
        }
        pages.insert(variant, page.clone());
        Ok(page)
    }

    fn write(
        &self,
        writing: &Writing<'_, E::Description>,
        (begin, end): (usize, usize),
        next_cursor: Option<&str>,
    ) -> Result<Arc<RawValue>, Error> {
        let entries = self.in_order.get(begin..end).unwrap_or_default();
        let seen: Vec<E::Description> = entries
            .iter()
            .filter_map(|(_, entry)| match writing.seen {
                Some(seen) => seen(entry.description()),
                None => Some(entry.description().clone()),
            })
            .collect();
        writing
            .encoder
            .page(writing.codec, E::list(&seen), next_cursor)
            .map_err(|error| {
                tracing::error!(%error, "a list cannot be written as JSON");
                Error::Internal
            })
    }
}

impl<D> Writing<'_, D> {
    fn seal(&self, last: u64) -> Result<String, Error> {
        let mut content = vec![self.kind as u8];
        content.extend(last.to_be_bytes());
        self.sealer
            .seal(Purpose::Cursor, self.principal, &content)
            .map_err(|_| Error::Internal)
    }

    fn open(&self, cursor: &str) -> Option<u64> {
        let content = self.sealer.open(Purpose::Cursor, self.principal, cursor)?;
        let (kind, number) = content.split_first()?;
        if *kind != self.kind as u8 {
            return None;
        }
        Some(u64::from_be_bytes(number.try_into().ok()?))
    }
}

/// Most pages that are kept: those of a few revisions, views and places.
const MAX_KEPT: usize = 1_000;
