//! Tasks: calls whose answer comes later. Two protocols speak of them, the core of revision 2025-11-25 and the extension
//! [`TASKS_EXTENSION`] of 2026-07-28; what they write differently is in [`crate::wire`].

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize, Serializer};

use super::{InputRequest, ToolResult};
use crate::Error;

/// The identifier of the extension that brings tasks to revision 2026-07-28.
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// What the state of a task is. Written alike by both protocols, though not for the same outcomes: a tool's result that
/// says that the tool failed makes a task `failed` in 2025-11-25 and `completed` in the extension. Here it is
/// [`TaskStatus::Completed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "the specification defines exactly these five"
)]
pub enum TaskStatus {
    /// It is being worked on.
    #[default]
    Working,
    /// It waits for answers of the client.
    InputRequired,
    /// There is a result.
    Completed,
    /// There is an error.
    Failed,
    /// It was ended before there was anything.
    Cancelled,
}

impl TaskStatus {
    /// Whether it never changes any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired => "input_required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A moment, in whole milliseconds since the beginning of 1970 (UTC); at most the end of the year 9999, after which the
/// wire has no words. Written as RFC 3339 has it: `2025-11-25T10:30:00Z`, with milliseconds where there are any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The last moment of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The moment that is this many milliseconds after the beginning of 1970, or [`Timestamp::MAX`] where that is earlier.
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the beginning of 1970.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

/// What is before 1970 becomes its beginning.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Self::from_millis(millis(since))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000;
        let (year, month, day) = date(seconds / DAY);
        let (hour, minute, second) = (seconds % DAY / 3_600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        match self.0 % 1_000 {
            0 => f.write_str("Z"),
            millis => write!(f, ".{millis:03}Z"),
        }
    }
}

/// Reads a moment as RFC 3339 has it. Without an offset it is taken for UTC, as some peers write it; what is before 1970 becomes
/// its beginning.
impl FromStr for Timestamp {
    type Err = UnknownTime;

    fn from_str(text: &str) -> Result<Self, UnknownTime> {
        moment(text).ok_or(UnknownTime)
    }
}

/// A text that says no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time of the form 2025-11-25T10:30:00Z")]
#[non_exhaustive]
pub struct UnknownTime;

fn moment(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_at_checked(10)?;
    let time = time.strip_prefix(['T', 't', ' '])?;
    let clock_end = time.find(['Z', 'z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at_checked(clock_end)?;
    let days = days(&numbers(day, '-')?)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = numbers(clock, ':')?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut millis = 0;
    for place in 0..3 {
        let digit = fraction.as_bytes().get(place).copied().unwrap_or(b'0');
        millis = millis * 10 + i64::from(char::from(digit).to_digit(10)?);
    }
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset(zone)?;
    Some(Timestamp::from_millis(
        u64::try_from(seconds * 1_000 + millis).unwrap_or(0),
    ))
}

/// Three numbers of digits alone.
fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between).map(|part| {
        let is_number =
            (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    });
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.as_bytes().first() {
        None | Some(b'Z' | b'z') => return (zone.len() < 2).then_some(0),
        Some(b'-') => (-1, zone.get(1..)?),
        Some(_) => (1, zone.get(1..)?),
    };
    let [hours, minutes, _] = numbers(&format!("{rest}:0"), ':')?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// Days from 1970-01-01 to a date; [`date`] the other way round.
fn days(&[year, month, day]: &[i64; 3]) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day = (153 * month + 2) / 5 + day - 1 + 365 * of_era + of_era / 4 - of_era / 100;
    Some(era * 146_097 + day - 719_468)
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Seconds of a day.
const DAY: u64 = 86_400;

/// The date that is `days` after 1970-01-01. Years are counted from March, so that the day that only some years have is
/// their last, and in eras of 400 years, which are all of one length.
fn date(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months from March have 31, 30, 31, 30, 31 days, twice over and once begun.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let is_next = u64::from(month >= 10);
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + is_next, month, day)
}

/// What is told of a task at any time
/// ([2025-11-25, task](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#task)).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Task {
    /// Its name, which nobody can guess.
    pub id: String,
    /// What its state is.
    pub status: TaskStatus,
    /// Whether it is completed with a result that says that the tool failed, see [`ToolResult::is_error`]. Default: false.
    pub is_error: bool,
    /// More about its state, for a person or a model.
    pub message: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When its state changed last.
    pub updated_at: Timestamp,
    /// How long after its beginning it is kept; `None`: without limit.
    pub ttl: Option<Duration>,
    /// How long to wait before asking again; `None`: the client chooses.
    pub poll_interval: Option<Duration>,
}

