//! Jobs: operations that a service takes up with `202 Accepted` and finishes later.
//!
//! submit → pause → ask → … → fetch the result. Each arrow is an entry of the call's journal: the request that
//! begins the work is recorded with its answer and is never sent again when the call is run again, and what was
//! asked already is not asked anew. Where the answers lead is foreign text: nothing is sent to another origin
//! than the service's own, unless the configuration names it, and no secret ever is.

mod ask;
mod cancel;
mod told;
mod watch;

use std::time::Duration;

use midfield::server::{Attempt, Retry};
use midfield::types::ToolResult;
use midfield::{Context, Error};
use midfield_openapi::{
    Credentials, HttpRequest, JobBegun, JobStatus, Method, Operation, ReplyContent, UrlTemplate,
};
use reqwest::Client;
use serde_json::{Map, Value};
use url::{Origin, Url};

use super::answer::Answer;
use super::call::Target;
use super::client::MAX_REDIRECTS;
use super::text::clean;
use crate::config;

use self::ask::reply;
use self::told::Teller;
use self::watch::{Next, Pace, Watch};
use super::record::{self, Polled, Stamp, Submitted};

/// The name that templates of URLs have for the id of a job.
pub(super) const ID: &str = "id";

/// Follows the jobs of one operation.
pub(super) struct Follower {
    jobs: config::Jobs,
    /// The service's own origin.
    origin: Option<Origin>,
    /// For the service itself. Gives redirects to its caller.
    own: Client,
    /// For other origins, all of which the configuration names.
    other: Client,
}

/// A job while it is followed.
struct Job<'a> {
    follower: &'a Follower,
    target: &'a Target,
    arguments: &'a Map<String, Value>,
    method: Method,
    /// The URL of the request that began it, without its query.
    request_url: Url,
    id: Option<String>,
    /// Where the result will be, as the first answer says. Nobody has decided yet whether to go there.
    result_link: Option<String>,
}

/// What was heard of a job, and whether it was asked for its result.
struct Heard {
    status: JobStatus,
    answer: Answer,
    is_result: bool,
}

impl Follower {
    pub(super) fn new(
        jobs: config::Jobs,
        operation: &Operation,
        own: Client,
        other: Client,
    ) -> Self {
        Self {
            jobs,
            origin: Url::parse(&operation.base_url).ok().map(|url| url.origin()),
            own,
            other,
        }
    }

    /// Calls the operation and waits for what comes of it.
    pub(super) async fn run(
        &self,
        target: &Target,
        request: HttpRequest,
        arguments: &Map<String, Value>,
        context: &Context,
    ) -> Result<ToolResult, Error> {
        let method = request.method;
        let mut request = Some(request);
        let submit = |attempt: Attempt| {
            let request = request.take();
            async move { self.submit(target, request, attempt.key.as_str()).await }
        };
        let submitted: Submitted = if self.jobs.idempotency_header.is_some() {
            // The service knows a request that it has seen before.
            context.step_with("submit", &Retry::once(), submit).await?
        } else {
            context.step_at_most_once("submit", submit).await?
        };
        let (at, pause) = (submitted.at, submitted.pause);
        let answer = submitted
            .into_answer()
            .ok_or_else(|| Error::tool("the record of the request is broken"))?;
        let mut job = Job {
            follower: self,
            target,
            arguments,
            method,
            request_url: answer.url.clone(),
            id: None,
            result_link: None,
        };
        let status_url = match job.begin(&answer) {
            Ok(Some(url)) => url,
            Ok(None) => return Ok(target.result_of(&answer)),
            Err(error) => return Err(job.lost(&error)),
        };
        let watch = Watch::new(status_url, at, pause, self.pace());
        job.follow(watch, context).await
    }

    /// Sends the request that begins the work.
    async fn submit(
        &self,
        target: &Target,
        request: Option<HttpRequest>,
        key: &str,
    ) -> Result<Submitted, Error> {
        // There is one attempt.
        let mut request = request.ok_or_else(|| Error::tool("the request was sent already"))?;
        if let Some(header) = &self.jobs.idempotency_header {
            let name = header.as_str();
            request
                .headers
                .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
            request.headers.push((name.to_owned(), key.to_owned()));
        }
        let answered = target.exchange(&target.client, request).await;
        let answer = answered.map_err(|error| target.failed(&error))?;
        let at = Stamp::now();
        let asked = record::retry_after(&answer, at);
        let pause = self.pace().pause(asked, Duration::ZERO).into();
        Ok(Submitted::new(answer, at, pause))
    }

    fn pace(&self) -> Pace {
        Pace::new(self.jobs.poll_interval, self.jobs.max_duration)
    }

    fn is_own(&self, url: &Url) -> bool {
        self.origin.as_ref() == Some(&url.origin())
    }

    /// The URL that `text` is, seen from `base`, where requests may go to it.
    fn admit(&self, text: &str, base: &Url) -> Result<Url, Lost> {
        let url = base.join(text).map_err(|_| Lost::NoUrl)?;
        self.check(url)
    }

