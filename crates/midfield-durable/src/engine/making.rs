//! Making tasks: each is kept before anybody is told of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use midfield_protocol::Raw;
use sha2::{Digest as _, Sha256};

use super::drive::{self, Opened};
use super::live::Live;
use super::seal::{Call, Place};
use super::{Engine, Error, FIRST_FENCE, Inner, View, milliseconds, random};
use crate::journal::Journal;
use crate::store::{Created, NewTask, Seen, StoreError};
use crate::task::{Owner, Record, TaskId};

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
    /// How long the task is kept, from now; `None`: [`EngineOptions::lifetime`](super::EngineOptions::lifetime). More than
    /// [`EngineOptions::max_lifetime`](super::EngineOptions::max_lifetime) is cut to that.
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
            Ok(Created::New(record)) => self.made(record, begun, runs.then_some(live)),
            other => {
                if runs {
                    self.leave(id, &live);
                }
                self.not_made(id, runs, other)
            }
        }
    }

    /// A task is kept: it runs here, where it was taken by this process, or waits for its turn.
    fn made(&self, record: Record, begun: Call, live: Option<Arc<Live>>) -> Result<View, Error> {
        let seen = Seen {
            record: record.clone(),
            notes: Vec::new(),
            result: None,
        };
        self.transitioned(None, &record);
        match live {
            Some(live) if record.worker == Some(self.0.worker) => {
                let opened = Opened::new(record, begun);
                let run = drive::drive(self.clone(), live, opened);
                self.0.tracker.spawn(run);
            }
            other => {
                if let Some(live) = other {
                    self.0.lives.leave(record.id, &live);
                }
                self.0.has_backlog.store(true, Ordering::Relaxed);
                self.0.wake.notify_one();
            }
        }
        View::of(&*self.0.seal, seen)
    }

    /// A task was not kept, or was there before, or nobody knows.
    fn not_made(
        &self,
        id: TaskId,
        runs: bool,
        created: Result<Created, StoreError>,
    ) -> Result<View, Error> {
        if let Err(error) = &created
            && runs
            && error.is_unknown()
        {
            // Should it be there, nobody runs it.
            let engine = self.clone();
            let handing_back = async move { engine.hand_back(id, FIRST_FENCE).await };
            self.0.tracker.spawn(handing_back);
        }
        match created? {
            Created::Again(seen) => View::of(&*self.0.seal, seen),
            Created::KeyReused => Err(Error::KeyReused),
            Created::New(_) | Created::TooMany => Err(Error::TooMany {
                most: self.0.options.unfinished_per_owner.get(),
            }),
        }
    }
}
