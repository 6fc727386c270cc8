//! Jobs: what a service says of work that it took up with `202 Accepted` and finishes later.
//!
//! A [`JobReply`] is what an HTTP answer holds of interest; [`JobRules`] say where in it a service keeps its
//! state, and by which words. [`JobRules::begin`] reads the answer to the request that began the work,
//! [`JobRules::read`] those about its state, [`JobRules::read_result`] that with its result. Nothing is sent
//! and no clock is read here: the caller follows the URLs, after it has decided which of them it trusts.

mod pointer;
mod read;
mod reply;
mod rules;
mod template;
#[cfg(test)]
mod tests;
mod word;

use serde_json::Value;

pub use self::pointer::{NotAPointer, Pointer};
pub use self::reply::{JobLinks, JobReply};
pub use self::rules::JobRules;
pub use self::template::{TemplateError, UrlTemplate};

/// How a job began, as the first answer says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct JobBegun {
    /// Where its state is told, as the service writes it; `None` when the answer does not say.
    pub status_url: Option<String>,
    /// Where its result will be, as the service writes it, when the answer says so beside the state.
    pub result_url: Option<String>,
    /// Whether the result will be what the request's own URL then gives: so it is with Azure's
    /// `Azure-AsyncOperation` after a PUT or PATCH.
    pub result_is_request_url: bool,
    /// Its id, for templates of URLs.
    pub id: Option<String>,
}

/// What an answer says of a job.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever follows a job has to do something about each"
)]
pub enum JobStatus {
    /// It goes on.
    Running(JobRunning),
    /// It ended well.
    Succeeded(JobResult),
    /// It ended, and not well.
    Failed {
        /// What the service says about it. Foreign text: do not trust it.
        message: Option<String>,
    },
    /// It was ended before its time.
    Cancelled {
        /// What the service says about it. Foreign text: do not trust it.
        message: Option<String>,
    },
    /// The same is to be asked elsewhere (301, 307 or 308).
    Moved {
        /// Where, as the service writes it.
        to: String,
    },
    /// The service cannot say now (408, 425, 429 or 5xx); the job may go on.
    Unavailable,
    /// The service does not say: any other status. Asking again will not help.
    Refused {
        /// What the service says about it. Foreign text: do not trust it.
        message: Option<String>,
    },
}

/// What is known of a job that goes on.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct JobRunning {
    /// What the service says about it, or else the word of its state. Foreign text: do not trust it.
    pub message: Option<String>,
    /// How far it has come, in percent from 0 to 100.
    pub percent: Option<f64>,
    /// Where to ask from now on, as the service writes it, when the answer says so.
    pub status_url: Option<String>,
    /// Whether the answer was a 202. A service that says by its status that work goes on says by 200 that it
    /// has ended, whatever words are in its answer.
    pub by_status: bool,
}

/// Where the result of a job is.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever follows a job has to do something about each"
)]
pub enum JobResult {
    /// It is the answer itself.
    Whole,
    /// It is this part of the answer.
    Part(Value),
    /// It is to be fetched there, as the service writes it.
    At(String),
}
