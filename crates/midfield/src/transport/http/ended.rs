//! The sessions that have ended before their time. An id proves by itself that its session was opened, so that
//! what has ended must be remembered until it would have ended anyway.
//!
//! There is always room for one more: beyond the limit, whoever has ended the most sessions loses the oldest of
//! its sessions early, whether they were ended or not. Nobody else does, and none comes back to life.

use std::collections::{BTreeSet, HashMap};

use midfield_protocol::Principal;

use super::session::Session;
use crate::server::SessionKey;

/// Which sessions have ended early.
#[derive(Debug, Default)]
pub(super) struct Ended {
    of: HashMap<Principal, Own>,
    count: usize,
}

/// Those of one principal.
#[derive(Debug, Default)]
struct Own {
    sessions: BTreeSet<(u64, SessionKey)>,
    /// Every session that would end at this time or before has ended.
    until: u64,
}

impl Ended {
    /// Remembers that a session has ended.
    pub(super) fn add(&mut self, session: &Session, now: u64) {
        if self.count >= MAX_ENDED {
            self.forget(now);
        }
        let own = self.of.entry(session.caller.principal.clone()).or_default();
        if own.sessions.insert((session.expires, session.id)) {
            self.count += 1;
        }
    }

    /// Whether a session has ended.
    pub(super) fn contains(&self, session: &Session) -> bool {
        self.of.get(&session.caller.principal).is_some_and(|own| {
            session.expires <= own.until || own.sessions.contains(&(session.expires, session.id))
        })
    }

    /// Forgets those whose time is over, and, where that is not enough, the oldest of whoever has most.
    fn forget(&mut self, now: u64) {
        for own in self.of.values_mut() {
            own.forget_until(now);
        }
        self.of
            .retain(|_, own| !own.sessions.is_empty() || own.until > now);
        self.count = self.of.values().map(|own| own.sessions.len()).sum();
        if self.count < MAX_ENDED {
            return;
        }
        let most = self.of.values_mut().max_by_key(|own| own.sessions.len());
        if let Some(own) = most {
            let oldest = own.sessions.iter().nth(own.sessions.len() / FORGOTTEN_PART);
            if let Some(&(time, _)) = oldest {
                tracing::warn!(
                    "many sessions were ended early; the oldest of the same client end now"
                );
                own.until = own.until.max(time);
                own.forget_until(time);
            }
        }
        self.count = self.of.values().map(|own| own.sessions.len()).sum();
    }
}

impl Own {
    fn forget_until(&mut self, time: u64) {
        self.sessions = self
            .sessions
            .split_off(&(time.saturating_add(1), SessionKey::default()));
    }
}

/// Most that are remembered: 12 MiB of memory or so.
const MAX_ENDED: usize = 250_000;

/// Which part of one principal's is forgotten at once.
const FORGOTTEN_PART: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// The session numbered `number`, which ends at `expires`.
    fn session(principal: &Principal, number: usize, expires: u64) -> Session {
        let mut id = SessionKey::default();
        id[..8].copy_from_slice(&number.to_be_bytes());
        Session::made(id, principal.clone(), expires)
    }

    #[test]
    fn there_is_always_room_for_the_end_of_one_more_session_and_none_comes_back() {
        let (mut ended, crowd) = (Ended::default(), Principal::Anonymous);
        let one = Principal::identified("us", "one");
        let (mine, open) = (session(&one, 1, 10), session(&one, 2, 10));
        ended.add(&mine, 1);
        let count = MAX_ENDED * 2;
        for number in 0..count {
            let time = 100 + u64::try_from(number / 1_000).expect("a small number");
            let theirs = session(&crowd, number, time);
            assert!(!ended.contains(&theirs), "{number}");
            ended.add(&theirs, 1);
            assert!(ended.contains(&theirs), "{number}");
            assert!(ended.count <= MAX_ENDED);
        }
        for number in (0..count).step_by(997) {
            let time = 100 + u64::try_from(number / 1_000).expect("a small number");
            assert!(ended.contains(&session(&crowd, number, time)), "{number}");
        }
        // Who does not take part is not concerned.
        assert!(ended.contains(&mine) && !ended.contains(&open));
        // The old sessions of whoever does have ended too, those that are new have not.
        assert!(ended.contains(&session(&crowd, count, 100)));
        assert!(!ended.contains(&session(&crowd, count, 10_000)));
    }

    #[test]
    fn what_would_have_ended_anyway_takes_no_room() {
        let mut ended = Ended::default();
        for number in 0..MAX_ENDED {
            ended.add(&session(&Principal::Anonymous, number, 10), 1);
        }
        let later = session(&Principal::Anonymous, MAX_ENDED, 20);
        ended.add(&later, 11);
        assert_eq!(ended.count, 1);
        assert!(ended.contains(&later));
        assert!(!ended.contains(&session(&Principal::Anonymous, MAX_ENDED + 1, 20)));
    }
}
