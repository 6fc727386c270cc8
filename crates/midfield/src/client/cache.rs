//! What is kept of answers, as long as their servers say
//! ([2026-07-28, caching](https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/caching)).
//!
//! A cache belongs to one client, and so to one who asks: nothing in it is shared with others, whatever its scope.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use midfield_protocol::types::ReadResult;
use midfield_protocol::wire::Changed;
use tokio::time::Instant;

/// Most resources whose contents are kept.
const MAX_RESOURCES: usize = 256;

/// Largest contents that are kept, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// Longest time that anything is taken as fresh, whatever its server says.
const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// What is kept of one server's answers.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Whole lists by the member that their pages have them under.
    lists: HashMap<&'static str, List>,
    resources: HashMap<String, Resource>,
    /// Counts changes, so that an answer to a question from before a change is not kept after it.
    changes: u64,
}

#[derive(Debug)]
struct List {
    items: Arc<dyn Any + Send + Sync>,
    /// `None`: until it changes.
    fresh_until: Option<Instant>,
}

#[derive(Debug)]
struct Resource {
    contents: ReadResult,
    fresh_until: Instant,
}

/// How long a list may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// As long as its pages say.
    For(Duration),
    /// Until the server says that it has changed, which it has promised to do.
    UntilChanged,
}

impl Cache {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that is another one after each change.
    pub(super) fn moment(&self) -> u64 {
        self.kept().changes
    }

    pub(super) fn list<T: Send + Sync + 'static>(&self, key: &'static str) -> Option<Arc<Vec<T>>> {
        let kept = self.kept();
        let list = kept.lists.get(key)?;
        if list
            .fresh_until
            .is_some_and(|until| until <= Instant::now())
        {
            return None;
        }
        list.items.clone().downcast().ok()
    }

    /// Keeps a list that was asked for at `moment`.
    pub(super) fn keep_list<T: Send + Sync + 'static>(
        &self,
        key: &'static str,
        items: Arc<Vec<T>>,
        keep: Keep,
        moment: u64,
    ) {
        let fresh_until = match keep {
            Keep::For(Duration::ZERO) => return,
            Keep::For(lifetime) => Some(Instant::now() + lifetime.min(MAX_LIFETIME)),
            Keep::UntilChanged => None,
        };
        let mut kept = self.kept();
        if kept.changes == moment {
            kept.lists.insert(key, List { items, fresh_until });
        }
    }

    pub(super) fn resource(&self, uri: &str) -> Option<ReadResult> {
        let kept = self.kept();
        let resource = kept.resources.get(uri)?;
        (resource.fresh_until > Instant::now()).then(|| resource.contents.clone())
    }

    /// Keeps contents that were asked for at `moment`.
    pub(super) fn keep_resource(&self, uri: &str, contents: &ReadResult, moment: u64) {
        let lifetime = contents.freshness.unwrap_or_default().lifetime;
        if lifetime.is_zero() || size(contents) > MAX_SIZE {
            return;
        }
        let now = Instant::now();
        let mut kept = self.kept();
        if kept.changes != moment {
            return;
        }
        if kept.resources.len() >= MAX_RESOURCES {
            kept.resources
                .retain(|_, resource| resource.fresh_until > now);
        }
        if kept.resources.len() < MAX_RESOURCES {
            let resource = Resource {
                contents: contents.clone(),
                fresh_until: now + lifetime.min(MAX_LIFETIME),
            };
            kept.resources.insert(uri.to_owned(), resource);
        }
    }

    /// A list is no longer what it was.
    pub(super) fn list_changed(&self, which: Changed) {
        let mut kept = self.kept();
        kept.changes += 1;
        let keys: &[&str] = match which {
            Changed::Tools => &["tools"],
            Changed::Prompts => &["prompts"],
            Changed::Resources => &["resources", "resourceTemplates"],
        };
        for key in keys {
            kept.lists.remove(key);
        }
    }

    /// A resource is no longer what it was.
    pub(super) fn resource_updated(&self, uri: &str) {
        let mut kept = self.kept();
        kept.changes += 1;
        kept.resources.remove(uri);
    }

    /// Nothing is known any more.
    pub(super) fn clear(&self) {
        let mut kept = self.kept();
        kept.changes += 1;
        kept.lists.clear();
        kept.resources.clear();
    }
}

/// How much there is to be kept, as JSON. What cannot be written is too much.
fn size(contents: &ReadResult) -> usize {
    midfield_protocol::Raw::of(contents).map_or(usize::MAX, |raw| raw.as_str().len())
}
