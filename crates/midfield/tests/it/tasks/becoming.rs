//! Calls that become tasks when their handlers say so.

use serde_json::{Value, json};

use super::{A, EXTENSION, User, accepted, assert_code, start, text};

/// What a call is answered with after its questions were answered by `name`.
async fn answered(user: &User<'_>, tool: &str, name: &str) -> Value {
    let asked = user.call(tool, json!({})).await;
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    assert!(asked["result"].get("taskId").is_none(), "{asked}");
    let answers = json!({
        "inputResponses": {"who": accepted(name)},
        "requestState": asked["result"]["requestState"],
    });
    user.call_with(tool, json!({}), answers).await
}

#[tokio::test]
async fn a_call_asks_first_and_becomes_a_task_that_knows_the_answer() {
    let (host, probe) = start().await;
    let user = User::modern(&host, A);
    let made = answered(&user, "must_become", "Ada").await;
    assert_eq!(made["result"]["resultType"], "task", "{made}");
    assert!(made["result"].get("requestState").is_none(), "{made}");
    let id = made["result"]["taskId"].as_str().expect("an id");
    probe.started().await;
    user.until(id, "working").await;
    probe.release();
    let task = user.until(id, "completed").await;
    // The step before was done once, and what comes after it as a task.
    assert_eq!(text(&task["result"]), "Ada 1 true");
    assert_eq!(probe.runs(), 1);
}

#[tokio::test]
async fn a_call_that_ends_before_it_becomes_a_task_is_answered_at_once() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let told = answered(&user, "must_become", "nobody").await;
    assert_eq!(told["result"]["resultType"], "complete", "{told}");
    assert_eq!(text(&told["result"]), "at once");
}

#[tokio::test]
async fn who_knows_no_tasks_waits_for_the_answer_or_is_refused_before_anything_runs() {
    let (host, probe) = start().await;
    let mut user = User::modern(&host, A);
    user.capabilities = json!({"elicitation": {}});
    let told = user.call("must_become", json!({})).await;
    assert_code(&told, -32021);
    let lacks = json!({"requiredCapabilities": {"extensions": {EXTENSION: {}}}});
    assert_eq!(told["error"]["data"], lacks);
    probe.release();
    let told = answered(&user, "become", "Ada").await;
    assert_eq!(text(&told["result"]), "Ada 1 false");
}

#[tokio::test]
async fn where_the_client_decides_the_call_is_a_task_from_the_beginning() {
    let (host, probe) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("become").await;
    let mut waits = user.wait(&id).await;
    let asked = waits.hear().await;
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    let answer = crate::http_asking::answer(&asked, accepted("Ada"));
    assert_eq!(user.say(answer).await.status, 202);
    probe.release();
    let told = waits.hear().await;
    assert_eq!(text(&told["result"]), "Ada 1 true");
}

#[tokio::test]
async fn a_call_that_comes_twice_becomes_one_task() {
    let (host, probe) = start().await;
    let user = User::modern(&host, A);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let key = json!({"_meta": {"midfield.dev/idempotencyKey": "once"}});
        let asked = user.call_with("become", json!({}), key.clone()).await;
        let mut more = key;
        more["inputResponses"] = json!({"who": accepted("Ada")});
        more["requestState"] = asked["result"]["requestState"].clone();
        let made = user.call_with("become", json!({}), more).await;
        ids.push(made["result"]["taskId"].clone());
    }
    assert!(ids[0].is_string());
    assert_eq!(ids[0], ids[1]);
    probe.release();
    user.until(ids[0].as_str().expect("an id"), "completed")
        .await;
}
