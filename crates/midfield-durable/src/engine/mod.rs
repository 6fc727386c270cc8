//! The engine: the only one who changes tasks.
//!
//! It makes them, takes answers, ends them, and says what became of them; its worker (`worker.rs`) takes what is due and
//! runs it (`drive.rs`) by a [`Runner`], who knows what tasks do. Any number of engines, in any number of processes, may
//! share one store.

mod audit;
mod drive;
mod error;
mod figures;
mod kept_answer;
mod lease;
mod live;
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
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::audit::Act;
use self::drive::Opened;
use self::figures::{Counters, Measured};
use self::lease::Lease;
use self::live::{Live, Lives, Room};
use self::seal::Call;
use self::seal::Place;
use self::waiting::Waiting;
use crate::execution::Clock;
use crate::failure::Failure;
use crate::journal::Journal;
use crate::store::{Answer, Counts, Created, NewTask, Seen, Store, StoreError};
use crate::task::{Owner, Record, State, TaskId, WorkerId};

pub use error::Error;
pub use figures::{Bucket, Figures, Histogram};
pub use kept_answer::KeptAnswer;
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

/// A task that is to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewCall {
    /// Whose it will be.
    pub owner: Owner,
    /// Which kind of work it is: limits are kept by it. It is stored in the clear.
    pub lane: String,
    /// What is asked for.
    pub request: Raw,
    /// A key of the caller's, by which a repeated request finds the task that the first one made.
    pub idempotency_key: Option<String>,
    /// What a repeated request is told by from another one with the same key; `None`: by the whole request.
    pub digest: Option<[u8; 32]>,
    /// How long the task is kept, from now; `None`: [`EngineOptions::lifetime`]. More than
    /// [`EngineOptions::max_lifetime`] is cut to that.
    pub lifetime: Option<Duration>,
    /// What the call has learned already, where it was begun before it became a task. What has begun and is not over is left
    /// out: it begins anew. Default: empty.
    pub journal: Journal,
}

impl NewCall {
    /// A task without an idempotency key, kept as long as the engine keeps tasks by default.
    pub fn new(owner: Owner, lane: impl Into<String>, request: Raw) -> Self {
        Self {
            owner,
            lane: lane.into(),
            request,
            idempotency_key: None,
            digest: None,
            lifetime: None,
            journal: Journal::default(),
        }
    }
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

    /// Makes a task, durably: when this answers, the task is found by whoever asks for it, also after a crash.
    ///
    /// A request that repeats an idempotency key gives the task that was made before.
    ///
    /// # Errors
    /// See [`Error`].
    ///
    /// # Cancel safety
    /// Dropped, the task may have been made or not.
    pub async fn create(&self, call: NewCall) -> Result<View, Error> {
        if self.0.stop.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        let engine = self.clone();
        // Whoever asks may go away; what the store has given to this worker must be run all the same.
        let making = self.0.tracker.spawn(async move { engine.make(call).await });
        making.await.unwrap_or(Err(Error::ShuttingDown))
    }

