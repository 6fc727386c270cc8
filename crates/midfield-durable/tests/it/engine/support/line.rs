//! A process's line to the store, on which things go wrong when a test says so.
//!
//! A process that dies is one whose line and whose effects hang for ever from then on: seen from outside it is what SIGKILL
//! leaves, as what it still does in its own memory reaches nobody. One that is stopped hangs until it goes on.

use std::fmt;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use midfield_durable::store::{
    Answer, Answered, Claim, Claimed, Counts, Created, Expired, Memory, NewTask, Pending, Seen,
    Store, StoreError, Write,
};
use midfield_durable::task::{Owner, Record, TaskId, WorkerId};
use tokio::sync::Notify;

/// What becomes of a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Happens,
    /// It does not happen, and the store says so.
    Fails,
    /// The store cannot say whether it has happened.
    Unknown {
        happens: bool,
    },
    /// The process dies before or after it has happened.
    Dies {
        happens: bool,
    },
    /// It takes a while, on the way there and back.
    Late {
        before: Duration,
        after: Duration,
    },
}

/// One use of the store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    /// The how-many-eth of its line, from 1.
    pub(crate) number: u64,
    pub(crate) task: Option<TaskId>,
}

pub(crate) type Fates = Arc<dyn Fn(Verb) -> Fate + Send + Sync>;

/// What keeps a process from reaching the world.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(AtomicU8, Notify)>);

impl Gate {
    /// As SIGKILL.
    pub(crate) fn kill(&self) {
        self.0.0.store(DEAD, Ordering::SeqCst);
    }

    /// As SIGSTOP.
    pub(crate) fn stop(&self) {
        self.change(OPEN, STOPPED);
    }

    /// As SIGCONT.
    pub(crate) fn go_on(&self) {
        self.change(STOPPED, OPEN);
        self.0.1.notify_waiters();
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.0.load(Ordering::SeqCst) == DEAD
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.0.load(Ordering::SeqCst) == OPEN
    }

    /// Waits until the process may do something outside of itself.
    pub(crate) async fn pass(&self) {
        while !self.is_open() {
            self.0.1.notified().await;
        }
    }

    fn change(&self, from: u8, to: u8) {
        let _ = self
            .0
            .0
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst);
    }
}

const OPEN: u8 = 0;
const STOPPED: u8 = 1;
const DEAD: u8 = 2;

/// A process's line to the store that all share.
pub(crate) struct Line {
    memory: Memory,
    gate: Gate,
    fates: Fates,
    verbs: AtomicU64,
    /// How often anybody has changed something, and how often this line has.
    all: Arc<AtomicU64>,
    own: AtomicU64,
    seen: AtomicU64,
}

impl Line {
    pub(crate) fn new(memory: Memory, all: Arc<AtomicU64>, gate: Gate, fates: Fates) -> Self {
        Self {
            memory,
            gate,
            fates,
            verbs: AtomicU64::new(0),
            seen: AtomicU64::new(all.load(Ordering::SeqCst)),
            all,
            own: AtomicU64::new(0),
        }
    }

    fn changed(&self) {
        self.all.fetch_add(1, Ordering::SeqCst);
        self.own.fetch_add(1, Ordering::SeqCst);
    }

    fn elsewhere(&self) -> u64 {
        self.all.load(Ordering::SeqCst) - self.own.load(Ordering::SeqCst)
    }

