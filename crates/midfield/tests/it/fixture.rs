//! The tools that the tests call, and the signals by which a test and a handler wait for each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use midfield::prelude::*;
use midfield::server::{
    Arguments, FromCall, Handler, HandlerFuture, IntoToolResult, Misfit, Parts, RawHandler,
};
use midfield::types::{self, Progress, Schema};
use midfield::{Raw, Service};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::harness::soon;

/// What handlers tell a test, and what it tells them.
#[derive(Clone, Default, Debug)]
pub(crate) struct Probe(Arc<Signals>);

#[derive(Debug)]
struct Signals {
    started: Semaphore,
    released: Semaphore,
    stopped: Semaphore,
    finished: Semaphore,
    said: AtomicUsize,
    runs: AtomicUsize,
    over: CancellationToken,
    left_over: TaskTracker,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            started: Semaphore::new(0),
            released: Semaphore::new(0),
            stopped: Semaphore::new(0),
            finished: Semaphore::new(0),
            said: AtomicUsize::new(0),
            runs: AtomicUsize::new(0),
            over: CancellationToken::new(),
            left_over: TaskTracker::new(),
        }
    }
}

impl Probe {
    async fn take(signal: &Semaphore) {
        signal.acquire().await.expect("it is never closed").forget();
    }

    /// Waits until one more handler of `wait` is at work.
    pub(crate) async fn started(&self) {
        soon(Self::take(&self.0.started)).await;
    }

    /// Lets one handler of `wait` finish.
    pub(crate) fn release(&self) {
        self.0.released.add_permits(1);
    }

    /// Waits until one more handler of `wait` or `chatter` was stopped before it was done.
    pub(crate) async fn stopped(&self) {
        soon(Self::take(&self.0.stopped)).await;
    }

    /// Waits until one more handler of `wait` has finished.
    pub(crate) async fn finished(&self) {
        soon(Self::take(&self.0.finished)).await;
    }

    /// Whether no handler was stopped early.
    pub(crate) fn none_stopped(&self) -> bool {
        self.0.stopped.available_permits() == 0
    }

    /// How often `chatter` was able to speak.
    pub(crate) fn said(&self) -> usize {
        self.0.said.load(Ordering::SeqCst)
    }

    /// How often `count` has run.
    pub(crate) fn runs(&self) -> usize {
        self.0.runs.load(Ordering::SeqCst)
    }

    /// Counts one more run.
    pub(crate) fn count(&self) {
        self.0.runs.fetch_add(1, Ordering::SeqCst);
    }

    /// Ends what `leave_task` left behind.
    pub(crate) fn end_left_over(&self) {
        self.0.over.cancel();
    }
}

/// Says when a handler was stopped before it was done.
struct AtWork {
    probe: Probe,
    done: bool,
}

