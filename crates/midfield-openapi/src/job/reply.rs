//! What an HTTP answer holds that matters for a job.

use std::time::{Duration, SystemTime};

use serde_json::Value;

/// What an HTTP answer holds that matters for a job.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "the caller fills it in")]
pub struct JobReply<'a> {
    /// The status.
    pub status: u16,
    /// Where its headers lead.
    pub links: JobLinks<'a>,
    /// The body, where it is JSON.
    pub body: Option<&'a Value>,
    /// Whether there is a body, of whatever kind.
    pub has_body: bool,
}

/// Where the headers of an answer lead, as the service writes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the caller fills it in")]
pub struct JobLinks<'a> {
    /// `Location`.
    pub location: Option<&'a str>,
    /// `Operation-Location`.
    pub operation_location: Option<&'a str>,
    /// `Azure-AsyncOperation`.
    pub azure_async_operation: Option<&'a str>,
}

impl JobReply<'_> {
    /// How long to wait, as the header `Retry-After` says, by seconds or by a date that is compared with
    /// `now`; `None` when it says neither
    /// ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
    pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
        let header = header.trim();
        let is_number = !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit());
        if is_number {
            // More than can be counted is for ever.
            let seconds = header.parse().unwrap_or(u64::MAX);
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(header).ok()?;
        // A date that has passed: at once.
        Some(date.duration_since(now).unwrap_or_default())
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
