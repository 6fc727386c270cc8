//! A store whose verbs are counted and timed.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::{Counters, add};
use crate::store::{
    Answer, Answered, Claim, Claimed, Counts, Created, Expired, NewTask, Pending, Seen, Store,
    Write,
};
use crate::task::{Owner, Record, TaskId, WorkerId};

/// The names of the verbs, as figures are told by.
pub(super) const VERBS: [&str; 13] = [
    "create",
    "claim",
    "renew",
    "retire",
    "write",
    "answer",
    "cancel",
    "expire",
    "get",
    "list",
    "next_due",
    "counts",
    "has_changed_elsewhere",
];

/// A store whose verbs are counted and timed. What nobody waits for to its end is not.
pub(in crate::engine) struct Measured {
    store: Arc<dyn Store>,
    counters: Arc<Counters>,
}

impl Measured {
    pub(in crate::engine) fn new(store: Arc<dyn Store>, counters: Arc<Counters>) -> Self {
        Self { store, counters }
    }

    /// Times a verb, and shows what it answered to `count`.
    fn measure<'a, T: 'a>(
        &'a self,
        verb: &'static str,
        pending: Pending<'a, T>,
        count: impl FnOnce(&Counters, &T) + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            let begun = Instant::now();
            let done = pending.await;
            let place = VERBS.iter().position(|known| *known == verb);
            if let Some(buckets) = place.and_then(|place| self.counters.verbs.get(place)) {
                buckets.add(begun.elapsed());
            }
            match &done {
                Ok(done) => count(&self.counters, done),
                Err(_) => add(&self.counters.store_errors, 1),
            }
            done
        })
    }
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

impl Store for Measured {
    fn create(&self, new: NewTask) -> Pending<'_, Created> {
        self.measure("create", self.store.create(new), |counters, created| {
            if matches!(created, Created::New(_)) {
                add(&counters.made, 1);
            }
        })
    }

    fn claim(&self, claim: Claim) -> Pending<'_, Claimed> {
        self.measure("claim", self.store.claim(claim), |counters, claimed| {
            let tasks = claimed.tasks.iter();
            add(&counters.claims, claimed.tasks.len());
            let replays = tasks.filter(|task| !task.journal.is_empty()).count();
            add(&counters.replays, replays);
        })
    }

    fn renew(&self, worker: WorkerId, now: u64, until: u64) -> Pending<'_, bool> {
        self.measure("renew", self.store.renew(worker, now, until), nothing)
    }

    fn retire(&self, worker: WorkerId, now: u64) -> Pending<'_, ()> {
        self.measure("retire", self.store.retire(worker, now), nothing)
    }

    fn write(&self, id: TaskId, fence: u64, write: Write) -> Pending<'_, Option<Record>> {
        self.measure("write", self.store.write(id, fence, write), nothing)
    }

    fn answer(&self, id: TaskId, now: u64, answers: Vec<Answer>) -> Pending<'_, Option<Answered>> {
        let pending = self.store.answer(id, now, answers);
        self.measure("answer", pending, |counters, answered| {
            let taken = answered.as_ref().map_or(0, |it| it.taken.len());
            add(&counters.questions_answered, taken);
        })
    }

    fn cancel(&self, id: TaskId, now: u64) -> Pending<'_, Option<Record>> {
        self.measure("cancel", self.store.cancel(id, now), nothing)
    }

    fn expire(&self, now: u64, grace: u64, most: usize) -> Pending<'_, Expired> {
        self.measure("expire", self.store.expire(now, grace, most), nothing)
    }

    fn get(&self, id: TaskId) -> Pending<'_, Option<Seen>> {
        self.measure("get", self.store.get(id), nothing)
    }

    fn list(&self, owner: Owner, after: u64, most: usize) -> Pending<'_, Vec<Seen>> {
        self.measure("list", self.store.list(owner, after, most), nothing)
    }

    fn next_due(&self) -> Pending<'_, Option<u64>> {
        self.measure("next_due", self.store.next_due(), nothing)
    }

    fn counts(&self) -> Pending<'_, Counts> {
        self.measure("counts", self.store.counts(), nothing)
    }

    fn has_changed_elsewhere(&self) -> Pending<'_, bool> {
        let pending = self.store.has_changed_elsewhere();
        self.measure("has_changed_elsewhere", pending, nothing)
    }
}

fn nothing<T>(_: &Counters, _: &T) {}
