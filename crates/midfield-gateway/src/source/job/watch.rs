//! The course of a job: where to ask next, after which pause, and when to stop. Reckons from what the journal
//! keeps alone, so that a call that is run again comes to the same.

use std::time::Duration;

use url::Url;

use super::super::record::{Pause, Polled, Stamp, Turn};
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
pub(super) struct Pace {
    next: Duration,
    longest: Duration,
    /// The longest time of a job.
    limit: Duration,
}

impl Watch {
    /// A job that began at `begun`, before which comes `pause`.
    pub(super) fn new(status_url: Url, begun: Stamp, pause: Pause, pace: Pace) -> Self {
        let mut watch = Self {
            pace,
            begun,
            status_url,
            result_url: None,
            by_status: false,
            pause: Some(pause.into()),
            away: None,
        };
        watch.pace.grow();
        watch
    }

    /// Where to ask.
    pub(super) fn url(&self) -> &Url {
        self.result_url.as_ref().unwrap_or(&self.status_url)
    }

    /// What came of asking at `at`, with the pause that comes after it. `retry_after` is what the service asks for.
    pub(super) fn polled(&self, at: Stamp, turn: Turn, retry_after: Option<Duration>) -> Polled {
        let pause = match turn {
            Turn::Result(_) => None,
            _ => Some(self.pace.pause(retry_after, at.since(self.begun)).into()),
        };
        Polled { at, turn, pause }
    }

    /// Takes up what came of asking.
    pub(super) fn apply(&mut self, polled: Polled) -> Next {
        let elapsed = polled.at.since(self.begun);
        self.pause = polled.pause.map(Duration::from);
        self.pace.grow();
        let is_away = match polled.turn {
            Turn::Ended => return Next::End,
            Turn::Result(url) => {
                self.result_url = Some(url);
                self.away = None;
                return Next::Ask;
            }
            Turn::Running { to, by_status } => {
                self.by_status |= by_status;
                if let Some(to) = to {
                    match &mut self.result_url {
                        Some(url) => *url = to,
                        None => self.status_url = to,
                    }
                }
                false
            }
            Turn::Away => true,
        };
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
    /// The pace of a job that may take `limit`.
    pub(super) fn new(interval: Interval, limit: Duration) -> Self {
        Self {
            next: interval.min,
            // A journal has room for so many pauses and answers, and no more.
            longest: interval.max.max(limit / MAX_POLLS),
            limit,
        }
    }

    /// The next pause, `elapsed` after the beginning: as long as the service asks for, no shorter than the
    /// pauses have grown to, and not beyond the end.
    pub(super) fn pause(&self, retry_after: Option<Duration>, elapsed: Duration) -> Duration {
        let asked = retry_after.unwrap_or_default();
        self.next.max(asked).min(self.limit.saturating_sub(elapsed))
    }

    fn grow(&mut self) {
        self.next = (self.next * 5 / 4).min(self.longest);
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
        let pace = Pace::new(interval, limit);
        let pause = pace.pause(None, Duration::ZERO).into();
        Watch::new(url, stamp(Duration::ZERO), pause, pace)
    }

    fn stamp(time: Duration) -> Stamp {
        serde_json::from_value(u64::try_from(time.as_millis()).unwrap().into()).unwrap()
    }

    const RUNNING: Turn = Turn::Running {
        to: None,
        by_status: false,
    };

    /// Asks at `time`, and keeps what came of it as the journal does.
    fn ask(watch: &mut Watch, time: Duration, turn: Turn, retry_after: Option<u64>) -> Next {
        let retry_after = retry_after.map(Duration::from_millis);
        let kept = serde_json::to_string(&watch.polled(stamp(time), turn, retry_after)).unwrap();
        watch.apply(serde_json::from_str(&kept).unwrap())
    }

    /// Goes through a whole job whose answers are all `turn`; gives the number of polls and the time.
    fn run(
        mut watch: Watch,
        turn: impl Fn() -> Turn,
        retry_after: Option<u64>,
    ) -> (Next, u32, Duration) {
        let (mut polls, mut time) = (0, Duration::ZERO);
        loop {
            time += watch.pause.unwrap();
            polls += 1;
            let next = ask(&mut watch, time, turn(), retry_after);
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
                let (next, polls, time) = run(watch(limit), || RUNNING, retry_after);
                assert_eq!(next, Next::TooLong);
                // Pauses are whole milliseconds.
                assert!(time >= limit && time < limit + SECOND / 10, "{time:?}");
                assert!(polls <= MAX_POLLS + 30, "{polls}");
            }
        }
        let hasty = Interval {
            min: SECOND / 1_000_000,
            max: SECOND / 100,
        };
        let mut watch = watch(Duration::from_hours(24));
        watch.pace = Pace::new(hasty, watch.pace.limit);
        let (_, polls, _) = run(watch, || RUNNING, None);
        assert!(polls <= MAX_POLLS + 100, "{polls}");
    }

