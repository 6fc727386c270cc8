//! Tasks of servers, as a client uses them: in both protocols, over every transport, against servers of this library.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use midfield::client::{self, ClientBuilder, Speak, TaskHandle};
use midfield::prelude::*;
use midfield::server::EngineOptions;
use midfield::transport::http::Options;
use midfield::types::{ElicitResult, InputReply, Progress, TaskStatus};
use midfield::{Client, KeyRing, Service};
use serde_json::json;

use super::script::{Beside, assert_refused};
use super::users::Patient;
use crate::fixture::{Probe, wait};
use crate::harness::{Host, soon};
use crate::tasks::Folder;

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

fn name_of(answer: Answer<Name>) -> String {
    match answer {
        Answer::Accepted(answer) => answer.name,
        _ => "nobody".to_owned(),
    }
}

/// Ask two questions, one after the other.
#[tool(task)]
async fn ask(cx: Context) -> Result<String> {
    let first = cx.elicit::<Name>("who", "Who are you?").await?;
    let second = cx.elicit::<Name>("who", "And who else?").await?;
    Ok(format!("{} {}", name_of(first), name_of(second)))
}

/// Ask first, and go on as a task.
async fn ask_first(cx: Context) -> Result<String> {
    let who = cx.elicit::<Name>("who", "Who are you?").await?;
    cx.become_task().await;
    Ok(name_of(who))
}

/// Say it again.
#[tool(task)]
fn echo(text: String) -> String {
    text
}

/// Fail, as tools do.
#[tool(task)]
fn fail() -> Result<String> {
    Err(Error::tool("it is not to be"))
}

/// Refuse, as servers do.
#[tool(task)]
fn refuse() -> Result<String> {
    Err(Error::resource_not_found("test:gone"))
}

/// Asks, until it is cancelled; then it waits for the test.
async fn ask_on(cx: Context, probe: State<Probe>) -> Result<String> {
    tokio::select! {
        answer = cx.elicit::<Name>("who", "Who are you?") => answer.map(name_of),
        () = cx.cancelled() => Ok(wait(probe).await.to_owned()),
    }
}

/// Say how far it is, when the test says so.
async fn speak(cx: Context, probe: State<Probe>) -> &'static str {
    cx.report(Progress::new(1.0).total(2.0)).await;
    let answer = wait(probe).await;
    cx.report(Progress::new(2.0).total(2.0)).await;
    answer
}

/// Answer at once.
#[tool]
fn never() -> &'static str {
    "at once"
}

fn described(probe: &Probe) -> Server {
    Server::new("lab", "1.0.0")
        .state(probe.clone())
        .tools(tools![ask, echo, fail, refuse, never])
        .tool(Tool::new("may", wait).task(TaskSupport::Optional))
        .tool(Tool::new("must", wait).task(TaskSupport::Required))
        .tool(Tool::new("ask_on", ask_on).task(TaskSupport::Required))
        .tool(Tool::new("speak", speak).task(TaskSupport::Required))
        .tool(
            Tool::new("become", ask_first)
                .task(TaskSupport::Optional)
                .becomes_task(),
        )
}

fn lab(probe: &Probe) -> Service {
    let mut options = EngineOptions::default();
    // However slow the machine is, no handler is put away.
    options.park_after = Duration::from_mins(10);
    let tasks = Tasks::in_memory().options(options).poll_interval(QUICK);
    described(probe).tasks(tasks).build().expect("a server")
}

const QUICK: Duration = Duration::from_millis(50);

/// A server, and the ways to it.
struct Lab {
    service: Service,
    host: Host,
    probe: Probe,
}

impl Lab {
    async fn start() -> Self {
        let probe = Probe::default();
        let service = lab(&probe);
        let host = Host::start(service.clone(), Options::default()).await;
        Self {
            service,
            host,
            probe,
        }
    }

    /// A client in each protocol over each transport.
    async fn clients(&self, builder: &ClientBuilder) -> Vec<Client> {
        let mut clients = Vec::new();
        for speak in [Speak::Modern, Speak::Legacy] {
            let builder = builder.clone().speak(speak);
            let memory = builder.clone().connect(self.service.clone()).await;
            clients.push(memory.expect("a connection"));
            clients.push(over_http(builder, self.host.address).await);
        }
        clients
    }
}

