//! When a request is sent once more, and how long after the last time.

use std::time::Duration;

use super::Error;

/// Whether it may be better in a moment.
pub(super) fn is_passing(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } | Error::Interrupted { .. } => true,
        Error::Status { status, .. } => matches!(status, 429 | 502 | 503 | 504),
        _ => false,
    }
}

/// How long the server wants to be left alone.
pub(super) fn retry_after(error: &Error) -> Duration {
    match error {
        Error::Status { retry_after, .. } => retry_after.unwrap_or_default(),
        _ => Duration::ZERO,
    }
}

/// How long to wait before another attempt: twice as long each time, and not all clients at once.
pub(super) fn pause(attempts: usize) -> Duration {
    let doubled = FIRST_PAUSE
        * 2_u32.saturating_pow(
            u32::try_from(attempts.saturating_sub(1))
                .unwrap_or(u32::MAX)
                .min(8),
        );
    let mut byte = [0];
    // Without randomness all wait alike.
    let _ = getrandom::fill(&mut byte);
    doubled / 2 + doubled * u32::from(byte[0]) / 512
}

/// The pause before a second attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest that a server may want to be left alone, and is asked again after it.
pub(super) const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
