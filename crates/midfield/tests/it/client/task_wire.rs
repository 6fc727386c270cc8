//! What a client sends of tasks, and when, against a server that the test plays.

use std::time::Duration;

use futures_util::StreamExt as _;
use midfield::Client;
use midfield::client::Error;
use midfield::types::TaskStatus;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::script::{Beside, Script, assert_refused};
use super::users::Patient;
use crate::harness::soon;

/// What a server of 2025-11-25 offers that runs tools as tasks.
fn tasks() -> Value {
    json!({"tools": {}, "tasks": {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}}})
}

async fn open(capabilities: Value) -> (Client, Script) {
    let (client, script, _) = Script::open(Client::builder(), None, capabilities).await;
    (client, script)
}

/// Answers the next `tools/list` with one tool of this support.
async fn list(script: &mut Script, support: Option<&str>) {
    let mut tool = json!({"name": "t", "inputSchema": {"type": "object"}});
    if let Some(support) = support {
        tool["execution"] = json!({"taskSupport": support});
    }
    let asked = script.request("tools/list").await;
    script.answer(&asked, json!({"tools": [tool]})).await;
}

fn task(status: &str, poll: u64) -> Value {
    json!({
        "taskId": "t1", "status": status, "ttl": null, "pollInterval": poll,
        "createdAt": "2025-11-25T10:30:00Z", "lastUpdatedAt": "2025-11-25T10:30:00Z",
    })
}

fn modern_task(status: &str, poll: u64) -> Value {
    json!({
        "resultType": "task", "taskId": "t1", "status": status, "ttlMs": null, "pollIntervalMs": poll,
        "createdAt": "2026-07-28T10:30:00Z", "lastUpdatedAt": "2026-07-28T10:30:00Z",
    })
}

/// The answer to `tasks/get` in 2026-07-28.
fn modern_state(status: &str, poll: u64) -> Value {
    let mut task = modern_task(status, poll);
    task["resultType"] = "complete".into();
    if status == "completed" {
        task["result"] = json!({"content": [], "resultType": "complete"});
    }
    task
}

#[tokio::test]
async fn a_tool_that_is_no_task_is_never_called_as_one() {
    let no_tasks = json!({"tools": {}});
    let others = json!({"tools": {}, "tasks": {"list": {}, "cancel": {}}});
    for (offer, support, lists) in [
        (tasks(), Some("forbidden"), true),
        (tasks(), None, true),
        // What a tool says counts only on a server that runs tools as tasks.
        (no_tasks, Some("required"), false),
        (others, Some("required"), false),
    ] {
        let (client, mut script) = open(offer).await;
        let serve = async {
            if lists {
                list(&mut script, support).await;
            }
            let call = script.request("tools/call").await;
            assert!(call["params"].get("task").is_none(), "{call}");
            script.answer(&call, json!({"content": []})).await;
        };
        let calling = client.call_task("t", json!({}));
        let (task, ()) = soon(async { tokio::join!(calling, serve) }).await;
        assert!(task.expect("an answer").answered().is_some());
    }
}

#[tokio::test]
async fn a_tool_that_must_be_a_task_is_one_also_when_it_has_come_to_be_so() {
    for first in [None, Some("optional")] {
        let (client, mut script) = open(tasks()).await;
        let serve = async {
            list(&mut script, first).await;
            let call = script.request("tools/call").await;
            assert!(call["params"].get("task").is_none(), "{call}");
            script.refuse(&call, -32601).await;
            list(&mut script, Some("required")).await;
            let call = script.request("tools/call").await;
            assert_eq!(call["params"]["task"], json!({}), "{call}");
            script
                .answer(&call, json!({"task": task("working", 60_000)}))
                .await;
            let asked = script.request("tasks/result").await;
            assert_eq!(asked["params"], json!({"taskId": "t1"}));
            script.answer(&asked, json!({"content": []})).await;
        };
        let calling = client.call_tool("t", json!({}));
        let (result, ()) = soon(async { tokio::join!(calling, serve) }).await;
        result.expect("a result");
    }
    // Where nothing has changed the refusal is what it says.
    let (client, mut script) = open(tasks()).await;
    let serve = async {
        list(&mut script, None).await;
        let call = script.request("tools/call").await;
        script.refuse(&call, -32601).await;
        list(&mut script, None).await;
    };
    let calling = client.call_tool("t", json!({}));
    let (result, ()) = soon(async { tokio::join!(calling, serve) }).await;
    assert_refused(result, -32601);
}

#[tokio::test]
async fn a_call_that_is_dropped_before_its_task_is_known_is_cancelled_by_the_task_alone() {
    let (client, mut script) = open(tasks()).await;
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    list(&mut script, Some("required")).await;
    let call = script.request("tools/call").await;
    calling.abort().await;
    script
        .answer(&call, json!({"task": task("working", 60_000)}))
        .await;
    let cancel = script.hear().await;
    assert_eq!(cancel["method"], "tasks/cancel", "{cancel}");
    assert_eq!(cancel["params"], json!({"taskId": "t1"}));
    script.answer(&cancel, task("cancelled", 60_000)).await;
    let ping = Beside::begin(client.ping().into_future());
    let next = script.hear().await;
    assert_eq!(next["method"], "ping", "{next}");
    script.answer(&next, json!({})).await;
    soon(ping.end()).await.expect("an answer");
}

