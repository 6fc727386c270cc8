//! What goes over every transport: ids, revisions, results, what is kept.

use std::collections::HashSet;
use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use midfield::Client;
use midfield::client::{Error, Speak};
use midfield::types::{Content, Meta, TraceContext};
use serde_json::{Value, json};

use super::super::script::{Beside, Script, assert_refused};
use super::super::scripted::{Reply, Scripted, Seen, discovery, said};
use super::modern;
use crate::harness::soon;

#[tokio::test]
async fn an_answer_of_an_unknown_kind_is_none() {
    let (_server, client) = modern(|seen| match seen.method() {
        "prompts/get" => {
            Reply::Result(json!({"resultType": "task", "taskId": "t", "status": "working"}))
        }
        "tools/list" => Reply::Result(json!({"resultType": "input_required", "requestState": "s"})),
        _ => Reply::Result(json!({"resultType": "poem", "content": []})),
    })
    .await;
    for error in [
        client.call_tool("greet", ()).await.expect_err("a poem"),
        client
            .get_prompt("greet")
            .await
            .map(drop)
            .expect_err("a task"),
        client.tools().await.map(drop).expect_err("a question"),
    ] {
        assert!(matches!(error, Error::InvalidAnswer(_)), "{error}");
    }
}

#[tokio::test]
async fn ids_and_tokens_are_never_used_twice() {
    let (server, client) = modern(|seen| match seen.body["params"].get("requestState") {
        None => Reply::Result(json!({"resultType": "input_required", "requestState": "s"})),
        Some(_) => Reply::Result(said("hello")),
    })
    .await;
    let (first, second) = tokio::join!(async { client.call_tool("greet", ()).await }, async {
        client.call_tool("greet", ()).await
    },);
    first.and(second).expect("results");
    let calls = server.asked("tools/call");
    let ids: HashSet<String> = calls
        .iter()
        .map(|seen| seen.body["id"].to_string())
        .collect();
    let token = |seen: &Seen| seen.body["params"]["_meta"]["progressToken"].to_string();
    let tokens: HashSet<String> = calls.iter().map(token).collect();
    assert_eq!((calls.len(), ids.len(), tokens.len()), (4, 4, 4));
}

#[tokio::test]
async fn a_cursor_is_given_back_as_it_came_even_if_it_is_empty() {
    let (server, client) = modern(|seen| {
        let next = match seen.body["params"].get("cursor").and_then(Value::as_str) {
            None => json!(""),
            Some("") => json!("ä/ b"),
            Some(_) => Value::Null,
        };
        let mut page = json!({"prompts": [{"name": "greet"}]});
        if !next.is_null() {
            page["nextCursor"] = next;
        }
        Reply::Result(page)
    })
    .await;
    assert_eq!(client.prompts().await.expect("prompts").len(), 3);
    let cursors: Vec<Value> = server
        .asked("prompts/list")
        .iter()
        .map(|seen| seen.body["params"]["cursor"].clone())
        .collect();
    assert_eq!(cursors, [Value::Null, json!(""), json!("ä/ b")]);
}

#[tokio::test]
async fn a_revision_that_is_not_supported_gives_way_to_one_that_is() {
    let asked = AtomicUsize::new(0);
    let server = Scripted::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => {
            let data = json!({"supported": ["2026-07-28"], "requested": "2026-07-28"});
            Reply::Error(
                400,
                json!({"code": -32022, "message": "unsupported", "data": data}),
            )
        }
        _ => Reply::Result(discovery()),
    })
    .await;
    let client = Client::connect(server.url.as_str())
        .await
        .expect("a connection");
    assert_eq!(client.revision().as_str(), "2026-07-28");
    assert!(
        server.asked("initialize").is_empty(),
        "a modern error is never taken for an old server"
    );
}

#[tokio::test]
async fn a_session_in_a_revision_that_is_not_known_is_not_begun() {
    let server = Scripted::start(|_| {
        Reply::Result(json!({"protocolVersion": "1999-01-01", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}}))
    })
    .await;
    let builder = Client::builder().speak(Speak::Legacy);
    let error = builder
        .connect(server.url.as_str())
        .await
        .expect_err("an unknown revision");
    assert!(error.to_string().contains("1999-01-01"), "{error}");
    assert!(server.asked("notifications/initialized").is_empty());
}

