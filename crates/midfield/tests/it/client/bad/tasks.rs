//! Tasks that never end, or end with nothing.

use std::time::Duration;

use midfield::client::{Error, Speak};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Double, assert_says, builder, error, is, result, still_works};

fn task(status: &str, more: Value) -> Value {
    let mut task = json!({"resultType": "complete", "taskId": "t", "status": status, "createdAt": "2026-01-01T00:00:00Z",
        "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": null});
    let members = task.as_object_mut().expect("an object");
    if let Value::Object(more) = more {
        members.extend(more);
    }
    task
}

/// A server whose tool becomes a task, which is always in this state.
fn stuck(state: Value) -> Double {
    Double::of(Speak::Modern, move |message| {
        if is(message, "tools/call") {
            let mut begun = task(
                "working",
                json!({"pollIntervalMs": state["pollIntervalMs"]}),
            );
            begun["resultType"] = json!("task");
            return Some(result(message, begun));
        }
        if is(message, "subscriptions/listen") {
            return Some(error(message, -32601, "no subscriptions"));
        }
        if is(message, "tasks/cancel") {
            return Some(result(message, json!({"resultType": "complete"})));
        }
        is(message, "tasks/get").then(|| result(message, state.clone()))
    })
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_ends_is_given_up_in_time_and_asked_for_neither_too_often_nor_too_seldom()
{
    let polls = [
        (json!(0), 1_000, 13_000),
        (json!(1_000_000_000_000_u64), 5, 15),
        (json!(1e300), 50, 1_300),
        (json!(-5), 50, 1_300),
    ];
    for (interval, least, most) in polls {
        let mut double = stuck(task("working", json!({"pollIntervalMs": interval})));
        let builder = builder(Speak::Modern).max_task_time(Duration::from_mins(10));
        let client = double.connect(builder).await.expect("a connection");
        let begun = Instant::now();
        let error = client
            .call_tool("any", ())
            .await
            .expect_err("it never ends");
        assert!(begun.elapsed() < Duration::from_secs(700));
        assert_says(
            &error,
            &["did not answer `tasks/get` within 600 s: the task 2026-07-28:t goes on"],
        );
        let asked = double.heard("tasks/get").len();
        assert!((least..=most).contains(&asked), "{interval}: {asked}");
        assert_eq!(
            double.heard("tasks/cancel").len(),
            0,
            "it may come to an end yet"
        );
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_tells_nothing_of_its_end_is_an_invalid_answer() {
    let cases: [(Value, &[&str]); 6] = [
        (
            task("completed", json!({})),
            &[
                "the answer to `tasks/get` cannot be read",
                "completed and has no `result`",
            ],
        ),
        (
            task("completed", json!({"result": 5})),
            &["the answer to `tasks/get` cannot be read"],
        ),
        (
            task("failed", json!({})),
            &["the task failed and has no `error`"],
        ),
        (
            task("moon", json!({})),
            &["the answer to `tasks/get` cannot be read", "moon"],
        ),
        (
            task(
                "completed",
                json!({"taskId": "other", "result": {"content": []}}),
            ),
            &["it was asked for one task and told of another"],
        ),
        (
            task("cancelled", json!({"statusMessage": "\u{1b}[31mno"})),
            &["the task t is cancelled: \u{fffd}[31mno"],
        ),
    ];
    for (state, parts) in cases {
        let mut double = stuck(state);
        let client = double.client(Speak::Modern).await;
        let error = client.call_tool("any", ()).await.expect_err("no end");
        assert_says(&error, parts);
        still_works(&client).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_asks_without_end_is_given_up() {
    let mut count = 0;
    let mut double = Double::of(Speak::Modern, move |message| {
        if is(message, "tools/call") {
            let mut begun = task("working", json!({}));
            begun["resultType"] = json!("task");
            return Some(result(message, begun));
        }
        if is(message, "tasks/update") {
            return Some(result(message, json!({"resultType": "complete"})));
        }
        is(message, "tasks/get").then(|| {
            count += 1;
            let form =
                json!({"message": "?", "requestedSchema": {"type": "object", "properties": {}}});
            let requests =
                json!({format!("q{count}"): {"method": "elicitation/create", "params": form}});
            result(
                message,
                task("input_required", json!({"inputRequests": requests})),
            )
        })
    });
    let client = double.client(Speak::Modern).await;
    let failed = client
        .call_tool("any", ())
        .await
        .expect_err("it never ends");
    assert!(matches!(failed, Error::TooManyRounds { .. }), "{failed}");
    assert_says(&failed, &["see `max_rounds`"]);
    assert_eq!(double.heard("tasks/update").len(), 10);
    still_works(&client).await;
}
