//! Tasks: calls of tools whose answers come later, and that survive the process. One engine serves both protocols, the tasks
//! of revision 2025-11-25
//! ([tasks](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks)) and the extension of 2026-07-28
//! ([SEP-2663](https://modelcontextprotocol.io/seps/2663-tasks-extension)): a task that was made through one is seen through
//! the other.
//!
//! `create.rs` makes a task of a call; `run.rs` runs it, on any process that shares the store; `calls.rs` answers what is
//! asked about it, `result.rs` waits for its end and asks its questions meanwhile; `news.rs` tells who listens.

mod calls;
mod create;
mod handle;
mod kept;
mod news;
mod result;
mod run;
mod view;
mod way;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use midfield_durable::Clock;
use midfield_durable::engine::{Engine, EngineOptions};
use midfield_durable::store::{Memory, Store};
#[cfg(feature = "sqlite")]
use midfield_durable::store::{Sqlite, SqliteOptions, StoreError};
use midfield_durable::task::Owner;
use midfield_protocol::{Error, Principal};
use sha2::{Digest as _, Sha256};

use super::service::Inner;
use crate::seal::{KeyRing, TaskSeal};

pub(super) use calls::Answering;
pub(super) use calls::ask;
pub(super) use create::Making;
pub(super) use handle::{hand_out, status_tool};
pub(crate) use result::Answered;
pub(super) use result::TaskQuestion;
pub(crate) use view::{Ending, bare_task, id as task_id, unknown as unknown_task};
pub(super) use way::Way;

use news::News;
use run::TaskRunner;

/// Where tasks are kept, and how they run; see [`Server::tasks`](super::Server::tasks).
#[derive(Debug)]
pub struct Tasks {
    store: Arc<dyn Store>,
    options: EngineOptions,
    poll_interval: Duration,
    handles_after: Option<Duration>,
    clock: Option<Clock>,
}

impl Tasks {
    /// Keeps tasks in memory: they end with the process. For tests, and for tools whose work is not worth more.
    pub fn in_memory() -> Self {
        Self::in_store(Arc::new(Memory::new()))
    }

    /// Keeps tasks in the SQLite database at `path`, which is made if it is not there. What a client was told of survives a
    /// crash of the process, and of the machine; see [`SqliteOptions`] for what may be given up of that.
    ///
    /// Set [`Server::keys`](super::Server::keys): what is kept is sealed, and can be read only with the keys that sealed it.
    ///
    /// # Errors
    /// When there is no such database, and none can be made, or when it is none of this version.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(path: impl AsRef<std::path::Path>) -> Result<Self, StoreError> {
        let store = Sqlite::open(path, SqliteOptions::default())?;
        Ok(Self::in_store(Arc::new(store)))
    }

    /// Keeps tasks in any store, such as one of your own that passes the suite of `midfield-durable`.
    pub fn in_store(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            options: EngineOptions::default(),
            poll_interval: DEFAULT_POLL_INTERVAL,
            handles_after: None,
            clock: None,
        }
    }

    /// Whether clients that know no tasks get handles.
    pub(super) fn gives_handles(&self) -> bool {
        self.handles_after.is_some()
    }

    /// Sets how tasks run: leases, limits, lifetimes.
    #[must_use]
    pub fn options(mut self, options: EngineOptions) -> Self {
        self.options = options;
        self
    }

    /// Whose the tasks of a principal are: what a store, and the events with the target `midfield::audit`, name it by.
    pub fn owner(principal: &Principal) -> Owner {
        owner(principal)
    }

    /// Gives clients that know no tasks a handle instead of a result, when a call takes longer than `wait`, and adds the tool
    /// `task_status`, by which their model asks for the rest. Default: they wait for the result, however long it takes.
    ///
    /// It is so for tools that may run as tasks ([`Tool::task`](super::Tool::task)) and declare no questions: a client that knows
    /// no tasks cannot be asked by one. While it waits, it is told how far the work is, if it listens.
    #[must_use]
    pub fn handles_after(mut self, wait: Duration) -> Self {
        self.handles_after = Some(wait);
        self
    }

    /// Sets how long clients are asked to wait before they look again. Default: 1 s.
    #[must_use]
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Sets the clock by which tasks are due and expire. Default: the system's, read once when the server is built. For tests
    /// of what a wrong clock does.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// What runs them, sealing with these keys, and how long peers are asked to wait before they look again.
    pub(crate) fn engine(
        self,
        keys: KeyRing,
    ) -> Result<(Engine, Duration), crate::seal::NoRandomness> {
        let seal = Arc::new(TaskSeal::new(keys));
        let clock = self.clock.unwrap_or_else(Clock::system);
        let engine = Engine::with_clock(self.store, seal, self.options, clock);
        let engine = engine.map_err(|_| crate::seal::NoRandomness)?;
        Ok((engine, self.poll_interval))
    }
}

