//! The course of a job: where to ask next, after which pause, and when to stop. Reckons from what the journal
//! keeps alone, so that a call that is run again comes to the same.

use std::time::Duration;

use url::Url;

use super::record::{Polled, Stamp, Turn};
use crate::config::Interval;

/// The course of a job.
#[derive(Debug)]
pub(super) struct Watch {
    pace: Pace,
    /// When the job began.
    begun: Stamp,
    /// Where its state is told.
    pub(super) status_url: Url,
    /// Where its result is, once it has ended well.
    pub(super) result_url: Option<Url>,
    /// Whether the service tells by status that work goes on.
    pub(super) by_status: bool,
    /// The pause before it is asked about again; none before its result is fetched.
    pub(super) pause: Option<Duration>,
    /// Since when the service has not said anything, and how often it was asked in vain.
    away: Option<(Stamp, u32)>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Pause, then ask.
    Ask,
    /// The job has ended.
    End,
    /// The job took longer than it may.
    TooLong,
    /// The service has not said anything for this long.
    Silent(Duration),
}

/// How the pauses grow.
#[derive(Clone, Copy, Debug)]
struct Pace {
    next: Duration,
    longest: Duration,
    /// The longest time of a job.
    limit: Duration,
}

impl Watch {
    /// A job that began at `begun`, when the service asked for a pause of `retry_after` milliseconds.
    pub(super) fn new(
        status_url: Url,
        begun: Stamp,
        retry_after: Option<u64>,
        interval: Interval,
        limit: Duration,
    ) -> Self {
        let mut pace = Pace {
            next: interval.min,
            // A journal has room for so many pauses and answers, and no more.
            longest: interval.max.max(limit / MAX_POLLS),
            limit,
        };
        let pause = pace.pause(retry_after, Duration::ZERO);
        Self {
            pace,
            begun,
            status_url,
            result_url: None,
            by_status: false,
            pause: Some(pause),
            away: None,
        }
    }

    /// Where to ask.
    pub(super) fn url(&self) -> &Url {
        self.result_url.as_ref().unwrap_or(&self.status_url)
    }

    /// Takes up what came of asking.
    pub(super) fn apply(&mut self, polled: Polled) -> Next {
        let elapsed = polled.at.since(self.begun);
        let (is_away, retry_after) = match polled.turn {
            Turn::Ended => {
                // Asked for by a call that is run again and does not hold the answer.
                self.pause = Some(self.pace.pause(None, elapsed));
                return Next::End;
            }
            Turn::Result(url) => {
                self.result_url = Some(url);
                (self.pause, self.away) = (None, None);
                return Next::Ask;
            }
            Turn::Running {
                to,
                retry_after,
                by_status,
            } => {
                self.by_status |= by_status;
                if let Some(to) = to {
                    match &mut self.result_url {
                        Some(url) => *url = to,
                        None => self.status_url = to,
                    }
                }
                (false, retry_after)
            }
            Turn::Away { retry_after } => (true, retry_after),
        };
        self.pause = Some(self.pace.pause(retry_after, elapsed));
        if elapsed >= self.pace.limit {
            return Next::TooLong;
        }
        let (since, times) = self.away.unwrap_or((polled.at, 0));
        self.away = is_away.then_some((since, times + 1));
        let silence = polled.at.since(since);
        if is_away && times + 1 >= MIN_SILENCES && silence >= PATIENCE {
            return Next::Silent(silence);
        }
        Next::Ask
    }
}

impl Pace {
    /// The next pause, `elapsed` after the beginning: as long as the service asks for, no shorter than the
    /// pauses have grown to, and not beyond the end.
    fn pause(&mut self, retry_after: Option<u64>, elapsed: Duration) -> Duration {
        let grown = self.next;
        self.next = (grown * 5 / 4).min(self.longest);
        let asked = retry_after.map_or(Duration::ZERO, Duration::from_millis);
        grown.max(asked).min(self.limit.saturating_sub(elapsed))
    }
}

