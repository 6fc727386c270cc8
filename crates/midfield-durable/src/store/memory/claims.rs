//! Workers, and what they are given.

use std::ops::Bound;

use super::tables::{Tables, Worker};
use crate::store::room::{Room, Turn};
use crate::store::{Claim, Claimed, REMEMBERED};
use crate::task::{Delivered, Owner, WorkerId};

impl Tables {
    pub(super) fn claim(&mut self, claim: &Claim) -> Claimed {
        self.sweep(claim.now);
        let mut claimed = Claimed::default();
        if !self.meet(claim.worker, claim.now) {
            return claimed;
        }
        self.wake(claim.now);
        let mut room = Room::of(claim);
        let mut turn = Turn::after(self.last);
        let mut again = Vec::new();
        while !room.is_full()
            && let Some(owner) = turn.next(|after| self.ready_after(after))
        {
            if self.give(owner, claim, &mut room, &mut claimed) {
                again.push(owner);
            }
        }
        // Each round gives every owner one; those that got nothing are not asked again.
        while !again.is_empty() && !room.is_full() {
            again.retain(|owner| {
                !room.is_full() && self.give(*owner, claim, &mut room, &mut claimed)
            });
        }
        claimed
    }

    /// The next owner of whom something is due.
    fn ready_after(&self, after: Option<Owner>) -> Option<Owner> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut owners = self.ready.range((from, Bound::Unbounded));
        owners.next().map(|(owner, _)| *owner)
    }

    /// Gives the oldest that there is room for, of an owner; `false` when there is none.
    fn give(
        &mut self,
        owner: Owner,
        claim: &Claim,
        room: &mut Room<'_>,
        claimed: &mut Claimed,
    ) -> bool {
        if !room.has_owner(&owner) {
            return false;
        }
        let Some(lanes) = self.ready.get(&owner) else {
            return false;
        };
        let oldest = lanes
            .iter()
            .filter(|(lane, _)| room.has_lane(lane))
            .filter_map(|(_, tasks)| tasks.first())
            .min();
        let Some(&(due, place)) = oldest else {
            return false;
        };
        // A clock may have gone back since it was seen to be due.
        if due > claim.now {
            return false;
        }
        let loaded = self.change(place, |task| {
            let delivered = task.record.claim(claim.worker, claim.deliveries, claim.now);
            (delivered, task.loaded())
        });
        self.last = Some(owner);
        match loaded {
            Some((Delivered::Held, loaded)) => {
                room.take(&loaded.record);
                claimed.tasks.push(loaded);
            }
            Some((Delivered::GivenUp, loaded)) => claimed.given_up.push(loaded.record),
            None => {}
        }
        true
    }

    /// Notes a worker that has not said how long it lives; `false` for one whose time is over.
    pub(super) fn meet(&mut self, worker: WorkerId, now: u64) -> bool {
        let known = self.workers.get(&worker).copied();
        if known.is_none() {
            self.set_worker(worker, now, false);
        }
        known.is_none_or(|known| !known.is_over)
    }

    pub(super) fn renew(&mut self, worker: WorkerId, now: u64, until: u64) -> bool {
        let is_over = |known: &Worker| known.is_over || known.until <= now;
        let was_over = self.workers.get(&worker).is_some_and(is_over);
        if was_over {
            self.free(worker, now);
        }
        self.set_worker(worker, until, false);
        !was_over
    }

    pub(super) fn retire(&mut self, worker: WorkerId, now: u64) {
        self.free(worker, now);
        if self.workers.contains_key(&worker) {
            self.set_worker(worker, now, true);
        }
    }

    /// Frees what workers held whose time is over, and forgets those of long ago.
    fn sweep(&mut self, now: u64) {
        while let Some(&(until, worker)) = self.ends.first()
            && until <= now
        {
            self.free(worker, now);
            self.set_worker(worker, until, true);
        }
        while let Some(&(until, worker)) = self.remembered.first()
            && until.saturating_add(REMEMBERED) <= now
        {
            self.remembered.pop_first();
            self.workers.remove(&worker);
        }
    }

    fn free(&mut self, worker: WorkerId, now: u64) {
        for place in self.held_by(worker) {
            self.change(place, |task| task.record.free(now));
        }
    }

    fn set_worker(&mut self, worker: WorkerId, until: u64, is_over: bool) {
        if let Some(before) = self.workers.insert(worker, Worker { until, is_over }) {
            self.ends.remove(&(before.until, worker));
            self.remembered.remove(&(before.until, worker));
        }
        let order = if is_over {
            &mut self.remembered
        } else {
            &mut self.ends
        };
        order.insert((until, worker));
    }
}
