//! How much of what all can have each principal has: streams by which it listens, and the memory of its
//! subscriptions. Nobody who has proven who they are can take the places of everybody else.

use std::collections::HashMap;
use std::sync::Arc;

use midfield_protocol::{Error, Principal};

use super::{Hub, MAX_SUBSCRIPTIONS};

/// How much one principal may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// Streams that are open.
    pub(crate) streams: usize,
    /// Bytes of subscriptions.
    pub(crate) bytes: usize,
}

/// What each principal has.
#[derive(Debug)]
pub(super) struct Shares {
    most: Share,
    /// What all have.
    bytes: usize,
    /// Only of those who can be told apart, and only while they have something.
    each: HashMap<Principal, Share>,
}

/// The place of one open stream among those of its principal, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Arc<Hub>,
    principal: Principal,
}

/// What there is no more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooMany {
    /// Streams of this principal.
    #[error("you listen by as many streams as one client may have open; end one of them first")]
    Streams,
    /// Resources that one listener is subscribed to.
    #[error("one session or stream may be subscribed to {MAX_SUBSCRIPTIONS} resources at the most")]
    Resources,
    /// Bytes of this principal's subscriptions.
    #[error(
        "you are subscribed to as many resources as one client may be; end a subscription first"
    )]
    Bytes,
    /// Bytes of the subscriptions of all.
    #[error(
        "all clients together are subscribed to as many resources as they may be; try again later"
    )]
    BytesOfAll,
}

impl Seat {
    pub(super) fn new(hub: Arc<Hub>, principal: Principal) -> Self {
        Self { hub, principal }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut listeners = self.hub.listeners();
        listeners.shares.give_back(&self.principal, STREAM);
    }
}

impl Shares {
    pub(super) fn new(most: Share) -> Self {
        Self {
            most,
            bytes: 0,
            each: HashMap::new(),
        }
    }

    /// Whether `principal` may have `more`.
    pub(super) fn check(&self, principal: &Principal, more: Share) -> Result<(), TooMany> {
        if more.bytes > MAX_SUBSCRIBED_BYTES.saturating_sub(self.bytes) {
            return Err(TooMany::BytesOfAll);
        }
        if !is_somebody(principal) {
            return Ok(());
        }
        let has = self.each.get(principal).copied().unwrap_or(NOTHING);
        if more.streams > self.most.streams.saturating_sub(has.streams) {
            return Err(TooMany::Streams);
        }
        if more.bytes > self.most.bytes.saturating_sub(has.bytes) {
            return Err(TooMany::Bytes);
        }
        Ok(())
    }

    /// Remembers that `principal` has `more`.
    pub(super) fn take(&mut self, principal: &Principal, more: Share) {
        self.bytes += more.bytes;
        if is_somebody(principal) {
            let has = self.each.entry(principal.clone()).or_insert(NOTHING);
            has.streams += more.streams;
            has.bytes += more.bytes;
        }
    }

    /// Remembers that `principal` has so much no longer.
    pub(super) fn give_back(&mut self, principal: &Principal, less: Share) {
        self.bytes -= less.bytes;
        if let Some(has) = self.each.get_mut(principal) {
            has.streams -= less.streams;
            has.bytes -= less.bytes;
            if has.streams == 0 && has.bytes == 0 {
                self.each.remove(principal);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn are_empty(&self) -> bool {
        self.bytes == 0 && self.each.is_empty()
    }
}

impl Share {
    /// What a subscription to the resource at `uri` takes.
    pub(super) fn of(uri: &str) -> Self {
        Self {
            streams: 0,
            bytes: uri.len().saturating_add(SUBSCRIPTION_BYTES),
        }
    }

    /// What subscriptions to all of `uris` take.
    pub(super) fn of_all<'a>(uris: impl IntoIterator<Item = &'a String>) -> Self {
        let bytes = uris.into_iter().map(|uri| Self::of(uri).bytes);
        Self {
            streams: 0,
            bytes: bytes.fold(0, usize::saturating_add),
        }
    }
}

impl From<TooMany> for Error {
    fn from(too_many: TooMany) -> Self {
        Self::InvalidRequest {
            detail: too_many.to_string(),
        }
    }
}

/// Whether it can be told from everybody else. Many clients may be the one that nobody knows.
fn is_somebody(principal: &Principal) -> bool {
    matches!(principal, Principal::Identified(_))
}

/// One stream.
pub(super) const STREAM: Share = Share {
    streams: 1,
    bytes: 0,
};

const NOTHING: Share = Share {
    streams: 0,
    bytes: 0,
};

/// Most bytes that the subscriptions of all take.
const MAX_SUBSCRIBED_BYTES: usize = 128 * 1024 * 1024;

/// What a subscription takes beside the text of its URI, about.
const SUBSCRIPTION_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Share = Share {
        streams: 2,
        bytes: 1_000,
    };

    fn bytes(bytes: usize) -> Share {
        Share { streams: 0, bytes }
    }

    #[test]
    fn what_one_principal_has_is_nothing_to_another() {
        let mut shares = Shares::new(MOST);
        let (a, b) = (
            Principal::identified("us", "a"),
            Principal::identified("us", "b"),
        );
        for _ in 0..MOST.streams {
            assert_eq!(shares.check(&a, STREAM), Ok(()));
            shares.take(&a, STREAM);
        }
        assert_eq!(shares.check(&a, STREAM), Err(TooMany::Streams));
        shares.take(&a, bytes(999));
        assert_eq!(shares.check(&a, bytes(1)), Ok(()));
        assert_eq!(shares.check(&a, bytes(2)), Err(TooMany::Bytes));
        assert_eq!(shares.check(&b, STREAM), Ok(()));
        assert_eq!(shares.check(&b, bytes(1_000)), Ok(()));
        shares.give_back(&a, STREAM);
        shares.give_back(&a, STREAM);
        assert_eq!(shares.check(&a, STREAM), Ok(()));
        shares.give_back(&a, bytes(999));
        assert!(shares.are_empty());
    }

    #[test]
    fn those_who_cannot_be_told_apart_have_the_limit_of_all() {
        let mut shares = Shares::new(MOST);
        for principal in [Principal::Anonymous, Principal::Parent] {
            let half = bytes(MAX_SUBSCRIBED_BYTES / 2);
            for _ in 0..10 {
                assert_eq!(shares.check(&principal, STREAM), Ok(()));
                shares.take(&principal, STREAM);
            }
            assert_eq!(shares.check(&principal, half), Ok(()));
            shares.take(&principal, half);
        }
        let one = Principal::identified("us", "one");
        for principal in [&Principal::Anonymous, &one] {
            assert_eq!(shares.check(principal, bytes(1)), Err(TooMany::BytesOfAll));
        }
        assert_eq!(
            shares.check(&one, bytes(usize::MAX)),
            Err(TooMany::BytesOfAll)
        );
    }
}
