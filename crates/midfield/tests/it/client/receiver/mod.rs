//! Tasks that a server asks a client for, as 2025-11-25 has them.

mod killed;
mod life;

use std::time::Duration;

use midfield::Client;
use midfield::client::{ClientBuilder, TaskReceiver};
use midfield::types::Timestamp;
use serde_json::{Value, json};

use super::script::{Beside, Script};
use super::users::Patient;
use crate::harness::soon;

const RELATED: &str = "io.modelcontextprotocol/related-task";

fn builder(user: &Patient) -> ClientBuilder {
    Client::builder()
        .elicitation(user.clone())
        .sampling(user.clone())
}

fn receiving(user: &Patient) -> ClientBuilder {
    builder(user).receive_tasks(TaskReceiver::in_memory().expect("random bytes"))
}

async fn open(builder: ClientBuilder) -> (Client, Script) {
    let (client, script, _) = Script::open(builder, Some("script"), json!({})).await;
    (client, script)
}

/// A form that asks for a name.
fn form(message: &str) -> Value {
    let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}});
    json!({"message": message, "requestedSchema": schema})
}

fn sample() -> Value {
    let message = json!({"role": "user", "content": {"type": "text", "text": "Hi"}});
    json!({"messages": [message], "maxTokens": 10})
}

fn with(mut params: Value, key: &str, value: Value) -> Value {
    params[key] = value;
    params
}

fn as_task(params: Value) -> Value {
    with(params, "task", json!({}))
}

/// Makes a task of a form, and gives its id.
async fn make(script: &mut Script, message: &str) -> String {
    let made = soon(script.ask("elicitation/create", as_task(form(message)))).await;
    let id = made["result"]["task"]["taskId"].as_str();
    id.unwrap_or_else(|| panic!("a task: {made}")).to_owned()
}

async fn of(script: &mut Script, method: &str, id: &str) -> Value {
    soon(script.ask(method, json!({"taskId": id}))).await
}

#[tokio::test]
async fn tasks_are_declared_for_what_somebody_answers_and_only_with_a_place_to_keep_them() {
    let user = Patient::prompt();
    let receiver = || TaskReceiver::in_memory().expect("random bytes");
    let cases = [
        (builder(&user), Value::Null),
        (Client::builder().receive_tasks(receiver()), Value::Null),
        (
            builder(&user).receive_tasks(receiver()),
            json!({"list": {}, "cancel": {}, "requests": {
                "sampling": {"createMessage": {}}, "elicitation": {"create": {}},
            }}),
        ),
        (
            Client::builder()
                .sampling(user.clone())
                .receive_tasks(receiver()),
            json!({"list": {}, "cancel": {}, "requests": {"sampling": {"createMessage": {}}}}),
        ),
    ];
    for (builder, tasks) in cases {
        let (_client, _script, declared) = Script::open(builder, None, json!({})).await;
        assert_eq!(declared["tasks"], tasks, "{declared}");
    }
}

#[tokio::test]
async fn a_wish_that_is_not_declared_is_ignored() {
    let user = Patient::prompt();
    let (_client, mut script) = open(builder(&user)).await;
    // Not even a wish that is none is looked at.
    for wish in [json!({}), json!({"ttl": -1}), json!(5)] {
        let asked = with(form("Who?"), "task", wish);
        let answered = script.ask("elicitation/create", asked).await;
        assert_eq!(
            answered["result"],
            json!({"action": "accept", "content": {"name": "Ada"}})
        );
    }
    let unknown = of(&mut script, "tasks/get", "1").await;
    assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
    // Of two kinds of question one alone may be declared, and what is no question is none.
    let only = Client::builder()
        .elicitation(user.clone())
        .receive_tasks(TaskReceiver::in_memory().expect("random bytes"));
    let (_client, mut script) = open(only).await;
    let refused = script
        .ask("sampling/createMessage", as_task(sample()))
        .await;
    assert_eq!(refused["error"]["code"], -32601, "{refused}");
    let roots = script.ask("roots/list", as_task(json!({}))).await;
    assert!(roots.get("error").is_some(), "{roots}");
}

#[tokio::test]
async fn a_question_without_the_wish_is_answered_as_ever() {
    let user = Patient::prompt();
    let (_client, mut script) = open(receiving(&user)).await;
    let answered = script.ask("elicitation/create", form("Who?")).await;
    assert_eq!(
        answered["result"],
        json!({"action": "accept", "content": {"name": "Ada"}})
    );
}

