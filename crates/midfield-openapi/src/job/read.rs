//! Reading answers by the rules.

use serde_json::Value;

use super::word::is_one_of;
use super::{JobBegun, JobLinks, JobReply, JobResult, JobRules, JobRunning, JobStatus, Pointer};
use crate::operation::Method;

impl JobRules {
    /// Reads the answer to the request, of the method `method`, that began the work. It is for the caller to
    /// decide whether it is one of those: a 202, or what its configuration says.
    pub fn begin(&self, method: Method, reply: &JobReply<'_>) -> JobBegun {
        let JobLinks {
            location,
            operation_location,
            azure_async_operation,
        } = reply.links;
        let named = operation_location.or(azure_async_operation);
        let linked = || reply.body.and_then(|body| link(&self.status_link, body));
        let replaces = matches!(method, Method::Put | Method::Patch);
        JobBegun {
            status_url: named.or(location).map(str::to_owned).or_else(linked),
            // Beside a header that is for the state alone, `Location` is for the result.
            result_url: named.and(location).map(str::to_owned),
            result_is_request_url: azure_async_operation.is_some()
                && location.is_none()
                && replaces,
            id: reply
                .body
                .and_then(|body| first(&self.id, body, short_text)),
        }
    }

    /// Reads an answer about the state of a job. `by_status` is whether an earlier answer about it was
    /// [`JobRunning::by_status`].
    pub fn read(&self, reply: &JobReply<'_>, by_status: bool) -> JobStatus {
        if let Some(status) = read_code(reply) {
            return status;
        }
        if let (302 | 303, Some(location)) = (reply.status, reply.links.location) {
            return JobStatus::Succeeded(JobResult::At(location.to_owned()));
        }
        if !reply.is_success() {
            return self.refused(reply);
        }
        let state = reply.body.and_then(|body| self.state_of(body));
        match state {
            Some(State::Failed) => JobStatus::Failed {
                message: self.error_of(reply),
            },
            Some(State::Cancelled) => JobStatus::Cancelled {
                message: self.error_of(reply),
            },
            // A 202 that says that all is done still is one that says that it is not.
            _ if reply.status == 202 => self.running(reply),
            Some(State::Going) => self.running(reply),
            Some(State::Unknown) if !by_status => self.running(reply),
            Some(State::Succeeded | State::Unknown) | None => {
                JobStatus::Succeeded(self.result_of(reply))
            }
        }
    }

    /// Reads an answer that should be the result of a job, which has ended well or is fetched from there
    /// once it has. Fields and words do not matter any more.
    pub fn read_result(&self, reply: &JobReply<'_>) -> JobStatus {
        if let Some(status) = read_code(reply) {
            return status;
        }
        match (reply.status, reply.links.location) {
            (202, _) => self.running(reply),
            (302 | 303, Some(location)) => JobStatus::Moved {
                to: location.to_owned(),
            },
            _ if reply.is_success() => JobStatus::Succeeded(JobResult::Whole),
            _ => self.refused(reply),
        }
    }

    fn refused(&self, reply: &JobReply<'_>) -> JobStatus {
        JobStatus::Refused {
            message: self.error_of(reply),
        }
    }

    fn running(&self, reply: &JobReply<'_>) -> JobStatus {
        let links = reply.links;
        let named = links.operation_location.or(links.azure_async_operation);
        let is_accepted = reply.status == 202;
        let location = links.location.filter(|_| is_accepted);
        let word = |body| first(&self.state, body, |value| value.as_str().map(str::to_owned));
        let message = |body| first(&self.message, body, text).or_else(|| word(body));
        JobStatus::Running(JobRunning {
            message: reply.body.and_then(message),
            percent: reply
                .body
                .and_then(|body| first(&self.progress, body, percent)),
            status_url: named.or(location).map(str::to_owned),
            by_status: is_accepted,
        })
    }

    fn state_of(&self, body: &Value) -> Option<State> {
        let state = first(&self.state, body, |value| match value {
            Value::Bool(false) => Some(State::Going),
            Value::Bool(true) if has_error(body) => Some(State::Failed),
            Value::Bool(true) => Some(State::Succeeded),
            Value::String(word) => Some(self.meaning(word)),
            _ => None,
        });
        match state {
            // The state says that it ended; another word may say how.
            Some(State::Succeeded) => Some(self.outcome_of(body).unwrap_or(State::Succeeded)),
            // While they work, Google's operations have no `done`.
            None if is_operation(body) => Some(State::Going),
            other => other,
        }
    }