impl AtWork {
    fn begin(probe: &Probe) -> Self {
        probe.0.started.add_permits(1);
        Self {
            probe: probe.clone(),
            done: false,
        }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let signals = &self.probe.0;
        if self.done {
            signals.finished.add_permits(1);
        } else {
            signals.stopped.add_permits(1);
        }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Text {
    /// What comes back.
    text: String,
}

#[derive(Deserialize, JsonSchema)]
struct Steps {
    /// How far the work has come, step by step.
    steps: Vec<f64>,
}

#[derive(Deserialize, JsonSchema)]
struct Size {
    bytes: usize,
}

/// A parameter whose making panics.
struct Faulty;

impl FromCall for Faulty {
    fn from_call(_: &Parts<'_>) -> std::result::Result<Self, Misfit> {
        panic!("a panic on purpose, while a parameter is made");
    }
}

/// A tool whose handler gets what was sent, as it was sent.
struct Verbatim;

impl RawHandler for Verbatim {
    fn call(&self, arguments: Arguments<'_>, _: Context) -> HandlerFuture {
        let text = arguments.as_str().to_owned();
        Box::pin(async move { Ok(ToolResult::text(text)) })
    }
}

/// A tool that is made at run time, with this input schema; it answers its arguments' text.
pub(crate) fn verbatim(name: &str, schema: Value) -> Tool {
    let schema: Schema = serde_json::from_value(schema).expect("a schema");
    Tool::from_handler(types::Tool::new(name, schema), Verbatim)
}

/// A tool whose handler is a function.
pub(crate) fn typed<H, P>(name: &str, handler: H) -> Tool
where
    H: Handler<P>,
    H::Output: IntoToolResult,
    P: 'static,
{
    Tool::new(name, handler)
}

/// A server with every tool of the tests that is not about tools.
pub(crate) fn server(probe: &Probe) -> Server {
    Server::new("fixture", "1.0.0")
        .state(probe.clone())
        .tool(typed("echo", async |Args(Text { text })| text))
        .tool(typed("wait", wait))
        .tool(typed("wait_and_say", wait_and_say))
        .tool(typed("count", async |probe: State<Probe>| {
            probe.count();
            "counted"
        }))
        .tool(typed("talk", talk))
        .tool(typed("log", log))
        .tool(typed("chatter", chatter))
        .tool(typed("leave_task", leave_task))
        .tool(typed("large", async |Args(Size { bytes })| {
            tokio::task::yield_now().await;
            "x".repeat(bytes)
        }))
        .tool(typed("wait_large", wait_large))
        .tool(typed("pretty", pretty))
        .tool(typed("panic", async || -> String {
            panic!("a panic on purpose")
        }))
        .tool(typed("panic_later", async || -> String {
            tokio::task::yield_now().await;
            panic!("a panic on purpose, after a while")
        }))
        .tool(typed("panic_early", async |_: Faulty| "unreachable"))
        .tool(verbatim("verbatim", json!({"type": "object"})))
}

/// The server, ready to answer, and its signals.
pub(crate) fn service() -> (Service, Probe) {
    let probe = Probe::default();
    let service = server(&probe).build().expect("a server");
    (service, probe)
}

/// Waits until the test lets it finish.
pub(crate) async fn wait(probe: State<Probe>) -> &'static str {
    let mut work = AtWork::begin(&probe);
    Probe::take(&probe.0.released).await;
    work.done = true;
    "released"
}

/// Says that it has begun, waits like `wait`, and says that it ends.
async fn wait_and_say(cx: Context, probe: State<Probe>) -> &'static str {
    cx.progress(1, 2).await;
    let answer = wait(probe).await;
    cx.progress(2, 2).await;
    answer
}

async fn wait_large(probe: State<Probe>, Args(Size { bytes }): Args<Size>) -> String {
    wait(probe).await;
    "x".repeat(bytes)
}

async fn talk(cx: Context, Args(Steps { steps }): Args<Steps>) -> &'static str {
    for step in steps {
        cx.report(Progress::new(step)).await;
    }
    "said"
}

async fn log(cx: Context) -> &'static str {
    for level in [
        LogLevel::Debug,
        LogLevel::Info,
        LogLevel::Notice,
        LogLevel::Warning,
        LogLevel::Error,
        LogLevel::Critical,
        LogLevel::Alert,
        LogLevel::Emergency,
    ] {
        cx.log(level, level.as_str()).await;
    }
    "logged"
}

/// Speaks without end, 1 KiB at a time.
async fn chatter(cx: Context, probe: State<Probe>) {
    let _work = AtWork::begin(&probe);
    let text = "x".repeat(1024);
    loop {
        cx.log(LogLevel::Info, &text).await;
        probe.0.said.fetch_add(1, Ordering::SeqCst);
        tokio::task::consume_budget().await;
    }
}

/// Leaves a task behind that logs and reports progress after the handler's end, as fast as it is heard.
async fn leave_task(cx: Context, probe: State<Probe>) -> &'static str {
    let signals = probe.0.clone();
    let text = "x".repeat(1024);
    probe.0.left_over.spawn(async move {
        while !signals.over.is_cancelled() {
            cx.log(LogLevel::Info, &text).await;
            let said = signals.said.fetch_add(1, Ordering::SeqCst);
            cx.progress(said + 1, usize::MAX).await;
            tokio::task::yield_now().await;
        }
    });
    while probe.said() < 32 {
        tokio::task::yield_now().await;
    }
    "done"
}

/// Answers and logs JSON that was written over several lines, as an upstream might have.
async fn pretty(cx: Context) -> ToolResult {
    let text = "{\n  \"a\": [\r\n    1\r\n  ]\n}";
    let raw: Raw = serde_json::from_str(text).expect("JSON");
    cx.log(LogLevel::Info, &raw).await;
    ToolResult::structured(&raw)
}
