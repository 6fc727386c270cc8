//! Handlers that use their context in tasks of their own, which nobody who waits for the handler polls.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use midfield::Service;
use midfield::prelude::*;
use serde_json::json;
use tokio::task::JoinSet;

use super::{Peer, ask_name, assert_error, named, text};
use crate::messages::MODERN;

/// Asks one question in each of two tasks, one of them after a step.
async fn in_tasks(cx: Context) -> Result<String> {
    let mut tasks = JoinSet::new();
    let asking = cx.clone();
    tasks.spawn(async move {
        // By then the handler has been polled for the last time.
        tokio::time::sleep(Duration::from_millis(1)).await;
        ask_name(&asking, "first").await
    });
    tasks.spawn(async move {
        let number: u32 = cx
            .step("count", async || {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Ok::<_, Error>(3)
            })
            .await?;
        Ok(format!("{number} {}", ask_name(&cx, "second").await?))
    });
    let mut names = tasks
        .join_all()
        .await
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names.join(", "))
}

#[derive(Default)]
struct Runs(AtomicUsize);

/// Asks on one thread while a step is being polled on another one.
async fn at_once(cx: Context, runs: State<Runs>) -> Result<String> {
    let is_first = runs.0.fetch_add(1, Ordering::SeqCst) == 0;
    let (begun, asked) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let mut tasks = JoinSet::new();
    {
        let (cx, begun, asked) = (cx.clone(), begun.clone(), asked.clone());
        tasks.spawn(async move {
            cx.step("work", async || {
                begun.wait();
                asked.wait();
                Ok::<_, Error>("worked".to_owned())
            })
            .await
        });
    }
    tasks.spawn(async move {
        // Run again, the step is done already.
        if is_first {
            begun.wait();
        }
        let mut question = pin!(ask_name(&cx, "name"));
        let mut waits = is_first;
        poll_fn(|task| {
            let polled = question.as_mut().poll(task);
            if std::mem::take(&mut waits) {
                asked.wait();
            }
            polled
        })
        .await
    });
    let mut results = tasks
        .join_all()
        .await
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    results.sort();
    Ok(results.join(" "))
}

fn server() -> Service {
    Server::new("asking", "1")
        .state(Runs::default())
        .tool(Tool::new("in_tasks", in_tasks))
        .tool(Tool::new("at_once", at_once))
        .build()
        .expect("a server")
}

#[tokio::test]
async fn a_question_that_a_task_of_the_handler_asks_is_sent() {
    let service = server();
    for revision in ["2025-06-18", "2025-11-25", MODERN] {
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("in_tasks", named).await;
        assert_eq!(text(&response), "3 <second?>, <first?>", "{revision}");
    }
}

#[tokio::test]
async fn a_task_of_the_handler_that_may_not_ask_ends_the_call() {
    let service = server();
    for (revision, code) in [("2025-11-25", -32600), (MODERN, -32021)] {
        let mut peer = Peer::new(&service, revision, json!({})).await;
        let response = peer.call("in_tasks", named).await;
        assert_error(&response, code, &["capability"]);
        assert!(peer.rounds.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_step_on_one_thread_keeps_no_other_thread_from_asking() {
    for revision in ["2025-11-25", MODERN] {
        let service = server();
        let mut peer = Peer::able(&service, revision).await;
        let response = peer.call("at_once", named).await;
        assert_eq!(text(&response), "<name?> worked", "{revision}");
    }
}