/// The tasks of a server.
pub(super) struct TaskEngine {
    engine: Engine,
    news: Arc<News>,
    poll_interval: Duration,
    handles_after: Option<Duration>,
    /// How many transports serve it.
    serving: AtomicUsize,
}

impl TaskEngine {
    /// The tasks of a server with these keys. Nothing runs yet.
    pub(super) fn new(tasks: Tasks, keys: KeyRing) -> Result<Self, crate::seal::NoRandomness> {
        let handles_after = tasks.handles_after;
        let (engine, poll_interval) = tasks.engine(keys)?;
        Ok(Self {
            engine,
            news: Arc::default(),
            poll_interval,
            handles_after,
            serving: AtomicUsize::new(0),
        })
    }

    /// Begins to run tasks of `service`, also those that were made by processes before this one. The second call does nothing.
    pub(super) fn start(&self, service: Weak<Inner>) {
        if self.engine.has_started() {
            return;
        }
        self.engine.start(Arc::new(TaskRunner::new(
            service.clone(),
            self.news.clone(),
        )));
        self.engine.spawn(self.news.clone().tell(service));
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// After how long a client that knows no tasks gets a handle.
    pub(super) fn handles_after(&self) -> Option<Duration> {
        self.handles_after
    }

    /// One more transport serves it.
    pub(super) fn enter(&self) {
        self.serving.fetch_add(1, Ordering::SeqCst);
    }

    /// A transport does not serve it any more.
    pub(super) fn leave(&self) {
        self.serving.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether one transport serves it at most.
    pub(super) fn is_last(&self) -> bool {
        self.serving.load(Ordering::SeqCst) <= 1
    }

    /// Tells who has begun to listen to tasks how they are: what changed before is not missed.
    pub(super) fn listened(&self, ids: &[String], principal: &Principal) {
        if !ids.is_empty() {
            self.news.listened(ids, owner(principal));
        }
    }

    /// Hands back what runs, so that another process goes on with it.
    pub(super) async fn shut_down(&self) {
        self.news.stop();
        self.engine.shut_down().await;
    }
}

/// What nobody holds any more is handed back.
impl Drop for TaskEngine {
    fn drop(&mut self) {
        self.news.stop();
        self.engine.stop();
    }
}

impl fmt::Debug for TaskEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.engine.fmt(f)
    }
}

/// Whose a principal's tasks are.
fn owner(principal: &Principal) -> Owner {
    let mut binding = Vec::with_capacity(64);
    principal.write_binding(&mut binding);
    Owner(Sha256::digest(binding).into())
}

/// What a peer is told of an error of the engine.
pub(crate) fn refuse(error: midfield_durable::engine::Error) -> Error {
    use midfield_durable::engine::Error as EngineError;
    match error {
        EngineError::KeyReused => Error::InvalidParams {
            detail: error.to_string(),
        },
        EngineError::TooMany { .. } | EngineError::ShuttingDown => Error::Failed {
            detail: error.to_string(),
        },
        EngineError::Unreadable => {
            tracing::error!(%error, "a task could not be told");
            Error::Failed {
                detail: "the task cannot be read by this server".to_owned(),
            }
        }
        error => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a task could not be reached"
            );
            Error::Failed {
                detail: "the store of tasks cannot be reached; try again later".to_owned(),
            }
        }
    }
}

const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(1);
