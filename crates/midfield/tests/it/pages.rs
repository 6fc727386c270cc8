//! Lists, page by page, and the cursors between the pages.

use std::num::NonZeroUsize;

use midfield::Service;
use midfield::prelude::*;
use serde_json::{Value, json};

use crate::messages::{LEGACY, MODERN};
use crate::pipe::{ask, ask_one, error_message};

const INVALID_PARAMS: i32 = -32602;

fn plain(name: &str) -> Prompt {
    Prompt::new(name, async || "said")
}

#[tokio::test]
async fn the_pages_of_prompts_hold_each_one_once() {
    let server = Server::new("prompts", "1.0.0")
        .page_size(NonZeroUsize::new(2).expect("two"))
        .prompts(["a", "b", "c", "d", "e"].map(plain));
    let service = server.build().expect("a server");
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let mut names = Vec::new();
        let mut cursor: Option<Value> = None;
        for _ in 0..3 {
            let params = cursor
                .take()
                .map_or(json!({}), |cursor| json!({"cursor": cursor}));
            let answer = ask_one(&service, revision, "prompts/list", params).await;
            let page = answer["result"]["prompts"].as_array().expect("a page");
            names.extend(page.iter().map(|prompt| prompt["name"].clone()));
            cursor = answer["result"].get("nextCursor").cloned();
        }
        assert_eq!(names, ["a", "b", "c", "d", "e"]);
        assert_eq!(cursor, None);
    }
}

#[tokio::test]
async fn a_cursor_outlives_a_change_of_its_list() {
    let server = Server::new("prompts", "1.0.0")
        .page_size(NonZeroUsize::new(2).expect("two"))
        .prompts(["a", "b", "c", "d"].map(plain));
    let service = server.build().expect("a server");
    let first = ask_one(&service, MODERN, "prompts/list", json!({})).await;
    let cursor = first["result"]["nextCursor"].clone();
    assert!(service.remove_prompt("a"));
    assert!(service.remove_prompt("b"));
    service.add_prompt(plain("e")).expect("it is new");
    let next = ask_one(&service, MODERN, "prompts/list", json!({"cursor": cursor})).await;
    let page = next["result"]["prompts"].as_array().expect("a page");
    let names: Vec<&Value> = page.iter().map(|prompt| &prompt["name"]).collect();
    assert_eq!(names, ["c", "d"]);
    assert!(next["result"].get("nextCursor").is_some(), "{next}");
}

#[tokio::test]
async fn a_cursor_that_was_not_given_for_this_list_is_refused() {
    fn server() -> Service {
        let named = |name: &str| Resource::new(format!("a://{name}"), name, async || "said");
        Server::new("prompts", "1.0.0")
            .page_size(NonZeroUsize::MIN)
            .prompts(["a", "b"].map(plain))
            .resources(["a", "b"].map(named))
            .build()
            .expect("a server")
    }
    let (service, other) = (server(), server());
    let foreign = ask_one(&other, MODERN, "prompts/list", json!({})).await;
    let own = ask(
        &service,
        MODERN,
        &[("prompts/list", json!({})), ("resources/list", json!({}))],
    )
    .await;
    let [prompts, resources] =
        [&own[0], &own[1]].map(|answer| answer["result"]["nextCursor"].as_str().expect("a cursor"));
    let foreign = foreign["result"]["nextCursor"].as_str().expect("a cursor");
    let mut forged = prompts.to_owned();
    let last = if forged.pop() == Some('A') { 'Q' } else { 'A' };
    forged.push(last);
    let refused = [resources, foreign, &forged, &prompts[1..], "", "1", "bad"];
    for revision in LEGACY.into_iter().chain([MODERN]) {
        for cursor in refused {
            let params = json!({"cursor": cursor});
            let answer = ask_one(&service, revision, "prompts/list", params).await;
            error_message(&answer, INVALID_PARAMS);
        }
        let params = json!({"cursor": prompts});
        let answer = ask_one(&service, revision, "prompts/list", params).await;
        assert_eq!(answer["result"]["prompts"][0]["name"], "b", "{answer}");
    }
}

#[tokio::test]
async fn resources_and_templates_are_listed_apart_page_by_page() {
    let resource = |name: &str| Resource::new(format!("a://{name}"), name, async || "said");
    let template = |name: &str| {
        let template = format!("{name}://{{x}}");
        ResourceTemplate::new(template, name, async || "said").expect("a template")
    };
    let service = Server::new("resources", "1.0.0")
        .page_size(NonZeroUsize::new(2).expect("two"))
        .resources(["a", "b", "c"].map(resource))
        .resources(["a", "b", "c"].map(template))
        .build()
        .expect("a server");
    for revision in LEGACY.into_iter().chain([MODERN]) {
        let mut cursors = Vec::new();
        let lists = [
            ("resources/list", "resources"),
            ("resources/templates/list", "resourceTemplates"),
        ];
        for (method, member) in lists {
            let first = ask_one(&service, revision, method, json!({})).await;
            let cursor = first["result"]["nextCursor"].clone();
            let second = ask_one(&service, revision, method, json!({"cursor": cursor})).await;
            let mut names = Vec::new();
            for answer in [&first, &second] {
                let page = answer["result"][member].as_array().expect("a page");
                names.extend(page.iter().map(|entry| entry["name"].clone()));
            }
            assert_eq!(names, ["a", "b", "c"]);
            assert!(second["result"].get("nextCursor").is_none(), "{second}");
            cursors.push(cursor);
        }
        cursors.reverse();
        for ((method, _), cursor) in lists.into_iter().zip(cursors) {
            let answer = ask_one(&service, revision, method, json!({"cursor": cursor})).await;
            error_message(&answer, INVALID_PARAMS);
        }
    }
}

#[tokio::test]
async fn a_cursor_of_resources_outlives_a_change_of_the_list() {
    let resource = |name: &str| Resource::new(format!("a://{name}"), name, async || "said");
    let service = Server::new("resources", "1.0.0")
        .page_size(NonZeroUsize::MIN)
        .resources(["a", "b", "c"].map(resource))
        .build()
        .expect("a server");
    let first = ask_one(&service, MODERN, "resources/list", json!({})).await;
    let cursor = first["result"]["nextCursor"].clone();
    assert!(service.remove_resource("a://a"));
    assert!(service.remove_resource("a://b"));
    let next = ask_one(
        &service,
        MODERN,
        "resources/list",
        json!({"cursor": cursor}),
    )
    .await;
    assert_eq!(next["result"]["resources"][0]["name"], "c", "{next}");
}
