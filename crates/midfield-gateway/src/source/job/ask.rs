//! Asking about a job once: within the limits of the source, over a few redirects, and only where requests may go.

use midfield::Error;
use midfield_openapi::{Credentials, JobLinks, JobReply, JobResult, JobStatus, Method};
use serde_json::Value;
use url::Url;

use super::super::answer::Answer;
use super::super::client::{FetchError, MAX_REDIRECTS};
use super::super::record::{self, Polled, Stamp, Turn};
use super::watch::Watch;
use super::{Heard, Job, Lost};

impl Job<'_> {
    /// Asks once, and keeps the answer in `heard`.
    pub(super) async fn ask(
        &self,
        watch: &Watch,
        heard: &mut Option<Heard>,
    ) -> Result<Polled, Error> {
        let is_result = watch.result_url.is_some();
        let mut url = watch.url().clone();
        for _ in 0..=MAX_REDIRECTS {
            let answer = match self.send(Method::Get, &url).await? {
                Ok(answer) => answer,
                Err(error) if error.may_pass() => {
                    return Ok(watch.polled(Stamp::now(), Turn::Away, None));
                }
                Err(error) => return Err(self.target.failed(&error)),
            };
            let body = self.json(&answer);
            let reply = reply(&answer, body.as_ref());
            let rules = &self.follower.jobs.rules;
            let status = if is_result {
                rules.read_result(&reply)
            } else {
                rules.read(&reply, watch.by_status)
            };
            if let JobStatus::Moved { to } = &status {
                let moved = self.follower.admit(to, &url);
                url = moved.map_err(|error| self.lost(&error))?;
                continue;
            }
            let turn = self.turn(&status, &url, is_result);
            let at = Stamp::now();
            let retry_after = record::retry_after(&answer, at);
            *heard = Some(Heard {
                status,
                answer,
                is_result,
            });
            let turn = turn.map_err(|error| self.lost(&error))?;
            return Ok(watch.polled(at, turn, retry_after));
        }
        Err(self.lost(&Lost::Redirects))
    }

    /// How it goes on after an answer from `url`.
    fn turn(&self, status: &JobStatus, url: &Url, is_result: bool) -> Result<Turn, Lost> {
        Ok(match status {
            JobStatus::Running(running) => {
                let to = running.status_url.as_deref();
                let to = to.map(|to| self.follower.admit(to, url)).transpose()?;
                Turn::Running {
                    to: to.filter(|to| to != url),
                    by_status: running.by_status,
                }
            }
            JobStatus::Unavailable => Turn::Away,
            JobStatus::Succeeded(result) if !is_result => match self.result(result, url)? {
                Some(url) => Turn::Result(url),
                None => Turn::Ended,
            },
            _ => Turn::Ended,
        })
    }

    /// Where the result is to be fetched; `None` when it is here.
    fn result(&self, result: &JobResult, url: &Url) -> Result<Option<Url>, Lost> {
        if let Some(template) = &self.follower.jobs.result_url {
            return self.expand(template).map(Some);
        }
        match result {
            JobResult::At(to) => self.follower.admit(to, url).map(Some),
            JobResult::Part(_) => Ok(None),
            JobResult::Whole => {
                let link = self.result_link.as_deref();
                link.map(|link| self.follower.admit(link, &self.request_url))
                    .transpose()
            }
        }
    }

    /// Sends a request about the job. Secrets go to the service's own origin alone.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
    ) -> Result<Result<Answer, FetchError>, Error> {
        let (follower, target) = (self.follower, self.target);
        let (client, credentials) = if follower.is_own(url) {
            (&follower.own, &target.secrets.credentials)
        } else {
            (&follower.other, &Credentials::none())
        };
        let mut request = target.operation.follow_up(method, url, credentials)?;
        if matches!(method, Method::Post | Method::Put | Method::Patch) {
            // Says that there is none.
            request.body = Some(Vec::new());
        }
        Ok(target.exchange(client, request).await)
    }
}

/// What an answer holds that matters for a job.
pub(super) fn reply<'a>(answer: &'a Answer, body: Option<&'a Value>) -> JobReply<'a> {
    JobReply {
        status: answer.status.as_u16(),
        links: JobLinks {
            location: answer.location.as_deref(),
            operation_location: answer.operation_location.as_deref(),
            azure_async_operation: answer.azure_async_operation.as_deref(),
        },
        body,
        has_body: !answer.body.is_empty(),
    }
}
