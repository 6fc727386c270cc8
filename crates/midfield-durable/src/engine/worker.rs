//! Takes what is due, as far as there is room, and lets go what is too old.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::drive::{self, Opened};
use super::live::Live;
use super::{Engine, cause, lease};
use crate::store::{Claim, Loaded, StoreError};

/// Begins to work, until the engine stops.
pub(super) fn start(engine: &Engine) {
    let worker = engine.clone();
    engine.0.tracker.spawn(async move { worker.work().await });
}

impl Engine {
    async fn work(&self) {
        lease::start(self).await;
        let stop = &self.0.stop;
        let mut must_look = false;
        while !stop.is_cancelled() {
            let pause = match self.round(&mut must_look).await {
                Ok(pause) => pause,
                Err(error) => {
                    let cause = cause(&error);
                    tracing::error!(cause, "the store of tasks failed; it is asked again");
                    AFTER_AN_ERROR
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = self.0.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.retire().await;
        self.0.has_ended.cancel();
    }

    /// Does all that can be done now, and says how long there is nothing to do unless somebody wakes the worker.
    /// `must_look`: others have changed something, which was not looked at yet.
    async fn round(&self, must_look: &mut bool) -> Result<Duration, StoreError> {
        // What fails may have taken the news along.
        let before = std::mem::replace(must_look, true);
        if self.0.store.has_changed_elsewhere().await? || before {
            self.look_around().await?;
        }
        *must_look = false;
        let mut next = self.0.store.next_due().await?;
        let is_due = next.is_some_and(|next| next <= self.now());
        if is_due && self.0.lease.is_valid(self.now()) {
            while self.claim().await? {}
            next = self.0.store.next_due().await?;
        }
        let look = self.0.options.look_interval;
        let now = self.now();
        // What is due and was not taken waits for room.
        let has_backlog = next.is_some_and(|next| next <= now);
        self.0.has_backlog.store(has_backlog, Ordering::Relaxed);
        Ok(match next {
            Some(next) if next > now => look.min(Duration::from_millis(next - now)),
            _ => look,
        })
    }

    /// Lets go what is too old, and takes what is due; `true` when there may be more.
    async fn claim(&self) -> Result<bool, StoreError> {
        let options = &self.0.options;
        let now = self.now();
        let expired = self
            .0
            .store
            .expire(now, super::milliseconds(options.expired_grace), AT_ONCE);
        let expired = expired.await?;
        for record in &expired.failed {
            self.lose(record.id);
            self.transitioned(None, record);
        }
        for id in &expired.gone {
            self.0.waiting.wake(*id);
        }
        let more_expired = expired.failed.len() + expired.gone.len() >= AT_ONCE;
        let claimed = self.claim_due(now).await;
        self.0.lives.has_claimed();
        Ok(claimed? || more_expired)
    }

    /// Takes what is due, as far as there is room; `true` when there may be more.
    async fn claim_due(&self, now: u64) -> Result<bool, StoreError> {
        let options = &self.0.options;
        let left = self.0.lives.left(self.room(), AT_ONCE);
        let most = left.all;
        if most == 0 || self.0.stop.is_cancelled() {
            return Ok(false);
        }
        let mut claim = Claim::new(self.0.worker, now, most);
        claim.most_per_owner = options.concurrency_per_owner.get();
        claim.held = left.owners;
        claim.lanes = left.lanes;
        claim.deliveries = options.deliveries.get();
        let claimed = match self.0.store.claim(claim).await {
            Err(error) if error.is_unknown() => {
                // What it may have given is held by this worker, and nobody knows what it is.
                lease::begin_anew(self).await;
                return Err(error);
            }
            claimed => claimed?,
        };
        for record in &claimed.given_up {
            tracing::error!(task = %record.id, lane = record.lane, "a task was begun too often, and has failed");
            self.transitioned(None, record);
        }
        let is_full = claimed.tasks.len() >= most;
        for loaded in claimed.tasks {
            self.run(loaded);
        }
        Ok(is_full)
    }

    fn run(&self, loaded: Loaded) {
        let record = &loaded.record;
        let live = Arc::new(Live::new(record.owner, record.lane.clone()));
        live.has_answers(loaded.answers.iter().map(|answer| answer.key.clone()));
        self.0.lives.enter_claimed(record.id, &live);
        let opened = Opened::open(&*self.0.seal, loaded);
        self.0
            .tracker
            .spawn(drive::claimed(self.clone(), live, opened));
    }

    /// Another process has changed something: who waits looks again, and what runs here may have been ended or answered there.
    async fn look_around(&self) -> Result<(), StoreError> {
        self.0.waiting.wake_all();
        if let Some(runner) = self.0.runner.get() {
            runner.changed_elsewhere();
        }
        for (id, live) in self.0.lives.all() {
            let seen = self.0.store.get(id).await?;
            // A task that was just made may not be there yet: its own run finds out.
            let Some(record) = seen.map(|seen| seen.record) else {
                continue;
            };
            if record.state.has_ended() {
                live.cancelled.cancel();
            } else {
                live.answered_elsewhere(&record.answered);
            }
        }
        Ok(())
    }

    /// Ends all runs: what runs here may be another's.
    pub(super) fn lose_all(&self) {
        for (id, live) in self.0.lives.all() {
            tracing::warn!(task = %id, "the lease of a task is lost; another process may have it");
            self.0.counters.lease_lost();
            live.lost.cancel();
        }
    }

    fn lose(&self, id: crate::task::TaskId) {
        if let Some(live) = self.0.lives.find(id) {
            live.cancelled.cancel();
        }
    }

    /// Waits until nothing runs any more, and says that nothing is held.
    async fn retire(&self) {
        while self.0.lives.count() > 0 {
            self.0.wake.notified().await;
        }
        if let Err(error) = self.0.store.retire(self.0.worker, self.now()).await {
            let cause = cause(&error);
            tracing::warn!(
                cause,
                "the store was not told that this process is done; its lease runs out"
            );
        }
    }
}

/// How much is taken at once.
const AT_ONCE: usize = 64;

/// How long the worker waits after the store failed.
const AFTER_AN_ERROR: Duration = Duration::from_secs(1);