#[tokio::test]
async fn what_is_read_is_kept_as_long_as_the_server_says_and_by_what_was_asked() {
    let (server, client) = modern(|seen| {
        let params = &seen.body["params"];
        let uri = params["uri"].as_str().unwrap_or_default();
        if uri == "demo://asks" && params.get("requestState").is_none() {
            return Reply::Result(json!({"resultType": "input_required", "requestState": "s"}));
        }
        let ttl = if uri == "demo://once" {
            json!(-1)
        } else {
            json!(600_000)
        };
        Reply::Result(
            json!({"contents": [{"uri": uri, "text": uri}], "ttlMs": ttl, "cacheScope": "public"}),
        )
    })
    .await;
    for (uri, requests) in [
        ("demo://a", 1),
        ("demo://b", 1),
        ("demo://once", 2),
        ("demo://asks", 4),
    ] {
        let before = server.asked("resources/read").len();
        for _ in 0..2 {
            let read = client.read_resource(uri).await.expect("a resource");
            assert_eq!(read.contents[0].text.as_deref(), Some(uri));
        }
        assert_eq!(
            server.asked("resources/read").len() - before,
            requests,
            "{uri}"
        );
    }
}

#[tokio::test]
async fn a_trace_is_sent_on_and_reserved_keys_are_not() {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
    let (server, client) = modern(|_| Reply::Result(said("hello"))).await;
    let trace = TraceContext::read(Some(PARENT), Some("a=1"), Some("b=2")).expect("a trace");
    let meta = Meta::new()
        .with("com.example/key", 1)
        .with("progressToken", "mine")
        .with("io.modelcontextprotocol/protocolVersion", "1999-01-01")
        .with("traceparent", "mine");
    client
        .call_tool("greet", ())
        .trace(trace)
        .meta(meta)
        .await
        .expect("a result");
    let meta = server.asked("tools/call")[0].body["params"]["_meta"].clone();
    assert_eq!(meta["traceparent"], PARENT);
    assert_eq!(meta["tracestate"], "a=1");
    assert_eq!(meta["baggage"], "b=2");
    assert_eq!(meta["com.example/key"], 1);
    assert!(meta["progressToken"].is_i64());
    assert_eq!(
        meta["io.modelcontextprotocol/protocolVersion"],
        "2026-07-28"
    );
}

#[tokio::test]
async fn a_key_of_meta_that_is_none_is_not_sent() {
    let (server, client) = modern(|_| Reply::Result(said("hello"))).await;
    for key in [
        "a key",
        "-a",
        "/a",
        "1a.example/b",
        "com..example/b",
        "com.example/b/c",
        "ä/b",
    ] {
        let meta = Meta::new().with("com.example/good", 1).with(key, 1);
        let error = client.call_tool("greet", ()).meta(meta).await;
        let error = error.expect_err(key);
        assert!(matches!(error, Error::Unsayable(_)), "{error}");
        assert!(error.to_string().contains(key), "{error}");
    }
    assert!(server.asked("tools/call").is_empty());
    for key in ["com.example/a", "plain", "a/", ""] {
        let meta = Meta::new().with(key, 1);
        client.call_tool("greet", ()).meta(meta).await.expect(key);
        let sent = server.asked("tools/call").pop().expect("a call");
        assert_eq!(sent.body["params"]["_meta"][key], 1, "{key}");
    }
}

#[tokio::test]
async fn a_code_that_servers_made_up_means_no_more_than_that_they_refused() {
    for speak in [Speak::Modern, Speak::Legacy] {
        for code in (-32019..=-32000).chain([-32099, -32050, -32042, -1, 0, 1]) {
            let (mut script, target) = Script::new(None);
            let builder = Client::builder().speak(speak);
            let serve = async {
                if speak == Speak::Legacy {
                    soon(script.shake_hands(json!({"tools": {}}))).await;
                } else {
                    let asked = soon(script.request("server/discover")).await;
                    script.refuse(&asked, -32601).await;
                }
            };
            let (client, ()) = soon(async { tokio::join!(builder.connect(target), serve) }).await;
            let client = client.expect("a connection");
            for method in ["tools/call", "resources/read"] {
                let asking = if method == "tools/call" {
                    let call = client.call_tool("greet", ()).into_future();
                    Beside::begin(async { call.await.map(drop) })
                } else {
                    let read = client.read_resource("demo://a").into_future();
                    Beside::begin(async { read.await.map(drop) })
                };
                let asked = soon(script.hear()).await;
                assert_eq!(asked["method"], method, "{code}: {asked}");
                script.refuse(&asked, code).await;
                assert_refused(soon(asking.end()).await, code);
            }
        }
    }
}

