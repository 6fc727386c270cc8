//! Tasks of the extension of 2026-07-28, and what a session has of it: nothing.

use std::future::IntoFuture as _;
use std::task::{Context, Waker};

use midfield::Client;
use midfield::client::{Error, TaskReceiver};
use midfield::types::{Action, ElicitResult, InputReply};
use serde_json::{Value, json};

use super::super::script::{Beside, Script};
use super::super::scripted::{Reply, said};
use super::super::users::Patient;
use super::modern;
use crate::harness::soon;

const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// A task, as the answer to a call.
fn made(id: &str) -> Value {
    json!({
        "resultType": "task", "taskId": id, "status": "working", "ttlMs": null, "pollIntervalMs": 500,
        "createdAt": "2026-07-28T10:30:00Z", "lastUpdatedAt": "2026-07-28T10:30:00Z",
    })
}

/// How it is, with more to say of it.
fn state(id: &str, status: &str, more: &Value) -> Value {
    let mut state = made(id);
    state["resultType"] = "complete".into();
    state["status"] = status.into();
    for (key, value) in more.as_object().into_iter().flatten() {
        state[key] = value.clone();
    }
    state
}

/// Nothing was sent before the client asks whether the server is there, which shows that nothing comes.
async fn nothing_more(client: &Client, script: &mut Script) {
    let ping = Beside::begin(client.ping().into_future());
    let next = soon(script.hear()).await;
    assert_eq!(next["method"], "server/discover", "{next}");
    script.refuse(&next, -32601).await;
    soon(ping.end()).await.expect_err("it was refused");
}

#[tokio::test]
async fn requests_about_a_task_name_it_in_a_header_encoded_where_that_is_needed() {
    for (id, name) in [("t-1", "t-1"), ("täsk 1", "=?base64?dMOkc2sgMQ==?=")] {
        let (server, client) = modern(move |seen| match seen.method() {
            "tools/call" => Reply::Result(made(id)),
            "tasks/get" => Reply::Result(state(id, "working", &json!({}))),
            _ => Reply::Result(json!({"resultType": "complete"})),
        })
        .await;
        let task = client.call_task("weigh", ()).await.expect("a task");
        task.status().await.expect("a state");
        let reply = InputReply::Elicit(ElicitResult::new(Action::Decline));
        task.answer("who", reply).await.expect("it is taken");
        task.cancel().await.expect("it is told");
        for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
            let asked = server.asked(method);
            assert_eq!(asked.len(), 1, "{method}");
            assert_eq!(asked[0].body["params"]["taskId"], id, "{method}");
            assert_eq!(asked[0].header("mcp-name"), Some(name), "{method}");
            assert_eq!(asked[0].header("mcp-method"), Some(method));
        }
    }
}

