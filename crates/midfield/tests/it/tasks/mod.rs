//! Tasks through a whole server, in both protocols: what each says that a server must do, and that one engine is behind both.

mod becoming;
mod both;
mod cancelling;
mod creating;
mod elsewhere;
mod handles;
mod headers;
mod isolation;
mod limits;
mod listing;
mod offers;
mod pipes;
mod questions;
mod restart;
mod results;
mod telling;
mod tools;
mod updates;
mod watched;

pub(crate) use restart::Folder;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use midfield::auth::StaticTokens;
use midfield::server::Tasks;
use midfield::transport::http::Options;
use midfield::{Identity, Service};
use serde_json::{Value, json};

use crate::fixture::Probe;
use crate::harness::{Host, Response, soon};
use crate::http_asking::{Streamed, authorized, open_able};
use crate::messages::{Request, modern, request};

/// The extension of the modern era.
const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// Under which name a message says to which task it belongs.
const RELATED: &str = "io.modelcontextprotocol/related-task";

/// What a task of the tests may ask, and that its client knows tasks.
fn capabilities() -> Value {
    json!({"elicitation": {}, "sampling": {}, "roots": {}, "extensions": {EXTENSION: {}}})
}

/// A server over HTTP with tasks in memory, and two principals.
async fn start() -> (Host, Probe) {
    start_with(Tasks::in_memory()).await
}

async fn start_with(tasks: Tasks) -> (Host, Probe) {
    let probe = Probe::default();
    let service = tools::server(&probe).tasks(tasks).build();
    (serve(service.expect("a server")).await, probe)
}

async fn serve(service: Service) -> Host {
    let tokens = StaticTokens::new()
        .token("a", Identity::new("us", "a"))
        .token("b", Identity::new("us", "b"));
    Host::start(service, Options::new().authenticate(tokens)).await
}

/// A client of one principal, in a session or in the modern era.
struct User<'a> {
    host: &'a Host,
    token: Option<&'static str>,
    session: Option<String>,
    capabilities: Value,
    /// How many requests it has sent.
    sent: AtomicU64,
}

const A: Option<&str> = Some("Bearer a");
const B: Option<&str> = Some("Bearer b");

impl<'a> User<'a> {
    /// A client of revision 2025-11-25.
    async fn legacy(host: &'a Host, token: Option<&'static str>) -> Self {
        Self {
            session: Some(open_able(host, "2025-11-25", token).await),
            ..Self::modern(host, token)
        }
    }

    /// A client of revision 2026-07-28 that declares the extension.
    fn modern(host: &'a Host, token: Option<&'static str>) -> Self {
        Self {
            host,
            token,
            session: None,
            capabilities: capabilities(),
            sent: AtomicU64::new(0),
        }
    }

    /// One of each.
    async fn each(host: &'a Host, token: Option<&'static str>) -> [Self; 2] {
        [Self::legacy(host, token).await, Self::modern(host, token)]
    }

    fn is_modern(&self) -> bool {
        self.session.is_none()
    }

    /// A request in the client's words.
    fn request(&self, method: &str, params: &Value) -> Request {
        let request = match &self.session {
            Some(session) => {
                let id = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
                Request::post(request(id, method, params.clone())).session(session)
            }
            None => self.modern_request(method, params),
        };
        authorized(request, self.token)
    }

    fn modern_request(&self, method: &str, params: &Value) -> Request {
        let mut params = params.clone();
        params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = self.capabilities.clone();
        let id = params["taskId"].as_str().map(str::to_owned);
        let request = modern(7, method, params);
        match id {
            Some(id) if method.starts_with("tasks/") => request.header("Mcp-Name", id),
            _ => request,
        }
    }

    async fn send(&self, method: &str, params: &Value) -> Response {
        self.host.ask(&self.request(method, params)).await
    }

    /// The response, whole.
    async fn ask(&self, method: &str, params: Value) -> Value {
        let response = self.send(method, &params).await;
        match response.header("content-type") {
            Some("text/event-stream") => response.events().pop().expect("a response"),
            _ => response.json(),
        }
    }

    /// What is asked of a task.
    async fn of(&self, method: &str, id: &str) -> Value {
        self.ask(method, json!({"taskId": id})).await
    }

    /// Calls a tool as a task; the response, whole.
    async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.call_with(tool, arguments, json!({})).await
    }

    /// As [`Self::call`], with more parameters.
    async fn call_with(&self, tool: &str, arguments: Value, more: Value) -> Value {
        let mut params = json!({"name": tool, "arguments": arguments});
        if !self.is_modern() {
            params["task"] = json!({});
        }
        for (key, value) in more.as_object().expect("an object") {
            params[key] = value.clone();
        }
        self.ask("tools/call", params).await
    }

    /// Makes a task, and gives its id.
    async fn make(&self, tool: &str) -> String {
        let made = self.call(tool, json!({})).await;
        self.created(&made)["taskId"]
            .as_str()
            .unwrap_or_else(|| panic!("an id: {made}"))
            .to_owned()
    }

    /// The task of a response that made it.
    fn created<'b>(&self, response: &'b Value) -> &'b Value {
        if self.is_modern() {
            &response["result"]
        } else {
            &response["result"]["task"]
        }
    }

    /// The task, once it has this status.
    async fn until(&self, id: &str, status: &str) -> Value {
        let look = async {
            loop {
                let told = self.of("tasks/get", id).await;
                if told["result"]["status"] == status {
                    return told["result"].clone();
                }
                assert!(told.get("error").is_none(), "{told}");
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        };
        soon(look).await
    }

    /// The key and the request of each question that the task has open, as the modern era tells them.
    async fn open(&self, id: &str) -> Vec<(String, Value)> {
        let told = self.until(id, "input_required").await;
        let open = told["inputRequests"].as_object().expect("questions");
        let open = open.iter().map(|(key, asked)| (key.clone(), asked.clone()));
        open.collect()
    }

    /// The open questions, once they are so.
    async fn open_when(
        &self,
        id: &str,
        is_so: impl Fn(&[(String, Value)]) -> bool,
    ) -> Vec<(String, Value)> {
        let look = async {
            loop {
                let open = self.open(id).await;
                if is_so(&open) {
                    return open;
                }
            }
        };
        soon(look).await
    }

    /// Answers questions of a task as the modern era does.
    async fn update(&self, id: &str, responses: Value) -> Value {
        self.ask(
            "tasks/update",
            json!({"taskId": id, "inputResponses": responses}),
        )
        .await
    }

    /// Begins to wait for what comes of a task, with what it asks meanwhile.
    async fn wait(&self, id: &str) -> Streamed {
        Streamed::begin(
            self.host,
            &self.request("tasks/result", &json!({"taskId": id})),
        )
        .await
    }

    /// Sends an answer, or a notification, within the session.
    async fn say(&self, body: Value) -> Response {
        let session = self.session.as_deref().expect("a session");
        let request = Request::post(body).session(session);
        self.host.ask(&authorized(request, self.token)).await
    }
}

/// A user's consent, with a name.
fn accepted(name: &str) -> Value {
    json!({"action": "accept", "content": {"name": name}})
}

#[track_caller]
fn assert_code(response: &Value, code: i32) {
    assert_eq!(response["error"]["code"], code, "{response}");
}

/// The text that a call was answered with.
#[track_caller]
fn text(result: &Value) -> &str {
    let text = result["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("a text: {result}"))
}
