//! How long tasks live that a server asks a client for, and what they outlive.

use std::time::{Duration, Instant};

use midfield::KeyRing;
use midfield::client::TaskReceiver;
use midfield::server::{EngineOptions, Tasks};
use serde_json::json;

use super::super::script::Script;
use super::super::users::Patient;
use super::{as_task, builder, form, make, of, open, receiving, with};
use crate::harness::soon;
use crate::tasks::Folder;

#[tokio::test]
async fn a_server_sees_its_own_tasks_alone_and_finds_them_when_it_is_connected_to_again() {
    let user = Patient::prompt();
    let receiver = TaskReceiver::in_memory().expect("random bytes");
    let builder = builder(&user).receive_tasks(receiver.clone());
    let connect = |name: Option<&'static str>| {
        let builder = builder.clone();
        async move {
            let (client, script, _) = Script::open(builder, name, json!({})).await;
            (client, script)
        }
    };
    let (first, mut script) = connect(Some("one")).await;
    let id = make(&mut script, "Who?").await;
    of(&mut script, "tasks/result", &id).await;
    for name in [Some("two"), None, None] {
        let (_client, mut other) = connect(name).await;
        for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
            let refused = of(&mut other, method, &id).await;
            assert_eq!(refused["error"]["code"], -32602, "{refused}");
            let unknown = of(&mut other, method, "00000000000000000000000000000000").await;
            let message = unknown["error"]["message"].as_str().expect("a message");
            let message = message.replace("00000000000000000000000000000000", &id);
            assert_eq!(refused["error"]["message"], message.as_str());
        }
        let listed = other.ask("tasks/list", json!({})).await;
        assert_eq!(listed["result"], json!({"tasks": []}));
        // Each has tasks of its own.
        make(&mut other, "Who?").await;
    }
    first.close().await;
    let (_again, mut script) = connect(Some("one")).await;
    let listed = script.ask("tasks/list", json!({})).await;
    assert_eq!(listed["result"]["tasks"][0]["taskId"], id.as_str());
    let result = of(&mut script, "tasks/result", &id).await;
    assert_eq!(result["result"]["content"]["name"], "Ada", "{result}");
}

#[tokio::test]
async fn lifetimes_and_numbers_are_limited() {
    let user = Patient::default();
    let (_client, mut script) = open(receiving(&user)).await;
    let hour = 3_600_000_u64;
    for (wish, ttl) in [
        (json!({}), hour),
        (json!({"ttl": 5_000}), 5_000),
        (json!({"ttl": 999_999_999_999_u64}), 24 * hour),
    ] {
        let params = with(form("Who?"), "task", wish);
        let made = script.ask("elicitation/create", params).await;
        assert_eq!(made["result"]["task"]["ttl"], ttl, "{made}");
    }
    let bad = with(form("Who?"), "task", json!({"ttl": "long"}));
    let refused = script.ask("elicitation/create", bad).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    for _ in 3..64 {
        make(&mut script, "Who?").await;
    }
    let refused = script
        .ask("elicitation/create", as_task(form("Who?")))
        .await;
    assert_eq!(refused["error"]["code"], -32603, "{refused}");
    // A few are worked on at once; the others wait for their turn.
    for _ in 0..16 {
        user.asked().await;
    }
    assert_eq!(user.count(), 16);
    for _ in 0..64 {
        user.release();
    }
    for _ in 16..64 {
        user.asked().await;
    }
}

/// One that keeps what is over only for a moment.
fn forgetful() -> TaskReceiver {
    let mut options = EngineOptions::default();
    options.expired_grace = Duration::from_millis(100);
    let keys = KeyRing::generate().expect("keys");
    TaskReceiver::new(Tasks::in_memory().options(options), keys).expect("random bytes")
}

/// Asks for a task that lives so many milliseconds; its id.
async fn make_for(script: &mut Script, ttl: u64) -> String {
    let params = with(form("Who?"), "task", json!({"ttl": ttl}));
    let made = script.ask("elicitation/create", params).await;
    assert_eq!(made["result"]["task"]["ttl"], ttl, "{made}");
    let id = made["result"]["task"]["taskId"].as_str();
    id.expect("an id").to_owned()
}

