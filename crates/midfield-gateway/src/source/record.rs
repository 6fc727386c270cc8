//! What the journal keeps of a job: enough to go on after a restart, and nothing twice.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midfield_openapi::JobReply;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use url::Url;

use super::answer::Answer;

/// The time of day, in milliseconds since 1970. Answers are stamped with it, so that a call which is run again
/// from its journal reckons as it did before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Stamp(u64);

impl Stamp {
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(milliseconds(since.unwrap_or_default()))
    }

    /// The time from `earlier` to this one; none when the clock was set back.
    pub(super) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    fn time(self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(Duration::from_millis(self.0))
            .unwrap_or(UNIX_EPOCH)
    }
}

/// The answer to the request that began the work.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Submitted {
    /// When it came.
    pub(super) at: Stamp,
    /// The pause before the job is asked about.
    pub(super) pause: Pause,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    operation_location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    azure_async_operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    retry_after: Option<String>,
    url: Url,
    body: Body,
}

/// A body, as text where it is some.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    Text(String),
    Base64(String),
}

impl Submitted {
    /// Records an answer that came at `at`.
    pub(super) fn new(answer: Answer, at: Stamp, pause: Pause) -> Self {
        Self {
            at,
            pause,
            status: answer.status.as_u16(),
            content_type: answer.content_type,
            location: answer.location,
            operation_location: answer.operation_location,
            azure_async_operation: answer.azure_async_operation,
            retry_after: answer.retry_after,
            url: answer.url,
            body: match String::from_utf8(answer.body) {
                Ok(text) => Body::Text(text),
                Err(error) => Body::Base64(STANDARD.encode(error.as_bytes())),
            },
        }
    }

    /// The answer, as it was; `None` when the record is broken.
    pub(super) fn into_answer(self) -> Option<Answer> {
        Some(Answer {
            status: StatusCode::from_u16(self.status).ok()?,
            content_type: self.content_type,
            location: self.location,
            operation_location: self.operation_location,
            azure_async_operation: self.azure_async_operation,
            retry_after: self.retry_after,
            url: self.url,
            body: match self.body {
                Body::Text(text) => text.into_bytes(),
                Body::Base64(text) => STANDARD.decode(text).ok()?,
            },
        })
    }
}

/// What came of asking once.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Polled {
    /// When it came.
    pub(super) at: Stamp,
    /// How it goes on.
    pub(super) turn: Turn,
    /// The pause before the next time; none when it is asked again at once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) pause: Option<Pause>,
}

/// A pause, in whole milliseconds. It is kept and not reckoned anew, so that a call which is run again sleeps as it
/// did before, even when the configuration says something else by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Pause(u64);

impl From<Duration> for Pause {
    fn from(duration: Duration) -> Self {
        // Nothing is asked without any pause.
        Self(milliseconds(duration).max(1))
    }
}

impl From<Pause> for Duration {
    fn from(pause: Pause) -> Self {
        Self::from_millis(pause.0)
    }
}

/// How it goes on with a job.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Turn {
    /// The job goes on.
    Running {
        /// Where to ask from now on, when that changes.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        to: Option<Url>,
        /// The service said so by its status.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        by_status: bool,
    },
    /// The service did not say.
    Away,
    /// The job has ended well; its result is there.
    Result(Url),
    /// The job has ended. What the answer said is not kept: whoever does not hold it asks once more.
    Ended,
}

/// How long an answer that came at `at` asks to wait.
pub(super) fn retry_after(answer: &Answer, at: Stamp) -> Option<Duration> {
    let header = answer.retry_after.as_deref()?;
    JobReply::retry_after(header, at.time())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &[u8]) -> Answer {
        Answer {
            status: StatusCode::ACCEPTED,
            content_type: Some("application/json".to_owned()),
            location: Some("/jobs/1".to_owned()),
            operation_location: None,
            azure_async_operation: None,
            retry_after: Some("3".to_owned()),
            url: Url::parse("http://a.example/jobs").unwrap(),
            body: body.to_owned(),
        }
    }

    #[test]
    fn an_answer_is_kept_as_it_was() {
        for body in [&b"{\"id\": 1}"[..], b"", b"\xff\x00"] {
            let kept =
                serde_json::to_string(&Submitted::new(answer(body), Stamp(9), Pause(8))).unwrap();
            let read: Submitted = serde_json::from_str(&kept).unwrap();
            assert_eq!((read.at, read.pause), (Stamp(9), Pause(8)));
            let read = read.into_answer().unwrap();
            assert_eq!(read.body, body);
            assert_eq!(read.status, StatusCode::ACCEPTED);
            assert_eq!(read.location.as_deref(), Some("/jobs/1"));
        }
    }

    #[test]
    fn a_pause_is_reckoned_from_when_the_answer_came() {
        let mut answer = answer(b"");
        assert_eq!(retry_after(&answer, Stamp(5)), Some(Duration::from_secs(3)));
        answer.retry_after = Some("Thu, 01 Jan 1970 00:01:00 GMT".to_owned());
        assert_eq!(
            retry_after(&answer, Stamp(20_000)),
            Some(Duration::from_secs(40))
        );
    }

    #[test]
    fn a_turn_takes_little_of_the_journal() {
        let polled = Polled {
            at: Stamp(1),
            turn: Turn::Running {
                to: None,
                by_status: false,
            },
            pause: Some(Pause(2000)),
        };
        let kept = serde_json::to_string(&polled).unwrap();
        assert_eq!(kept, r#"{"at":1,"turn":{"running":{}},"pause":2000}"#);
    }
}
