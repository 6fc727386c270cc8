//! How tasks are made: what their makers are told, how long they stay, and calls that come twice.

use std::time::Duration;

use midfield::server::{EngineOptions, Tasks};
use serde_json::{Value, json};

use super::{A, B, RELATED, User, assert_code, start, start_with, text};

const KEY: &str = "midfield.dev/idempotencyKey";

const DAY: u64 = 24 * 60 * 60 * 1000;

#[track_caller]
fn assert_keys(object: &Value, keys: &[&str]) {
    let mut found: Vec<&str> = object
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    found.sort_unstable();
    assert_eq!(found, keys, "{object}");
}

#[tokio::test]
async fn a_session_is_answered_with_the_task_and_whose_it_is() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let made = user.call("wait", json!({})).await;
    assert_keys(&made["result"], &["_meta", "task"]);
    let task = &made["result"]["task"];
    assert_keys(
        task,
        &[
            "createdAt",
            "lastUpdatedAt",
            "pollInterval",
            "status",
            "taskId",
            "ttl",
        ],
    );
    assert_eq!(task["status"], "working");
    assert_eq!(task["pollInterval"], 1_000);
    assert_eq!(task["ttl"], 7 * DAY);
    assert_eq!(made["result"]["_meta"][RELATED]["taskId"], task["taskId"]);
}

#[tokio::test]
async fn a_model_is_told_what_to_go_on_with_where_the_revision_has_room_for_it() {
    const KEY: &str = "io.modelcontextprotocol/model-immediate-response";
    let (host, _) = start().await;
    let made = User::legacy(&host, A)
        .await
        .call("wait_too", json!({}))
        .await;
    assert_eq!(made["result"]["_meta"][KEY], "It is being waited for.");
    let made = User::legacy(&host, A).await.call("wait", json!({})).await;
    assert!(made["result"]["_meta"].get(KEY).is_none(), "{made}");
    let made = User::modern(&host, A).call("wait_too", json!({})).await;
    assert!(!made.to_string().contains("waited for"), "{made}");
}

#[tokio::test]
async fn a_modern_client_is_answered_with_a_flat_task() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let made = user.call("wait", json!({})).await;
    let task = &made["result"];
    assert_keys(
        task,
        &[
            "_meta",
            "createdAt",
            "lastUpdatedAt",
            "pollIntervalMs",
            "resultType",
            "status",
            "taskId",
            "ttlMs",
        ],
    );
    assert_eq!(task["resultType"], "task");
    assert_eq!(task["status"], "working");
    assert_eq!(task["pollIntervalMs"], 1_000);
    assert_eq!(task["ttlMs"], 7 * DAY);
    assert!(task["_meta"].get(RELATED).is_none(), "{made}");
}

#[tokio::test]
async fn a_task_is_found_as_soon_as_its_maker_knows_of_it() {
    let (host, _) = start().await;
    for user in User::each(&host, A).await {
        let mut ids = std::collections::HashSet::new();
        for _ in 0..20 {
            let made = user.call("wait", json!({})).await;
            let task = user.created(&made).clone();
            let id = task["taskId"].as_str().expect("a text").to_owned();
            let found = user.of("tasks/get", &id).await;
            assert_eq!(found["result"]["createdAt"], task["createdAt"], "{found}");
            assert_eq!(found["result"]["status"], "working");
            assert_eq!(id.len(), 32);
            assert!(ids.insert(id), "every task has an id of its own");
        }
    }
}

#[tokio::test]
async fn times_are_written_as_the_specification_has_them() {
    let (host, _) = start().await;
    for user in User::each(&host, A).await {
        let id = user.make("echo").await;
        let done = user.until(&id, "completed").await;
        for name in ["createdAt", "lastUpdatedAt"] {
            let time = done[name].as_str().expect("a text");
            let shape = time.replace(|digit: char| digit.is_ascii_digit(), "0");
            let shapes = ["0000-00-00T00:00:00.000Z", "0000-00-00T00:00:00Z"];
            assert!(shapes.contains(&shape.as_str()), "{time}");
        }
        assert!(
            done["createdAt"].as_str() <= done["lastUpdatedAt"].as_str()
                || done["createdAt"] == done["lastUpdatedAt"]
        );
    }
}

