//! The code behind a tool: one call of an operation.
//!
//! arguments → request → send within limits → answer → result. Where the answer may be that the work goes on,
//! [`super::job`] follows it.

use std::sync::Arc;
use std::time::Duration;

use jsonschema::Validator;
use midfield::server::{Arguments, HandlerFuture, RawHandler};
use midfield::types::ToolResult;
use midfield::{Context, Error, Tool};
use midfield_openapi::{HttpRequest, Operation};
use reqwest::header::{CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method};
use serde_json::{Map, Value};

use super::address::ChosenBy;
use super::answer::{self, Answer};
use super::client::{self, FetchError};
use super::credentials::Secrets;
use super::job::Follower;
use super::record::{Stamp, Submitted};
use super::{Clients, Offer};
use crate::config;

/// The tool of `offer`, ready to be called.
pub(crate) fn into_tool(
    offer: Offer,
    source: &config::Source,
    secrets: &Arc<Secrets>,
    clients: &Clients,
) -> Tool {
    let follower = offer.jobs.map(|jobs| {
        let still = clients.still(offer.chosen_by).clone();
        let other = clients.still(ChosenBy::Operator).clone();
        Follower::new(jobs, &offer.operation, still, other)
    });
    let caller = Caller(Arc::new(Target {
        source: source.name.clone(),
        name: offer.description.name.clone(),
        client: clients.of(offer.chosen_by).clone(),
        secrets: Arc::clone(secrets),
        timeout: source.timeout,
        max_response: source.max_response,
        operation: offer.operation,
        answers: offer.answers,
        follower,
    }));
    Tool::from_handler(offer.description, caller).without_result_check()
}

struct Caller(Arc<Target>);

/// What a call goes to, and how.
pub(super) struct Target {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) client: Client,
    pub(super) secrets: Arc<Secrets>,
    timeout: Duration,
    max_response: usize,
    pub(super) operation: Operation,
    answers: Option<Validator>,
    follower: Option<Follower>,
}

impl RawHandler for Caller {
    fn call(&self, arguments: Arguments<'_>, context: Context) -> HandlerFuture {
        let target = Arc::clone(&self.0);
        let arguments = match arguments.read::<Map<String, Value>>() {
            Ok(arguments) => arguments,
            Err(misfit) => {
                let result = ToolResult::error(misfit.message);
                return Box::pin(std::future::ready(Ok(result)));
            }
        };
        let request = target
            .operation
            .request(&arguments, &target.secrets.credentials);
        match request {
            Ok(request) => Box::pin(async move { target.run(request, arguments, context).await }),
            Err(error) => Box::pin(std::future::ready(Err(Error::from(error)))),
        }
    }
}

impl Target {
    async fn run(
        &self,
        request: HttpRequest,
        arguments: Map<String, Value>,
        context: Context,
    ) -> Result<ToolResult, Error> {
        if let Some(follower) = &self.follower {
            // Few calls have jobs, and what following them needs is large.
            return Box::pin(follower.run(self, request, &arguments, &context)).await;
        }
        if context.task_id().is_some() {
            return Box::pin(self.run_recorded(request, &context)).await;
        }
        match self.exchange(&self.client, request).await {
            Ok(answer) => Ok(self.result_of(&answer)),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Sends the request of a task, whose answer is recorded. Where the process dies meanwhile, what may be done twice is sent
    /// again; of the rest nobody knows whether it was done, and the caller is told so.
    async fn run_recorded(
        &self,
        request: HttpRequest,
        context: &Context,
    ) -> Result<ToolResult, Error> {
        let mut request = Some(request);
        let mut send = || {
            let request = request.take();
            async move {
                // There is one attempt.
                let request = request.ok_or_else(|| Error::tool("the request was sent already"))?;
                let answered = self.exchange(&self.client, request).await;
                let answer = answered.map_err(|error| self.failed(&error))?;
                Ok::<_, Error>(Submitted::new(answer, Stamp::now(), Duration::ZERO.into()))
            }
        };
        let may_repeat = self.operation.hints.idempotent || self.operation.hints.read_only;
        let recorded: Submitted = if may_repeat {
            context.step("call", send).await?
        } else {
            context.step_at_most_once("call", |_| send()).await?
        };
        let answer = recorded.into_answer();
        let answer = answer.ok_or_else(|| Error::tool("the record of the answer is broken"))?;
        Ok(self.result_of(&answer))
    }

    /// The result of a call that was answered so.
    pub(super) fn result_of(&self, answer: &Answer) -> ToolResult {
        answer::to_result(
            &self.operation,
            self.answers.as_ref(),
            answer,
            &self.secrets,
        )
    }

    /// The error of a call that was not answered, once it was logged.
    pub(super) fn failed(&self, error: &FetchError) -> Error {
        let cause: &dyn std::error::Error = error;
        tracing::warn!(
            source = self.source,
            tool = self.name,
            cause,
            "a call failed"
        );
        Error::tool(self.failure(error))
    }

    /// What the model reads when no answer came. The causes may show the inside of a network, and go
    /// to the log alone.
    fn failure(&self, error: &FetchError) -> String {
        let source = &self.source;
        match error {
            FetchError::TooSlow => format!(
                "the service `{source}` did not answer within {}; whether it did its work is not known",
                humantime::format_duration(self.timeout)
            ),
            FetchError::Connect(_) => {
                format!("the service `{source}` cannot be reached; try again later")
            }
            FetchError::TooLarge { limit } => format!(
                "the answer of the service `{source}` is larger than {}; ask for less",
                bytesize::ByteSize::b(u64::try_from(*limit).unwrap_or(u64::MAX))
            ),
            other => format!("the service `{source}` gave no usable answer: {other}"),
        }
    }

    /// Sends a request and waits for the answer, within the limits of the source.
    pub(super) async fn exchange(
        &self,
        client: &Client,
        request: HttpRequest,
    ) -> Result<Answer, FetchError> {
        // All methods of HTTP that a document can name are tokens.
        let method = Method::from_bytes(request.method.as_str().as_bytes()).unwrap_or_default();
        let mut sending = client.request(method, &request.url).timeout(self.timeout);
        for (name, value) in &request.headers {
            sending = sending.header(name, value);
        }
        if let Some(body) = request.body {
            sending = sending.body(body);
        }
        let mut response = sending.send().await.map_err(FetchError::send)?;
        let headers = response.headers();
        let text = |name: HeaderName| Some(headers.get(name)?.to_str().ok()?.to_owned());
        let mut url = response.url().clone();
        // A secret may stand in the query.
        url.set_query(None);
        Ok(Answer {
            status: response.status(),
            content_type: text(CONTENT_TYPE),
            location: text(LOCATION),
            operation_location: text(OPERATION_LOCATION),
            azure_async_operation: text(AZURE_ASYNC_OPERATION),
            retry_after: text(RETRY_AFTER),
            url,
            body: client::body(&mut response, self.max_response).await?,
        })
    }
}

const OPERATION_LOCATION: HeaderName = HeaderName::from_static("operation-location");
const AZURE_ASYNC_OPERATION: HeaderName = HeaderName::from_static("azure-asyncoperation");
