//! A client of MCP of a few lines, over HTTP, for what the commands about tasks ask and nothing else.
//!
//! Requests are of revision 2026-07-28 with the extension for tasks; the list, which only 2025-11-25 has, is asked in a session
//! (`session.rs`).

mod events;
mod place;
mod session;

use std::cell::Cell;
use std::time::Duration;

use midfield::client::Asker;
use midfield_protocol::Raw;
use midfield_protocol::jsonrpc::{self, Incoming, Message, RequestId};
use midfield_protocol::types::TASKS_EXTENSION;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use url::{Position, Url};

use super::Failure;
use super::state::TaskState;
use crate::cli::text::line;

pub(super) use events::Events;
pub(super) use place::Place;
pub(super) use session::Session;

/// A client of one server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    next_id: Cell<i64>,
}

impl Client {
    /// A client of the server at `place`. Nothing is sent yet.
    pub(super) fn new(place: &Place) -> Result<Self, Failure> {
        let url = place.url()?;
        let headers = place.headers()?;
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // The token is for this server, and for no other that it may point to.
            .redirect(reqwest::redirect::Policy::none());
        if place::is_this_machine(&url) {
            http = http.no_proxy();
        }
        let http = http.build();
        let http =
            http.map_err(|error| Failure::Usage(format!("no client can be made: {error}")))?;
        Ok(Self {
            http,
            url,
            headers,
            next_id: Cell::new(1),
        })
    }

    /// The server as whoever runs the command knows it: by the address that they gave.
    pub(super) fn asker(&self) -> Asker {
        let address = &self.url[Position::BeforeHost..Position::AfterPath];
        Asker::new(address)
    }

    /// How a task is.
    pub(super) async fn get(&self, task: &str) -> Result<TaskState, Failure> {
        let result = self.ask_about("tasks/get", task, json!({})).await?;
        self.state(&result)
    }

    /// Asks that a task be ended.
    pub(super) async fn cancel(&self, task: &str) -> Result<(), Failure> {
        self.ask_about("tasks/cancel", task, json!({})).await?;
        Ok(())
    }

    /// Hands in answers by their keys.
    pub(super) async fn update(&self, task: &str, answers: Value) -> Result<(), Failure> {
        let params = json!({ "inputResponses": answers });
        self.ask_about("tasks/update", task, params).await?;
        Ok(())
    }

    /// Listens to a task; `None` where the server does not tell of it.
    pub(super) async fn listen(&self, task: &str) -> Result<Option<Events>, Failure> {
        let params = json!({ "notifications": { "taskIds": [task] } });
        let sent = self.send("subscriptions/listen", None, params, None).await;
        let (_, response) = sent?;
        if !is_stream(&response) {
            return Ok(None);
        }
        let mut events = Events::new(response, self.url.clone());
        let first = tokio::time::timeout(ANSWER_TIMEOUT, events.next()).await;
        let Ok(Ok(Some(first))) = first else {
            return Ok(None);
        };
        let is_told = acknowledged(&first).is_some_and(|ids| ids.iter().any(|id| id == task));
        Ok(is_told.then_some(events))
    }

    async fn ask_about(&self, method: &str, task: &str, mut params: Value) -> Result<Raw, Failure> {
        params["taskId"] = task.into();
        let (id, response) = self
            .send(method, Some(task), params, Some(ANSWER_TIMEOUT))
            .await?;
        let answered = self.answer(response, &id).await?;
        answered.map_err(|error| match error.code {
            // Nothing else in the parameters can be wrong.
            jsonrpc::Code::INVALID_PARAMS => Failure::UnknownTask { id: line(task) },
            _ => error.into(),
        })
    }

