//! The tasks, and every order in which something looks for them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use crate::store::{Answer, Counts, Loaded, Seen};
use crate::task::{Owner, Record, TaskId, WorkerId};

/// A task with its contents.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) record: Record,
    pub(super) request: Vec<u8>,
    pub(super) journal: Vec<Vec<u8>>,
    pub(super) notes: Vec<u8>,
    pub(super) result: Option<Vec<u8>>,
    pub(super) answers: Vec<Answer>,
    pub(super) key: Option<[u8; 32]>,
    pub(super) digest: [u8; 32],
}

impl Task {
    pub(super) fn seen(&self) -> Seen {
        Seen {
            record: self.record.clone(),
            notes: self.notes.clone(),
            result: self.result.clone(),
        }
    }

    pub(super) fn loaded(&self) -> Loaded {
        Loaded {
            record: self.record.clone(),
            request: self.request.clone(),
            journal: self.journal.clone(),
            notes: self.notes.clone(),
            answers: self.answers.clone(),
        }
    }

    /// Lets go of what the record no longer speaks of.
    fn trim(&mut self) {
        let answered = &self.record.answered;
        self.answers.retain(|answer| answered.contains(&answer.key));
        if self.record.state.has_ended() {
            self.request = Vec::new();
            self.journal = Vec::new();
        }
    }
}

/// A worker that has said that it lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worker {
    pub(super) until: u64,
    /// Whether its time was over, and what it held was freed.
    pub(super) is_over: bool,
}

/// What is due, oldest first, in each lane of an owner.
pub(super) type Lanes = BTreeMap<String, BTreeSet<(u64, u64)>>;

/// Tasks by place. Pairs are a time and a place.
#[derive(Debug, Default)]
pub(super) struct Tables {
    tasks: BTreeMap<u64, Task>,
    last_place: u64,
    ids: HashMap<TaskId, u64>,
    pub(super) keys: HashMap<(Owner, [u8; 32]), u64>,
    owned: BTreeSet<(Owner, u64)>,
    held: BTreeSet<(WorkerId, u64)>,
    pub(super) expiring: BTreeSet<(u64, u64)>,
    /// All that will be due, or is.
    pub(super) waiting: BTreeSet<(u64, u64)>,
    /// What of it was not seen to be due yet.
    pub(super) asleep: BTreeSet<(u64, u64)>,
    /// What of it was seen to be due.
    pub(super) ready: BTreeMap<Owner, Lanes>,
    /// How many tasks of an owner have not ended.
    active: HashMap<Owner, usize>,
    counts: Counts,
    pub(super) workers: HashMap<WorkerId, Worker>,
    /// When the time of each living worker is over, and of those that are remembered.
    pub(super) ends: BTreeSet<(u64, WorkerId)>,
    pub(super) remembered: BTreeSet<(u64, WorkerId)>,
    /// The owner to whom something was given last.
    pub(super) last: Option<Owner>,
}

impl Tables {
    pub(super) fn place(&self, id: TaskId) -> Option<u64> {
        self.ids.get(&id).copied()
    }

    pub(super) fn at(&self, place: u64) -> Option<&Task> {
        self.tasks.get(&place)
    }

    pub(super) fn by_id(&self, id: TaskId) -> Option<&Task> {
        self.at(self.place(id)?)
    }

    pub(super) fn active(&self, owner: &Owner) -> usize {
        self.active.get(owner).copied().unwrap_or(0)
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Puts a task after all others.
    pub(super) fn push(&mut self, mut task: Task) -> &Task {
        self.last_place += 1;
        let place = self.last_place;
        task.record.place = place;
        self.ids.insert(task.record.id, place);
        self.owned.insert((task.record.owner, place));
        if let Some(key) = task.key {
            self.keys.insert((task.record.owner, key), place);
        }
        self.link(&task.record);
        self.tasks.entry(place).insert_entry(task).into_mut()
    }

    /// Changes a task, and its place in every order.
    pub(super) fn change<T>(
        &mut self,
        place: u64,
        change: impl FnOnce(&mut Task) -> T,
    ) -> Option<T> {
        let mut task = self.tasks.remove(&place)?;
        self.unlink(&task.record);
        let said = change(&mut task);
        task.trim();
        self.link(&task.record);
        self.tasks.insert(place, task);
        Some(said)
    }

    /// Takes a task away.
    pub(super) fn remove(&mut self, place: u64) {
        let Some(task) = self.tasks.remove(&place) else {
            return;
        };
        self.unlink(&task.record);
        self.ids.remove(&task.record.id);
        self.owned.remove(&(task.record.owner, place));
        if let Some(key) = task.key {
            self.keys.remove(&(task.record.owner, key));
        }
    }

    pub(super) fn list(&self, owner: Owner, after: u64, most: usize) -> Vec<Seen> {
        let range = (
            Bound::Excluded((owner, after)),
            Bound::Included((owner, u64::MAX)),
        );
        if after == u64::MAX {
            return Vec::new();
        }
        let places = self.owned.range(range).take(most);
        places
            .filter_map(|(_, place)| self.at(*place).map(Task::seen))
            .collect()
    }

    pub(super) fn held_by(&self, worker: WorkerId) -> Vec<u64> {
        let range = (worker, 0)..=(worker, u64::MAX);
        self.held.range(range).map(|(_, place)| *place).collect()
    }

    /// Notes that what is due at `now` is.
    pub(super) fn wake(&mut self, now: u64) {
        while let Some(&(due, place)) = self.asleep.first()
            && due <= now
        {
            self.asleep.pop_first();
            if let Some(task) = self.tasks.get(&place) {
                let lanes = self.ready.entry(task.record.owner).or_default();
                let lane = lanes.entry(task.record.lane.clone()).or_default();
                lane.insert((due, place));
            }
        }
    }

    fn link(&mut self, record: &Record) {
        let place = record.place;
        if let Some(due) = record.due {
            self.waiting.insert((due, place));
            self.asleep.insert((due, place));
        }
        if let Some(worker) = record.worker {
            self.held.insert((worker, place));
        }
        if let Some(expires) = record.expires {
            self.expiring.insert((expires, place));
        }
        if !record.state.has_ended() {
            *self.active.entry(record.owner).or_default() += 1;
        }
        self.counts.0[record.state as usize] += 1;
    }

    fn unlink(&mut self, record: &Record) {
        let place = record.place;
        if let Some(due) = record.due {
            self.waiting.remove(&(due, place));
            if !self.asleep.remove(&(due, place)) {
                self.unready(record, due);
            }
        }
        if let Some(worker) = record.worker {
            self.held.remove(&(worker, place));
        }
        if let Some(expires) = record.expires {
            self.expiring.remove(&(expires, place));
        }
        if !record.state.has_ended()
            && let Some(active) = self.active.get_mut(&record.owner)
        {
            *active -= 1;
            if *active == 0 {
                self.active.remove(&record.owner);
            }
        }
        self.counts.0[record.state as usize] -= 1;
    }

    /// Takes a task out of its lane, and lets empty ones go.
    fn unready(&mut self, record: &Record, due: u64) {
        let Some(lanes) = self.ready.get_mut(&record.owner) else {
            return;
        };
        if let Some(lane) = lanes.get_mut(&record.lane) {
            lane.remove(&(due, record.place));
            if lane.is_empty() {
                lanes.remove(&record.lane);
            }
        }
        if lanes.is_empty() {
            self.ready.remove(&record.owner);
        }
    }
}
