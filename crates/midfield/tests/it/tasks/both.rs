//! One engine is behind both protocols.

use serde_json::json;

use super::{A, User, accepted, start, text};
use crate::http_asking::answer;

#[tokio::test]
async fn a_task_of_one_protocol_is_seen_in_the_other_by_the_same_principal() {
    let (host, probe) = start().await;
    let users = User::each(&host, A).await;
    for (maker, looker) in [(&users[0], &users[1]), (&users[1], &users[0])] {
        let id = maker.make("wait").await;
        probe.started().await;
        let (one, other) = (
            maker.until(&id, "working").await,
            looker.until(&id, "working").await,
        );
        assert_eq!(one["createdAt"], other["createdAt"]);
        let listed = users[0].ask("tasks/list", json!({})).await;
        let listed = listed["result"]["tasks"].as_array().expect("tasks");
        assert!(listed.iter().any(|task| task["taskId"] == id));
        probe.release();
        looker.until(&id, "completed").await;
        let result = users[0].of("tasks/result", &id).await;
        assert_eq!(text(&result["result"]), "released");
        let task = users[1].until(&id, "completed").await;
        assert_eq!(text(&task["result"]), "released");
    }
}

#[tokio::test]
async fn a_tool_that_failed_is_a_failed_task_in_a_session_and_a_completed_one_in_the_extension() {
    let (host, _) = start().await;
    let [legacy, modern] = User::each(&host, A).await;
    for maker in [&legacy, &modern] {
        let id = maker.make("fail").await;
        let failed = legacy.until(&id, "failed").await;
        assert_eq!(failed["statusMessage"], "it is not to be");
        let completed = modern.until(&id, "completed").await;
        assert_eq!(completed["result"]["isError"], true, "{completed}");
        let result = legacy.of("tasks/result", &id).await;
        assert_eq!(result["result"]["isError"], true, "{result}");
        let id = maker.make("refuse").await;
        legacy.until(&id, "failed").await;
        let told = legacy.of("tasks/result", &id).await;
        let failed = modern.until(&id, "failed").await;
        // Each revision has a code of its own for it.
        assert_eq!(told["error"]["message"], failed["error"]["message"]);
        assert_eq!(
            (&told["error"]["code"], &failed["error"]["code"]),
            (&json!(-32002), &json!(-32602))
        );
    }
}

#[tokio::test]
async fn a_question_may_be_answered_in_the_other_protocol() {
    let (host, _) = start().await;
    let [legacy, modern] = User::each(&host, A).await;
    let id = legacy.make("ask").await;
    let key = modern.open(&id).await.remove(0).0;
    let mut waits = legacy.wait(&id).await;
    let asked = waits.hear().await;
    modern.update(&id, json!({key: accepted("Ada")})).await;
    // Who was asked too is told that the answer is not waited for any more.
    let cancelled = waits.hear().await;
    assert_eq!(
        cancelled["method"], "notifications/cancelled",
        "{cancelled}"
    );
    assert_eq!(cancelled["params"]["requestId"], asked["id"]);
    assert_eq!(text(&waits.hear().await["result"]), "Ada");
    let id = modern.make("ask").await;
    let mut waits = legacy.wait(&id).await;
    let asked = waits.hear().await;
    assert_eq!(
        legacy.say(answer(&asked, accepted("Eve"))).await.status,
        202
    );
    let task = modern.until(&id, "completed").await;
    assert_eq!(text(&task["result"]), "Eve");
}

#[tokio::test]
async fn a_task_is_cancelled_through_either_protocol() {
    let (host, probe) = start().await;
    let users = User::each(&host, A).await;
    for (maker, other) in [(&users[0], &users[1]), (&users[1], &users[0])] {
        let id = maker.make("wait").await;
        probe.started().await;
        let told = other.of("tasks/cancel", &id).await;
        assert!(told.get("error").is_none(), "{told}");
        maker.until(&id, "cancelled").await;
    }
}
