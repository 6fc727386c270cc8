//! The code behind a tool: one call of an operation.
//!
//! arguments → request → send within limits → answer → result.

use std::sync::Arc;
use std::time::Duration;

use jsonschema::Validator;
use midfield::server::{Arguments, HandlerFuture, RawHandler};
use midfield::types::ToolResult;
use midfield::{Context, Error, Tool};
use midfield_openapi::{HttpRequest, Operation};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method};
use serde_json::{Map, Value};

use super::answer::{self, Answer};
use super::client::{self, FetchError};
use super::credentials::Secrets;
use super::{Clients, Offer};
use crate::config;

/// The tool of `offer`, ready to be called.
pub(crate) fn into_tool(
    offer: Offer,
    source: &config::Source,
    secrets: &Arc<Secrets>,
    clients: &Clients,
) -> Tool {
    let caller = Caller(Arc::new(Target {
        source: source.name.clone(),
        name: offer.name().to_owned(),
        client: clients.of(offer.chosen_by).clone(),
        secrets: Arc::clone(secrets),
        timeout: source.timeout,
        max_response: source.max_response,
        operation: offer.operation,
        answers: offer.answers,
    }));
    Tool::from_handler(offer.description, caller).without_result_check()
}

struct Caller(Arc<Target>);

/// What a call goes to, and how.
struct Target {
    source: String,
    name: String,
    client: Client,
    secrets: Arc<Secrets>,
    timeout: Duration,
    max_response: usize,
    operation: Operation,
    answers: Option<Validator>,
}

impl RawHandler for Caller {
    fn call(&self, arguments: Arguments<'_>, _context: Context) -> HandlerFuture {
        let target = Arc::clone(&self.0);
        let request = match arguments.read::<Map<String, Value>>() {
            Ok(arguments) => target
                .operation
                .request(&arguments, &target.secrets.credentials),
            Err(misfit) => {
                let result = ToolResult::error(misfit.message);
                return Box::pin(std::future::ready(Ok(result)));
            }
        };
        match request {
            Ok(request) => Box::pin(async move { target.run(request).await }),
            Err(error) => Box::pin(std::future::ready(Err(Error::from(error)))),
        }
    }
}

impl Target {
    async fn run(&self, request: HttpRequest) -> Result<ToolResult, Error> {
        match self.exchange(request).await {
            Ok(answer) => Ok(answer::to_result(
                &self.operation,
                self.answers.as_ref(),
                &answer,
                &self.secrets,
            )),
            Err(error) => {
                let cause: &dyn std::error::Error = &error;
                tracing::warn!(
                    source = self.source,
                    tool = self.name,
                    cause,
                    "a call failed"
                );
                Err(Error::tool(self.failure(&error)))
            }
        }
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

    async fn exchange(&self, request: HttpRequest) -> Result<Answer, FetchError> {
        // All methods of HTTP that a document can name are tokens.
        let method = Method::from_bytes(request.method.as_str().as_bytes()).unwrap_or_default();
        let mut sending = self
            .client
            .request(method, &request.url)
            .timeout(self.timeout);
        for (name, value) in &request.headers {
            sending = sending.header(name, value);
        }
        if let Some(body) = request.body {
            sending = sending.body(body);
        }
        let mut response = sending.send().await.map_err(FetchError::send)?;
        let text = |headers: &HeaderMap, name| {
            let value: &reqwest::header::HeaderValue = headers.get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let headers = response.headers();
        let mut url = response.url().clone();
        // A secret may stand in the query.
        url.set_query(None);
        Ok(Answer {
            status: response.status(),
            content_type: text(headers, CONTENT_TYPE),
            location: text(headers, LOCATION),
            retry_after: text(headers, RETRY_AFTER),
            url,
            body: client::body(&mut response, self.max_response).await?,
        })
    }
}
