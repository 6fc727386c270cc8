//! Time that passes once, however often the handler is run again.

use std::future::{pending, poll_fn};
use std::task::Poll;
use std::time::Duration;

use midfield_protocol::Raw;

use super::state::Begun;
use super::step::Running;
use super::{Clock, Execution};
use crate::digest::Digest;
use crate::failure::Failure;
use crate::journal::{Entry, Outcome};
use crate::key::Key;
use crate::kind::Kind;

impl Execution {
    /// Waits until `duration` after the first time that the handler came here. A replay waits for what is left.
    ///
    /// The end is recorded when the sleep begins, and once more when it is over. A replay never waits longer than
    /// `duration`, even if the clock was set back meanwhile. An end that has passed gives way to what is recorded: of a
    /// `select!` between a sleep and an answer that the journal holds, a replay takes the answer.
    pub async fn sleep(&self, name: &str, duration: Duration) {
        let asked = milliseconds(duration);
        let request = Raw::of(&asked).ok();
        let begun = request.and_then(|request| self.begin(Kind::Sleep, name, &request));
        let now = self.clock.get_or_init(Clock::system).since_epoch();
        let (key, digest, end) = match begun {
            None => pending().await,
            Some(Begun::New(key, digest)) => {
                let end = milliseconds(now).saturating_add(asked);
                (key, digest, end)
            }
            Some(Begun::Recorded(key, _, digest, Outcome::Until(end))) => (key, digest, end),
            Some(Begun::Recorded(_, at, _, Outcome::Done(_))) => return self.turn(at).await,
            Some(Begun::Recorded(key, _, _, Outcome::Failed { message, .. })) => {
                return self.halt(unreadable(key, message)).await;
            }
            Some(Begun::Recorded(key, ..)) => {
                return self
                    .halt(unreadable(key, "it is a step's".to_owned()))
                    .await;
            }
        };
        self.sleep_until(key, digest, end, duration).await;
    }

    /// Sleeps until `end`, for no longer than `longest`.
    async fn sleep_until(&self, key: Key, digest: Digest, end: u64, longest: Duration) {
        let entry = |outcome| Entry {
            key: key.clone(),
            kind: Kind::Sleep,
            digest,
            after: 0,
            outcome,
        };
        let now = self.clock.get_or_init(Clock::system).since_epoch();
        let left = Duration::from_millis(end).saturating_sub(now).min(longest);
        let sleeping = Marked::begin(self, entry(Outcome::Until(end)));
        if left.is_zero() {
            self.give_way().await;
        } else {
            tokio::time::sleep(left).await;
        }
        match Raw::of(&end) {
            Ok(end) => {
                let at = self.lock().end_mark(entry(Outcome::Done(end)));
                drop(sleeping);
                self.turn(Some(at)).await;
            }
            Err(error) => self.halt(unreadable(key, error.to_string())).await,
        }
    }

    /// Is ready at the second poll, so that whatever is ready at the first comes before. It counts as running: the
    /// driver must not put the call away in between.
    async fn give_way(&self) {
        let _running = Running::of(self);
        let mut given = false;
        poll_fn(|cx| {
            if given {
                return Poll::Ready(());
            }
            given = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

fn unreadable(key: Key, problem: String) -> Failure {
    let kind = Kind::Sleep;
    Failure::Unreadable { key, kind, problem }
}

/// The milliseconds of a duration, rounded up, so that no sleep is cut short.
fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// What has begun and is not over, for as long as this lives.
pub(super) struct Marked<'a> {
    execution: &'a Execution,
    key: Key,
    stays: bool,
}

impl<'a> Marked<'a> {
    pub(super) fn begin(execution: &'a Execution, entry: Entry) -> Self {
        let key = entry.key.clone();
        execution.lock().mark(entry);
        Self {
            execution,
            key,
            stays: false,
        }
    }

    /// From now on the mark outlives this: what it stands for cannot be taken back.
    pub(super) fn stays(&mut self) {
        self.stays = true;
    }
}

impl Drop for Marked<'_> {
    fn drop(&mut self) {
        let mut state = self.execution.lock();
        if self.stays {
            state.leave_mark(&self.key);
        } else {
            state.unmark(&self.key);
        }
    }
}