#[tokio::test]
async fn a_call_that_is_dropped_while_its_task_is_waited_for_is_not_cancelled_itself() {
    let (client, mut script) = open(tasks()).await;
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    list(&mut script, Some("required")).await;
    let call = script.request("tools/call").await;
    script
        .answer(&call, json!({"task": task("working", 60_000)}))
        .await;
    let waiting = script.request("tasks/result").await;
    calling.abort().await;
    let cancel = script.request("tasks/cancel").await;
    script.answer(&cancel, task("cancelled", 60_000)).await;
    let ping = Beside::begin(client.ping().into_future());
    let next = script.request("ping").await;
    script.answer(&next, json!({})).await;
    soon(ping.end()).await.expect("an answer");
    for message in script.left() {
        // That nobody waits for the result any more may be said; the call itself is answered.
        assert_eq!(message["method"], "notifications/cancelled", "{message}");
        assert_eq!(message["params"]["requestId"], waiting["id"], "{message}");
        assert_ne!(message["params"]["requestId"], call["id"], "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_is_asked_for_no_sooner_than_its_server_wants() {
    let (client, mut script) = open(tasks()).await;
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    list(&mut script, Some("required")).await;
    let call = script.request("tools/call").await;
    let mut last = Instant::now();
    script
        .answer(&call, json!({"task": task("working", 7_000)}))
        .await;
    let waiting = script.request("tasks/result").await;
    for (poll, next) in [(7_000, 3_000), (3_000, 20_000), (20_000, 7_000)] {
        let asked = script.request("tasks/get").await;
        let pause = last.elapsed();
        last = Instant::now();
        assert_about(pause, Duration::from_millis(poll));
        script.answer(&asked, task("working", next)).await;
    }
    script.answer(&waiting, json!({"content": []})).await;
    calling.end().await.expect("a result");
}

#[track_caller]
fn assert_about(pause: Duration, wished: Duration) {
    let slack = Duration::from_millis(100);
    assert!(
        pause >= wished && pause < wished + slack,
        "{pause:?}, not {wished:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_tells_nothing_is_asked_as_often_as_it_wants_to_be() {
    let (client, mut script) = Script::modern(Client::builder()).await;
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    let call = script.request("tools/call").await;
    let mut last = Instant::now();
    script.answer(&call, modern_task("working", 7_000)).await;
    let listen = script.request("subscriptions/listen").await;
    script.refuse(&listen, -32601).await;
    for (poll, next) in [(7_000, 3_000), (3_000, 20_000)] {
        let asked = script.request("tasks/get").await;
        assert_about(last.elapsed(), Duration::from_millis(poll));
        last = Instant::now();
        script.answer(&asked, modern_state("working", next)).await;
    }
    let asked = script.request("tasks/get").await;
    assert_about(last.elapsed(), Duration::from_secs(20));
    script
        .answer(&asked, modern_state("completed", 7_000))
        .await;
    calling.end().await.expect("a result");
}

/// Lets the client listen, and says that it will be told.
async fn accept(script: &mut Script) -> Value {
    let listen = script.request("subscriptions/listen").await;
    let filter = listen["params"]["notifications"].clone();
    assert_eq!(filter["taskIds"], json!(["t1"]), "{listen}");
    let params = json!({"notifications": filter});
    tell(
        script,
        &listen,
        "notifications/subscriptions/acknowledged",
        params,
    )
    .await;
    listen
}

async fn tell(script: &mut Script, listen: &Value, method: &str, mut params: Value) {
    params["_meta"] = json!({"io.modelcontextprotocol/subscriptionId": listen["id"]});
    script
        .say(json!({"jsonrpc": "2.0", "method": method, "params": params}))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_tells_of_a_task_is_listened_to() {
    let (client, mut script) = Script::modern(Client::builder()).await;
    let begun = Instant::now();
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    let call = script.request("tools/call").await;
    script.answer(&call, modern_task("working", 50_000)).await;
    let listen = accept(&mut script).await;
    let mut state = modern_state("completed", 50_000);
    state
        .as_object_mut()
        .expect("an object")
        .remove("resultType");
    tell(&mut script, &listen, "notifications/tasks", state).await;
    calling.end().await.expect("a result");
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_listens_and_asks_for_what_the_news_leave_out() {
    let (client, mut script) = Script::modern(Client::builder()).await;
    let begun = Instant::now();
    let mut watch = Box::pin(client.task_by_id("t1").watch());
    let watching = Beside::begin(async move {
        let mut states = Vec::new();
        while let Some(state) = watch.next().await {
            states.push(state.expect("no error"));
        }
        states
    });
    let asked = script.request("tasks/get").await;
    script.answer(&asked, modern_state("working", 50_000)).await;
    let listen = accept(&mut script).await;
    let mut working = modern_state("working", 50_000);
    working["statusMessage"] = "half way".into();
    // The same twice is told once, and what is older than what is known is not told.
    tell(&mut script, &listen, "notifications/tasks", working.clone()).await;
    tell(&mut script, &listen, "notifications/tasks", working).await;
    let mut old = modern_state("input_required", 50_000);
    old["lastUpdatedAt"] = "2026-07-28T10:29:00Z".into();
    tell(&mut script, &listen, "notifications/tasks", old).await;
    tell(
        &mut script,
        &listen,
        "notifications/tasks",
        modern_task("completed", 50_000),
    )
    .await;
    let asked = script.request("tasks/get").await;
    script
        .answer(&asked, modern_state("completed", 50_000))
        .await;
    let states = watching.end().await;
    let told: Vec<_> = states.iter().map(|state| state.task.status).collect();
    assert_eq!(
        told,
        [
            TaskStatus::Working,
            TaskStatus::Working,
            TaskStatus::Completed
        ]
    );
    assert!(states[2].outcome.is_some());
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_once_however_often_it_is_told() {
    let user = Patient::prompt();
    let builder = Client::builder().elicitation(user.clone());
    let (client, mut script) = Script::modern(builder).await;
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    let call = script.request("tools/call").await;
    script.answer(&call, modern_task("working", 200)).await;
    let question = json!({"method": "elicitation/create", "params": {
        "mode": "form", "message": "Who?",
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}},
    }});
    for keys in [&["a"][..], &["a"], &["a", "b"], &["b"]] {
        let asked = script.request("tasks/get").await;
        let mut state = modern_state("input_required", 200);
        for key in keys {
            state["inputRequests"][*key] = question.clone();
        }
        script.answer(&asked, state).await;
        if keys == ["a"] && user.count() == 0 || keys == ["a", "b"] {
            let update = script.request("tasks/update").await;
            let key = keys[keys.len() - 1];
            let answers = json!({key: {"action": "accept", "content": {"name": "Ada"}}});
            assert_eq!(update["params"]["inputResponses"], answers, "{update}");
            script
                .answer(&update, json!({"resultType": "complete"}))
                .await;
        }
    }
    let asked = script.request("tasks/get").await;
    script.answer(&asked, modern_state("completed", 200)).await;
    calling.end().await.expect("a result");
    assert_eq!(user.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_for_a_while_is_asked_again_and_not_for_ever() {
    let (client, mut script) = Script::modern(Client::builder()).await;
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    let call = script.request("tools/call").await;
    script.answer(&call, modern_task("working", 200)).await;
    for _ in 0..30 {
        let asked = script.request("tasks/get").await;
        script.refuse(&asked, -32603).await;
    }
    // One that answers for a while is back, and waited for anew.
    let back = Instant::now();
    while back.elapsed() < Duration::from_secs(11) {
        let asked = script.request("tasks/get").await;
        script.answer(&asked, modern_state("working", 200)).await;
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(61) {
        let asked = script.request("tasks/get").await;
        script.refuse(&asked, -32603).await;
    }
    assert_refused(calling.end().await, -32603);
}

#[tokio::test(start_paused = true)]
async fn a_server_of_sessions_that_only_stopped_waiting_is_asked_for_the_result_again() {
    let (client, mut script) = open(tasks()).await;
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    list(&mut script, Some("required")).await;
    let call = script.request("tools/call").await;
    script
        .answer(&call, json!({"task": task("working", 60_000)}))
        .await;
    let waiting = script.request("tasks/result").await;
    script.refuse(&waiting, -32603).await;
    let asked = script.request("tasks/get").await;
    script.answer(&asked, task("working", 60_000)).await;
    let waiting = script.request("tasks/result").await;
    script.refuse(&waiting, -32000).await;
    let asked = script.request("tasks/get").await;
    script.answer(&asked, task("failed", 60_000)).await;
    // Now that it is over, what is refused is what came of it.
    let waiting = script.request("tasks/result").await;
    script.refuse(&waiting, -32000).await;
    assert_refused(calling.end().await, -32000);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_given_up_when_its_time_is_over_and_goes_on() {
    let builder = Client::builder().max_task_time(Duration::from_secs(90));
    let (client, mut script) = Script::modern(builder).await;
    let calling = Beside::begin(client.call_tool("t", json!({})).into_future());
    let call = script.request("tools/call").await;
    script.answer(&call, modern_task("working", 30_000)).await;
    let listen = script.request("subscriptions/listen").await;
    script.refuse(&listen, -32601).await;
    for _ in 0..2 {
        let asked = script.request("tasks/get").await;
        script.answer(&asked, modern_state("working", 30_000)).await;
    }
    let error = calling.end().await.expect_err("too long");
    assert!(matches!(error, Error::Timeout { .. }), "{error}");
    let hint = "the task 2026-07-28:t1 goes on";
    assert!(error.to_string().ends_with(hint), "{error}");
    assert!(
        script
            .left()
            .all(|message| message["method"] != "tasks/cancel")
    );
}
