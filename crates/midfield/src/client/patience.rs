//! How long a request is waited for: while it is the server's turn, and not while a person thinks.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::core::Core;
use super::hear::{Registered, Slot};
use super::run::Settings;

/// How long is waited for one request, in all its attempts and rounds.
pub(super) struct Patience {
    pub(super) slot: Arc<Slot>,
    idle: Duration,
    max: Duration,
    begun: Instant,
    /// How long the server had waited for answers of ours when it began.
    asked_before: Duration,
    /// How long it has waited for those that came within results.
    pub(super) asked_within: Duration,
    pub(super) is_endless: bool,
    /// Hears of its progress.
    pub(super) heard: Option<Registered>,
}

impl Patience {
    pub(super) fn new(core: &Core, settings: &Settings) -> Self {
        Self {
            slot: Slot::new(settings.on_progress.clone()),
            idle: settings
                .timeout
                .unwrap_or(core.options.timeout)
                .min(LONGEST),
            max: settings
                .max_time
                .unwrap_or(core.options.max_time)
                .min(LONGEST),
            begun: Instant::now(),
            asked_before: core.hearing.time_asked(),
            asked_within: Duration::ZERO,
            is_endless: settings.is_endless,
            heard: None,
        }
    }

    /// How long the server itself has taken.
    fn spent(&self, core: &Core) -> Duration {
        let asked = core.hearing.time_asked().saturating_sub(self.asked_before) + self.asked_within;
        self.begun.elapsed().saturating_sub(asked)
    }

    /// Waits until there is no patience left; how long it lasted.
    pub(super) async fn run_out(&self, core: &Core) -> Duration {
        loop {
            if self.is_endless {
                std::future::pending::<()>().await;
            }
            let idle_until = self.slot.last() + self.idle;
            let left = self.max.saturating_sub(self.spent(core));
            let now = Instant::now();
            let until = idle_until.min(now + left);
            if until > now {
                tokio::time::sleep_until(until).await;
            } else if core.hearing.is_asked() {
                // It is our turn, not the server's.
                tokio::time::sleep(ASKED).await;
            } else if left.is_zero() {
                return self.max;
            } else {
                return self.idle;
            }
        }
    }
}

/// What is as good as for ever, and no moment beyond all clocks.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 30);

/// How often it is looked whether the server still waits for us.
const ASKED: Duration = Duration::from_millis(250);