    async fn make(&self, call: NewCall) -> Result<View, Error> {
        let Inner {
            options,
            lives,
            store,
            ..
        } = &*self.0;
        let now = self.now();
        let id = TaskId::new(now, random()?);
        let lifetime = call.lifetime.unwrap_or(options.lifetime);
        let lifetime = milliseconds(lifetime.min(options.max_lifetime));
        let mut record = Record::new(id, call.owner, call.lane, now);
        record.expires = Some(now.saturating_add(lifetime));
        let digest = call.digest;
        let digest = digest.unwrap_or_else(|| Sha256::digest(call.request.as_str()).into());
        let begun = Call::new(call.request, call.journal);
        let sealed = self.seal(id, Place::Request, &begun)?;
        let mut new = NewTask::new(record, sealed, digest);
        new.key = call.idempotency_key.map(|key| Sha256::digest(key).into());
        new.most = options.unfinished_per_owner.get();
        let live = Arc::new(Live::new(call.owner, new.record.lane.clone()));
        let runs = self.0.lease.is_valid(now)
            && self.0.runner.get().is_some()
            && !self.0.stop.is_cancelled()
            && lives.enter(id, &live, self.room());
        new.worker = runs.then_some(self.0.worker);
        let created = store.create(new).await;
        match created {
            Ok(Created::New(record)) => {
                let seen = Seen {
                    record: record.clone(),
                    notes: Vec::new(),
                    result: None,
                };
                self.transitioned(None, &record);
                if runs && record.worker == Some(self.0.worker) {
                    let opened = Opened::new(record, begun);
                    self.0
                        .tracker
                        .spawn(drive::drive(self.clone(), live, opened));
                } else {
                    if runs {
                        lives.leave(id, &live);
                    }
                    self.0.has_backlog.store(true, Ordering::Relaxed);
                    self.0.wake.notify_one();
                }
                View::of(&*self.0.seal, seen)
            }
            other => {
                if runs {
                    self.leave(id, &live);
                }
                if let Err(error) = &other
                    && runs
                    && error.is_unknown()
                {
                    // Should it be there, nobody runs it.
                    let engine = self.clone();
                    let handing_back = async move { engine.hand_back(id, FIRST_FENCE).await };
                    self.0.tracker.spawn(handing_back);
                }
                match other? {
                    Created::Again(seen) => View::of(&*self.0.seal, seen),
                    Created::KeyReused => Err(Error::KeyReused),
                    Created::New(_) | Created::TooMany => Err(Error::TooMany {
                        most: options.unfinished_per_owner.get(),
                    }),
                }
            }
        }
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

    /// Keeps answers to questions of a task, by their keys, and lets it go on. What is not asked, or is answered already, is passed
    /// over. `None` as for [`Engine::view`].
    ///
    /// # Errors
    /// See [`Error`].
    ///
    /// # Cancel safety
    /// Dropped, the answers may have been kept or not.
    pub async fn answer(
        &self,
        owner: Owner,
        id: TaskId,
        answers: Vec<(String, KeptAnswer)>,
    ) -> Result<Option<View>, Error> {
        let Some(view) = self.view(owner, id).await? else {
            return Ok(None);
        };
        let is_open = |key: &str| view.questions.iter().any(|question| question.key == key);
        let answers: Vec<_> = answers
            .into_iter()
            .filter(|(key, _)| is_open(key))
            .collect();
        if answers.is_empty() {
            return Ok(Some(view));
        }
        let sealed = answers.iter().map(|(key, answer)| {
            Ok(Answer {
                key: key.clone(),
                answer: self.seal(id, Place::Answer(key), answer)?,
            })
        });
        let sealed = sealed.collect::<Result<Vec<_>, Error>>()?;
        let answered = self.0.store.answer(id, self.now(), sealed).await;
        if answered.as_ref().is_err_and(StoreError::is_unknown) {
            // They may be kept: a new run reads them.
            if let Some(live) = self.0.lives.find(id) {
                live.answered_elsewhere(answers.iter().map(|(key, _)| key));
            }
            self.0.wake.notify_one();
        }
        let Some(answered) = answered? else {
            return Ok(None);
        };
        match self.0.lives.find(id) {
            Some(live) => {
                let taken = answers.into_iter();
                live.answer(taken.filter(|(key, _)| answered.taken.contains(key)));
            }
            None => self.0.wake.notify_one(),
        }
        if !answered.taken.is_empty() {
            audit::tell(Act::Answered, Some(view.state), &answered.record);
            self.changed(&answered.record);
        }
        self.view(owner, id).await
    }

    /// Ends a task that has not ended, and gives it as it is then: its result, should there be one yet, does not count. `None` as
    /// for [`Engine::view`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn cancel(&self, owner: Owner, id: TaskId) -> Result<Option<View>, Error> {
        // Also a task whose contents cannot be read can be ended.
        let seen = self.0.store.get(id).await?;
        let Some(seen) = seen.filter(|seen| seen.record.owner == owner) else {
            return Ok(None);
        };
        let before = seen.record.state;
        if before.has_ended() {
            return View::of(&*self.0.seal, seen).map(Some);
        }
        let record = self.0.store.cancel(id, self.now()).await?;
        if let Some(record) = record
            && record.state == State::Cancelled
        {
            if let Some(live) = self.0.lives.find(id) {
                live.cancelled.cancel();
            }
            self.transitioned(Some(before), &record);
        }
        self.view(owner, id).await
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
