//! What a store keeps of a task beside its sealed contents, and each way in which it changes.

use super::{Owner, Reason, State, TaskId, WorkerId};
use crate::store::{Next, Write};

/// A task, without what is sealed. All times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its name.
    pub id: TaskId,
    /// Whose it is.
    pub owner: Owner,
    /// Which kind of work it is, such as the name of a tool: limits and figures are kept by it. In the clear.
    pub lane: String,
    /// Its place among all tasks of the store, in the order of making, from 1.
    pub place: u64,
    /// In which state it is.
    pub state: State,
    /// Why it ended, where nobody could say it in a result.
    pub reason: Option<Reason>,
    /// When it was made.
    pub created: u64,
    /// When it changed last; never goes back.
    pub updated: u64,
    /// When it may go, whatever its state.
    pub expires: Option<u64>,
    /// From when on a worker may take it. `None` while a worker holds it, while it waits for an answer alone, and when it has
    /// ended.
    pub due: Option<u64>,
    /// Who holds it.
    pub worker: Option<WorkerId>,
    /// Grows with each claim: a write that carries an older one is refused.
    pub fence: u64,
    /// How often it was claimed since it last got anywhere.
    pub deliveries: u32,
    /// Grows with each change.
    pub version: u64,
    /// The keys of the questions that are open.
    pub open: Vec<String>,
    /// The keys under which answers are stored that the handler has not learned yet.
    pub answered: Vec<String>,
    /// How many chunks its journal has.
    pub chunks: u64,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivered {
    /// The worker holds it.
    Held,
    /// It was begun too often, and has failed instead.
    GivenUp,
}

impl Record {
    /// A task that is made at `now`, and that a worker may take at once.
    pub fn new(id: TaskId, owner: Owner, lane: String, now: u64) -> Self {
        Self {
            id,
            owner,
            lane,
            place: 0,
            state: State::Working,
            reason: None,
            created: now,
            updated: now,
            expires: None,
            due: Some(now),
            worker: None,
            fence: 0,
            deliveries: 0,
            version: 0,
            open: Vec::new(),
            answered: Vec::new(),
            chunks: 0,
        }
    }

    /// Whether a worker may take it at `now`.
    pub fn is_due(&self, now: u64) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Gives it to a worker, or up: at most `most` deliveries get nowhere.
    pub fn claim(&mut self, worker: WorkerId, most: u32, now: u64) -> Delivered {
        if self.deliveries >= most {
            self.end(State::Failed, now);
            self.reason = Some(Reason::Undeliverable);
            return Delivered::GivenUp;
        }
        self.due = None;
        self.worker = Some(worker);
        self.fence += 1;
        self.deliveries += 1;
        // Not a change that anybody but workers sees.
        Delivered::Held
    }

    /// Takes it from a worker that is gone.
    pub fn free(&mut self, now: u64) {
        if self.worker.take().is_some() {
            self.due = Some(now);
        }
    }

    /// Whether a write with this fence is by whoever holds it.
    pub fn is_held(&self, fence: u64) -> bool {
        self.worker.is_some() && self.fence == fence && !self.state.has_ended()
    }

    /// What its holder has to say; to be called only if [`Record::is_held`].
    pub fn write(&mut self, write: &Write) {
        let now = write.now;
        if !write.append.is_empty() {
            self.chunks += write.append.len() as u64;
            // It got somewhere: what follows counts anew.
            self.deliveries = 1;
        }
        self.answered.retain(|key| !write.learned.contains(key));
        // What was learned is not asked any more: nobody may answer it a second time.
        self.open.retain(|key| !write.learned.contains(key));
        if let Some(open) = &write.open {
            // Answers stay until they are learned: the question may be asked again when the handler comes to it.
            self.open.clone_from(open);
        }
        match &write.next {
            Next::Hold => {}
            Next::Park { due } => {
                self.worker = None;
                self.deliveries = 0;
                // An answer to what is not asked any more wakes nobody.
                let is_open = |key: &String| self.open.contains(key);
                self.due = if self.answered.iter().any(is_open) {
                    Some(now)
                } else {
                    *due
                };
            }
            Next::Complete { .. } => return self.end(State::Completed, now),
            Next::Fail { .. } => return self.end(State::Failed, now),
        }
        self.state = self.waiting_state();
        self.touch(now);
    }

    /// Takes answers under these keys; gives those that count: of questions that are open and have none yet.
    pub fn answer<'a>(&mut self, keys: impl IntoIterator<Item = &'a str>, now: u64) -> Vec<String> {
        if self.state.has_ended() {
            return Vec::new();
        }
        let mut taken = Vec::new();
        for key in keys {
            let is_open = self.open.iter().any(|open| open == key);
            if is_open && !self.answered.iter().any(|answered| answered == key) {
                self.answered.push(key.to_owned());
                taken.push(key.to_owned());
            }
        }
        if !taken.is_empty() {
            if self.worker.is_none() {
                self.due = Some(now);
            }
            self.state = self.waiting_state();
            self.touch(now);
        }
        taken
    }

    /// Ends it from outside; `false` when it had ended before.
    pub fn cancel(&mut self, now: u64) -> bool {
        if self.state.has_ended() {
            return false;
        }
        self.end(State::Cancelled, now);
        true
    }

    /// What happens at `now` to a task whose time is over; `true` when it is to be taken away. One that has not ended fails
    /// first, and stays for `grace` milliseconds, so that who asks for it is told.
    pub fn expire(&mut self, now: u64, grace: u64) -> bool {
        if self.state.has_ended() {
            return true;
        }
        self.end(State::Failed, now);
        self.reason = Some(Reason::Expired);
        self.expires = Some(now.saturating_add(grace));
        false
    }

    fn end(&mut self, state: State, now: u64) {
        self.state = state;
        self.due = None;
        self.worker = None;
        self.open.clear();
        self.answered.clear();
        self.touch(now);
    }

    fn waiting_state(&self) -> State {
        if self.open.iter().all(|key| self.answered.contains(key)) {
            State::Working
        } else {
            State::InputRequired
        }
    }

    fn touch(&mut self, now: u64) {
        self.updated = self.updated.max(now);
        self.version += 1;
    }
}
