//! How much a claim may still be given, and whose turn it is.

use std::collections::HashMap;
use std::convert::Infallible;

use super::Claim;
use crate::task::{Owner, Record};

/// What is left of the limits of a claim.
#[derive(Debug)]
pub(super) struct Room<'a> {
    most: usize,
    most_per_owner: usize,
    held: HashMap<Owner, usize>,
    lanes: HashMap<&'a str, usize>,
}

impl<'a> Room<'a> {
    pub(super) fn of(claim: &'a Claim) -> Self {
        let mut held: HashMap<Owner, usize> = HashMap::new();
        for (owner, more) in &claim.held {
            let count = held.entry(*owner).or_default();
            *count = count.saturating_add(*more);
        }
        let lanes = claim.lanes.iter();
        Self {
            most: claim.most,
            most_per_owner: claim.most_per_owner,
            held,
            lanes: lanes.map(|(lane, most)| (lane.as_str(), *most)).collect(),
        }
    }

    /// Whether nothing more can be given at all.
    pub(super) fn is_full(&self) -> bool {
        self.most == 0
    }

    /// Whether the owner may be given more.
    pub(super) fn has_owner(&self, owner: &Owner) -> bool {
        self.held.get(owner).copied().unwrap_or(0) < self.most_per_owner
    }

    /// Whether more can be taken of the lane.
    pub(super) fn has_lane(&self, lane: &str) -> bool {
        self.lanes.get(lane).is_none_or(|most| *most > 0)
    }

    /// Counts what was given.
    pub(super) fn take(&mut self, record: &Record) {
        self.most = self.most.saturating_sub(1);
        *self.held.entry(record.owner).or_default() += 1;
        if let Some(most) = self.lanes.get_mut(record.lane.as_str()) {
            *most = most.saturating_sub(1);
        }
    }
}

/// A walk over owners in their order, once around, that begins after the one whose turn was last.
#[derive(Debug)]
pub(super) struct Turn {
    after: Option<Owner>,
    until: Option<Owner>,
    rest: Option<Owner>,
}

impl Turn {
    pub(super) fn after(last: Option<Owner>) -> Self {
        Self {
            after: last,
            until: None,
            rest: last,
        }
    }

    /// The next owner; `find` gives the first one after another.
    pub(super) fn next(
        &mut self,
        mut find: impl FnMut(Option<Owner>) -> Option<Owner>,
    ) -> Option<Owner> {
        let next = self.try_next(|after| Ok::<_, Infallible>(find(after)));
        next.unwrap_or_else(|never| match never {})
    }

    /// The next owner, where finding it may fail.
    pub(super) fn try_next<E>(
        &mut self,
        mut find: impl FnMut(Option<Owner>) -> Result<Option<Owner>, E>,
    ) -> Result<Option<Owner>, E> {
        loop {
            let is_before = |owner: &Owner| self.until.is_none_or(|until| *owner <= until);
            if let Some(owner) = find(self.after)?.filter(is_before) {
                self.after = Some(owner);
                return Ok(Some(owner));
            }
            let Some(last) = self.rest.take() else {
                return Ok(None);
            };
            self.after = None;
            self.until = Some(last);
        }
    }
}
