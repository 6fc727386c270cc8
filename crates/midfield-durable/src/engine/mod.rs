//! The engine: the only one who changes tasks.
//!
//! It makes them, takes answers, ends them, and says what became of them; its worker (`worker.rs`) takes what is due and
//! runs it (`drive.rs`) by a [`Runner`], who knows what tasks do. Any number of engines, in any number of processes, may
//! share one store.

mod acts;
mod audit;
mod drive;
mod error;
mod figures;
mod kept_answer;
mod lease;
mod live;
mod making;
mod notes;
mod options;
mod put;
mod runner;
mod seal;
mod view;
mod waiting;
mod worker;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use midfield_protocol::Raw;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::audit::Act;
use self::figures::{Counters, Measured};
use self::lease::Lease;
use self::live::{Live, Lives, Room};
use self::seal::Place;
use self::waiting::Waiting;
use crate::execution::Clock;
use crate::failure::Failure;
use crate::store::{Counts, Store};
use crate::task::{Owner, Record, State, TaskId, WorkerId};

pub use error::Error;
pub use figures::{Bucket, Figures, Histogram};
pub use kept_answer::KeptAnswer;
pub use making::NewCall;
pub use options::{EngineOptions, Renewal};
pub use runner::{Ended, Run, Runner, TaskCall};
pub use seal::{Seal, SealError, Unsealed};
pub use view::{OpenQuestion, View};

/// Makes tasks, runs them and says what became of them. Clones are handles to the same.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    counters: Arc<Counters>,
    seal: Arc<dyn Seal>,
    options: EngineOptions,
    clock: Clock,
    worker: WorkerId,
    lease: Lease,
    runner: OnceLock<Arc<dyn Runner>>,
    lives: Lives,
    waiting: Waiting,
    /// Something may be due, or there is room again.
    wake: Notify,
    /// All that the engine has spawned.
    tracker: TaskTracker,
    stop: CancellationToken,
    /// Nothing runs any more, and nothing is held.
    has_ended: CancellationToken,
    /// Something is due that there is no room for.
    has_backlog: AtomicBool,
}

impl Engine {
    /// An engine that has not begun to run tasks: see [`Engine::start`].
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new(
        store: Arc<dyn Store>,
        seal: Arc<dyn Seal>,
        options: EngineOptions,
    ) -> Result<Self, Error> {
        Self::with_clock(store, seal, options, Clock::system())
    }