#[tokio::test]
async fn a_session_is_given_the_lifetime_it_asks_for_and_no_longer_than_the_server_keeps_tasks() {
    let mut options = EngineOptions::default();
    options.lifetime = Duration::from_secs(50);
    options.max_lifetime = Duration::from_secs(100);
    let tasks = Tasks::in_memory()
        .options(options)
        .poll_interval(Duration::from_millis(250));
    let (host, _) = start_with(tasks).await;
    let user = User::legacy(&host, A).await;
    for (task, ttl) in [
        (json!({}), 50_000),
        (json!({"ttl": 60_000}), 60_000),
        (json!({"ttl": 100_001}), 100_000),
        (json!({"ttl": 9_007_199_254_740_991_u64}), 100_000),
    ] {
        let made = user
            .call_with("wait", json!({}), json!({"task": task}))
            .await;
        let told = &made["result"]["task"];
        assert_eq!(
            (&told["ttl"], &told["pollInterval"]),
            (&json!(ttl), &json!(250))
        );
        let id = told["taskId"].as_str().expect("an id");
        assert_eq!(user.of("tasks/get", id).await["result"]["ttl"], ttl);
    }
    for task in [json!({"ttl": -1}), json!({"ttl": "long"}), json!(7)] {
        let told = user
            .call_with("wait", json!({}), json!({"task": task}))
            .await;
        assert_code(&told, -32602);
    }
}

#[tokio::test]
async fn what_a_modern_client_says_of_tasks_in_older_words_is_passed_over() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let made = user
        .call_with("wait", json!({}), json!({"task": {"ttl": 5}}))
        .await;
    assert_eq!(made["result"]["ttlMs"], 7 * DAY);
    let told = user
        .call_with("never", json!({}), json!({"task": {"ttl": 5}}))
        .await;
    assert_eq!(text(&told["result"]), "at once");
}

#[tokio::test]
async fn arguments_that_do_not_fit_make_no_task() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    assert_code(&user.call("verbatim", json!({"text": 7})).await, -32602);
    let listed = user.ask("tasks/list", json!({})).await;
    assert_eq!(listed["result"]["tasks"], json!([]));
    // Who did not ask for a task is told what a model can read.
    let told = User::modern(&host, A)
        .call("verbatim", json!({"text": 7}))
        .await;
    assert_eq!(told["result"]["isError"], true, "{told}");
    assert_code(&user.call("nothing", json!({})).await, -32602);
}

#[tokio::test]
async fn a_call_that_comes_twice_under_one_key_is_one_task() {
    let (host, probe) = start().await;
    for user in User::each(&host, A).await {
        let key = format!("key {}", user.is_modern());
        let call = async |user: &User<'_>, tool: &str, text: &str| {
            let more = json!({"_meta": {KEY: key}});
            let made = user.call_with(tool, json!({"text": text}), more).await;
            match user.created(&made)["taskId"].as_str() {
                Some(id) => id.to_owned(),
                None => made["error"]["code"].to_string(),
            }
        };
        let id = call(&user, "echo", "one").await;
        assert_eq!(call(&user, "echo", "one").await, id);
        user.until(&id, "completed").await;
        assert_eq!(call(&user, "echo", "one").await, id);
        assert_eq!(call(&user, "echo", "two").await, "-32602");
        // The same key for another tool, or of somebody else, is another.
        let other = call(&user, "echo_too", "one").await;
        assert!(other != id && other.len() == 32, "{other}");
        let of_b = if user.is_modern() {
            User::modern(&host, B)
        } else {
            User::legacy(&host, B).await
        };
        let others = call(&of_b, "echo", "two").await;
        assert!(others != id && others.len() == 32, "{others}");
    }
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_call_that_comes_twice_at_once_under_one_key_is_one_task() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let more = json!({"_meta": {KEY: "at once"}});
    let calls = (0..8).map(|_| user.call_with("wait", json!({}), more.clone()));
    let made = futures_util::future::join_all(calls).await;
    let ids: std::collections::HashSet<_> = made
        .iter()
        .map(|made| made["result"]["taskId"].as_str().expect("an id"))
        .collect();
    assert_eq!(ids.len(), 1);
}
