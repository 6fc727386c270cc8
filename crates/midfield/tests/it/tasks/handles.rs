//! Clients that know no tasks: they wait for a while, and get a handle then.

use std::time::Duration;

use midfield::server::Tasks;
use serde_json::{Value, json};

use super::{A, B, User, start, start_with, text};
use crate::harness::Host;

const SOON: Duration = Duration::from_millis(50);

/// A client of the modern era that declares nothing.
fn unaware<'a>(host: &'a Host, token: Option<&'static str>) -> User<'a> {
    User {
        capabilities: json!({}),
        ..User::modern(host, token)
    }
}

/// The id in a handle.
fn handed(answer: &Value) -> String {
    let text = text(&answer["result"]);
    let (_, rest) = text.split_once("as the task ").expect("a handle");
    rest[..32].to_owned()
}

#[tokio::test]
async fn a_call_that_takes_longer_is_answered_with_a_handle_by_which_its_result_is_found() {
    let (host, probe) = start_with(Tasks::in_memory().handles_after(SOON)).await;
    let user = unaware(&host, A);
    let id = handed(&user.call("wait", json!({})).await);
    let asked = json!({"task_id": id, "wait": 0});
    let status = user.call("task_status", asked.clone()).await;
    let told = &status["result"]["structuredContent"];
    let told = told.as_object().cloned();
    let told = told.unwrap_or_else(|| serde_json::from_str(text(&status["result"])).expect("JSON"));
    assert_eq!(told["state"], "working", "{status}");
    // Nobody else sees it.
    let foreign = unaware(&host, B).call("task_status", asked).await;
    assert_eq!(foreign["result"]["isError"], true, "{foreign}");
    assert!(
        text(&foreign["result"]).contains("unknown task"),
        "{foreign}"
    );
    probe.release();
    let ended = user.call("task_status", json!({"task_id": id})).await;
    assert_eq!(text(&ended["result"]), "released", "{ended}");
    assert_eq!(probe.runs(), 0);
}

#[tokio::test]
async fn a_call_that_ends_soon_is_answered_as_ever() {
    let wait = Duration::from_secs(20);
    let (host, _) = start_with(Tasks::in_memory().handles_after(wait)).await;
    let user = unaware(&host, A);
    let answer = user.call("echo", json!({"text": "at once"})).await;
    assert_eq!(text(&answer["result"]), "at once");
    let failed = user.call("fail", json!({})).await;
    assert_eq!(failed["result"]["isError"], true, "{failed}");
    let refused = user.call("refuse", json!({})).await;
    assert!(refused["error"].is_object(), "{refused}");
}

#[tokio::test]
async fn nobody_gets_handles_where_the_server_gives_none() {
    let (host, probe) = start().await;
    let user = unaware(&host, A);
    probe.release();
    let answer = user.call("wait", json!({})).await;
    assert_eq!(text(&answer["result"]), "released");
    let listed = user.ask("tools/list", json!({})).await;
    assert!(!listed.to_string().contains("task_status"), "{listed}");
}
