//! Lists: empty ones, what their pages have in common, and that they are told of when they change
//! ([2026-07-28, caching](https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/caching)).

use std::num::NonZeroUsize;

use midfield::Service;
use midfield::prelude::*;
use serde_json::{Value, json};

use crate::asking::{Peer, everything};
use crate::fixture::{Probe, verbatim};
use crate::messages::{LEGACY, MODERN, initialize};
use crate::pipe::ask_one;
use crate::stdio::Pipes;

const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("prompts/list", "prompts"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
];

fn any() -> Tool {
    verbatim("late", json!({"type": "object"}))
}

/// A server whose lists are empty, and may not stay so.
fn empty() -> Service {
    let server = Server::new("lists", "1").prompts_later().resources_later();
    let service = server.tool(any()).build().expect("a server");
    assert!(service.remove_tool("late"));
    service
}

#[tokio::test]
async fn an_empty_list_is_answered_and_the_same_for_every_connection() {
    let service = empty();
    for revision in LEGACY.into_iter().chain([MODERN]) {
        for (method, key) in LISTS {
            let answer = ask_one(&service, revision, method, json!({})).await;
            assert_eq!(answer["result"][key], json!([]), "{revision}: {answer}");
            let again = ask_one(&service, revision, method, json!({})).await;
            assert_eq!(answer, again, "{revision} {method}");
        }
    }
}

#[tokio::test]
async fn a_list_is_the_same_whoever_asks_and_whatever_was_asked_before() {
    let service = paged();
    let calls = json!({"name": "a"});
    let asks = [
        ("tools/call", calls.clone()),
        ("prompts/get", calls),
        ("resources/read", json!({"uri": "test:a"})),
    ];
    for revision in LEGACY.into_iter().chain([MODERN]) {
        for (method, key) in &LISTS[..3] {
            let first = ask_one(&service, revision, method, json!({})).await;
            let listed = &first["result"][key];
            assert_eq!(listed.as_array().map(Vec::len), Some(1), "{first}");
            for capabilities in [json!({}), everything()] {
                let mut peer = Peer::new(&service, revision, capabilities).await;
                for (method, params) in &asks {
                    let answer = peer.once(method, params, &json!({})).await;
                    assert!(answer["result"].is_object(), "{answer}");
                }
                let again = peer.once(method, &json!({}), &json!({})).await;
                assert_eq!(again["result"][key], *listed, "{revision} {method}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_hears_of_each_list_that_changes_and_of_no_other() {
    for revision in LEGACY {
        let service = empty();
        let mut pipes = Pipes::of(service.clone(), Probe::default(), 64 << 10);
        let opened = pipes.ask(&initialize(revision)).await;
        for list in ["tools", "prompts", "resources"] {
            let declared = &opened["result"]["capabilities"][list]["listChanged"];
            assert_eq!(*declared, true, "{revision}: {opened}");
        }
        pipes
            .say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        pipes.assert_silent().await;
        let changes: [(&str, &dyn Fn()); 4] = [
            ("tools", &|| service.add_tool(any()).expect("a tool")),
            ("tools", &|| assert!(service.remove_tool("late"))),
            ("prompts", &|| {
                let prompt = Prompt::new("late", async || "late");
                service.add_prompt(prompt).expect("a prompt");
            }),
            ("resources", &|| {
                let resource = Resource::new("test:late", "late", async || "late");
                service.add_resource(resource).expect("a resource");
            }),
        ];
        for (list, change) in changes {
            change();
            let heard = pipes.hear().await.expect("news");
            let method = format!("notifications/{list}/list_changed");
            assert_eq!(heard["method"], method, "{revision}");
            pipes.assert_silent().await;
        }
    }
}

fn paged() -> Service {
    let mut server = Server::new("lists", "1").page_size(NonZeroUsize::MIN);
    for name in ["a", "b", "c"] {
        server = server
            .tool(Tool::new(name, async || "said"))
            .prompt(Prompt::new(name, async || "said"))
            .resource(Resource::new(format!("test:{name}"), name, async || "said"));
    }
    server.build().expect("a server")
}

#[tokio::test]
async fn all_pages_say_the_same_of_keeping_them_and_name_the_server() {
    let service = paged();
    for (method, key) in &LISTS[..3] {
        let mut hints: Vec<Value> = Vec::new();
        let mut params = json!({});
        loop {
            let answer = ask_one(&service, MODERN, method, params).await;
            let result = &answer["result"];
            assert_eq!(result[key].as_array().map(Vec::len), Some(1), "{answer}");
            assert!(result["ttlMs"].is_u64(), "{answer}");
            let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
            assert_eq!(server["name"], "lists", "{answer}");
            hints.push(json!([result["ttlMs"], result["cacheScope"]]));
            let Some(cursor) = result.get("nextCursor") else {
                break;
            };
            params = json!({"cursor": cursor});
        }
        assert_eq!(hints.len(), 3);
        assert_eq!(hints[0][1], "public");
        assert!(hints.iter().all(|hint| *hint == hints[0]), "{hints:?}");
    }
}

#[tokio::test]
async fn a_discovery_says_how_long_it_may_be_kept() {
    let answer = ask_one(&paged(), MODERN, "server/discover", json!({})).await;
    let result = &answer["result"];
    assert!(result["ttlMs"].is_u64(), "{answer}");
    assert!(
        ["public", "private"]
            .map(Value::from)
            .contains(&result["cacheScope"]),
        "{answer}"
    );
}
