//! A server of many kinds of things, in the test's own process, that lets anybody in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use midfield::prelude::*;
use midfield::server::{Form, Service, Tasks};
use midfield::transport::http;
use midfield::types::{CreateMessage, Progress, SamplingContent, SamplingMessage, Schema};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

/// A server that is gone with this value.
pub(crate) struct Workshop {
    runtime: Option<Runtime>,
    port: u16,
    bench: Bench,
    service: Service,
}

/// What its tools work at.
#[derive(Clone)]
struct Bench {
    /// Each permit lets the tool `climb` go on.
    gate: Arc<Semaphore>,
    was_cancelled: Arc<AtomicBool>,
}

/// Says that a call was dropped before its end.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            was_cancelled: Arc::default(),
        }
    }
}

/// Add two numbers.
///
/// Nothing more.
#[tool]
fn add(a: i64, b: i64) -> String {
    (a + b).to_string()
}

#[doc = "Repeats\u{1b}[31m what it is told."]
#[tool]
fn echo(text: String, tags: Option<Vec<String>>) -> String {
    text + &tags.unwrap_or_default().join("+")
}

impl Workshop {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let bench = Bench::default();
        let resource = |uri: &str, name: &str, contents: ResourceContents| {
            Resource::new(uri, name, move || {
                let contents = contents.clone();
                async move { contents }
            })
        };
        let service = Server::new("workshop", "1.2.3")
            .title("The workshop")
            .instructions("Add before you climb.")
            .tasks(Tasks::in_memory().poll_interval(Duration::from_millis(100)))
            .state(bench.clone())
            .tools(tools![add, echo])
            .tool(Tool::new("climb", climb))
            .tool(Tool::new("ask", ask))
            .tool(Tool::new("fail", fail))
            .tool(Tool::new("muse", muse))
            .tool(Tool::new("job", job).task(TaskSupport::Required))
            .resource(
                resource(
                    "note://a",
                    "a",
                    ResourceContents::text("note://a", "first\u{1b}[2J\n"),
                )
                .mime_type("text/plain"),
            )
            .resource(
                resource(
                    "note://b",
                    "b",
                    ResourceContents::blob("note://b", [0, 159, 146, 150]),
                )
                .mime_type("image/x"),
            )
            .prompt(Prompt::new("greet", greet).complete("name", names))
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        // The runtime of this value owns it.
        let served = service.clone();
        runtime.spawn(async move {
            let never = std::future::pending();
            http::serve(listener, served, http::Options::new(), never).await
        });
        Self {
            runtime: Some(runtime),
            port,
            bench,
            service,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// Says that the resource at this URI has changed.
    pub(crate) fn touch(&self, uri: &str) {
        self.service.resource_updated(uri);
    }

    /// Lets the tool `climb` make one more step.
    pub(crate) fn let_climb(&self) {
        self.bench.gate.add_permits(1);
    }

    /// Waits until a call of the tool `climb` was dropped before its end.
    #[track_caller]
    pub(crate) fn wait_for_cancellation(&self) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.bench.was_cancelled.load(Ordering::SeqCst) {
            assert!(Instant::now() < deadline, "no call was cancelled");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn climb(cx: Context, bench: State<Bench>) -> String {
    let mut dropped = Some(Dropped(bench.was_cancelled.clone()));
    for step in 1_u32..=4 {
        let told = Progress::new(f64::from(step))
            .total(4.0)
            .message(format!("step {step}\u{1b}]0;owned\u{7}"));
        cx.report(told).await;
        bench.gate.acquire().await.unwrap().forget();
    }
    std::mem::forget(dropped.take());
    "at the top\u{1b}[2J".to_owned()
}

async fn ask(cx: Context) -> Result<String> {
    let schema = json!({"type": "object", "required": ["count"], "properties": {
        "count": {"type": "integer", "title": "How many", "minimum": 1, "maximum": 9},
    }});
    let form = Form::new(&Schema::new(schema.as_object().cloned().unwrap()));
    let form = Arc::new(form.unwrap());
    Ok(
        match cx.elicit_form("how_much", "How much?", &form).await? {
            Answer::Accepted(content) => format!("took {}", Value::Object(content)),
            Answer::Declined => "took nothing".to_owned(),
            Answer::Cancelled => "nobody said".to_owned(),
        },
    )
}

async fn fail() -> Result<String> {
    Err(Error::tool("no luck"))
}

async fn muse(cx: Context) -> Result<String> {
    let question = CreateMessage::new(10).message(SamplingMessage::user("How much is 2 + 2?"));
    let said = cx.sample("muse", question).await?;
    match said.content.first() {
        Some(SamplingContent::Text(said)) => Ok(format!("it says {}", said.text)),
        _ => Err(Error::tool("it says nothing")),
    }
}

async fn job() -> String {
    "the job is done".to_owned()
}

#[derive(Deserialize, JsonSchema)]
struct Greeted {
    name: String,
}

async fn greet(Args(greeted): Args<Greeted>) -> String {
    format!("Hello, {}", greeted.name)
}

async fn names(typing: Typing, _: Context) -> Vec<String> {
    let names = ["Ada", "Alan", "Grace"];
    let names = names.iter().filter(|name| name.starts_with(&typing.value));
    names.map(|name| (*name).to_owned()).collect()
}
