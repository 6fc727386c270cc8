//! What a session has of its own on the server: the level of its log messages, and the stream by which it
//! hears of changes. Most sessions have nothing.
//!
//! When there is no room for one more, whoever has the most loses what it used least of late: first levels,
//! then streams that nobody reads.

use std::collections::HashMap;
use std::sync::Arc;

use midfield_protocol::Principal;
use midfield_protocol::types::LogLevel;

use super::session::Session;
use super::sessions::Full;
use super::stream::Stream;
use crate::server::SessionKey;

/// What sessions have of their own.
#[derive(Debug, Default)]
pub(super) struct Owned {
    all: HashMap<SessionKey, Own>,
    /// How often something of it was used.
    uses: u64,
}

/// What one session has.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) log_level: Option<LogLevel>,
    /// What the session hears of changes.
    pub(super) stream: Option<Arc<Stream>>,
    principal: Principal,
    expires: u64,
    /// When it was used last.
    used: u64,
}

impl Owned {
    /// What a session has, if it has anything.
    pub(super) fn find(&mut self, id: &SessionKey) -> Option<&Own> {
        self.uses += 1;
        let own = self.all.get_mut(id)?;
        own.used = self.uses;
        Some(own)
    }

    /// What a session has, from now on.
    pub(super) fn entry(&mut self, session: &Session, now: u64) -> Result<&mut Own, Full> {
        if self.all.len() >= MAX_OWNED && !self.all.contains_key(&session.id) {
            self.make_room(now);
            if self.all.len() >= MAX_OWNED {
                return Err(Full);
            }
        }
        self.uses += 1;
        let own = self.all.entry(session.id).or_insert_with(|| Own {
            log_level: None,
            stream: None,
            principal: session.caller.principal.clone(),
            expires: session.expires,
            used: 0,
        });
        own.used = self.uses;
        Ok(own)
    }

    /// Takes away what a session has.
    pub(super) fn remove(&mut self, id: &SessionKey) -> Option<Own> {
        self.all.remove(id)
    }

    /// Takes the streams of all sessions.
    pub(super) fn take_streams(&mut self) -> Vec<Arc<Stream>> {
        self.all
            .values_mut()
            .filter_map(|own| own.stream.take())
            .collect()
    }

    fn make_room(&mut self, now: u64) {
        self.all.retain(|_, own| own.expires > now);
        if self.all.len() < MAX_OWNED {
            return;
        }
        let mut held: HashMap<&Principal, usize> = HashMap::new();
        for own in self.all.values().filter(|own| own.may_go()) {
            *held.entry(&own.principal).or_default() += 1;
        }
        let Some((most, count)) = held.into_iter().max_by_key(|(_, count)| *count) else {
            return;
        };
        let mut may_go: Vec<(bool, u64, SessionKey)> = self
            .all
            .iter()
            .filter(|(_, own)| own.principal == *most && own.may_go())
            .map(|(id, own)| (own.stream.is_some(), own.used, *id))
            .collect();
        may_go.sort_unstable();
        tracing::warn!(
            "many sessions of one client have a state of their own; the stalest lose theirs"
        );
        for (_, _, id) in may_go.into_iter().take((count / DROPPED_PART).max(1)) {
            if let Some(stream) = self.all.remove(&id).and_then(|own| own.stream) {
                stream.end();
            }
        }
    }
}

impl Own {
    /// Whether it can be taken away: nobody reads its stream.
    fn may_go(&self) -> bool {
        self.stream.as_ref().is_none_or(|stream| !stream.is_read())
    }
}

/// Most sessions that have something of their own: 15 MiB of memory or so.
const MAX_OWNED: usize = 100_000;

/// Which part of what one principal has is dropped at once.
const DROPPED_PART: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn session(principal: &Principal, number: usize) -> Session {
        let mut id = SessionKey::default();
        id[..8].copy_from_slice(&number.to_be_bytes());
        Session::made(id, principal.clone(), 1_000)
    }

    #[test]
    fn whoever_has_most_loses_what_it_used_least_of_late_and_nobody_is_refused() {
        let mut owned = Owned::default();
        let (crowd, one) = (Principal::Anonymous, Principal::identified("us", "one"));
        let mine = session(&one, usize::MAX);
        let level = |own: &mut Own| own.log_level = Some(LogLevel::Debug);
        owned.entry(&mine, 1).map(level).expect("room");
        for number in 0..MAX_OWNED * 2 {
            let theirs = session(&crowd, number);
            owned.entry(&theirs, 1).map(level).expect("room");
            assert!(owned.all.len() <= MAX_OWNED);
            // The first of them is used all the time.
            assert!(owned.find(&session(&crowd, 0).id).is_some());
        }
        assert!(
            owned
                .find(&mine.id)
                .is_some_and(|own| own.log_level.is_some())
        );
        assert!(owned.find(&session(&crowd, 1).id).is_none());
        assert!(owned.find(&session(&crowd, MAX_OWNED * 2 - 1).id).is_some());
    }

    #[test]
    fn what_has_ended_goes_before_anything_else() {
        let mut owned = Owned::default();
        for number in 0..MAX_OWNED {
            owned
                .entry(&session(&Principal::Anonymous, number), 1)
                .expect("room");
        }
        let one = Principal::identified("us", "one");
        owned
            .entry(&session(&one, usize::MAX), 1_000)
            .expect("room");
        assert_eq!(owned.all.len(), 1);
    }
}