    fn check(&self, mut url: Url) -> Result<Url, Lost> {
        let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
        let is_bare = url.username().is_empty() && url.password().is_none();
        if !is_http || !is_bare || url.as_str().len() > MAX_URL {
            return Err(Lost::NoUrl);
        }
        let origin = url.origin();
        if !self.is_own(&url) && !self.jobs.allowed_origins.contains(&origin) {
            return Err(Lost::OtherOrigin(origin.ascii_serialization()));
        }
        url.set_fragment(None);
        Ok(url)
    }
}

impl Job<'_> {
    /// Reads the first answer; `None` when it is no job's.
    fn begin(&mut self, answer: &Answer) -> Result<Option<Url>, Lost> {
        let jobs = &self.follower.jobs;
        let is_accepted = answer.status.as_u16() == 202;
        let by_configuration = answer.status.is_success() && jobs.status_url.is_some();
        if !is_accepted && !by_configuration {
            return Ok(None);
        }
        let body = self.json(answer);
        let reply = reply(answer, body.as_ref());
        // What has its state in its first answer may have ended with it.
        if !is_accepted && !matches!(jobs.rules.read(&reply, false), JobStatus::Running(_)) {
            return Ok(None);
        }
        let JobBegun {
            status_url,
            result_url,
            result_is_request_url,
            id,
            ..
        } = jobs.rules.begin(self.method, &reply);
        self.id = id;
        let status_url = match (&jobs.status_url, status_url) {
            (Some(template), _) => self.expand(template)?,
            (None, Some(text)) => self.follower.admit(&text, &answer.url)?,
            // Nobody says where to ask: the answer is all that there is.
            (None, None) => return Ok(None),
        };
        self.result_link = match result_url {
            None if result_is_request_url => self.bare_request().map(|request| request.url),
            link => link,
        };
        Ok(Some(status_url))
    }

    /// Asks until the job has ended.
    async fn follow(&self, mut watch: Watch, context: &Context) -> Result<ToolResult, Error> {
        let mut teller = Teller::default();
        loop {
            let mut heard = None;
            let (place, current) = (&mut heard, &watch);
            let ask = async {
                if let Some(pause) = current.pause {
                    context.sleep("poll", pause).await;
                }
                context.step("poll", || self.ask(current, place)).await
            };
            let polled: Polled = tokio::select! {
                polled = ask => polled?,
                () = context.cancelled() => {
                    // Whoever cancelled the task is told so already; nothing of it is recorded any more.
                    self.cancel(&watch).await?;
                    return Err(Error::tool("the task was cancelled"));
                }
            };
            match (watch.apply(polled), &heard) {
                (Next::End, Some(heard)) => return Ok(told::to_result(self.target, heard)),
                (Next::TooLong, _) => return self.give_up(&watch, context).await,
                (Next::Silent(silence), _) => return Err(self.silent(silence)),
                (Next::Ask, Some(heard)) => {
                    if let JobStatus::Running(running) = &heard.status {
                        teller.tell(running, self.target, context).await;
                    }
                }
                // A call that is run again has the record of the end, and not the answer: it asks once more.
                (Next::End | Next::Ask, None) => {}
            }
        }
    }

    /// The request that began the work, without secrets, which the journal must not hold.
    fn bare_request(&self) -> Option<HttpRequest> {
        let operation = &self.target.operation;
        operation.request(self.arguments, &Credentials::none()).ok()
    }

    /// The URL that a template of the configuration gives for this job.
    fn expand(&self, template: &UrlTemplate) -> Result<Url, Lost> {
        let value = |name: &str| match self.arguments.get(name) {
            _ if name == ID => self.id.clone(),
            Some(Value::String(text)) => Some(text.clone()),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
            _ => None,
        };
        let url = template.expand(&self.target.operation.base_url, value);
        self.follower.check(url.map_err(Lost::Template)?)
    }

    /// The body, where it is JSON.
    fn json(&self, answer: &Answer) -> Option<Value> {
        let status = answer.status.as_u16();
        let content_type = answer.content_type.as_deref();
        let reply = self
            .target
            .operation
            .reply(status, content_type, &answer.body);
        match reply.content {
            ReplyContent::Json(value) => Some(value),
            _ => None,
        }
    }

    fn lost(&self, lost: &Lost) -> Error {
        let Target { source, name, .. } = self.target;
        tracing::warn!(source, tool = name, cause = %lost, "a job cannot be followed");
        Error::tool(format!(
            "the service `{source}` took the work up, but its job cannot be followed: {}",
            clean(&lost.to_string())
        ))
    }

    fn silent(&self, silence: Duration) -> Error {
        let silence = Duration::from_secs(silence.as_secs());
        Error::tool(format!(
            "the service `{}` has not said anything about the job for {}; whether it goes on is not known",
            self.target.source,
            humantime::format_duration(silence)
        ))
    }
}

/// Why a job cannot be followed. The URL itself stays out, since it may hold a secret.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error(
        "it leads to {0}, which is not where the service is: `jobs.allowed_origins` may name it"
    )]
    OtherOrigin(String),
    #[error("it leads to something that is no URL for requests")]
    NoUrl,
    #[error("it leads from one URL to the next more than {MAX_REDIRECTS} times")]
    Redirects,
    #[error("a URL of the configuration cannot be made: {0}")]
    Template(midfield_openapi::TemplateError),
}

/// Most bytes of a URL, which the journal keeps.
const MAX_URL: usize = 8 << 10;
