//! The list of tasks, of revision 2025-11-25.

use std::num::NonZeroUsize;

use midfield::server::Tasks;
use serde_json::{Value, json};

use super::{A, B, User, assert_code, start, tools};
use crate::fixture::Probe;

fn size(size: usize) -> NonZeroUsize {
    NonZeroUsize::new(size).expect("not zero")
}

#[tokio::test]
async fn all_tasks_of_a_principal_are_listed_page_by_page_in_the_order_of_their_making() {
    let probe = Probe::default();
    let server = tools::server(&probe)
        .tasks(Tasks::in_memory())
        .page_size(size(3));
    let host = super::serve(server.build().expect("a server")).await;
    let user = User::legacy(&host, A).await;
    let modern = User::modern(&host, A);
    let mut made = Vec::new();
    for tool in ["echo", "ask", "fail", "refuse", "wait", "echo"] {
        made.push(user.make(tool).await);
        User::modern(&host, B).make("echo").await;
    }
    made.push(modern.make("echo").await);
    let (mut found, mut cursor, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let params = cursor.map_or(json!({}), |cursor: Value| json!({"cursor": cursor}));
        let page = user.ask("tasks/list", params).await;
        assert!(page["result"].get("_meta").is_none(), "{page}");
        let tasks = page["result"]["tasks"].as_array().expect("tasks");
        sizes.push(tasks.len());
        for task in tasks {
            let id = task["taskId"].as_str().expect("an id");
            found.push(id.to_owned());
            for member in ["status", "createdAt", "lastUpdatedAt", "ttl"] {
                assert!(task.get(member).is_some(), "{task}");
            }
            assert!(user.of("tasks/get", id).await.get("result").is_some());
        }
        match page["result"].get("nextCursor") {
            Some(next) => cursor = Some(next.clone()),
            None => break,
        }
    }
    assert_eq!(found, made);
    assert_eq!(sizes, [3, 3, 1]);
}

#[tokio::test]
async fn a_cursor_that_was_not_given_for_this_is_an_invalid_parameter() {
    let probe = Probe::default();
    let server = tools::server(&probe)
        .tasks(Tasks::in_memory())
        .page_size(size(1));
    let host = super::serve(server.build().expect("a server")).await;
    let (user, other) = (User::legacy(&host, A).await, User::legacy(&host, B).await);
    for _ in 0..2 {
        user.make("echo").await;
    }
    let of_tasks = user.ask("tasks/list", json!({})).await["result"]["nextCursor"].clone();
    let of_tools = user.ask("tools/list", json!({})).await["result"]["nextCursor"].clone();
    assert!(of_tasks.is_string() && of_tools.is_string());
    let refused = [
        user.ask("tasks/list", json!({"cursor": "made up"})).await,
        user.ask("tasks/list", json!({"cursor": ""})).await,
        user.ask("tasks/list", json!({"cursor": 7})).await,
        user.ask("tasks/list", json!({"cursor": of_tools})).await,
        user.ask("tools/list", json!({"cursor": of_tasks})).await,
        other.ask("tasks/list", json!({"cursor": of_tasks})).await,
    ];
    for told in refused {
        assert_code(&told, -32602);
    }
}

#[tokio::test]
async fn a_list_without_tasks_is_empty() {
    let (host, _) = start().await;
    let told = User::legacy(&host, A)
        .await
        .ask("tasks/list", json!({}))
        .await;
    assert_eq!(told["result"], json!({"tasks": []}));
}
