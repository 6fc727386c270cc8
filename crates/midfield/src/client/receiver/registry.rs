//! Which client there is of which server, and what a server is to be told of its tasks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use midfield_durable::engine::Engine;
use midfield_durable::task::{Owner, Record, TaskId};
use midfield_protocol::types::{InputReply, TaskView};
use midfield_protocol::wire;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::answer::task;
use super::run::Kept;
use crate::client::Refusal;
use crate::client::core::Core;

/// The clients that run tasks.
#[derive(Debug, Default)]
pub(super) struct Registry {
    clients: Mutex<HashMap<Owner, Weak<Core>>>,
    /// A client has come.
    arrived: Notify,
    /// The tasks that have ended, and of which nobody was told.
    ended: Mutex<BTreeMap<TaskId, Owner>>,
    /// One has ended.
    wake: Notify,
    stop: CancellationToken,
}

impl Registry {
    /// From now on this is the client of that server.
    pub(super) fn attach(&self, owner: Owner, core: &Arc<Core>) {
        let mut clients = lock(&self.clients);
        clients.retain(|_, client| client.strong_count() > 0);
        clients.insert(owner, Arc::downgrade(core));
        drop(clients);
        self.arrived.notify_waiters();
    }

    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// The client of a server, unless it is closed.
    fn find(&self, owner: Owner) -> Option<Arc<Core>> {
        let core = lock(&self.clients).get(&owner)?.upgrade()?;
        (!core.hearing.stop().is_cancelled()).then_some(core)
    }

    /// Waits until there is a client of the server.
    async fn client(&self, owner: Owner) -> Arc<Core> {
        loop {
            let arrived = self.arrived.notified();
            let mut arrived = std::pin::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(core) = self.find(owner) {
                return core;
            }
            arrived.await;
        }
    }

    /// Lets a handler of the server's client answer; when the client is closed before, one of the next.
    pub(super) async fn answer(&self, owner: Owner, kept: &Kept) -> Result<InputReply, Refusal> {
        loop {
            // The client itself is not kept: it ends with its last handle.
            let hearing = self.client(owner).await.hearing.clone();
            let _at_work = hearing.at_work();
            let answering = hearing.answer(kept.request.clone(), kept.on_behalf_of.as_deref());
            if let Some(answer) = hearing.stop().run_until_cancelled(answering).await {
                return answer;
            }
        }
    }

    /// Notes that a task has changed.
    pub(super) fn changed(&self, record: &Record) {
        // That one works is what its server was answered when it asked for it.
        if record.state.has_ended() {
            lock(&self.ended).insert(record.id, record.owner);
            self.wake.notify_one();
        }
    }

    /// Tells servers which of their tasks have ended, until it is stopped
    /// ([2025-11-25, task notifications](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#task-notifications)).
    pub(super) async fn tell(self: Arc<Self>, engine: Engine, poll_interval: Duration) {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.wake.notified() => {}
            }
            let ended = std::mem::take(&mut *lock(&self.ended));
            for (id, owner) in ended {
                if let Some(core) = self.find(owner) {
                    tell_of(&core, &engine, owner, id, poll_interval).await;
                }
            }
        }
    }
}

async fn tell_of(
    core: &Arc<Core>,
    engine: &Engine,
    owner: Owner,
    id: TaskId,
    poll_interval: Duration,
) {
    let connection = core.connection();
    let Ok(Some(view)) = engine.view(owner, id).await else {
        return;
    };
    let view = TaskView::new(task(&view, poll_interval));
    // A server that has changed its revision meanwhile has no words for it.
    let Ok(message) = wire::task_status(connection.codec, &view, None) else {
        return;
    };
    let server = core.server.clone();
    let tasks = core.hearing.tasks().clone();
    // One that is slow to take it holds nobody up.
    tasks.spawn(async move {
        if let Err(error) = connection.link.send(message).await {
            tracing::debug!(%server, %error, "a server could not be told of its task");
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
