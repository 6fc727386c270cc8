//! Tasks that servers of 2025-11-25 ask for: a question to the user or the model whose answer comes later, and survives the process
//! ([2025-11-25, tasks](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks)). The engine that runs the
//! tasks of this library's servers runs them too.
//!
//! `alone.rs` keeps a file for one receiver; `answer.rs` makes a task of a question and answers what is asked about it; `run.rs` lets the client's handlers work on it;
//! `registry.rs` knows which client there is of which server, and tells the server what became of its tasks.

#[cfg(feature = "sqlite")]
mod alone;
mod answer;
mod registry;
mod run;

pub(super) use answer::About;

use std::fmt;
use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use midfield_durable::engine::{Engine, EngineOptions};
use midfield_durable::task::Owner;
use midfield_protocol::types::{ClientCapabilities, ClientTasks, InputRequest};

use self::registry::Registry;
use self::run::Asking;
use super::core::Core;
use super::{Error, Target};
use crate::seal::{KeyRing, NoRandomness, Sealer, random};
#[cfg(feature = "sqlite")]
use crate::server::StoreError;
use crate::server::Tasks;

/// Where a client keeps the tasks that its servers ask for, and how it runs them; see
/// [`ClientBuilder::receive_tasks`](super::ClientBuilder::receive_tasks). Clones are handles to the same.
///
/// One serves any number of clients, of different servers: a server sees its own tasks alone. It is known by what the host calls it
/// ([`Target::named`]) and by where it is; one in memory or at a pair of streams that has no name sees those of its connection.
///
/// The handler of a task is run again when the process or the connection ended before it did: the user is asked again, and so is the
/// model. It waits until there is a client of the server again. One that was begun five times and never ended fails.
#[derive(Clone)]
pub struct TaskReceiver(Arc<Shared>);

struct Shared {
    engine: Engine,
    registry: Arc<Registry>,
    sealer: Sealer,
    poll_interval: Duration,
    /// The lock that keeps others from the file of the tasks, where they have one. What runs here is handed back before it is freed.
    alone: Mutex<Option<File>>,
}

impl TaskReceiver {
    /// Keeps tasks in memory: they end with the process.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn in_memory() -> Result<Self, NoRandomness> {
        Self::new(Tasks::in_memory().options(limits()), KeyRing::generate()?)
    }

    /// Keeps tasks in the SQLite database at `path`, which is made if it is not there, sealed with these keys. It is for one process at
    /// a time: another one has other servers, and would hold tasks whose servers it does not know.
    ///
    /// # Errors
    /// When there is no such database, and none can be made, when it is none of this version, or when there is another receiver of it
    /// that was not shut down, in this process or another. The end of a process, however it comes, frees it.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(path: impl AsRef<std::path::Path>, keys: KeyRing) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let tasks = Tasks::sqlite(path)?.options(limits());
        let alone = alone::lock(path)?;
        Self::held(tasks, keys, Some(alone))
            .map_err(|error| StoreError::new("could not seal what is kept of tasks").because(error))
    }

    /// Keeps tasks as a server would. [`Tasks::handles_after`] means nothing here. Where nothing else is set the limits are those of
    /// servers, see [`Tasks::options`]; those of the other constructors are narrower: 64 unfinished tasks of one server, 16 at once, kept
    /// for an hour, and for at most a day where the server asks for more.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new(tasks: Tasks, keys: KeyRing) -> Result<Self, NoRandomness> {
        Self::held(tasks, keys, None)
    }

    fn held(tasks: Tasks, keys: KeyRing, alone: Option<File>) -> Result<Self, NoRandomness> {
        let (engine, poll_interval) = tasks.engine(keys.clone())?;
        Ok(Self(Arc::new(Shared {
            engine,
            registry: Arc::default(),
            sealer: Sealer::new(keys),
            poll_interval,
            alone: Mutex::new(alone),
        })))
    }

    /// Hands back what runs here, so that another process goes on with it. No task is made or run any more.
    pub async fn shut_down(&self) {
        self.0.registry.stop();
        self.0.engine.shut_down().await;
        let alone = self.0.alone.lock();
        drop(alone.unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// How tasks run that servers ask for: a person answers few questions, and not for weeks.
fn limits() -> EngineOptions {
    let nonzero = |number| NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN);
    let mut options = EngineOptions::default();
    options.unfinished_per_owner = nonzero(64);
    options.concurrency_per_owner = nonzero(16);
    options.lifetime = Duration::from_hours(1);
    options.max_lifetime = Duration::from_hours(24);
    options
}

/// What nobody holds any more is handed back.
impl Drop for Shared {
    fn drop(&mut self) {
        self.registry.stop();
        self.engine.stop();
    }
}

impl fmt::Debug for TaskReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.engine.fmt(f)
    }
}

/// The tasks of one server.
#[derive(Clone, Debug)]
pub(super) struct Receiving {
    receiver: TaskReceiver,
    owner: Owner,
    declared: ClientTasks,
}

impl Receiving {
    /// Those of the server at `target`, and says so in what is declared. `None` where nothing can be a task.
    pub(super) fn of(
        receiver: Option<TaskReceiver>,
        target: &Target,
        capabilities: &mut ClientCapabilities,
    ) -> Result<Option<Self>, Error> {
        let mut declared = ClientTasks::default();
        declared.list = true;
        declared.cancel = true;
        declared.sampling = capabilities.sampling.is_some();
        declared.elicitation = capabilities.elicitation.is_some();
        let Some(receiver) = receiver.filter(|_| declared.sampling || declared.elicitation) else {
            return Ok(None);
        };
        let identity = match target.identity() {
            Some(identity) => identity,
            None => random().map_err(|error: NoRandomness| Error::Target {
                detail: format!("the server cannot be told from others: {error}"),
            })?,
        };
        capabilities.tasks = Some(declared);
        Ok(Some(Self {
            receiver,
            owner: Owner(identity),
            declared,
        }))
    }

    /// Whether a question can be a task.
    pub(super) fn takes(&self, request: &InputRequest) -> bool {
        match request {
            InputRequest::Elicit(_) => self.declared.elicitation,
            InputRequest::Sample(_) => self.declared.sampling,
            _ => false,
        }
    }

    /// From now on there is a client of the server.
    pub(super) fn attach(&self, core: &Arc<Core>) {
        let shared = &self.receiver.0;
        shared.registry.attach(self.owner, core);
        if !shared.engine.has_started() {
            let asking = Asking::new(shared.registry.clone());
            shared.engine.start(Arc::new(asking));
            let telling = shared.registry.clone();
            let telling = telling.tell(shared.engine.clone(), shared.poll_interval);
            shared.engine.spawn(telling);
        }
    }
}
