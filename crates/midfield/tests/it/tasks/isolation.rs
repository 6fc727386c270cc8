//! Nobody learns anything of the tasks of another: not that there are any, and not by what asking costs.

use std::sync::Arc;

use midfield::server::Tasks;
use serde_json::{Value, json};

use super::watched::Watched;
use super::{A, B, User, accepted, start, start_with};
use crate::harness::Response;

/// An id that is written like others, and that no task has.
fn unknown() -> String {
    "01a228c261ab1377934b8f6964ba38af".to_owned()
}

/// A response as its peer sees it, without the id that was asked for.
fn seen(response: &Response, id: &str) -> (u16, Vec<(String, String)>, String) {
    let body = String::from_utf8(response.body.clone()).expect("text");
    let is_time = |name: &str| name == "date";
    let headers = response.headers.iter().filter(|(name, _)| !is_time(name));
    (
        response.status,
        headers.cloned().collect(),
        body.replace(id, "ID"),
    )
}

/// Every request about one task.
fn requests(user: &User<'_>) -> Vec<(&'static str, Value)> {
    let mut requests = vec![("tasks/get", json!({})), ("tasks/cancel", json!({}))];
    if user.is_modern() {
        requests.push((
            "tasks/update",
            json!({"inputResponses": {"who": accepted("Eve")}}),
        ));
        requests.push(("tasks/update", json!({"inputResponses": {}})));
    } else {
        requests.push(("tasks/result", json!({})));
    }
    requests
}

#[tokio::test]
async fn the_task_of_another_is_as_one_that_is_not_there() {
    let (host, probe) = start().await;
    for owner in User::each(&host, A).await {
        for (tool, status) in [
            ("wait", "working"),
            ("ask", "input_required"),
            ("echo", "completed"),
            ("refuse", "failed"),
        ] {
            let id = owner.make(tool).await;
            let before = owner.until(&id, status).await;
            // The numbers of their requests must be the same too.
            let (with_id, without) = (User::each(&host, B).await, User::each(&host, B).await);
            for (stranger, other) in with_id.iter().zip(&without) {
                for (method, params) in requests(stranger) {
                    let of = |id: &str| {
                        let mut params = params.clone();
                        params["taskId"] = json!(id);
                        params
                    };
                    let theirs = stranger.send(method, &of(&id)).await;
                    let none = other.send(method, &of(&unknown())).await;
                    assert_eq!(
                        theirs.json()["error"]["code"],
                        -32602,
                        "{method}: {theirs:?}"
                    );
                    assert_eq!(seen(&theirs, &id), seen(&none, &unknown()), "{method}");
                }
            }
            assert_eq!(owner.until(&id, status).await, before);
        }
        owner.make("wait").await;
    }
    assert!(probe.none_stopped());
    let stranger = User::legacy(&host, B).await;
    let listed = stranger.ask("tasks/list", json!({})).await;
    assert_eq!(listed["result"], json!({"tasks": []}));
}

#[tokio::test]
async fn asking_of_the_task_of_another_costs_what_asking_of_none_does() {
    let store = Watched::new();
    let (host, _) = start_with(Tasks::in_store(Arc::new(store.clone()))).await;
    let owner = User::modern(&host, A);
    let id = owner.make("ask").await;
    owner.until(&id, "input_required").await;
    for stranger in User::each(&host, B).await {
        for (method, params) in requests(&stranger) {
            let mut costs = Vec::new();
            for id in [&id, &unknown()] {
                let mut params = params.clone();
                params["taskId"] = json!(id);
                store.asked();
                stranger.send(method, &params).await;
                costs.push(store.asked());
            }
            assert_eq!(costs[0], costs[1], "{method}");
            assert_eq!(costs[0], ["get"], "{method}");
        }
    }
}

#[tokio::test]
async fn who_is_not_told_apart_needs_the_id() {
    let probe = crate::fixture::Probe::default();
    let service = super::tools::server(&probe)
        .tasks(Tasks::in_memory())
        .build();
    let options = midfield::transport::http::Options::new();
    let host = crate::harness::Host::start(service.expect("a server"), options).await;
    let id = User::legacy(&host, None).await.make("echo").await;
    let other = User::modern(&host, None);
    other.until(&id, "completed").await;
    assert!(id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()));
}