/// Waits until the task is not there any more.
async fn goes(script: &mut Script, id: &str) {
    let gone = async {
        loop {
            let told = of(script, "tasks/get", id).await;
            if let Some(error) = told.get("error") {
                return error.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let error = soon(gone).await;
    assert_eq!(error["code"], -32602, "{error}");
    for method in ["tasks/result", "tasks/cancel"] {
        let refused = of(script, method, id).await;
        assert_eq!(refused["error"]["code"], -32602, "{method}: {refused}");
    }
    let listed = script.ask("tasks/list", json!({})).await;
    assert_eq!(listed["result"], json!({"tasks": []}));
}

#[tokio::test]
async fn a_question_whose_time_is_over_fails_is_taken_back_and_then_goes() {
    let user = Patient::default();
    let (_client, mut script) = open(builder(&user).receive_tasks(forgetful())).await;
    let id = make_for(&mut script, 300).await;
    user.asked().await;
    let waiting = script.send("tasks/result", json!({"taskId": id})).await;
    let news = soon(script.notification("notifications/tasks/status")).await;
    assert_eq!(news["params"]["taskId"], id.as_str(), "{news}");
    assert_eq!(news["params"]["status"], "failed", "{news}");
    assert!(news["params"]["statusMessage"].is_string(), "{news}");
    user.dropped().await;
    let result = soon(script.response(&waiting)).await;
    assert_eq!(result["error"]["code"], -32603, "{result}");
    goes(&mut script, &id).await;
    assert_eq!(user.count(), 1);
}

#[tokio::test]
async fn an_answer_is_there_until_the_time_of_its_task_is_over() {
    let user = Patient::prompt();
    let (_client, mut script) = open(builder(&user).receive_tasks(forgetful())).await;
    let begun = Instant::now();
    let id = make_for(&mut script, 1_000).await;
    let result = of(&mut script, "tasks/result", &id).await;
    assert_eq!(result["result"]["content"]["name"], "Ada", "{result}");
    goes(&mut script, &id).await;
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_question_that_the_end_of_its_process_interrupted_is_asked_again() {
    let folder = Folder::new("received");
    let keys = KeyRing::generate().expect("keys");
    let user = Patient::default();
    let open = async |user: &Patient| {
        let receiver = TaskReceiver::sqlite(folder.store(), keys.clone()).expect("a store");
        let builder = builder(user).receive_tasks(receiver.clone());
        let (client, script) = open(builder).await;
        (client, script, receiver)
    };
    let (client, mut script, receiver) = open(&user).await;
    let done = make(&mut script, "Who?").await;
    user.release();
    let before = of(&mut script, "tasks/result", &done).await;
    let id = make(&mut script, "Who?").await;
    user.asked().await;
    user.asked().await;
    client.close().await;
    soon(receiver.shut_down()).await;
    drop((client, script, receiver));
    let user = Patient::default();
    let (_client, mut script, _receiver) = open(&user).await;
    let told = of(&mut script, "tasks/get", &id).await;
    assert_eq!(told["result"]["status"], "working", "{told}");
    user.asked().await;
    user.release();
    let result = of(&mut script, "tasks/result", &id).await;
    assert_eq!(result["result"]["content"]["name"], "Ada", "{result}");
    assert_eq!(user.count(), 1);
    let after = of(&mut script, "tasks/result", &done).await;
    assert_eq!(after["result"], before["result"]);
}

#[tokio::test]
async fn a_question_waits_for_a_client_of_its_server() {
    let user = Patient::default();
    let receiver = TaskReceiver::in_memory().expect("random bytes");
    let (client, mut script) = open(builder(&user).receive_tasks(receiver.clone())).await;
    let id = make(&mut script, "Who?").await;
    user.asked().await;
    client.close().await;
    user.dropped().await;
    // Another server's client answers nothing of it.
    let other = Patient::prompt();
    let elsewhere = builder(&other).receive_tasks(receiver.clone());
    let (_elsewhere, _, _) = Script::open(elsewhere, Some("another"), json!({})).await;
    let (_client, mut script) = open(builder(&user).receive_tasks(receiver)).await;
    user.asked().await;
    user.release();
    let result = of(&mut script, "tasks/result", &id).await;
    assert_eq!(result["result"]["content"]["name"], "Ada", "{result}");
    assert_eq!((user.count(), other.count()), (2, 0));
}