/// Most times that a job is asked about at the longest pause. Each takes two entries of a journal, which holds
/// 10,000.
const MAX_POLLS: u32 = 3000;
/// How long a service may say nothing about a job.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often at least it is asked in that time.
const MIN_SILENCES: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn watch(limit: Duration) -> Watch {
        let interval = Interval {
            min: SECOND,
            max: 30 * SECOND,
        };
        let url = Url::parse("http://a.example/jobs/1").unwrap();
        Watch::new(url, stamp(Duration::ZERO), None, interval, limit)
    }

    fn stamp(time: Duration) -> Stamp {
        serde_json::from_value(u64::try_from(time.as_millis()).unwrap().into()).unwrap()
    }

    fn running(retry_after: Option<u64>) -> Turn {
        Turn::Running {
            to: None,
            retry_after,
            by_status: false,
        }
    }

    /// Goes through a whole job whose answers are all `turn`; gives the number of polls and the time.
    fn run(mut watch: Watch, turn: impl Fn() -> Turn) -> (Next, u32, Duration) {
        let (mut polls, mut time) = (0, Duration::ZERO);
        loop {
            time += watch.pause.unwrap();
            polls += 1;
            let at = stamp(time);
            let next = watch.apply(Polled { at, turn: turn() });
            if next != Next::Ask {
                return (next, polls, time);
            }
        }
    }

    #[test]
    fn a_job_without_end_is_given_up_in_time_and_in_room() {
        for hours in [1, 24] {
            let limit = Duration::from_hours(hours);
            for retry_after in [None, Some(0), Some(1000)] {
                let (next, polls, time) = run(watch(limit), || running(retry_after));
                assert_eq!(next, Next::TooLong);
                // Stamps have no more than milliseconds.
                assert!(time >= limit && time < limit + SECOND / 10, "{time:?}");
                assert!(polls <= MAX_POLLS + 30, "{polls}");
            }
        }
        let mut hasty = watch(Duration::from_hours(24));
        hasty.pace.longest = (SECOND / 100).max(hasty.pace.limit / MAX_POLLS);
        let (_, polls, _) = run(hasty, || running(None));
        assert!(polls <= MAX_POLLS + 30, "{polls}");
    }

    #[test]
    fn no_pause_is_shorter_than_was_asked_for() {
        let mut watch = watch(Duration::from_hours(24));
        assert_eq!(watch.pause, Some(SECOND));
        let at = stamp(SECOND);
        let turn = running(Some(90_000));
        assert_eq!(watch.apply(Polled { at, turn }), Next::Ask);
        assert_eq!(watch.pause, Some(90 * SECOND));
        let at = stamp(91 * SECOND);
        let turn = running(Some(u64::MAX));
        watch.apply(Polled { at, turn });
        let left = Duration::from_hours(24).saturating_sub(91 * SECOND);
        assert_eq!(watch.pause, Some(left));
    }

    #[test]
    fn a_service_may_be_away_for_a_while() {
        let away = || Turn::Away { retry_after: None };
        let (next, _, time) = run(watch(Duration::from_hours(24)), away);
        assert!(matches!(next, Next::Silent(_)), "{next:?}");
        assert!(time >= PATIENCE && time < 2 * PATIENCE, "{time:?}");
        // It may ask for a long pause without being given up at once.
        let mut watch = watch(Duration::from_hours(24));
        for minutes in [1, 12, 24] {
            let turn = Turn::Away {
                retry_after: Some(720_000),
            };
            let at = stamp(Duration::from_mins(minutes));
            assert_eq!(watch.apply(Polled { at, turn }), Next::Ask);
        }
        // A word in between, and patience begins anew.
        let at = stamp(Duration::from_mins(25));
        watch.apply(Polled {
            at,
            turn: running(None),
        });
        assert_eq!(watch.away, None);
    }

    #[test]
    fn a_result_is_fetched_at_once_and_from_where_it_moves() {
        let mut watch = watch(Duration::from_hours(1));
        let to = |path: &str| Url::parse("http://a.example").unwrap().join(path).unwrap();
        let at = stamp(SECOND);
        let turn = Turn::Running {
            to: Some(to("/moved")),
            retry_after: None,
            by_status: true,
        };
        watch.apply(Polled { at, turn });
        assert_eq!(watch.url(), &to("/moved"));
        assert!(watch.by_status);
        let turn = Turn::Result(to("/result"));
        assert_eq!(watch.apply(Polled { at, turn }), Next::Ask);
        assert_eq!((watch.url(), watch.pause), (&to("/result"), None));
        assert_eq!(watch.status_url, to("/moved"));
        let ended = Polled {
            at,
            turn: Turn::Ended,
        };
        assert_eq!(watch.apply(ended), Next::End);
        assert!(watch.pause.is_some());
    }
}
