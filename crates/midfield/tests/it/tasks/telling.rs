//! What clients are told of tasks without asking: how far they are, and that they have changed.

use serde_json::{Value, json};

use super::{A, B, EXTENSION, RELATED, User, accepted, start};
use crate::http_asking::{Streamed, authorized};
use crate::messages::Request;

/// The stream on which a session hears what it did not ask for.
async fn stream(user: &User<'_>) -> Streamed {
    let session = user.session.as_deref().expect("a session");
    let request = authorized(Request::get("/mcp").session(session), user.token);
    Streamed::begin(user.host, &request).await
}

/// What is heard until a task has this status.
async fn until(heard: &mut Streamed, status: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let message = heard.hear().await;
        let is_it = message["params"]["status"] == status;
        all.push(message);
        if is_it {
            return all;
        }
    }
}

#[tokio::test]
async fn a_session_is_told_how_its_task_is() {
    let (host, probe) = start().await;
    let user = User::legacy(&host, A).await;
    let (stranger, same) = (User::legacy(&host, B).await, User::legacy(&host, A).await);
    let mut heard = stream(&user).await;
    let (mut others, mut again) = (stream(&stranger).await, stream(&same).await);
    let id = user.make("wait").await;
    probe.started().await;
    probe.release();
    let told = until(&mut heard, "completed").await;
    for message in &told {
        assert_eq!(message["method"], "notifications/tasks/status", "{message}");
        assert_eq!(message["params"]["taskId"], id);
        assert!(message["params"].get("_meta").is_none(), "{message}");
    }
    let last = told.last().expect("one").clone();
    assert_eq!(last["params"], user.until(&id, "completed").await);
    others.assert_silent().await;
    again.assert_silent().await;
}

#[tokio::test]
async fn progress_and_logs_of_a_task_go_to_its_session_for_as_long_as_it_works() {
    let (host, probe) = start().await;
    let user = User::legacy(&host, A).await;
    user.ask("logging/setLevel", json!({"level": "warning"}))
        .await;
    let mut heard = stream(&user).await;
    let more = json!({"_meta": {"progressToken": "t-1"}});
    let made = user.call_with("speak", json!({}), more).await;
    let id = made["result"]["task"]["taskId"].as_str().expect("an id");
    probe.started().await;
    probe.release();
    let told = until(&mut heard, "completed").await;
    let of = |method: &str| -> Vec<&Value> {
        let told = told.iter().filter(|message| message["method"] == method);
        told.map(|message| &message["params"]).collect()
    };
    let progress = of("notifications/progress");
    let done: Vec<_> = progress
        .iter()
        .map(|told| told["progress"].as_f64())
        .collect();
    assert_eq!(done, [Some(1.0), Some(2.0)]);
    let logs = of("notifications/message");
    let data: Vec<_> = logs.iter().map(|told| told["data"].as_str()).collect();
    assert_eq!(data, [Some("half way"), Some("all the way")]);
    for told in progress.iter().chain(&logs) {
        assert_eq!(told["_meta"][RELATED]["taskId"], id, "{told}");
    }
    assert!(progress.iter().all(|told| told["progressToken"] == "t-1"));
    heard.assert_silent().await;
}

#[tokio::test]
async fn how_far_a_task_is_is_seen_by_who_looks() {
    let (host, probe) = start().await;
    for user in User::each(&host, A).await {
        let id = user.make("speak").await;
        probe.started().await;
        loop {
            let task = user.until(&id, "working").await;
            if task["statusMessage"] == "half way" {
                break;
            }
        }
        probe.release();
        user.until(&id, "completed").await;
    }
}

/// Listens to tasks as the modern era does.
async fn listen(user: &User<'_>, ids: &[&str]) -> Streamed {
    let filter = json!({"notifications": {"taskIds": ids}});
    let mut heard =
        Streamed::begin(user.host, &user.request("subscriptions/listen", &filter)).await;
    let acknowledged = heard.hear().await;
    assert_eq!(
        acknowledged["method"],
        "notifications/subscriptions/acknowledged"
    );
    assert_eq!(
        acknowledged["params"]["notifications"]["taskIds"],
        json!(ids)
    );
    heard
}

#[tokio::test]
async fn who_listens_to_a_task_is_told_all_that_looking_would_tell() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let more = json!({"_meta": {"progressToken": "t-1"}});
    let made = user.call_with("ask_twice", json!({}), more).await;
    let id = made["result"]["taskId"].as_str().expect("an id");
    user.until(id, "input_required").await;
    let mut heard = listen(&user, &[id]).await;
    for name in ["one", "two"] {
        let key = loop {
            let told = until(&mut heard, "input_required")
                .await
                .pop()
                .expect("one");
            let asked = told["params"]["inputRequests"]
                .as_object()
                .expect("questions");
            let key = asked.keys().next().expect("a question").clone();
            let open = user.open(id).await;
            if open.iter().any(|(open, _)| *open == key) {
                break key;
            }
        };
        user.update(id, json!({key: accepted(name)})).await;
    }
    let told = until(&mut heard, "completed").await;
    assert!(
        told.iter()
            .all(|told| told["method"] == "notifications/tasks"),
        "{told:?}"
    );
    let mut last = told.last().expect("one")["params"].clone();
    let members = last.as_object_mut().expect("an object");
    members.remove("_meta");
    let mut task = user.until(id, "completed").await;
    for member in ["_meta", "resultType"] {
        task.as_object_mut().expect("an object").remove(member);
    }
    assert_eq!(last, task);
    heard.assert_silent().await;
}

#[tokio::test]
async fn who_listens_too_late_is_told_of_the_end_all_the_same() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let id = user.make("echo").await;
    user.until(&id, "completed").await;
    let mut heard = listen(&user, &[&id]).await;
    let told = heard.hear().await;
    assert_eq!(told["method"], "notifications/tasks", "{told}");
    assert_eq!(told["params"]["status"], "completed", "{told}");
}

#[tokio::test]
async fn who_listens_to_the_task_of_another_hears_as_of_one_that_is_not_there() {
    let (host, probe) = start().await;
    let (user, stranger) = (User::modern(&host, A), User::modern(&host, B));
    let id = user.make("wait").await;
    probe.started().await;
    let unknown = "0".repeat(32);
    let mut heard = listen(&stranger, &[&id, &unknown, "no id"]).await;
    probe.release();
    user.until(&id, "completed").await;
    heard.assert_silent().await;
}

#[tokio::test]
async fn a_session_hears_of_its_tasks_only_in_its_own_words() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let listen = json!({"notifications": {"taskIds": ["x"]}});
    super::assert_code(&user.ask("subscriptions/listen", listen).await, -32601);
    let found = User::modern(&host, A)
        .ask("server/discover", json!({}))
        .await;
    assert!(
        found["result"]["capabilities"]["extensions"]
            .get(EXTENSION)
            .is_some()
    );
}
