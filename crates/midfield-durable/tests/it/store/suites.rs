//! The guarantees of every store.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use midfield_durable::store::{
    Answer, Answered, Claim, Claimed, Counts, Created, Expired, Memory, NewTask, Pending, Seen,
    Sqlite, SqliteOptions, Store, Synchronous, Write,
};
use midfield_durable::task::{Owner, Record, TaskId, WorkerId};
use tempfile::TempDir;

/// A store in a folder that goes with it.
struct Temporary {
    store: Sqlite,
    _folder: TempDir,
}

impl Deref for Temporary {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &self.store
    }
}

fn temporary(options: SqliteOptions) -> Temporary {
    let folder = tempfile::tempdir().unwrap();
    Temporary {
        store: Sqlite::open(folder.path().join("tasks.db"), options).unwrap(),
        _folder: folder,
    }
}

#[derive(Debug)]
struct Turns {
    stores: [Sqlite; 2],
    count: AtomicUsize,
    _folder: TempDir,
}

impl Turns {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let open = |()| {
            let path = folder.path().join("tasks.db");
            Sqlite::open(path, SqliteOptions::default()).unwrap()
        };
        Self {
            stores: [(), ()].map(open),
            count: AtomicUsize::new(0),
            _folder: folder,
        }
    }

    fn next(&self) -> &Sqlite {
        &self.stores[self.count.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

impl Store for Turns {
    fn create(&self, new: NewTask) -> Pending<'_, Created> {
        self.next().create(new)
    }

    fn claim(&self, claim: Claim) -> Pending<'_, Claimed> {
        self.stores[0].claim(claim)
    }

    fn renew(&self, worker: WorkerId, now: u64, until: u64) -> Pending<'_, bool> {
        self.next().renew(worker, now, until)
    }

    fn retire(&self, worker: WorkerId, now: u64) -> Pending<'_, ()> {
        self.next().retire(worker, now)
    }

    fn write(&self, id: TaskId, fence: u64, write: Write) -> Pending<'_, Option<Record>> {
        self.next().write(id, fence, write)
    }

    fn answer(&self, id: TaskId, now: u64, answers: Vec<Answer>) -> Pending<'_, Option<Answered>> {
        self.next().answer(id, now, answers)
    }

    fn cancel(&self, id: TaskId, now: u64) -> Pending<'_, Option<Record>> {
        self.next().cancel(id, now)
    }

    fn expire(&self, now: u64, grace: u64, most: usize) -> Pending<'_, Expired> {
        self.next().expire(now, grace, most)
    }

    fn get(&self, id: TaskId) -> Pending<'_, Option<Seen>> {
        self.next().get(id)
    }

    fn list(&self, owner: Owner, after: u64, most: usize) -> Pending<'_, Vec<Seen>> {
        self.next().list(owner, after, most)
    }

    fn next_due(&self) -> Pending<'_, Option<u64>> {
        self.next().next_due()
    }

    fn counts(&self) -> Pending<'_, Counts> {
        self.next().counts()
    }

    fn has_changed_elsewhere(&self) -> Pending<'_, bool> {
        self.next().has_changed_elsewhere()
    }
}

mod memory {
    use super::{Memory, Ready, ready};

    fn fresh() -> Ready<Box<Memory>> {
        ready(Box::new(Memory::new()))
    }

    midfield_durable::store_suite!(fresh);
}

mod sqlite {
    use super::{Ready, SqliteOptions, Temporary, ready, temporary};

    fn fresh() -> Ready<Temporary> {
        ready(temporary(SqliteOptions::default()))
    }

    midfield_durable::store_suite!(fresh);
}

/// A queue of one, so that verbs wait outside of it.
mod sqlite_in_a_narrow_queue {
    use super::{Ready, SqliteOptions, Synchronous, Temporary, ready, temporary};

    fn fresh() -> Ready<Temporary> {
        let options = SqliteOptions::default();
        ready(temporary(options.queue(1).synchronous(Synchronous::Normal)))
    }

    midfield_durable::store_suite!(fresh);
}

/// Two handles to one file, as two processes have it; each verb is done by the other one. Whose turn it is, each process knows for
/// itself, so one of them does all claims.
mod sqlite_by_two {
    use super::{Ready, Turns, ready};

    fn fresh() -> Ready<Box<Turns>> {
        ready(Box::new(Turns::new()))
    }

    midfield_durable::store_suite!(fresh);
}
