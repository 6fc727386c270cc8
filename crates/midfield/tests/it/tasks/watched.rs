//! A store that says what it is asked, and that can be made to wait.

use std::sync::{Arc, Mutex};

use midfield_durable::store::{
    Answer, Answered, Claim, Claimed, Counts, Created, Expired, Memory, NewTask, Pending, Seen,
    Store, Write,
};
use midfield_durable::task::{Owner, Record, TaskId, WorkerId};
use tokio::sync::Semaphore;

/// A store in memory that is watched.
#[derive(Clone, Debug)]
pub(super) struct Watched(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Memory,
    asked: Mutex<Vec<&'static str>>,
    /// Answers are kept only with leave.
    answers: Semaphore,
}

impl Watched {
    pub(super) fn new() -> Self {
        let watched = Self::holding_answers();
        watched.0.answers.add_permits(1_000);
        watched
    }

    /// A store that keeps no answer before it is let to.
    pub(super) fn holding_answers() -> Self {
        Self(Arc::new(Inner {
            store: Memory::new(),
            asked: Mutex::default(),
            answers: Semaphore::new(0),
        }))
    }

    pub(super) fn let_answer(&self) {
        self.0.answers.add_permits(1);
    }

    /// What requests have asked of it since this was called last. What workers ask is left out.
    pub(super) fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.asked.lock().expect("no panic"))
    }

    fn note(&self, verb: &'static str) {
        self.0.asked.lock().expect("no panic").push(verb);
    }
}

impl Store for Watched {
    fn create(&self, new: NewTask) -> Pending<'_, Created> {
        self.note("create");
        self.0.store.create(new)
    }

    fn claim(&self, claim: Claim) -> Pending<'_, Claimed> {
        self.0.store.claim(claim)
    }

    fn renew(&self, worker: WorkerId, now: u64, until: u64) -> Pending<'_, bool> {
        self.0.store.renew(worker, now, until)
    }

    fn retire(&self, worker: WorkerId, now: u64) -> Pending<'_, ()> {
        self.0.store.retire(worker, now)
    }

    fn write(&self, id: TaskId, fence: u64, write: Write) -> Pending<'_, Option<Record>> {
        self.0.store.write(id, fence, write)
    }

    fn answer(&self, id: TaskId, now: u64, answers: Vec<Answer>) -> Pending<'_, Option<Answered>> {
        self.note("answer");
        Box::pin(async move {
            let leave = self.0.answers.acquire().await;
            leave.expect("it is never closed").forget();
            self.0.store.answer(id, now, answers).await
        })
    }

    fn cancel(&self, id: TaskId, now: u64) -> Pending<'_, Option<Record>> {
        self.note("cancel");
        self.0.store.cancel(id, now)
    }

    fn expire(&self, now: u64, grace: u64, most: usize) -> Pending<'_, Expired> {
        self.0.store.expire(now, grace, most)
    }

    fn get(&self, id: TaskId) -> Pending<'_, Option<Seen>> {
        self.note("get");
        self.0.store.get(id)
    }

    fn list(&self, owner: Owner, after: u64, most: usize) -> Pending<'_, Vec<Seen>> {
        self.note("list");
        self.0.store.list(owner, after, most)
    }

    fn next_due(&self) -> Pending<'_, Option<u64>> {
        self.0.store.next_due()
    }

    fn counts(&self) -> Pending<'_, Counts> {
        self.0.store.counts()
    }

    fn has_changed_elsewhere(&self) -> Pending<'_, bool> {
        self.0.store.has_changed_elsewhere()
    }
}
