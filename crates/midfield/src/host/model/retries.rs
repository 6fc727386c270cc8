//! How often a provider that has no room is asked.

use std::num::NonZeroU32;
use std::time::Duration;

use midfield_durable::Backoff;

use super::failure::Failure;

/// How often a provider is asked that has no room (status 429, 503 or 529) or cannot be reached. Any other failure counts at
/// once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Retries {
    attempts: NonZeroU32,
    initial: Duration,
    longest: Duration,
    total: Duration,
}

impl Retries {
    /// 4 attempts within 2 minutes.
    pub const fn new() -> Self {
        Self {
            attempts: NonZeroU32::MIN.saturating_add(3),
            initial: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            total: Duration::from_mins(2),
        }
    }

    /// Sets the most attempts, the first one included. Default: 4.
    pub const fn attempts(mut self, attempts: NonZeroU32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets how long to wait before the second attempt where the provider does not say; then it is twice as long each time, up
    /// to `longest`. Each wait is made shorter by up to its half, at random. Default: 500 ms, up to 30 s.
    pub const fn backoff(mut self, initial: Duration, longest: Duration) -> Self {
        self.initial = initial;
        self.longest = longest;
        self
    }

    /// Sets the time after which no attempt begins, from the first one on. A provider that wants a longer wait is not asked
    /// again. Default: 2 minutes.
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// How long to wait after attempt number `attempt`, from 1, which ended `elapsed` after the first one began.
    ///
    /// # Errors
    /// The failure to tell when it was the last.
    pub(super) fn wait(
        &self,
        attempt: u32,
        elapsed: Duration,
        failure: Failure,
        chance: u8,
    ) -> Result<Duration, Failure> {
        if !failure.is_passing() {
            return Err(failure);
        }
        let asked = match failure {
            Failure::Busy { retry_after, .. } => retry_after,
            _ => None,
        };
        let wait = asked.unwrap_or_else(|| self.jittered(attempt, chance));
        let is_in_time = elapsed
            .checked_add(wait)
            .is_some_and(|begin| begin <= self.total);
        if attempt < self.attempts.get() && is_in_time {
            return Ok(wait);
        }
        Err(match asked {
            Some(wait) if !wait.is_zero() => Failure::BusyFor(wait),
            _ => failure,
        })
    }

    fn jittered(&self, attempt: u32, chance: u8) -> Duration {
        Backoff::new(self.initial)
            .max(self.longest)
            .jitter(move |_, wait| wait.mul_f64(1.0 - f64::from(chance) / 512.0))
            .delay(attempt)
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn busy(retry_after: Option<Duration>) -> Failure {
        Failure::Busy {
            status: 429,
            retry_after,
        }
    }

    #[test]
    fn waits_grow_and_are_never_longer_than_the_provider_or_the_settings_say() {
        let retries = Retries::new().backoff(SECOND, 3 * SECOND);
        let wait = |attempt, chance| retries.wait(attempt, SECOND, busy(None), chance).unwrap();
        assert_eq!(
            [wait(1, 0), wait(2, 0), wait(3, 0)],
            [SECOND, 2 * SECOND, 3 * SECOND]
        );
        assert!(wait(1, 255) > SECOND / 2 && wait(1, 255) < SECOND);
        let told = retries.wait(1, SECOND, busy(Some(7 * SECOND)), 255);
        assert_eq!(told.unwrap(), 7 * SECOND);
    }

    #[test]
    fn attempts_and_time_are_bounded_and_other_failures_count_at_once() {
        let retries = Retries::new();
        assert!(retries.wait(4, SECOND, busy(None), 0).is_err());
        assert!(retries.wait(1, 120 * SECOND, busy(None), 0).is_err());
        let long = retries.wait(1, SECOND, busy(Some(Duration::MAX)), 0);
        assert!(matches!(long, Err(Failure::BusyFor(_))), "{long:?}");
        assert!(retries.wait(1, SECOND, Failure::Cut, 0).is_err());
        assert!(retries.wait(1, SECOND, Failure::Unreachable, 0).is_ok());
    }
}