    fn meaning(&self, word: &str) -> State {
        if is_one_of(word, &self.failed) {
            State::Failed
        } else if is_one_of(word, &self.cancelled) {
            State::Cancelled
        } else if is_one_of(word, &self.succeeded) {
            State::Succeeded
        } else if is_one_of(word, &self.running) {
            State::Going
        } else {
            State::Unknown
        }
    }

    fn outcome_of(&self, body: &Value) -> Option<State> {
        let meaning = |value: &Value| match self.meaning(value.as_str()?) {
            State::Going | State::Unknown => None,
            ended => Some(ended),
        };
        first(&self.outcome, body, meaning)
    }

    fn result_of(&self, reply: &JobReply<'_>) -> JobResult {
        let Some(body) = reply.body else {
            return match reply.links.location {
                Some(location) if !reply.has_body => JobResult::At(location.to_owned()),
                _ => JobResult::Whole,
            };
        };
        if let Some(part) = first(&self.result, body, |value| Some(value.clone())) {
            return JobResult::Part(part);
        }
        if let Some(to) = link(&self.result_link, body) {
            return JobResult::At(to);
        }
        let is_operation = body.get("done") == Some(&Value::Bool(true));
        if let Some(response) = body.get("response").filter(|_| is_operation) {
            return JobResult::Part(response.clone());
        }
        // An answer about a state that ended leads to the result by its header; one that has no state is the
        // result itself, and its header leads back to where it is.
        match reply.links.location {
            Some(location) if self.state_of(body).is_some() => JobResult::At(location.to_owned()),
            _ => JobResult::Whole,
        }
    }

    fn error_of(&self, reply: &JobReply<'_>) -> Option<String> {
        let within = |value: &Value| match value {
            Value::Object(members) => ["message", "detail", "title", "code"]
                .iter()
                .find_map(|key| text(members.get(*key)?)),
            other => text(other),
        };
        reply.body.and_then(|body| first(&self.error, body, within))
    }
}

/// What a word says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    Going,
    Succeeded,
    Failed,
    Cancelled,
}

/// What the status means by itself.
fn read_code(reply: &JobReply<'_>) -> Option<JobStatus> {
    match (reply.status, reply.links.location) {
        (301 | 307 | 308, Some(location)) => Some(JobStatus::Moved {
            to: location.to_owned(),
        }),
        (408 | 425 | 429 | 500.., _) => Some(JobStatus::Unavailable),
        _ => None,
    }
}

/// Whether an operation that says no more than that it is done has failed.
fn has_error(body: &Value) -> bool {
    Pointer::known("/error").find(body).is_some()
}

/// The first thing of the right kind that one of the pointers leads to.
fn first<T>(pointers: &[Pointer], body: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    pointers
        .iter()
        .find_map(|pointer| read(pointer.find(body)?))
}

/// A URL, or a path from the root.
fn link(pointers: &[Pointer], body: &Value) -> Option<String> {
    first(pointers, body, |value| {
        let text = value.as_str()?.trim();
        let is_link = ["/", "http://", "https://"]
            .iter()
            .any(|begin| text.starts_with(begin));
        is_link.then(|| text.to_owned())
    })
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// An id: a text or a whole number, short enough to stand in a URL.
fn short_text(value: &Value) -> Option<String> {
    let id = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => return None,
    };
    (1..=MAX_ID).contains(&id.len()).then_some(id)
}

/// Percent from 0 to 100; a fraction below 1 is a part of the whole.
fn percent(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().trim_end_matches('%').trim_end().parse().ok()?,
        _ => return None,
    };
    let is_fraction = number > 0.0 && number < 1.0;
    let percent = if is_fraction { number * 100.0 } else { number };
    (0.0..=100.0).contains(&percent).then_some(percent)
}

/// Whether it is an operation as Google has them: a `name` among operations, and no word of its state.
fn is_operation(body: &Value) -> bool {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    name.starts_with("operations/") || name.contains("/operations/")
}

/// Bytes of an id.
const MAX_ID: usize = 512;