    async fn run<T>(
        &self,
        name: &'static str,
        task: Option<TaskId>,
        is_change: impl FnOnce(&T) -> bool,
        verb: impl FnOnce() -> Pending<'static, T>,
    ) -> Result<T, StoreError> {
        self.gate.pass().await;
        let number = self.verbs.fetch_add(1, Ordering::SeqCst) + 1;
        let fate = (self.fates)(Verb { name, number, task });
        if let Fate::Late { before, .. } = fate {
            tokio::time::sleep(before).await;
            self.gate.pass().await;
        }
        let happens = match fate {
            Fate::Happens | Fate::Late { .. } => true,
            Fate::Fails => false,
            Fate::Unknown { happens } | Fate::Dies { happens } => happens,
        };
        let done = if happens {
            let done = verb().await?;
            if is_change(&done) {
                self.changed();
            }
            Some(done)
        } else {
            None
        };
        match fate {
            Fate::Dies { .. } => {
                self.gate.kill();
                return pending().await;
            }
            Fate::Late { after, .. } => tokio::time::sleep(after).await,
            _ => {}
        }
        self.gate.pass().await;
        match (fate, done) {
            (Fate::Unknown { .. }, _) => {
                Err(StoreError::new(format!("{name}: the commit failed")).unknown())
            }
            (_, Some(done)) => Ok(done),
            (_, None) => Err(StoreError::new(format!("{name}: the store is away"))),
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

/// A verb of the memory store, which happens when it is called, as a future that borrows nothing.
macro_rules! at_once {
    ($memory:expr, $verb:ident ( $($argument:expr),* )) => {{
        let memory = $memory.clone();
        move || -> Pending<'static, _> { Box::pin(async move { memory.$verb($($argument),*).await }) }
    }};
}

impl Store for Line {
    fn create(&self, new: NewTask) -> Pending<'_, Created> {
        let id = new.record.id;
        let verb = at_once!(self.memory, create(new));
        let is_change = |created: &Created| matches!(created, Created::New(_));
        Box::pin(self.run("create", Some(id), is_change, verb))
    }

    fn claim(&self, claim: Claim) -> Pending<'_, Claimed> {
        let verb = at_once!(self.memory, claim(claim));
        let is_change =
            |claimed: &Claimed| !(claimed.tasks.is_empty() && claimed.given_up.is_empty());
        Box::pin(self.run("claim", None, is_change, verb))
    }

    fn renew(&self, worker: WorkerId, now: u64, until: u64) -> Pending<'_, bool> {
        let verb = at_once!(self.memory, renew(worker, now, until));
        Box::pin(self.run("renew", None, |_: &bool| false, verb))
    }

    fn retire(&self, worker: WorkerId, now: u64) -> Pending<'_, ()> {
        let verb = at_once!(self.memory, retire(worker, now));
        Box::pin(self.run("retire", None, |(): &()| true, verb))
    }

    fn write(&self, id: TaskId, fence: u64, write: Write) -> Pending<'_, Option<Record>> {
        let verb = at_once!(self.memory, write(id, fence, write));
        Box::pin(self.run("write", Some(id), Option::is_some, verb))
    }

    fn answer(&self, id: TaskId, now: u64, answers: Vec<Answer>) -> Pending<'_, Option<Answered>> {
        let verb = at_once!(self.memory, answer(id, now, answers));
        Box::pin(self.run("answer", Some(id), Option::is_some, verb))
    }

    fn cancel(&self, id: TaskId, now: u64) -> Pending<'_, Option<Record>> {
        let verb = at_once!(self.memory, cancel(id, now));
        Box::pin(self.run("cancel", Some(id), Option::is_some, verb))
    }

    fn expire(&self, now: u64, grace: u64, most: usize) -> Pending<'_, Expired> {
        let verb = at_once!(self.memory, expire(now, grace, most));
        let is_change = |expired: &Expired| !(expired.failed.is_empty() && expired.gone.is_empty());
        Box::pin(self.run("expire", None, is_change, verb))
    }

    fn get(&self, id: TaskId) -> Pending<'_, Option<Seen>> {
        let verb = at_once!(self.memory, get(id));
        Box::pin(self.run("get", Some(id), |_: &Option<Seen>| false, verb))
    }

    fn list(&self, owner: Owner, after: u64, most: usize) -> Pending<'_, Vec<Seen>> {
        let verb = at_once!(self.memory, list(owner, after, most));
        Box::pin(self.run("list", None, |_: &Vec<Seen>| false, verb))
    }

    fn next_due(&self) -> Pending<'_, Option<u64>> {
        let verb = at_once!(self.memory, next_due());
        Box::pin(self.run("next_due", None, |_: &Option<u64>| false, verb))
    }

    fn counts(&self) -> Pending<'_, Counts> {
        let verb = at_once!(self.memory, counts());
        Box::pin(self.run("counts", None, |_: &Counts| false, verb))
    }

    fn has_changed_elsewhere(&self) -> Pending<'_, bool> {
        Box::pin(async {
            let verb = || -> Pending<'static, ()> { Box::pin(async { Ok(()) }) };
            self.run("has_changed_elsewhere", None, |(): &()| false, verb)
                .await?;
            let now = self.elsewhere();
            Ok(self.seen.swap(now, Ordering::SeqCst) != now)
        })
    }
}
