//! Who listens to tasks is told how they are.
//!
//! That a task has changed is a fact: however often it does, what is told is how it is when there is time to tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use midfield_durable::task::{Owner, Record, TaskId};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::super::questions::SessionKey;
use super::super::service::Inner;
use crate::server::Service;

/// Which tasks have changed, and who is to be told.
#[derive(Debug, Default)]
pub(super) struct News {
    state: Mutex<Changes>,
    wake: Notify,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Changes {
    /// By their ids: whose they are, and whether they have ended.
    changed: BTreeMap<TaskId, (Owner, bool)>,
    /// To which somebody has begun to listen, and who that is.
    listened: BTreeSet<(TaskId, Owner)>,
    /// Another process has changed tasks.
    is_anything: bool,
    /// In which sessions tasks were asked for that have not ended.
    sessions: HashMap<TaskId, SessionKey>,
}

impl News {
    /// Notes that a task was asked for in a session, which is told of it.
    pub(super) fn of_session(&self, id: TaskId, session: SessionKey) {
        let mut changes = self.changes();
        if changes.sessions.len() < MAX_SESSIONS {
            changes.sessions.insert(id, session);
        }
    }

    /// Notes that a task has changed.
    pub(super) fn changed(&self, record: &Record) {
        let change = (record.owner, record.state.has_ended());
        self.changes().changed.insert(record.id, change);
        self.wake.notify_one();
    }

    /// Notes that somebody has begun to listen to these tasks, and is to be told how they are.
    pub(super) fn listened(&self, ids: &[String], owner: Owner) {
        let ids = ids.iter().filter_map(|id| id.parse().ok());
        let mut changes = self.changes();
        for id in ids {
            // Whoever is no owner of it is told nothing.
            changes.listened.insert((id, owner));
        }
        drop(changes);
        self.wake.notify_one();
    }

    /// Notes that any task may have changed.
    pub(super) fn changed_elsewhere(&self) {
        self.changes().is_anything = true;
        self.wake.notify_one();
    }

    /// Tells nobody any more.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Tells who listens, until it is stopped or the service is gone.
    pub(super) async fn tell(self: Arc<Self>, service: Weak<Inner>) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.wake.notified() => {}
            }
            let Some(service) = service.upgrade().map(Service::from_inner) else {
                return;
            };
            let listened = std::mem::take(&mut self.changes().listened);
            for (id, owner) in listened {
                self.tell_of(&service, id, owner).await;
            }
            let changed = self.take(&service);
            for (id, (owner, has_ended)) in changed {
                self.tell_of(&service, id, owner).await;
                if has_ended {
                    self.changes().sessions.remove(&id);
                }
            }
        }
    }

    /// What has changed, and what may have.
    fn take(&self, service: &Service) -> BTreeMap<TaskId, (Owner, bool)> {
        let (mut changed, is_anything) = {
            let mut changes = self.changes();
            let changed = std::mem::take(&mut changes.changed);
            (changed, std::mem::take(&mut changes.is_anything))
        };
        if is_anything {
            let listened = service.hub().listened_tasks();
            let listened = listened.into_iter().filter_map(|(id, principal)| {
                Some((id.parse().ok()?, (super::owner(&principal), false)))
            });
            for (id, change) in listened {
                changed.entry(id).or_insert(change);
            }
        }
        changed
    }

    async fn tell_of(&self, service: &Service, id: TaskId, owner: Owner) {
        let session = self.changes().sessions.get(&id).copied();
        let text = id.to_string();
        if !service.hub().is_listened_to(&text, session) {
            return;
        }
        let Ok(tasks) = service.tasks() else { return };
        let view = match tasks.engine.view(owner, id).await {
            Ok(Some(view)) => view,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "nobody could be told how a task is");
                return;
            }
        };
        let Ok(told) = tasks.task_view(&view) else {
            return;
        };
        let is_owner = |principal: &_| super::owner(principal) == owner;
        service
            .hub()
            .task_changed(&Arc::new(told), session, is_owner);
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Most tasks whose sessions are known; those of further ones are not told.
const MAX_SESSIONS: usize = 100_000;
