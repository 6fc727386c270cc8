//! Cancelling tasks.

use serde_json::{Value, json};

use super::{A, RELATED, User, accepted, assert_code, start, text};

/// What the extension acknowledges with.
#[track_caller]
fn assert_acknowledged(told: &Value) {
    let mut result = told["result"].clone();
    result.as_object_mut().expect("a result").remove("_meta");
    assert_eq!(result, json!({"resultType": "complete"}), "{told}");
}

#[tokio::test]
async fn a_cancelled_task_is_told_so_in_a_session_and_stays_so() {
    let (host, probe) = start().await;
    let user = User::legacy(&host, A).await;
    for tool in ["wait", "ask"] {
        let id = user.make(tool).await;
        match tool {
            "wait" => probe.started().await,
            _ => drop(user.until(&id, "input_required").await),
        }
        let told = user.of("tasks/cancel", &id).await;
        let task = &told["result"];
        assert_eq!(task["status"], "cancelled", "{told}");
        assert_eq!(task["taskId"], id, "{told}");
        assert!(
            task["ttl"].is_u64() && task["statusMessage"].is_string(),
            "{told}"
        );
        assert!(task["_meta"].get(RELATED).is_none(), "{told}");
        assert_code(&user.of("tasks/cancel", &id).await, -32602);
        assert_eq!(user.until(&id, "cancelled").await["taskId"], id);
        // What would have been its result is none.
        assert!(user.of("tasks/result", &id).await.get("error").is_some());
    }
}

#[tokio::test]
async fn in_a_session_a_task_that_has_ended_cannot_be_cancelled() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    for (tool, status) in [
        ("echo", "completed"),
        ("fail", "failed"),
        ("refuse", "failed"),
    ] {
        let id = user.make(tool).await;
        let before = user.until(&id, status).await;
        let told = user.of("tasks/cancel", &id).await;
        assert_code(&told, -32602);
        let message = told["error"]["message"].as_str().expect("a text");
        assert!(message.contains(status), "{message}");
        assert_eq!(user.until(&id, status).await, before);
    }
}

#[tokio::test]
async fn the_extension_acknowledges_whatever_the_task_has_come_to() {
    let (host, probe) = start().await;
    let user = User::modern(&host, A);
    for (tool, status) in [
        ("wait", "cancelled"),
        ("ask", "cancelled"),
        ("echo", "completed"),
        ("refuse", "failed"),
    ] {
        let id = user.make(tool).await;
        match tool {
            "wait" => probe.started().await,
            "ask" => drop(user.until(&id, "input_required").await),
            _ => drop(user.until(&id, status).await),
        }
        assert_acknowledged(&user.of("tasks/cancel", &id).await);
        let task = user.until(&id, status).await;
        for absent in ["result", "error", "inputRequests"] {
            assert!(
                status != "cancelled" || task.get(absent).is_none(),
                "{task}"
            );
        }
        assert_acknowledged(&user.of("tasks/cancel", &id).await);
        assert_eq!(user.until(&id, status).await, task);
    }
}

#[tokio::test]
async fn a_handler_sees_that_its_task_was_cancelled_and_may_clean_up() {
    let (host, probe) = start().await;
    for user in User::each(&host, A).await {
        let id = user.make("clean_up").await;
        user.until(&id, "working").await;
        user.of("tasks/cancel", &id).await;
        probe.started().await;
        // It is cancelled for everybody while it cleans up, and whatever it answers.
        let task = user.until(&id, "cancelled").await;
        probe.release();
        probe.finished().await;
        assert_eq!(user.until(&id, "cancelled").await, task);
    }
}

#[tokio::test]
async fn who_waits_for_the_result_is_told_of_the_end() {
    let (host, probe) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("wait").await;
    probe.started().await;
    let (told, cancelled) = tokio::join!(user.of("tasks/result", &id), async {
        tokio::task::yield_now().await;
        user.of("tasks/cancel", &id).await
    });
    assert_eq!(cancelled["result"]["status"], "cancelled", "{cancelled}");
    let message = told["error"]["message"].as_str().expect("an error");
    assert!(message.contains("cancelled"), "{told}");
}

#[tokio::test]
async fn an_answer_to_a_cancelled_task_changes_nothing() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let id = user.make("ask").await;
    let key = user.open(&id).await.remove(0).0;
    user.of("tasks/cancel", &id).await;
    assert_acknowledged(&user.update(&id, json!({key: accepted("late")})).await);
    user.until(&id, "cancelled").await;
}

#[tokio::test]
async fn a_notification_that_cancels_a_request_cancels_no_task() {
    let (host, probe) = start().await;
    let user = User::legacy(&host, A).await;
    let made = user.call("wait", json!({})).await;
    let id = made["result"]["task"]["taskId"].as_str().expect("an id");
    probe.started().await;
    let cancelled = json!({
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": {"requestId": made["id"]},
    });
    assert_eq!(user.say(cancelled).await.status, 202);
    user.until(id, "working").await;
    probe.release();
    let told = user.of("tasks/result", id).await;
    assert_eq!(text(&told["result"]), "released");
}