impl Task {
    /// A task that begins at this moment.
    pub fn new(id: impl Into<String>, created_at: Timestamp) -> Self {
        Self {
            id: id.into(),
            created_at,
            updated_at: created_at,
            ..Self::default()
        }
    }
}

/// A task with all that its state has to tell.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TaskView {
    /// The task.
    pub task: Task,
    /// The questions that wait for an answer, each under a key that the task never uses again. Told while the task is
    /// [`TaskStatus::InputRequired`].
    pub inputs: Vec<(String, InputRequest)>,
    /// What happened. There is a result when the task is [`TaskStatus::Completed`], and an error when it is
    /// [`TaskStatus::Failed`].
    pub outcome: Option<Result<ToolResult, Error>>,
}

impl TaskView {
    /// A task of which there is no more to tell.
    pub fn new(task: Task) -> Self {
        Self {
            task,
            ..Self::default()
        }
    }

    /// The same task with the questions that wait for an answer.
    #[must_use]
    pub fn inputs(mut self, inputs: Vec<(String, InputRequest)>) -> Self {
        self.inputs = inputs;
        self
    }

    /// The same task with what happened.
    #[must_use]
    pub fn outcome(mut self, outcome: Result<ToolResult, Error>) -> Self {
        self.outcome = Some(outcome);
        self
    }
}

/// The wish that a call be run as a task
/// ([2025-11-25, creating tasks](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#creating-tasks)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskRequest {
    /// How long after its beginning the task should be kept; `None`: as the server thinks fit.
    pub ttl: Option<Duration>,
}

impl TaskRequest {
    /// The wish that the task be kept this long after its beginning.
    pub const fn new(ttl: Option<Duration>) -> Self {
        Self { ttl }
    }
}

/// Whole milliseconds as the wire has them: at most as many as every peer can read, 2^53 - 1.
pub(crate) fn millis(duration: Duration) -> u64 {
    const MAX: u64 = (1 << 53) - 1;
    u64::try_from(duration.as_millis()).map_or(MAX, |millis| millis.min(MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_the_calendar_has_it() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"),
            (1_764_066_600_000, "2025-11-25T10:30:00Z"),
            (1_785_240_000_007, "2026-07-28T12:00:00.007Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ];
        for (millis, text) in cases {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_millis(millis)));
        }
    }

    #[test]
    fn a_moment_is_read_in_the_forms_that_peers_write() {
        let noon = Ok(Timestamp::from_millis(1_785_240_000_007));
        for text in [
            "2026-07-28T12:00:00.007Z",
            "2026-07-28t12:00:00.007999z",
            "2026-07-28T12:00:00.007",
            "2026-07-28 12:00:00.007",
            "2026-07-28T14:00:00.007+02:00",
            "2026-07-28T06:30:00.007-05:30",
        ] {
            assert_eq!(text.parse::<Timestamp>(), noon, "{text}");
        }
        assert_eq!("1900-01-01T00:00:00Z".parse(), Ok(Timestamp::default()));
        for text in [
            "",
            "now",
            "2026-07-28",
            "2026-13-01T00:00:00Z",
            "2026-07-28T24:00:00Z",
            "2026-07-28T12:00Z",
            "2026-07-28T12:00:00Zulu",
            "2026-07-28T12:00:00+2",
            "\u{e4}2026-07-2T12:00:00Z",
            "2026-07-28T12:00:00.x",
            "+026-07-28T12:00:00Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(UnknownTime), "{text}");
        }
    }

    #[test]
    fn every_day_of_the_calendar_follows_the_day_before() {
        let mut before = date(0);
        assert_eq!(before, (1970, 1, 1));
        for days in 1..=Timestamp::MAX.as_millis() / 1_000 / DAY {
            let (year, month, day) = before;
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            let next = match (month, day) {
                (12, 31) => (year + 1, 1, 1),
                (_, day) if day == length => (year, month + 1, 1),
                _ => (year, month, day + 1),
            };
            assert_eq!(date(days), next);
            before = next;
        }
        assert_eq!(before, (9999, 12, 31));
    }

    #[test]
    fn a_time_before_1970_is_its_beginning() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(Timestamp::from(before), Timestamp::default());
        let after = SystemTime::UNIX_EPOCH + Duration::from_millis(1_500);
        assert_eq!(Timestamp::from(after).as_millis(), 1_500);
    }
}