async fn over_http(builder: ClientBuilder, address: SocketAddr) -> Client {
    let url = format!("http://{address}/mcp");
    builder.connect(url.as_str()).await.expect("a connection")
}

fn text(result: &ToolResult) -> &str {
    match &result.content[..] {
        [Content::Text(text)] => &text.text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_plain_call_drives_a_task_to_its_end() {
    let lab = Lab::start().await;
    for client in lab.clients(&Client::builder()).await {
        for tool in ["may", "must"] {
            let calling = client.call_tool(tool, ());
            let release = async {
                lab.probe.started().await;
                lab.probe.release();
            };
            let (result, ()) = soon(async { tokio::join!(calling, release) }).await;
            let result = result.expect("a result");
            assert_eq!(text(&result), "released");
            assert!(result.meta.is_none(), "{result:?}");
        }
        lab.probe.release();
        let typed: String = soon(client.call("must", ()).into_future())
            .await
            .expect("a text");
        assert_eq!(typed, "released");
        lab.probe.started().await;
    }
}

#[tokio::test]
async fn a_handle_is_found_again_by_another_client() {
    let lab = Lab::start().await;
    let clients = lab.clients(&Client::builder()).await;
    let others = lab.clients(&Client::builder()).await;
    for (client, other) in clients.into_iter().zip(others) {
        let task = client.call_task("may", ()).await.expect("a task");
        assert!(task.answered().is_none());
        lab.probe.started().await;
        let written = task.to_string();
        client.close().await;
        let found = other.task(&written).expect("a task");
        assert_eq!(found.id(), task.id());
        assert_eq!(found.to_string(), written);
        let state = found.status().await.expect("a state");
        assert_eq!(state.task.status, TaskStatus::Working);
        lab.probe.release();
        let result = soon(found.result()).await.expect("a result");
        assert_eq!(text(&result), "released");
        // It is there for whoever asks again.
        let again = soon(found.result()).await.expect("a result");
        assert_eq!(again, result);
    }
}

#[tokio::test]
async fn a_watch_tells_each_state_once_and_ends_after_the_last() {
    let lab = Lab::start().await;
    for client in lab.clients(&Client::builder()).await {
        let task = client.call_task("speak", ()).await.expect("a task");
        lab.probe.started().await;
        let mut watch = Box::pin(task.watch());
        let first = soon(watch.next())
            .await
            .expect("a state")
            .expect("no error");
        assert_eq!(first.task.status, TaskStatus::Working);
        lab.probe.release();
        let mut states = vec![first];
        while let Some(state) = soon(watch.next()).await {
            states.push(state.expect("no error"));
        }
        let last = states.last().expect("a state");
        assert_eq!(last.task.status, TaskStatus::Completed);
        let is_modern = client.revision().as_str() == "2026-07-28";
        assert_eq!(last.outcome.is_some(), is_modern);
        assert!(
            states.windows(2).all(|pair| pair[0] != pair[1]),
            "{states:?}"
        );
        let ends = states
            .iter()
            .filter(|state| state.task.status.is_terminal());
        assert_eq!(ends.count(), 1);
    }
}

#[tokio::test]
async fn questions_in_the_middle_are_asked_once_by_either_protocol() {
    let lab = Lab::start().await;
    for number in 0..4 {
        let user = Patient::prompt();
        let builder = Client::builder().elicitation(user.clone());
        let client = lab.clients(&builder).await.swap_remove(number);
        let handle = client.call_task("ask", ()).await.expect("a task");
        let result = soon(handle.result()).await.expect("a result");
        assert_eq!(text(&result), "Ada Ada");
        assert_eq!(user.count(), 2);
        let result = soon(client.call_tool("become", ()).into_future()).await;
        assert_eq!(text(&result.expect("a result")), "Ada");
        assert_eq!(user.count(), 3);
    }
}

#[tokio::test]
async fn questions_are_answered_by_hand_where_they_come_with_the_task() {
    let lab = Lab::start().await;
    let user = Patient::prompt();
    let builder = Client::builder().elicitation(user.clone());
    let client = builder
        .speak(Speak::Modern)
        .connect(lab.service.clone())
        .await
        .expect("a connection");
    let task = client.call_task("ask", ()).await.expect("a task");
    let asked = asking(&task, 0).await;
    let mut reply = ElicitResult::new(midfield::types::Action::Accept);
    reply.content = json!({"name": "Eve"}).as_object().cloned();
    let reply = InputReply::Elicit(reply);
    task.answer(asked.clone(), reply.clone())
        .await
        .expect("taken");
    // A second answer changes nothing.
    task.answer(asked, reply).await.expect("passed over");
    asking(&task, 0).await;
    assert_eq!(task.answer_questions().await.expect("answered"), 1);
    assert_eq!(user.count(), 1);
    let result = soon(task.result()).await.expect("a result");
    assert_eq!(text(&result), "Eve Ada");
    assert_eq!(task.answer_questions().await.expect("nothing to do"), 0);
    let legacy = Client::builder().speak(Speak::Legacy);
    let legacy = legacy.connect(lab.service.clone()).await.expect("one");
    let reply = InputReply::Elicit(ElicitResult::new(midfield::types::Action::Decline));
    let unsayable = legacy.task_by_id("1").answer("who", reply).await;
    assert!(
        matches!(unsayable, Err(client::Error::Unsayable(_))),
        "{unsayable:?}"
    );
}

/// The key of a question, once the task asks one.
async fn asking(task: &TaskHandle, at: usize) -> String {
    let look = async {
        let mut watch = Box::pin(task.watch());
        while let Some(state) = watch.next().await {
            let state = state.expect("no error");
            if let Some((key, _)) = state.inputs.get(at) {
                return key.clone();
            }
        }
        panic!("it asks nothing")
    };
    soon(look).await
}

#[tokio::test]
async fn a_cancelled_task_has_no_result() {
    let lab = Lab::start().await;
    for client in lab.clients(&Client::builder()).await {
        let task = client.call_task("may", ()).await.expect("a task");
        lab.probe.started().await;
        task.cancel().await.expect("it is told");
        let state = task.status().await.expect("a state");
        assert_eq!(state.task.status, TaskStatus::Cancelled);
        let error = soon(task.result()).await.expect_err("no result");
        let told = format!("the task {} is cancelled", task.id());
        assert!(matches!(
            &error,
            client::Error::Task {
                status: TaskStatus::Cancelled,
                ..
            }
        ));
        assert!(error.to_string().starts_with(&told), "{error}");
    }
}

#[tokio::test]
async fn a_task_that_fails_says_why() {
    let lab = Lab::start().await;
    for client in lab.clients(&Client::builder()).await {
        let task = client.call_task("fail", ()).await.expect("a task");
        for result in [
            soon(task.result()).await,
            soon(client.call_tool("fail", ()).into_future()).await,
        ] {
            let result = result.expect("what the tool said");
            assert!(result.is_error);
            assert_eq!(text(&result), "it is not to be");
        }
        let task = client.call_task("refuse", ()).await.expect("a task");
        let error = soon(task.result()).await.expect_err("it refuses");
        assert!(matches!(&error, client::Error::Refused(error) if error.method == "tools/call"));
        assert!(error.to_string().contains("test:gone"), "{error}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_refused_and_what_is_no_task_is_told_apart() {
    let lab = Lab::start().await;
    for client in lab.clients(&Client::builder()).await {
        let unknown = client.task_by_id("00000000000000000000000000000000");
        assert_refused(unknown.status().await, -32602);
        assert_refused(soon(unknown.result()).await, -32602);
        assert_refused(unknown.cancel().await, -32602);
        let watched: Vec<_> = soon(unknown.watch().collect()).await;
        assert_eq!(watched.len(), 1);
        assert_refused(watched.into_iter().next().expect("an error"), -32602);
        let other = match client.revision().as_str() {
            "2026-07-28" => "2025-11-25",
            _ => "2026-07-28",
        };
        for written in [
            "",
            "abc",
            "1999-01-01:1",
            "2026-07-28:",
            &format!("{other}:1"),
        ] {
            let error = client.task(written).expect_err("no task");
            assert!(matches!(error, client::Error::Target { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn a_task_whose_time_is_over_is_told_so() {
    let probe = Probe::default();
    let mut options = EngineOptions::default();
    options.lifetime = Duration::from_millis(200);
    let tasks = Tasks::in_memory().options(options).poll_interval(QUICK);
    let service = described(&probe).tasks(tasks).build().expect("a server");
    for speak in [Speak::Modern, Speak::Legacy] {
        let client = Client::builder().speak(speak);
        let client = client.connect(service.clone()).await.expect("one");
        let task = client.call_task("may", ()).await.expect("a task");
        let error = soon(task.result()).await.expect_err("it is over");
        let told = "the task had not ended when its time was over";
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tasks_answers_at_once() {
    let probe = Probe::default();
    let service = described(&probe).build().expect("a server");
    for speak in [Speak::Modern, Speak::Legacy] {
        let client = Client::builder().speak(speak);
        let client = client.connect(service.clone()).await.expect("one");
        for tool in ["may", "must"] {
            probe.release();
            let task = client.call_task(tool, ()).await.expect("a result");
            assert_eq!(text(task.answered().expect("an answer")), "released");
            assert_eq!(text(&task.result().await.expect("the same")), "released");
            assert!(matches!(
                task.status().await,
                Err(client::Error::Target { .. })
            ));
            assert!(matches!(
                task.cancel().await,
                Err(client::Error::Target { .. })
            ));
        }
        assert!(client.tasks().await.is_err());
    }
    // A tool that is never one is none on a server with tasks either.
    for client in Lab::start().await.clients(&Client::builder()).await {
        let task = client.call_task("never", ()).await.expect("a result");
        assert_eq!(text(task.answered().expect("an answer")), "at once");
    }
}

#[tokio::test]
async fn progress_of_a_task_is_heard_where_the_protocol_tells_it() {
    let lab = Lab::start().await;
    let builder = Client::builder().speak(Speak::Legacy);
    let memory = builder.clone().connect(lab.service.clone()).await;
    let memory = memory.expect("a connection");
    for client in [memory, over_http(builder, lab.host.address).await] {
        for waits in [true, false] {
            let heard = Arc::new(Mutex::new(Vec::new()));
            let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
            let hear = {
                let heard = heard.clone();
                move |progress: Progress| {
                    heard.lock().expect("no panic").push(progress.progress);
                    let _ = sender.send(());
                }
            };
            let release = async {
                // The first step is taken before anybody can know of the task.
                lab.probe.started().await;
                lab.probe.release();
                told.recv().await.expect("a step");
            };
            if waits {
                let calling = client.call_tool("speak", ()).on_progress(hear);
                let (result, ()) = soon(async { tokio::join!(calling, release) }).await;
                result.expect("a result");
            } else {
                let task = client.call_task("speak", ()).on_progress(hear);
                let task = task.await.expect("a task");
                soon(release).await;
                soon(task.result()).await.expect("a result");
            }
            let heard = heard.lock().expect("no panic").clone();
            assert!(!heard.is_empty() && heard.is_sorted(), "{heard:?}");
        }
    }
}

#[tokio::test]
async fn a_plain_call_that_is_dropped_cancels_its_task_and_a_handle_does_not() {
    let lab = Lab::start().await;
    let user = Patient::default();
    let builder = Client::builder().elicitation(user.clone());
    for client in lab.clients(&builder).await {
        let calling = client.call_tool("ask_on", ()).into_future();
        let calling = Beside::begin(calling);
        user.asked().await;
        calling.abort().await;
        user.dropped().await;
        // The handler hears that it is cancelled.
        lab.probe.started().await;
        lab.probe.release();
        lab.probe.finished().await;
        let handle = client.call_task("may", ()).await.expect("a task");
        lab.probe.started().await;
        let written = handle.to_string();
        drop(handle);
        let kept = client.task(&written).expect("a task");
        let state = kept.status().await.expect("a state");
        assert_eq!(state.task.status, TaskStatus::Working);
        lab.probe.release();
        soon(kept.result()).await.expect("a result");
        lab.probe.finished().await;
    }
}

#[tokio::test]
async fn a_plain_call_that_nobody_answers_for_cancels_its_task() {
    let lab = Lab::start().await;
    let refusing = crate::client::users::Refusing;
    let client = Client::builder().elicitation(refusing).speak(Speak::Modern);
    let client = client.connect(lab.service.clone()).await.expect("one");
    let error = soon(client.call_tool("ask", ()).into_future()).await;
    assert!(
        matches!(error, Err(client::Error::Unanswered(_))),
        "{error:?}"
    );
    let legacy = Client::builder().speak(Speak::Legacy);
    let legacy = legacy.connect(lab.service.clone()).await.expect("one");
    let ended = async {
        loop {
            let tasks = legacy.tasks().await.expect("a list");
            if tasks
                .iter()
                .all(|task| task.status == TaskStatus::Cancelled)
            {
                return tasks.len();
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(soon(ended).await, 1);
}

#[tokio::test]
async fn a_server_that_goes_away_and_comes_back_loses_nothing() {
    for (number, speak) in [Speak::Modern, Speak::Legacy].into_iter().enumerate() {
        let folder = Folder::new(&format!("client-{number}"));
        let keys = KeyRing::generate().expect("keys");
        let probe = Probe::default();
        let service = || {
            let tasks = Tasks::sqlite(folder.store()).expect("a store");
            let server = described(&probe).keys(keys.clone());
            server.tasks(tasks.poll_interval(QUICK)).build()
        };
        let mut host = Host::start(service().expect("a server"), Options::default()).await;
        let address = host.address;
        let user = Patient::prompt();
        let builder = Client::builder().speak(speak).elicitation(user.clone());
        let client = over_http(builder, address).await;
        let plain = Beside::begin(client.call_tool("must", ()).into_future());
        probe.started().await;
        let handle = client.call_task("may", ()).await.expect("a task");
        probe.started().await;
        let waiting = handle.clone();
        let waiting = Beside::begin(async move { waiting.result().await });
        let watching = handle.clone();
        let watching = Beside::begin(async move { watching.watch().collect::<Vec<_>>().await });
        host.stop();
        host.stopped().await;
        drop(host);
        let unreachable = handle.status().await.expect_err("nobody is there");
        assert!(matches!(
            unreachable,
            client::Error::Unreachable { .. } | client::Error::Interrupted { .. }
        ));
        let host = Host::start_at(address, service().expect("a server"), Options::default()).await;
        probe.started().await;
        probe.started().await;
        probe.release();
        probe.release();
        for result in [soon(plain.end()).await, soon(waiting.end()).await] {
            assert_eq!(text(&result.expect("a result")), "released");
        }
        let states = soon(watching.end()).await;
        let last = states.last().expect("a state").as_ref().expect("no error");
        assert_eq!(last.task.status, TaskStatus::Completed);
        host.stop();
    }
}

#[tokio::test]
async fn a_task_outlives_the_patience_of_who_waits_for_it() {
    let lab = Lab::start().await;
    let builder = Client::builder().max_task_time(Duration::from_millis(100));
    for client in lab.clients(&builder).await {
        let error = soon(client.call_tool("must", ()).into_future()).await;
        let Err(client::Error::Timeout { hint, .. }) = error else {
            panic!("{error:?}");
        };
        lab.probe.started().await;
        let written = hint.strip_prefix("the task ").expect("the task");
        let written = written.strip_suffix(" goes on").expect("it goes on");
        let task = client.task(written).expect("a task");
        let state = task.status().await.expect("a state");
        assert_eq!(state.task.status, TaskStatus::Working);
        task.cancel().await.expect("it is told");
    }
}

#[tokio::test]
async fn a_call_that_is_named_twice_is_one_task() {
    let lab = Lab::start().await;
    for (number, client) in lab
        .clients(&Client::builder())
        .await
        .into_iter()
        .enumerate()
    {
        let key = format!("call {number}");
        let echo = |text: &str| client.call_task("echo", json!({"text": text}));
        let first = echo("one").idempotency_key(&key).await;
        let second = echo("one").idempotency_key(&key).await;
        let (first, second) = (first.expect("a task"), second.expect("the same"));
        assert_eq!(first.id(), second.id());
        assert_refused(echo("two").idempotency_key(&key).await, -32602);
        for key in ["", &"k".repeat(257)] {
            let unsayable = client.call_tool("may", ()).idempotency_key(key).await;
            assert!(
                matches!(unsayable, Err(client::Error::Unsayable(_))),
                "{unsayable:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_tasks_of_a_client_are_listed_where_it_can_be_told_apart() {
    let lab = Lab::start().await;
    let client = Client::builder().speak(Speak::Legacy);
    let client = client.connect(lab.service.clone()).await.expect("one");
    let mut made = Vec::new();
    for _ in 0..3 {
        let task = client.call_task("fail", ()).await.expect("a task");
        made.push(task.id().to_owned());
    }
    let listed = client.tasks().await.expect("a list");
    let listed: Vec<_> = listed.into_iter().map(|task| task.id).collect();
    assert_eq!(listed, made);
}