#[tokio::test]
async fn what_a_tool_says_of_itself_repeats_no_call_that_broke_off() {
    let hints = json!({"readOnlyHint": true, "idempotentHint": true, "destructiveHint": false});
    let (server, client) = modern(move |seen| match seen.method() {
        "tools/list" => Reply::Result(json!({"tools": [
            {"name": "pay", "inputSchema": {"type": "object"}, "annotations": hints},
        ]})),
        _ => Reply::Cut,
    })
    .await;
    let tools = client.tools().await.expect("tools");
    let annotations = tools[0].annotations.as_ref().expect("annotations");
    assert_eq!(annotations.idempotent_hint, Some(true));
    let error = client.call_tool("pay", ()).await.expect_err("it is cut");
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert_eq!(server.asked("tools/call").len(), 1);
}

#[tokio::test]
async fn pictures_at_addresses_that_run_or_read_something_are_left_out_everywhere() {
    let icons = json!([
        {"src": "javascript:alert(1)"}, {"src": "file:///etc/passwd"}, {"src": "ftp://example.com/a"},
        {"src": "ws://example.com/a"}, {"src": "https://example.com/a.png", "mimeType": "image/png"},
        {"src": "data:image/jpeg;base64,AA==", "mimeType": "image/jpeg"},
    ]);
    let info = json!({"name": "scripted", "version": "1", "icons": icons});
    let link = json!({"type": "resource_link", "uri": "demo://a", "name": "a", "icons": icons});
    let server = Scripted::start(move |seen| {
        Reply::Result(match seen.method() {
            "server/discover" => {
                let mut discovery = discovery();
                discovery["_meta"] = json!({"io.modelcontextprotocol/serverInfo": info});
                discovery
            }
            "tools/list" => json!({"tools": [
                {"name": "a", "inputSchema": {"type": "object"}, "icons": icons},
            ]}),
            "prompts/list" => json!({"prompts": [{"name": "a", "icons": icons}]}),
            "resources/list" => {
                json!({"resources": [{"uri": "demo://a", "name": "a", "icons": icons}]})
            }
            "resources/templates/list" => {
                json!({"resourceTemplates": [{"uriTemplate": "demo://{a}", "name": "a", "icons": icons}]})
            }
            _ => json!({"content": [link]}),
        })
    })
    .await;
    let client = Client::connect(server.url.as_str()).await;
    let client = client.expect("a connection");
    let named = client.server().implementation.expect("a name");
    let result = client.call_tool("a", ()).await.expect("a result");
    let Content::ResourceLink(link) = &result.content[0] else {
        panic!("{result:?}");
    };
    let templates = client.resource_templates().await.expect("templates");
    for icons in [
        &named.icons,
        &link.icons,
        &client.tools().await.expect("tools")[0].icons,
        &client.prompts().await.expect("prompts")[0].icons,
        &client.resources().await.expect("resources")[0].icons,
        &templates[0].icons,
    ] {
        let kept: Vec<&str> = icons.iter().map(|icon| icon.src.as_str()).collect();
        let expected = ["https://example.com/a.png", "data:image/jpeg;base64,AA=="];
        assert_eq!(kept, expected);
    }
}

#[tokio::test]
async fn a_schema_is_of_2020_12_unless_it_names_another_dialect() {
    let dialects = [
        (None, false),
        (Some("https://json-schema.org/draft/2020-12/schema"), false),
        // Where `prefixItems` says nothing.
        (Some("http://json-schema.org/draft-07/schema#"), true),
    ];
    for (dialect, is_fit) in dialects {
        let first = json!({"type": "array", "prefixItems": [{"type": "string"}]});
        let mut schema = json!({"type": "object", "properties": {"a": first}});
        if let Some(dialect) = dialect {
            schema["$schema"] = dialect.into();
        }
        let (_server, client) = modern(move |seen| match seen.method() {
            "tools/list" => Reply::Result(json!({"tools": [
                {"name": "weigh", "inputSchema": {"type": "object"}, "outputSchema": schema},
            ]})),
            _ => Reply::Result(json!({"content": [], "structuredContent": {"a": [17]}})),
        })
        .await;
        let answered = client.call::<Value>("weigh", ()).await;
        match answered {
            Ok(_) => assert!(is_fit, "{dialect:?}"),
            Err(Error::Unfit { .. }) => assert!(!is_fit, "{dialect:?}"),
            Err(other) => panic!("{dialect:?}: {other}"),
        }
    }
}
