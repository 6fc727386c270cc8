//! One who listens, and what it has not heard yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use midfield_protocol::types::{Filter, TaskView};
use midfield_protocol::wire::{Changed, Codec};
use midfield_protocol::{Principal, Raw};

use super::super::questions::SessionKey;
use super::{Hub, MAX_SUBSCRIPTIONS, Share, TooMany};

/// What a listener hears next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum News {
    /// A list has changed.
    List(Changed),
    /// The resource at this URI has changed.
    Resource(Arc<str>),
    /// How a task is now.
    Task(Arc<TaskView>),
    /// A message for this listener alone.
    Message(Vec<u8>),
    /// A notification of an extension.
    Extension { method: Arc<str>, params: Raw },
}

/// Somebody who listens; dropping it ends that.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(super) codec: Codec,
    pub(super) hub: Arc<Hub>,
    pub(super) number: u64,
    pub(super) principal: Principal,
    pub(super) session: Option<SessionKey>,
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) principal: Principal,
    unheard: Mutex<Unheard>,
}

#[derive(Debug, Default)]
pub(super) struct Unheard {
    pub(super) filter: Filter,
    pub(super) extensions: BTreeSet<String>,
    pub(super) lists: BTreeSet<Changed>,
    pub(super) resources: BTreeSet<Arc<str>>,
    /// How tasks are now, by their ids.
    pub(super) tasks: BTreeMap<String, Arc<TaskView>>,
    messages: VecDeque<News>,
    waker: Option<Waker>,
}

impl Listener {
    /// Listens to the resource at `uri` too.
    ///
    /// # Errors
    /// When it listens to as many as it may.
    pub(crate) fn subscribe(&self, uri: &str) -> Result<(), TooMany> {
        let mut listeners = self.hub.listeners();
        let mut unheard = self.shared.unheard();
        let subscribed = &mut unheard.filter.resource_subscriptions;
        if subscribed.iter().any(|known| known == uri) {
            return Ok(());
        }
        if subscribed.len() >= MAX_SUBSCRIPTIONS {
            return Err(TooMany::Resources);
        }
        listeners.shares.check(&self.principal, Share::of(uri))?;
        subscribed.push(uri.to_owned());
        listeners.subscribe(self.number, &self.principal, uri);
        Ok(())
    }

    /// Listens to the resource at `uri` no longer.
    pub(crate) fn unsubscribe(&self, uri: &str) {
        let mut listeners = self.hub.listeners();
        listeners.unsubscribe(self.number, &self.principal, uri);
        let mut unheard = self.shared.unheard();
        unheard
            .filter
            .resource_subscriptions
            .retain(|known| known != uri);
        unheard.resources.remove(uri);
    }

    /// How it is spoken to.
    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// Polls for what it has not heard yet.
    pub(crate) fn poll_news(&self, task: &mut TaskContext<'_>) -> Poll<News> {
        let mut unheard = self.shared.unheard();
        if let Some(list) = unheard.lists.pop_first() {
            return Poll::Ready(News::List(list));
        }
        if let Some(uri) = unheard.resources.pop_first() {
            return Poll::Ready(News::Resource(uri));
        }
        if let Some((_, task)) = unheard.tasks.pop_first() {
            return Poll::Ready(News::Task(task));
        }
        if let Some(message) = unheard.messages.pop_front() {
            return Poll::Ready(message);
        }
        match &mut unheard.waker {
            Some(waker) => waker.clone_from(task.waker()),
            None => unheard.waker = Some(task.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let filter = std::mem::take(&mut self.shared.unheard().filter);
        let subscribed = filter.resource_subscriptions;
        let mut listeners = self.hub.listeners();
        listeners.all.remove(&self.number);
        if let Some(session) = self.session
            && listeners.by_session.get(&session) == Some(&self.number)
        {
            listeners.by_session.remove(&session);
        }
        for id in filter.task_ids {
            if let Some(numbers) = listeners.by_task.get_mut(&id) {
                numbers.remove(&self.number);
                if numbers.is_empty() {
                    listeners.by_task.remove(&id);
                }
            }
        }
        for uri in subscribed {
            listeners.unsubscribe(self.number, &self.principal, &uri);
        }
    }
}

impl Shared {
    pub(super) fn new(principal: Principal, filter: Filter, extensions: BTreeSet<String>) -> Self {
        Self {
            principal,
            unheard: Mutex::new(Unheard {
                filter,
                extensions,
                ..Unheard::default()
            }),
        }
    }

    /// Changes what is unheard, and wakes whoever waits for it when `change` says that there is more.
    pub(super) fn hear(&self, change: impl FnOnce(&mut Unheard) -> bool) {
        let waker = {
            let mut unheard = self.unheard();
            if change(&mut unheard) {
                unheard.waker.take()
            } else {
                None
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Keeps a message. When many others wait too, the oldest is lost.
    pub(super) fn tell(&self, message: News) {
        self.hear(|unheard| {
            if unheard.messages.len() >= MAX_MESSAGES {
                unheard.messages.pop_front();
            }
            unheard.messages.push_back(message);
            true
        });
    }

    pub(super) fn unheard(&self) -> MutexGuard<'_, Unheard> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Most messages that wait for one listener.
pub(super) const MAX_MESSAGES: usize = 64;