    /// Sends a request of revision 2026-07-28.
    async fn send(
        &self,
        method: &str,
        name: Option<&str>,
        mut params: Value,
        timeout: Option<Duration>,
    ) -> Result<(RequestId, Response), Failure> {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": client_info(),
            "io.modelcontextprotocol/clientCapabilities": {"extensions": {TASKS_EXTENSION: {}}},
        });
        let mut headers = HeaderMap::new();
        headers.insert("mcp-protocol-version", HeaderValue::from_static(MODERN));
        headers.insert("mcp-method", header("a method", method)?);
        if let Some(name) = name {
            headers.insert("mcp-name", header("the task's id", name)?);
        }
        let id = self.id();
        let body = jsonrpc::request(&id, method, Some(&params));
        let body = body.map_err(|error| Failure::Usage(error.to_string()))?;
        Ok((id, self.post(body, headers, timeout).await?))
    }

    fn id(&self) -> RequestId {
        let id = self.next_id.get();
        self.next_id.set(id.wrapping_add(1));
        id.into()
    }

    async fn post(
        &self,
        body: Vec<u8>,
        headers: HeaderMap,
        timeout: Option<Duration>,
    ) -> Result<Response, Failure> {
        let mut request = self
            .http
            .post(self.url.clone())
            .headers(self.headers.clone())
            .headers(headers)
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        let sent = request.send().await;
        sent.map_err(|error| unreachable(&self.url, error))
    }

    /// The answer to the request `id`: what comes of it, or the error that the server tells.
    async fn answer(
        &self,
        response: Response,
        id: &RequestId,
    ) -> Result<Result<Raw, jsonrpc::ErrorObject>, Failure> {
        let status = response.status();
        let mut events = if is_stream(&response) {
            Events::new(response, self.url.clone())
        } else {
            let body = events::body(response, &self.url).await?;
            // What is told without the id of the request is about its head, not about a task.
            return find_answer(&body, id).ok_or_else(|| self.unusable(status));
        };
        while let Some(message) = events.next().await? {
            if let Some(answer) = find_answer(&message, id) {
                return Ok(answer);
            }
        }
        Err(self.unusable(status))
    }

    fn state(&self, result: &Raw) -> Result<TaskState, Failure> {
        let state = result
            .read()
            .map_err(|error| error.to_string())
            .and_then(TaskState::read);
        state.map_err(|told| Failure::Unusable {
            url: self.url.to_string(),
            told: format!("it tells of no task: {told}"),
        })
    }

    fn unusable(&self, status: StatusCode) -> Failure {
        let told = match status {
            StatusCode::UNAUTHORIZED => {
                "it wants to know who you are: put a token into the environment as MIDFIELD_TOKEN, or name another variable \
                 with `--token-env`"
                    .to_owned()
            }
            StatusCode::FORBIDDEN => "it does not let you in (403)".to_owned(),
            StatusCode::NOT_FOUND => {
                "there is nothing (404): does the URL end in the endpoint's path, such as /mcp?".to_owned()
            }
            status if status.is_success() => "no answer of MCP came".to_owned(),
            status => format!("it answered with {}", status.as_u16()),
        };
        Failure::Unusable {
            url: self.url.to_string(),
            told,
        }
    }
}

/// The state that a notification tells, if it is one about `task`.
pub(super) fn told(message: &[u8], task: &str) -> Option<TaskState> {
    let params = notification(message, "notifications/tasks")?;
    let state = TaskState::read(params).ok()?;
    (state.id == task).then_some(state)
}

/// The answer that `message` is to the request `id`.
fn find_answer(message: &[u8], id: &RequestId) -> Option<Result<Raw, jsonrpc::ErrorObject>> {
    let Ok(Incoming::Single(Message::Response(response))) = Incoming::parse(message) else {
        return None;
    };
    (response.id.as_ref() == Some(id)).then_some(response.result)
}

/// The parameters of a notification of `method`.
fn notification(message: &[u8], method: &str) -> Option<Value> {
    let Ok(Incoming::Single(Message::Notification(told))) = Incoming::parse(message) else {
        return None;
    };
    if told.method != method {
        return None;
    }
    serde_json::from_str(told.params?.get()).ok()
}

/// The tasks that the server has agreed to tell of.
fn acknowledged(message: &[u8]) -> Option<Vec<String>> {
    let params = notification(message, "notifications/subscriptions/acknowledged")?;
    let ids = params.pointer("/notifications/taskIds")?.as_array()?;
    let ids = ids.iter().filter_map(Value::as_str);
    Some(ids.map(str::to_owned).collect())
}

fn is_stream(response: &Response) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE);
    media_type
        .and_then(|it| it.to_str().ok())
        .is_some_and(|it| it.starts_with("text/event-stream"))
}

fn client_info() -> Value {
    json!({"name": "midfield", "version": env!("CARGO_PKG_VERSION")})
}

fn header(what: &str, value: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_str(value)
        .map_err(|_| Failure::Usage(format!("{what} has characters that no header can hold")))
}

fn unreachable(url: &Url, error: reqwest::Error) -> Failure {
    Failure::Unreachable {
        url: url.to_string(),
        source: error.without_url().into(),
    }
}

const MODERN: &str = "2026-07-28";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);