#[tokio::test]
async fn a_question_becomes_a_task_at_once_and_its_answer_comes_later() {
    let user = Patient::default();
    let (_client, mut script) = open(receiving(&user)).await;
    let wish = json!({"ttl": 60_000});
    let params = with(form("Who?"), "task", wish);
    let params = with(params, "_meta", json!({"progressToken": "p"}));
    let made = script.ask("elicitation/create", params).await;
    let task = &made["result"]["task"];
    let id = task["taskId"].as_str().expect("an id").to_owned();
    assert_eq!(task["status"], "working", "{made}");
    assert_eq!(made["result"]["_meta"][RELATED], json!({"taskId": id}));
    user.asked().await;
    let told = of(&mut script, "tasks/get", &id).await;
    let told = &told["result"];
    assert_eq!(told["status"], "working", "{told}");
    assert_eq!(told["taskId"], id.as_str());
    assert_eq!(told["ttl"], 60_000);
    assert_eq!(told["pollInterval"], 1_000);
    assert!(told.get("_meta").is_none(), "{told}");
    for member in ["createdAt", "lastUpdatedAt"] {
        let moment = told[member].as_str().expect("a time");
        let moment: Timestamp = moment.parse().expect("RFC 3339");
        assert!(moment.as_millis() > 1_700_000_000_000, "{told}");
    }
    user.release();
    let news = script.notification("notifications/tasks/status").await;
    assert_eq!(news["params"]["status"], "completed", "{news}");
    assert_eq!(news["params"]["taskId"], id.as_str());
    assert!(news["params"].get("_meta").is_none(), "{news}");
    let result = of(&mut script, "tasks/result", &id).await;
    assert_eq!(
        result["result"],
        json!({
            "action": "accept",
            "content": {"name": "Ada"},
            "_meta": {RELATED: {"taskId": id}},
        })
    );
    // It says the same as often as it is asked.
    let again = of(&mut script, "tasks/result", &id).await;
    assert_eq!(again["result"], result["result"]);
    let told = of(&mut script, "tasks/get", &id).await;
    assert_eq!(told["result"]["status"], "completed", "{told}");
}

#[tokio::test]
async fn a_model_is_asked_as_a_task_too() {
    let user = Patient::prompt();
    let (_client, mut script) = open(receiving(&user)).await;
    let made = script
        .ask("sampling/createMessage", as_task(sample()))
        .await;
    let id = made["result"]["task"]["taskId"].as_str().expect("an id");
    let result = of(&mut script, "tasks/result", id).await;
    let result = &result["result"];
    assert_eq!(result["content"], json!({"type": "text", "text": "Hello."}));
    assert_eq!(result["model"], "a model");
    assert_eq!(result["_meta"][RELATED], json!({"taskId": id}));
}

#[tokio::test]
async fn the_result_is_waited_for_and_others_are_answered_meanwhile() {
    let user = Patient::default();
    let (_client, mut script) = open(receiving(&user)).await;
    let id = make(&mut script, "Who?").await;
    user.asked().await;
    let waiting = script.send("tasks/result", json!({"taskId": id})).await;
    let told = of(&mut script, "tasks/get", &id).await;
    assert_eq!(told["result"]["status"], "working", "{told}");
    assert!(script.left().all(|message| message["id"] != waiting));
    user.release();
    let result = script.response(&waiting).await;
    assert_eq!(result["result"]["content"]["name"], "Ada", "{result}");
}

#[tokio::test]
async fn waiting_can_be_withdrawn_and_the_task_goes_on() {
    let user = Patient::default();
    let (_client, mut script) = open(receiving(&user)).await;
    let id = make(&mut script, "Who?").await;
    user.asked().await;
    let waiting = script.send("tasks/result", json!({"taskId": id})).await;
    let cancelled = json!({"requestId": waiting});
    script
        .say(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled}))
        .await;
    user.release();
    let result = of(&mut script, "tasks/result", &id).await;
    assert_eq!(result["result"]["content"]["name"], "Ada", "{result}");
    assert!(script.left().all(|message| message["id"] != waiting));
}

#[tokio::test]
async fn what_is_refused_is_the_same_error_later_and_the_task_has_failed() {
    let user = Patient::prompt();
    let (_client, mut script) = open(receiving(&user)).await;
    let plain = script.ask("elicitation/create", form("refuse")).await;
    let id = make(&mut script, "refuse").await;
    let result = of(&mut script, "tasks/result", &id).await;
    assert_eq!(result["error"], plain["error"], "{result}");
    assert_eq!(result["error"]["code"], -1, "{result}");
    let told = of(&mut script, "tasks/get", &id).await;
    assert_eq!(told["result"]["status"], "failed", "{told}");
    assert_eq!(told["result"]["statusMessage"], "the policy says no");
    // A question that is none is refused by the same way.
    let bad = json!({"message": "Who?", "requestedSchema": {"type": "object", "properties": {
        "name": {"type": "object"},
    }}});
    let plain = script.ask("elicitation/create", bad.clone()).await;
    let made = script.ask("elicitation/create", as_task(bad)).await;
    let id = made["result"]["task"]["taskId"].as_str().expect("an id");
    let result = of(&mut script, "tasks/result", id).await;
    assert_eq!(result["error"], plain["error"], "{result}");
    assert_eq!(result["error"]["code"], -32602, "{result}");
}

