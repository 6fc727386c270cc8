//! The tasks that run in this process: how others reach them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use tokio_util::sync::CancellationToken;

use super::KeptAnswer;
use crate::task::{Owner, TaskId};

/// A task that runs in this process.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) owner: Owner,
    pub(super) lane: String,
    /// Somebody has ended it.
    pub(super) cancelled: CancellationToken,
    /// It is not this process's any more, or may not be: its run ends, and leaves no trace.
    pub(super) lost: CancellationToken,
    mailbox: Mutex<Mailbox>,
}

#[derive(Debug, Default)]
struct Mailbox {
    /// Answers that are kept, on their way to the handler.
    answers: Vec<(String, KeptAnswer)>,
    /// The keys of answers that were handed in.
    known: Vec<String>,
    /// The keys of answers that are, or may be, kept, and that were not handed in when that was heard.
    others: Vec<String>,
    message: Option<String>,
    waker: Option<Waker>,
}

impl Live {
    pub(super) fn new(owner: Owner, lane: String) -> Self {
        Self {
            owner,
            lane,
            cancelled: CancellationToken::new(),
            lost: CancellationToken::new(),
            mailbox: Mutex::default(),
        }
    }

    /// Hands in answers that are kept, by their outer keys.
    pub(super) fn answer(&self, answers: impl IntoIterator<Item = (String, KeptAnswer)>) {
        self.post(|mailbox| {
            for (key, answer) in answers {
                // The run may have begun with it.
                if !mailbox.known.contains(&key) {
                    mailbox.known.push(key.clone());
                    mailbox.answers.push((key, answer));
                }
            }
        });
    }

    /// Notes the keys of answers that the run has from its beginning.
    pub(super) fn has_answers(&self, keys: impl IntoIterator<Item = String>) {
        self.lock().known.extend(keys);
    }

    /// Says that answers are, or may be, kept under these keys; those that are not handed in only a new run can read.
    pub(super) fn answered_elsewhere<'a>(&self, keys: impl IntoIterator<Item = &'a String>) {
        self.post(|mailbox| {
            for key in keys {
                if !mailbox.known.contains(key) && !mailbox.others.contains(key) {
                    mailbox.others.push(key.clone());
                }
            }
        });
    }

    /// Says how far the task is.
    pub(super) fn say(&self, message: String) {
        self.post(|mailbox| mailbox.message = Some(message));
    }

    pub(super) fn take_answers(&self) -> Vec<(String, KeptAnswer)> {
        std::mem::take(&mut self.lock().answers)
    }

    pub(super) fn take_message(&self) -> Option<String> {
        self.lock().message.take()
    }

    pub(super) fn has_message(&self) -> bool {
        self.lock().message.is_some()
    }

    pub(super) fn has_others(&self) -> bool {
        let mailbox = self.lock();
        let others = &mailbox.others;
        others.iter().any(|key| !mailbox.known.contains(key))
    }

    /// Wakes `waker` at the next post; to be called before looking.
    pub(super) fn wake_on_post(&self, waker: &Waker) {
        let mut mailbox = self.lock();
        if !mailbox
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(waker))
        {
            mailbox.waker = Some(waker.clone());
        }
    }

    fn post(&self, put: impl FnOnce(&mut Mailbox)) {
        let waker = {
            let mut mailbox = self.lock();
            put(&mut mailbox);
            mailbox.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All tasks that run in this process, and how many of whom.
#[derive(Debug, Default)]
pub(super) struct Lives(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    tasks: HashMap<TaskId, (u64, Arc<Live>)>,
    /// How many places are kept for what a claim gives.
    kept: usize,
    /// How many have entered.
    entered: u64,
    owners: HashMap<Owner, usize>,
    lanes: HashMap<String, usize>,
}

/// How much may run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room<'a> {
    pub(super) all: usize,
    pub(super) owner: usize,
    pub(super) lanes: &'a [(String, usize)],
}

/// How much may still be claimed.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) all: usize,
    pub(super) owners: Vec<(Owner, usize)>,
    pub(super) lanes: Vec<(String, usize)>,
}

impl Lives {
    /// Takes a place, if there is room for one more.
    pub(super) fn enter(&self, id: TaskId, live: &Arc<Live>, room: Room<'_>) -> bool {
        let mut table = self.lock();
        let of_owner = table.owners.get(&live.owner).copied().unwrap_or(0);
        let of_lane = table.lanes.get(&live.lane).copied().unwrap_or(0);
        let limit = room.lanes.iter().find(|(lane, _)| *lane == live.lane);
        let has_room = table.tasks.len() + table.kept < room.all
            && of_owner < room.owner
            && limit.is_none_or(|(_, limit)| of_lane < *limit);
        if has_room {
            table.enter(id, live);
        }
        has_room
    }

    /// Takes a place for what was claimed, for which there was room.
    pub(super) fn enter_claimed(&self, id: TaskId, live: &Arc<Live>) {
        self.lock().enter(id, live);
    }

    /// Gives a place back, unless another run of the task has it.
    pub(super) fn leave(&self, id: TaskId, live: &Arc<Live>) {
        let mut table = self.lock();
        let is_its_own = table
            .tasks
            .get(&id)
            .is_some_and(|(_, it)| Arc::ptr_eq(it, live));
        if is_its_own {
            table.tasks.remove(&id);
        }
        decrease(&mut table.owners, &live.owner);
        decrease(&mut table.lanes, &live.lane);
    }

    pub(super) fn find(&self, id: TaskId) -> Option<Arc<Live>> {
        let table = self.lock();
        table.tasks.get(&id).map(|(_, live)| Arc::clone(live))
    }

    /// All, in the order in which they came.
    pub(super) fn all(&self) -> Vec<(TaskId, Arc<Live>)> {
        let table = self.lock();
        let tasks = table.tasks.iter();
        let mut all: Vec<_> = tasks
            .map(|(id, (number, live))| (*number, *id, Arc::clone(live)))
            .collect();
        all.sort_unstable_by_key(|(number, ..)| *number);
        all.into_iter().map(|(_, id, live)| (id, live)).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.lock().tasks.len()
    }

    /// How much may still be claimed. Until [`has_claimed`](Self::has_claimed), these places are kept for it.
    pub(super) fn left(&self, room: Room<'_>, most: usize) -> Left {
        let mut table = self.lock();
        let lanes = room.lanes.iter().map(|(lane, limit)| {
            let held = table.lanes.get(lane).copied().unwrap_or(0);
            (lane.clone(), limit.saturating_sub(held))
        });
        let left = Left {
            all: room.all.saturating_sub(table.tasks.len()).min(most),
            owners: table.owners.iter().map(|(it, held)| (*it, *held)).collect(),
            lanes: lanes.collect(),
        };
        table.kept = left.all;
        left
    }

    /// A claim has ended, and what it gave has entered.
    pub(super) fn has_claimed(&self) {
        self.lock().kept = 0;
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn enter(&mut self, id: TaskId, live: &Arc<Live>) {
        self.entered += 1;
        let entry = (self.entered, Arc::clone(live));
        if let Some((_, before)) = self.tasks.insert(id, entry) {
            // What is held anew was lost before.
            before.lost.cancel();
        }
        *self.owners.entry(live.owner).or_default() += 1;
        *self.lanes.entry(live.lane.clone()).or_default() += 1;
    }
}

fn decrease<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}
