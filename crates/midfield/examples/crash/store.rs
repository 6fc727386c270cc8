//! A store whose verbs are counted, and are points to be killed at: before the verb, while it is at work, and when it is done and
//! nobody was told.

use midfield_durable::store::{
    Answer, Answered, Claim, Claimed, Counts, Created, Expired, NewTask, Next, Pending, Seen,
    Sqlite, Store, Write,
};
use midfield_durable::task::{Owner, Record, TaskId, WorkerId};

use crate::killer::Killer;

/// Counts what is asked of the store behind it.
#[derive(Debug)]
pub(crate) struct Counted {
    store: Sqlite,
    killer: Killer,
}

impl Counted {
    pub(crate) fn new(store: Sqlite, killer: Killer) -> Self {
        Self { store, killer }
    }

    fn around<'a, T: Send + 'a>(
        &'a self,
        what: &'static str,
        verb: impl FnOnce(&'a Sqlite) -> Pending<'a, T> + Send + 'a,
    ) -> Pending<'a, T> {
        Box::pin(async move {
            let turn = self.killer.turn(what);
            turn.begins();
            let said = verb(&self.store).await;
            turn.is_done();
            said
        })
    }
}

/// What a write is counted as: by what it says, so that each kind of it can be found.
fn kind_of(write: &Write) -> &'static str {
    match &write.next {
        Next::Complete { .. } | Next::Fail { .. } => "end",
        Next::Park { .. } => "park",
        Next::Hold if !write.learned.is_empty() => "learn",
        Next::Hold if write.open.as_ref().is_some_and(|open| !open.is_empty()) => "ask",
        _ => "write",
    }
}

impl Store for Counted {
    fn create(&self, new: NewTask) -> Pending<'_, Created> {
        self.around("create", move |store| store.create(new))
    }

    fn claim(&self, claim: Claim) -> Pending<'_, Claimed> {
        self.around("claim", move |store| store.claim(claim))
    }

    fn renew(&self, worker: WorkerId, now: u64, until: u64) -> Pending<'_, bool> {
        self.around("renew", move |store| store.renew(worker, now, until))
    }

    fn retire(&self, worker: WorkerId, now: u64) -> Pending<'_, ()> {
        self.around("retire", move |store| store.retire(worker, now))
    }

    fn write(&self, id: TaskId, fence: u64, write: Write) -> Pending<'_, Option<Record>> {
        let kind = kind_of(&write);
        self.around(kind, move |store| store.write(id, fence, write))
    }

    fn answer(&self, id: TaskId, now: u64, answers: Vec<Answer>) -> Pending<'_, Option<Answered>> {
        self.around("answer", move |store| store.answer(id, now, answers))
    }

    fn cancel(&self, id: TaskId, now: u64) -> Pending<'_, Option<Record>> {
        self.around("cancel", move |store| store.cancel(id, now))
    }

    fn expire(&self, now: u64, grace: u64, most: usize) -> Pending<'_, Expired> {
        self.around("expire", move |store| store.expire(now, grace, most))
    }

    fn get(&self, id: TaskId) -> Pending<'_, Option<Seen>> {
        self.around("get", move |store| store.get(id))
    }

    fn list(&self, owner: Owner, after: u64, most: usize) -> Pending<'_, Vec<Seen>> {
        self.around("list", move |store| store.list(owner, after, most))
    }

    fn next_due(&self) -> Pending<'_, Option<u64>> {
        self.around("next_due", Sqlite::next_due)
    }

    fn counts(&self) -> Pending<'_, Counts> {
        self.around("counts", Sqlite::counts)
    }

    fn has_changed_elsewhere(&self) -> Pending<'_, bool> {
        self.around("look", Sqlite::has_changed_elsewhere)
    }
}