#[tokio::test]
async fn each_modern_request_declares_the_extension_and_not_the_tasks_of_sessions() {
    let receiver = TaskReceiver::in_memory().expect("random bytes");
    let user = Patient::prompt();
    let builder = Client::builder().elicitation(user).receive_tasks(receiver);
    let (client, mut script) = Script::modern(builder.clone()).await;
    let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
    let call = soon(script.request("tools/call")).await;
    script.answer(&call, made("t-1")).await;
    let listen = soon(script.request("subscriptions/listen")).await;
    script.refuse(&listen, -32601).await;
    let get = soon(script.request("tasks/get")).await;
    let result = json!({"result": {"resultType": "complete", "content": []}});
    script
        .answer(&get, state("t-1", "completed", &result))
        .await;
    soon(calling.end()).await.expect("a result");
    for request in [call, listen, get] {
        let declared = &request["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
        assert_eq!(declared["extensions"][EXTENSION], json!({}), "{request}");
        assert!(declared.get("tasks").is_none(), "{request}");
    }
    // The other way round in a session: it has tasks of its own.
    let (_client, _script, declared) = Script::open(builder, None, json!({})).await;
    assert!(declared.get("tasks").is_some(), "{declared}");
    assert!(
        declared["extensions"].get(EXTENSION).is_none(),
        "{declared}"
    );
    let without = Client::builder().without_tasks();
    let (client, mut script) = Script::modern(without).await;
    let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
    let call = soon(script.request("tools/call")).await;
    let declared = &call["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    assert!(declared["extensions"].get(EXTENSION).is_none(), "{call}");
    script.answer(&call, said("17 g")).await;
    soon(calling.end()).await.expect("a result");
}

#[tokio::test]
async fn in_a_session_what_looks_like_a_task_of_the_extension_is_none() {
    let (client, mut script, _) = Script::open(Client::builder(), None, json!({"tools": {}})).await;
    let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
    let call = soon(script.request("tools/call")).await;
    script.answer(&call, made("t-1")).await;
    let error = soon(calling.end()).await.expect_err("no result");
    assert!(matches!(error, Error::InvalidAnswer(_)), "{error}");
    let ping = Beside::begin(client.ping().into_future());
    let next = soon(script.hear()).await;
    assert_eq!(next["method"], "ping", "{next}");
    script.answer(&next, json!({})).await;
    soon(ping.end()).await.expect("an answer");
}

#[tokio::test]
async fn what_a_task_asks_is_trusted_no_more_than_what_a_server_asks_itself() {
    let form = json!({"type": "object", "properties": {"a": {"type": "object"}}});
    let questions = [
        json!({"method": "elicitation/create", "params": {"mode": "url", "message": "?", "url": "https://example.com/"}}),
        json!({"method": "elicitation/create", "params": {"mode": "form", "message": "?", "requestedSchema": form}}),
        json!({"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}}),
        json!({"method": "roots/list", "params": {}}),
    ];
    for question in questions {
        let user = Patient::prompt();
        // It opens no pages, and there is neither a model nor a directory.
        let builder = Client::builder().elicitation(user.clone());
        let (client, mut script) = Script::modern(builder).await;
        let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
        let call = soon(script.request("tools/call")).await;
        script.answer(&call, made("t-1")).await;
        let get = soon(script.request("tasks/get")).await;
        let asking = json!({"inputRequests": {"it": question}});
        script
            .answer(&get, state("t-1", "input_required", &asking))
            .await;
        let error = soon(calling.end()).await.expect_err("nobody answers that");
        assert!(matches!(error, Error::Unanswered(_)), "{question}: {error}");
        assert_eq!(user.count(), 0, "{question}");
        let cancel = soon(script.request("tasks/cancel")).await;
        assert_eq!(cancel["params"]["taskId"], "t-1");
        let updates = script
            .left()
            .filter(|said| said["method"] == "tasks/update");
        assert_eq!(updates.count(), 0, "{question}");
    }
}

#[tokio::test]
async fn a_call_that_became_a_task_is_ended_by_its_task_and_not_by_its_request() {
    let (client, mut script) = Script::modern(Client::builder()).await;
    let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
    let call = soon(script.request("tools/call")).await;
    script.answer(&call, made("t-1")).await;
    let listen = soon(script.request("subscriptions/listen")).await;
    script.refuse(&listen, -32601).await;
    soon(script.request("tasks/get")).await;
    calling.abort().await;
    let cancel = soon(script.request("tasks/cancel")).await;
    assert_eq!(cancel["params"]["taskId"], "t-1", "{cancel}");
    script
        .answer(&cancel, json!({"resultType": "complete"}))
        .await;
    for message in script.left() {
        // That nobody waits any more to hear how it is may be said.
        let is_of_call = message["params"]["requestId"] == call["id"];
        assert!(!is_of_call, "{message}");
    }
}

#[tokio::test]
async fn the_task_of_a_call_that_was_cancelled_before_its_answer_is_cancelled_when_it_comes() {
    let (client, mut script) = Script::modern(Client::builder()).await;
    for (answer, is_task) in [(made("t-1"), true), (said("17 g"), false)] {
        let calling = Beside::begin(client.call_tool("weigh", ()).into_future());
        let call = soon(script.request("tools/call")).await;
        calling.abort().await;
        let cancelled = soon(script.hear()).await;
        assert_eq!(
            cancelled["method"], "notifications/cancelled",
            "{cancelled}"
        );
        assert_eq!(cancelled["params"]["requestId"], call["id"]);
        // The server had answered already, and does so once more.
        script.answer(&call, answer.clone()).await;
        script.answer(&call, answer).await;
        if is_task {
            let cancel = soon(script.hear()).await;
            assert_eq!(cancel["method"], "tasks/cancel", "{cancel}");
            assert_eq!(cancel["params"]["taskId"], "t-1");
            script
                .answer(&cancel, json!({"resultType": "complete"}))
                .await;
        }
        nothing_more(&client, &mut script).await;
    }
}

/// The answer has come, and whoever asked went before it looked; also where there is no runtime.
#[test]
fn the_task_of_a_call_that_was_dropped_as_its_answer_came_is_cancelled() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (client, mut script, call) = runtime.block_on(async {
        let (client, mut script) = Script::modern(Client::builder()).await;
        let mut calling = client.call_tool("weigh", ()).into_future();
        let mut context = Context::from_waker(Waker::noop());
        assert!(calling.as_mut().poll(&mut context).is_pending());
        let call = soon(script.request("tools/call")).await;
        script.answer(&call, made("t-1")).await;
        // What is told after the answer was heard.
        let ping = Beside::begin(client.ping().into_future());
        let next = soon(script.request("server/discover")).await;
        script.refuse(&next, -32601).await;
        soon(ping.end()).await.expect_err("it was refused");
        (client, script, calling)
    });
    drop(call);
    runtime.block_on(async {
        let cancel = soon(script.hear()).await;
        assert_eq!(cancel["method"], "tasks/cancel", "{cancel}");
        assert_eq!(cancel["params"]["taskId"], "t-1");
        script
            .answer(&cancel, json!({"resultType": "complete"}))
            .await;
        nothing_more(&client, &mut script).await;
    });
}