    #[test]
    fn no_pause_is_shorter_than_was_asked_for() {
        let mut watch = watch(Duration::from_hours(24));
        assert_eq!(watch.pause, Some(SECOND));
        ask(&mut watch, SECOND, RUNNING, Some(90_000));
        assert_eq!(watch.pause, Some(90 * SECOND));
        ask(&mut watch, 91 * SECOND, RUNNING, Some(u64::MAX));
        let left = Duration::from_hours(24).saturating_sub(91 * SECOND);
        assert_eq!(watch.pause, Some(left));
    }

    #[test]
    fn a_call_that_is_run_again_pauses_as_before_whatever_the_configuration_says_now() {
        let mut first = watch(Duration::from_hours(24));
        let interval = Interval {
            min: 5 * SECOND,
            max: 6 * SECOND,
        };
        let mut again = watch(Duration::from_hours(24));
        again.pace = Pace::new(interval, Duration::from_hours(23));
        for (seconds, retry_after) in [(1, None), (2, Some(7000)), (9, None)] {
            let retry_after = retry_after.map(Duration::from_millis);
            let polled = first.polled(stamp(seconds * SECOND), RUNNING, retry_after);
            let kept = serde_json::to_string(&polled).unwrap();
            first.apply(polled);
            again.apply(serde_json::from_str(&kept).unwrap());
            assert_eq!(first.pause, again.pause);
        }
    }

    #[test]
    fn a_service_may_be_away_for_a_while() {
        let (next, _, time) = run(watch(Duration::from_hours(24)), || Turn::Away, None);
        assert!(matches!(next, Next::Silent(_)), "{next:?}");
        assert!(time >= PATIENCE && time < 2 * PATIENCE, "{time:?}");
        // It may ask for a long pause without being given up at once.
        let mut watch = watch(Duration::from_hours(24));
        for minutes in [1, 12, 24] {
            let time = Duration::from_mins(minutes);
            assert_eq!(ask(&mut watch, time, Turn::Away, Some(720_000)), Next::Ask);
        }
        // A word in between, and patience begins anew.
        ask(&mut watch, Duration::from_mins(25), RUNNING, None);
        assert_eq!(watch.away, None);
    }

    #[test]
    fn a_result_is_fetched_at_once_and_from_where_it_moves() {
        let mut watch = watch(Duration::from_hours(1));
        let to = |path: &str| Url::parse("http://a.example").unwrap().join(path).unwrap();
        let turn = Turn::Running {
            to: Some(to("/moved")),
            by_status: true,
        };
        ask(&mut watch, SECOND, turn, None);
        assert_eq!(watch.url(), &to("/moved"));
        assert!(watch.by_status);
        let turn = Turn::Result(to("/result"));
        assert_eq!(ask(&mut watch, SECOND, turn, None), Next::Ask);
        assert_eq!((watch.url(), watch.pause), (&to("/result"), None));
        assert_eq!(watch.status_url, to("/moved"));
        assert_eq!(ask(&mut watch, SECOND, Turn::Ended, None), Next::End);
        assert!(watch.pause.is_some());
    }
}