    /// As [`Engine::new`], with a clock.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn with_clock(
        store: Arc<dyn Store>,
        seal: Arc<dyn Seal>,
        options: EngineOptions,
        clock: Clock,
    ) -> Result<Self, Error> {
        let counters = Arc::new(Counters::new());
        Ok(Self(Arc::new(Inner {
            store: Arc::new(Measured::new(store, Arc::clone(&counters))),
            counters,
            seal,
            options,
            clock,
            worker: WorkerId(random()?),
            lease: Lease::default(),
            runner: OnceLock::new(),
            lives: Lives::default(),
            waiting: Waiting::default(),
            wake: Notify::new(),
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
            has_ended: CancellationToken::new(),
            has_backlog: AtomicBool::new(false),
        })))
    }

    /// Begins to run tasks by `runner`, in tasks of the tokio runtime that this is called in. The second call does nothing.
    ///
    /// # Panics
    /// Outside of a runtime.
    pub fn start(&self, runner: Arc<dyn Runner>) {
        if self.0.runner.set(runner).is_ok() {
            worker::start(self);
        }
    }

    /// Whether [`Engine::start`] was called.
    pub fn has_started(&self) -> bool {
        self.0.runner.get().is_some()
    }

    /// Spawns what belongs to the engine: [`Engine::shut_down`] waits for it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.tracker.spawn(work);
    }

    /// What there is of a task. `None` for one that does not exist, and for one of somebody else.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn view(&self, owner: Owner, id: TaskId) -> Result<Option<View>, Error> {
        let seen = self.0.store.get(id).await?;
        let seen = seen.filter(|seen| seen.record.owner == owner);
        let view = seen.map(|seen| View::of(&*self.0.seal, seen));
        view.transpose()
    }

    /// Waits until `is_enough` of a task, as it is now or as it becomes. `None` as for [`Engine::view`], also when the task goes
    /// meanwhile.
    ///
    /// # Errors
    /// See [`Error`].
    ///
    /// # Cancel safety
    /// Dropping the future only ends the waiting.
    pub async fn wait(
        &self,
        owner: Owner,
        id: TaskId,
        mut is_enough: impl FnMut(&View) -> bool,
    ) -> Result<Option<View>, Error> {
        let watch = self.0.waiting.watch(id);
        loop {
            let changed = watch.next();
            match self.view(owner, id).await? {
                Some(view) if !is_enough(&view) => changed.await,
                enough => return Ok(enough),
            }
        }
    }

    /// The tasks of an owner in the order of making, those after the place `after`, at most `most`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn list(&self, owner: Owner, after: u64, most: usize) -> Result<Vec<View>, Error> {
        let seen = self.0.store.list(owner, after, most).await?;
        let views = seen.into_iter().map(|seen| View::of(&*self.0.seal, seen));
        views.collect()
    }

    /// How many tasks there are in each state, of all owners.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn counts(&self) -> Result<Counts, Error> {
        Ok(self.0.store.counts().await?)
    }

    /// What this engine has done since it was made, in numbers.
    pub fn figures(&self) -> Figures {
        self.0.counters.figures(self.running())
    }

    /// How many tasks are in this process's memory now.
    pub fn running(&self) -> usize {
        self.0.lives.count()
    }

    /// Begins to hand back what runs here, as [`Engine::shut_down`] does, and does not wait for it.
    pub fn stop(&self) {
        self.0.stop.cancel();
        self.0.tracker.close();
    }

    /// Hands back what runs here, after its steps that are at work have ended or [`EngineOptions::shutdown_grace`] has passed, so
    /// that another process can go on at once. Makes no tasks any more.
    pub async fn shut_down(&self) {
        self.stop();
        self.0.tracker.wait().await;
    }

    /// How this engine works.
    pub fn options(&self) -> &EngineOptions {
        &self.0.options
    }

    /// The time, in milliseconds since 1970.
    fn now(&self) -> u64 {
        milliseconds(self.0.clock.since_epoch())
    }

    fn room(&self) -> Room<'_> {
        let options = &self.0.options;
        Room {
            all: options.concurrency.get(),
            owner: options.concurrency_per_owner.get(),
            lanes: &options.concurrency_per_lane,
        }
    }

    fn seal<T: serde::Serialize + ?Sized>(
        &self,
        id: TaskId,
        place: Place<'_>,
        value: &T,
    ) -> Result<Vec<u8>, Error> {
        seal::seal(&*self.0.seal, id, place, value)
    }

    /// What a task ends with that cannot go on.
    fn failed(&self, failure: &Failure) -> Raw {
        let runner = self.0.runner.get();
        runner.map_or_else(Raw::empty, |runner| runner.failed(failure))
    }

    /// Gives back the place of a run.
    fn leave(&self, id: TaskId, live: &Arc<Live>) {
        self.0.lives.leave(id, live);
        if self.0.stop.is_cancelled() || self.0.has_backlog.load(Ordering::Relaxed) {
            self.0.wake.notify_one();
        }
    }

    /// Tells everybody who wants to know.
    fn changed(&self, record: &Record) {
        self.0.waiting.wake(record.id);
        if let Some(runner) = self.0.runner.get() {
            runner.changed(record);
        }
    }

    /// As [`Engine::changed`], of a task that was in the state `before`, if that is known.
    fn transitioned(&self, before: Option<State>, record: &Record) {
        if before != Some(record.state) {
            self.0.counters.transitioned(record);
            audit::tell(Act::between(before, record.state), before, record);
        }
        self.changed(record);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("store", &self.0.store)
            .field("running", &self.running())
            .finish_non_exhaustive()
    }
}

/// The fence of a task that the worker took at its making.
const FIRST_FENCE: u64 = 1;

fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::Seal(SealError::new()))?;
    Ok(bytes)
}

/// An error with all that is behind it, on one line, for logs.
fn cause(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// The milliseconds of a duration.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