#[tokio::test]
async fn a_cancelled_task_is_so_before_the_answer_and_for_ever() {
    let user = Patient::default();
    let (_client, mut script) = open(receiving(&user)).await;
    let id = make(&mut script, "Who?").await;
    user.asked().await;
    let waiting = script.send("tasks/result", json!({"taskId": id})).await;
    let cancelled = of(&mut script, "tasks/cancel", &id).await;
    assert_eq!(cancelled["result"]["status"], "cancelled", "{cancelled}");
    assert_eq!(cancelled["result"]["taskId"], id.as_str());
    user.dropped().await;
    let result = script.response(&waiting).await;
    assert_eq!(result["error"]["code"], -32603, "{result}");
    user.release();
    let told = of(&mut script, "tasks/get", &id).await;
    assert_eq!(told["result"]["status"], "cancelled", "{told}");
    let again = of(&mut script, "tasks/cancel", &id).await;
    assert_eq!(again["error"]["code"], -32602, "{again}");
    let news = script.notification("notifications/tasks/status").await;
    assert_eq!(news["params"]["status"], "cancelled", "{news}");
}

#[tokio::test]
async fn a_task_that_is_over_cannot_be_cancelled() {
    let user = Patient::prompt();
    let (_client, mut script) = open(receiving(&user)).await;
    for (message, status) in [("Who?", "completed"), ("refuse", "failed")] {
        let id = make(&mut script, message).await;
        of(&mut script, "tasks/result", &id).await;
        let refused = of(&mut script, "tasks/cancel", &id).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        let told = of(&mut script, "tasks/get", &id).await;
        assert_eq!(told["result"]["status"], status, "{told}");
    }
}

#[tokio::test]
async fn what_there_is_not_is_refused() {
    let user = Patient::prompt();
    let (_client, mut script) = open(receiving(&user)).await;
    for id in ["", "1", "00000000000000000000000000000000", "ÿ"] {
        for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
            let refused = of(&mut script, method, id).await;
            assert_eq!(refused["error"]["code"], -32602, "{method}: {refused}");
        }
    }
    for cursor in ["", "1", "AAAA"] {
        let refused = script.ask("tasks/list", json!({"cursor": cursor})).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    let refused = script.ask("tasks/get", json!({})).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
}

#[tokio::test]
async fn all_tasks_are_listed_page_by_page_under_ids_of_their_own() {
    let user = Patient::prompt();
    let (_client, mut script) = open(receiving(&user)).await;
    let mut made = Vec::new();
    for _ in 0..53 {
        let id = make(&mut script, "Who?").await;
        of(&mut script, "tasks/result", &id).await;
        made.push(id);
    }
    let mut listed = Vec::new();
    let mut params = json!({});
    let mut pages = 0;
    loop {
        let page = script.ask("tasks/list", params).await;
        let page = &page["result"];
        pages += 1;
        for task in page["tasks"].as_array().expect("tasks") {
            assert_eq!(task["status"], "completed", "{task}");
            listed.push(task["taskId"].as_str().expect("an id").to_owned());
        }
        match page.get("nextCursor") {
            Some(cursor) => params = json!({"cursor": cursor}),
            None => break,
        }
    }
    assert_eq!(listed, made);
    assert_eq!(pages, 2);
    let mut distinct = made.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), made.len());
    assert!(made.iter().all(|id| id.len() == 32), "{made:?}");
}

#[tokio::test(start_paused = true)]
async fn while_a_task_of_the_server_is_worked_on_it_is_the_clients_turn() {
    let user = Patient::default();
    let (client, mut script) = open(receiving(&user)).await;
    let calling = Beside::begin(async move {
        let calling = client
            .call_tool("slow", json!({}))
            .timeout(Duration::from_mins(1));
        calling.await
    });
    let call = script.request("tools/call").await;
    let id = make(&mut script, "Who?").await;
    user.asked().await;
    tokio::time::sleep(Duration::from_mins(10)).await;
    user.release();
    of(&mut script, "tasks/result", &id).await;
    script.answer(&call, json!({"content": []})).await;
    let result = calling.end().await;
    assert!(result.is_ok(), "{result:?}");
}

#[tokio::test]
async fn the_answer_to_a_question_of_a_task_names_the_task() {
    let user = Patient::prompt();
    let (_client, mut script) = open(builder(&user)).await;
    let of_task = json!({RELATED: {"taskId": "t1"}});
    let form = with(form("Who?"), "_meta", of_task.clone());
    let answered = script.ask("elicitation/create", form).await;
    assert_eq!(answered["result"]["_meta"], of_task, "{answered}");
    assert_eq!(answered["result"]["content"]["name"], "Ada", "{answered}");
    let sample = with(sample(), "_meta", of_task.clone());
    let answered = script.ask("sampling/createMessage", sample).await;
    assert_eq!(answered["result"]["_meta"], of_task, "{answered}");
    assert_eq!(answered["result"]["model"], "a model");
}
