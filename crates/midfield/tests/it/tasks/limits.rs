//! Limits of tasks, and handlers that do not end as they should.

use std::num::NonZeroUsize;
use std::time::Duration;

use midfield::server::{EngineOptions, Tasks};
use serde_json::json;

use super::{A, B, User, assert_code, start, start_with};

#[tokio::test]
async fn a_task_that_takes_longer_than_its_tool_may_fails() {
    let (host, probe) = start().await;
    for user in User::each(&host, A).await {
        let id = user.make("brief").await;
        let task = user.until(&id, "failed").await;
        assert!(task["statusMessage"].is_string(), "{task}");
        // Its handler is gone.
        probe.stopped().await;
        if user.is_modern() {
            assert!(task["error"]["code"].is_i64(), "{task}");
        } else {
            assert!(user.of("tasks/result", &id).await["error"]["code"].is_i64());
        }
    }
}

#[tokio::test]
async fn a_task_whose_handler_panics_fails_and_others_go_on() {
    let (host, probe) = start().await;
    let users = User::each(&host, A).await;
    let waits = users[0].make("wait").await;
    probe.started().await;
    for user in &users {
        let id = user.make("panic").await;
        let task = user.until(&id, "failed").await;
        let told = format!("{task}");
        assert!(
            !told.contains("on purpose"),
            "what it panicked with is nobody's: {told}"
        );
        user.until(&waits, "working").await;
    }
    probe.release();
    users[0].until(&waits, "completed").await;
}

#[tokio::test]
async fn one_principal_has_no_more_unfinished_tasks_than_it_may() {
    let mut options = EngineOptions::default();
    options.unfinished_per_owner = NonZeroUsize::new(2).expect("not zero");
    let (host, probe) = start_with(Tasks::in_memory().options(options)).await;
    for user in User::each(&host, A).await {
        let ids = [user.make("wait").await, user.make("wait").await];
        let refused = user.call("wait", json!({})).await;
        let message = refused["error"]["message"].as_str().expect("an error");
        assert!(message.contains("2 unfinished tasks"), "{message}");
        assert_code(&refused, -32603);
        // Others are not kept from theirs, and what has ended makes room.
        let other = User::modern(&host, B);
        other.make("echo").await;
        for id in ids {
            user.of("tasks/cancel", &id).await;
        }
        let id = user.make("echo").await;
        user.until(&id, "completed").await;
    }
    drop(probe);
}

#[tokio::test]
async fn tasks_beyond_those_that_may_run_at_once_wait_for_their_turn() {
    let mut options = EngineOptions::default();
    options.concurrency = NonZeroUsize::new(1).expect("not zero");
    let (host, probe) = start_with(Tasks::in_memory().options(options)).await;
    let user = User::modern(&host, A);
    let (first, second) = (user.make("wait").await, user.make("wait").await);
    probe.started().await;
    user.until(&second, "working").await;
    probe.release();
    user.until(&first, "completed").await;
    probe.started().await;
    probe.release();
    user.until(&second, "completed").await;
}

#[tokio::test]
async fn a_task_whose_time_is_over_is_told_as_failed_and_then_goes() {
    let mut options = EngineOptions::default();
    options.expired_grace = Duration::from_millis(200);
    let (host, _) = start_with(Tasks::in_memory().options(options)).await;
    let user = User::legacy(&host, A).await;
    let made = user
        .call_with("wait", json!({}), json!({"task": {"ttl": 50}}))
        .await;
    let id = made["result"]["task"]["taskId"].as_str().expect("an id");
    let task = user.until(id, "failed").await;
    assert!(task["statusMessage"].is_string(), "{task}");
    assert!(user.of("tasks/result", id).await.get("error").is_some());
    let goes = async {
        while user.of("tasks/get", id).await.get("error").is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    crate::harness::soon(goes).await;
    assert_code(&user.of("tasks/get", id).await, -32602);
}
