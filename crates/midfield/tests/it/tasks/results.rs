//! How tasks end, as each protocol tells it: exactly what the call would have been answered with.

use serde_json::{Value, json};

use super::{A, RELATED, User, assert_code, start, text};
use crate::harness::soon;

/// What a call is answered with that is no task: its result without what belongs to the answer itself, or its error.
async fn at_once(user: &User<'_>, tool: &str) -> Value {
    let params = json!({"name": tool, "arguments": arguments(tool)});
    bare(&user.ask("tools/call", params).await)
}

/// What a tool takes.
fn arguments(tool: &str) -> Value {
    match tool {
        "echo" => json!({"text": "said"}),
        _ => json!({}),
    }
}

fn bare(response: &Value) -> Value {
    let mut response = response.clone();
    if let Some(result) = response.get_mut("result") {
        result.as_object_mut().expect("a result").remove("_meta");
    }
    let kept = ["result", "error"];
    let mut kept = kept.iter().filter_map(|key| response.get(key));
    kept.next().cloned().expect("one of both")
}

#[tokio::test]
async fn a_session_is_told_exactly_what_the_call_would_have_been_answered_with() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let cases = [
        ("echo", "completed"),
        ("structured", "completed"),
        ("fail", "failed"),
        ("refuse", "failed"),
    ];
    for (tool, status) in cases {
        let made = user.call(tool, arguments(tool)).await;
        let id = made["result"]["task"]["taskId"].as_str().expect("an id");
        let told = user.of("tasks/result", id).await;
        assert_eq!(bare(&told), at_once(&user, tool).await, "{tool}");
        if let Some(result) = told.get("result") {
            assert_eq!(result["_meta"][RELATED]["taskId"], id, "{told}");
        }
        let task = user.until(id, status).await;
        assert_eq!(
            task.get("statusMessage").is_some(),
            status == "failed",
            "{task}"
        );
        for absent in ["result", "error", "_meta", "inputRequests", "resultType"] {
            assert!(task.get(absent).is_none(), "{absent}: {task}");
        }
        // It stays, and says the same.
        assert_eq!(bare(&user.of("tasks/result", id).await), bare(&told));
    }
}

#[tokio::test]
async fn the_extension_inlines_what_the_call_would_have_been_answered_with() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let mut waits = User::modern(&host, A);
    waits.capabilities = json!({});
    let cases = [
        ("echo", "completed", "result"),
        ("structured", "completed", "result"),
        ("fail", "completed", "result"),
        ("refuse", "failed", "error"),
    ];
    for (tool, status, member) in cases {
        let made = user.call(tool, arguments(tool)).await;
        let id = made["result"]["taskId"].as_str().expect("an id");
        let task = user.until(id, status).await;
        assert_eq!(task["resultType"], "complete", "{task}");
        assert_eq!(task[member], at_once(&waits, tool).await, "{tool}");
        assert!(task[member].get("_meta").is_none(), "{task}");
        for absent in ["result", "error", "inputRequests", "requestState", "ttl"] {
            assert_eq!(
                task.get(absent).is_some(),
                absent == member,
                "{absent}: {task}"
            );
        }
        assert_eq!(
            task.get("statusMessage").is_some(),
            status == "failed",
            "{task}"
        );
    }
}

#[tokio::test]
async fn a_task_at_work_tells_neither_result_nor_error() {
    let (host, probe) = start().await;
    for user in User::each(&host, A).await {
        let id = user.make("wait").await;
        probe.started().await;
        let task = user.until(&id, "working").await;
        for absent in ["result", "error", "inputRequests"] {
            assert!(task.get(absent).is_none(), "{task}");
        }
        // Who looks is answered at once, and with no stream.
        user.send("tasks/get", &json!({"taskId": id})).await.json();
        probe.release();
        probe.finished().await;
        user.until(&id, "completed").await;
    }
}

#[tokio::test]
async fn who_asks_for_the_result_waits_for_the_end() {
    let (host, probe) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("wait").await;
    probe.started().await;
    let waits = user.of("tasks/result", &id);
    let mut waits = std::pin::pin!(waits);
    // Others are answered meanwhile.
    for _ in 0..5 {
        tokio::select! {
            told = &mut waits => panic!("it had not ended: {told}"),
            task = user.until(&id, "working") => drop(task),
        }
    }
    let again = user.of("tasks/result", &id);
    probe.release();
    let (first, second) = soon(async { tokio::join!(waits, again) }).await;
    assert_eq!(text(&first["result"]), "released");
    assert_eq!(first["result"], second["result"]);
}

#[tokio::test]
async fn who_waits_for_the_result_may_go_and_ask_again() {
    let (host, probe) = start().await;
    let user = User::legacy(&host, A).await;
    let id = user.make("wait").await;
    probe.started().await;
    let mut gone = host.connect().await;
    let request = user.request("tasks/result", &json!({"taskId": id}));
    gone.send(&request.bytes()).await;
    user.until(&id, "working").await;
    drop(gone);
    user.until(&id, "working").await;
    probe.release();
    let told = user.of("tasks/result", &id).await;
    assert_eq!(text(&told["result"]), "released");
    assert!(probe.none_stopped());
}

#[tokio::test]
async fn an_unknown_task_is_an_invalid_parameter_for_every_method() {
    let (host, _) = start().await;
    let unknown = "0".repeat(32);
    let long = "f".repeat(4_000);
    for id in [
        unknown.as_str(),
        "",
        "no id",
        "786512e2-9e0d-44bd-8f29-789f320fe840",
        "é\u{0}",
        &long,
    ] {
        let user = User::legacy(&host, A).await;
        for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
            assert_code(&user.of(method, id).await, -32602);
        }
    }
    let user = User::modern(&host, A);
    for id in [
        unknown.as_str(),
        "no-id",
        "786512e2-9e0d-44bd-8f29-789f320fe840",
    ] {
        for method in ["tasks/get", "tasks/cancel"] {
            assert_code(&user.of(method, id).await, -32602);
        }
        assert_code(&user.update(id, json!({})).await, -32602);
        assert_code(&user.update(id, json!({"who": {}})).await, -32602);
    }
}

#[tokio::test]
async fn a_request_without_a_task_is_an_invalid_parameter() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    for params in [json!({}), json!({"taskId": 7}), json!({"taskId": null})] {
        for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
            assert_code(&user.ask(method, params.clone()).await, -32602);
        }
    }
    let user = User::modern(&host, A);
    let id = user.make("ask").await;
    for responses in [json!(7), json!([]), Value::Null] {
        assert_code(&user.update(&id, responses).await, -32602);
    }
    assert_code(&user.of("tasks/update", &id).await, -32602);
}

#[tokio::test]
async fn what_a_request_says_of_related_tasks_is_passed_over() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    let (asked, other) = (user.make("echo").await, user.make("wait").await);
    let mut params = json!({"taskId": asked});
    params["_meta"][RELATED] = json!({"taskId": other});
    let told = user.ask("tasks/result", params).await;
    assert_eq!(told["result"]["_meta"][RELATED]["taskId"], asked);
}
