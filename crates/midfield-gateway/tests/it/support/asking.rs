//! A server whose tools run as tasks and ask, in the test's own process.

use std::sync::Arc;
use std::time::Duration;

use midfield::auth::StaticTokens;
use midfield::server::{Form, Tasks};
use midfield::transport::http;
use midfield::types::{Progress, Schema, TaskSupport};
use midfield::{Answer, Context, Error, Identity, Server, State, Tool};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::client::{Client, Era};

/// Two who may ask it.
pub(crate) const ADA: &str = "ada-token-5d1f0c7e";
pub(crate) const GRACE: &str = "grace-token-88b1a2";

/// A server that is gone with this value.
pub(crate) struct Asking {
    runtime: Option<Runtime>,
    port: u16,
    /// Each permit lets the tool `climb` go on.
    gate: Arc<Semaphore>,
}

/// What the tool `climb` waits at.
struct Gate(Arc<Semaphore>);

impl Asking {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let gate = Arc::new(Semaphore::new(0));
        let mut tasks = Tasks::in_memory().poll_interval(Duration::from_millis(100));
        let mut options = midfield::server::EngineOptions::default();
        options.message_interval = Duration::from_millis(1);
        tasks = tasks.options(options);
        let service = Server::new("asking", "1")
            .tasks(tasks)
            .state(Gate(Arc::clone(&gate)))
            .tool(Tool::new("order", order).task(TaskSupport::Optional))
            .tool(Tool::new("climb", climb).task(TaskSupport::Optional))
            .tool(Tool::new("fail", fail).task(TaskSupport::Required))
            .build()
            .unwrap();
        let tokens = StaticTokens::new()
            .token(ADA, Identity::new("test", "ada"))
            .token(GRACE, Identity::new("test", "grace"));
        let options = http::Options::new().authenticate(tokens);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        // The runtime of this value owns it.
        runtime.spawn(async move {
            let never = std::future::pending();
            http::serve(listener, service, options, never).await
        });
        Self {
            runtime: Some(runtime),
            port,
            gate,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// Lets the tool `climb` make one more step.
    pub(crate) fn let_climb(&self) {
        self.gate.add_permits(1);
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes a task by a call of a tool, and gives its id.
#[track_caller]
pub(crate) fn make_task(port: u16, token: Option<&str>, tool: &str, arguments: &Value) -> String {
    let client = Client::with_token(port, Era::Modern, token);
    let params = json!({"name": tool, "arguments": arguments, "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {
            "elicitation": {"form": {}},
            "extensions": {"io.modelcontextprotocol/tasks": {}},
        },
    }});
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let (head, body) = client.post(&request, &client.headers("tools/call", Some(tool)));
    let answer: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{head}\n{body}"));
    let id = answer["result"]["taskId"].as_str();
    id.unwrap_or_else(|| panic!("{body}")).to_owned()
}

async fn order(cx: Context) -> midfield::Result<String> {
    let schema = json!({"type": "object", "required": ["count"], "properties": {
        "count": {"type": "integer", "title": "How many", "minimum": 1, "maximum": 9},
        "size": {"type": "string", "enum": ["small", "large"]},
        "sure": {"type": "boolean", "default": true},
    }});
    let form = Form::new(&Schema::new(schema.as_object().cloned().unwrap()));
    let form = Arc::new(form.unwrap());
    let message = "How much?\u{1b}[31m";
    Ok(match cx.elicit_form("how_much", message, &form).await? {
        Answer::Accepted(content) => format!("ordered {}", Value::Object(content)),
        Answer::Declined => "nothing was ordered".to_owned(),
        Answer::Cancelled => "nobody said".to_owned(),
    })
}

async fn climb(cx: Context, gate: State<Gate>) -> String {
    for step in 1_u32..=3 {
        let told = Progress::new(f64::from(step))
            .total(3.0)
            .message(format!("step {step} of 3\u{1b}]0;owned\u{7}"));
        cx.report(told).await;
        gate.0.acquire().await.unwrap().forget();
    }
    "at the top\u{1b}[2J".to_owned()
}

async fn fail() -> midfield::Result<String> {
    Err(Error::tool("no luck"))
}
