//! A session of revision 2025-11-25, which alone has a list of tasks
//! ([listing tasks](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#listing-tasks)).

use std::time::Duration;

use midfield_protocol::jsonrpc::{self, Code};
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::super::Failure;
use super::super::state::TaskState;
use super::{ANSWER_TIMEOUT, Client, client_info};

/// A session with a server.
#[derive(Debug)]
pub(in crate::cli::tasks) struct Session<'a> {
    client: &'a Client,
    id: Option<HeaderValue>,
}

impl<'a> Session<'a> {
    /// Begins a session.
    pub(in crate::cli::tasks) async fn begin(client: &'a Client) -> Result<Self, Failure> {
        let mut session = Self { client, id: None };
        let params = json!({
            "protocolVersion": LEGACY,
            "capabilities": {},
            "clientInfo": client_info(),
        });
        let id = client.id();
        let body = jsonrpc::request(&id, "initialize", Some(&params));
        let body = body.map_err(|error| Failure::Usage(error.to_string()))?;
        let response = client
            .post(body, HeaderMap::new(), Some(ANSWER_TIMEOUT))
            .await?;
        session.id = response.headers().get(SESSION_ID).cloned();
        let result = client.answer(response, &id).await??;
        let result: Value = result.read().unwrap_or_default();
        if result.get("protocolVersion").and_then(Value::as_str) != Some(LEGACY)
            || result.pointer("/capabilities/tasks/list").is_none()
        {
            return Err(Failure::NoList);
        }
        let ready = jsonrpc::bare_notification("notifications/initialized");
        client
            .post(ready, session.headers(), Some(ANSWER_TIMEOUT))
            .await?;
        Ok(session)
    }

    /// A page of the list, and where the next one begins.
    pub(in crate::cli::tasks) async fn list(
        &self,
        cursor: Option<&str>,
    ) -> Result<(Vec<TaskState>, Option<String>), Failure> {
        let params = match cursor {
            Some(cursor) => json!({ "cursor": cursor }),
            None => json!({}),
        };
        let id = self.client.id();
        let body = jsonrpc::request(&id, "tasks/list", Some(&params));
        let body = body.map_err(|error| Failure::Usage(error.to_string()))?;
        let response = self
            .client
            .post(body, self.headers(), Some(ANSWER_TIMEOUT))
            .await?;
        let answered = self.client.answer(response, &id).await?;
        let result = answered.map_err(|error| match error.code {
            Code::METHOD_NOT_FOUND => Failure::NoList,
            _ => error.into(),
        })?;
        let mut result: Value = result.read().unwrap_or_default();
        let next = result.get("nextCursor").and_then(Value::as_str);
        let next = next.map(str::to_owned);
        let tasks = match result.get_mut("tasks").map(Value::take) {
            Some(Value::Array(tasks)) => tasks,
            _ => Vec::new(),
        };
        let tasks = tasks.into_iter().map(TaskState::read);
        let tasks = tasks.collect::<Result<Vec<_>, _>>();
        let tasks = tasks.map_err(|told| Failure::Unusable {
            url: self.client.url.to_string(),
            told: format!("its list holds what is no task: {told}"),
        })?;
        Ok((tasks, next))
    }

    /// Ends the session. A server that does not answer forgets it by itself.
    pub(in crate::cli::tasks) async fn end(self) {
        let request = self
            .client
            .http
            .delete(self.client.url.clone())
            .headers(self.client.headers.clone())
            .headers(self.headers())
            .timeout(END_TIMEOUT);
        let _ = request.send().await;
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("mcp-protocol-version", HeaderValue::from_static(LEGACY));
        if let Some(id) = &self.id {
            headers.insert(SESSION_ID, id.clone());
        }
        headers
    }
}

const LEGACY: &str = "2025-11-25";
const SESSION_ID: &str = "mcp-session-id";
const END_TIMEOUT: Duration = Duration::from_secs(2);
