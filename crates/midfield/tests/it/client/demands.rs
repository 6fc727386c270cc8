//! What the specification demands of clients over HTTP, looked at from the other side of the wire.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use midfield::Client;
use midfield::client::{Error, Speak};
use midfield::types::{Meta, TraceContext};
use serde_json::{Value, json};

use super::scripted::{Reply, Scripted, Seen, discovery, handshake, said};

/// A server of the modern era whose other answers are these.
async fn modern(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Scripted, Client) {
    let server = Scripted::start(move |seen| match seen.method() {
        "server/discover" => Reply::Result(discovery()),
        _ => script(seen),
    })
    .await;
    let client = Client::connect(server.url.as_str())
        .await
        .expect("a connection");
    (server, client)
}

/// A server with sessions whose other answers are these.
async fn legacy(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Scripted, Client) {
    let server = Scripted::start(move |seen| match seen.method() {
        "server/discover" => Reply::Error(400, json!({"code": -32600, "message": "no session"})),
        "initialize" => Reply::Result(handshake()),
        "notifications/initialized" | "notifications/cancelled" => Reply::Status(202),
        "GET" => Reply::Status(405),
        "DELETE" => Reply::Status(200),
        _ => script(seen),
    })
    .await;
    let client = Client::connect(server.url.as_str())
        .await
        .expect("a connection");
    (server, client)
}

#[tokio::test]
async fn every_request_of_a_session_carries_its_id_and_its_revision() {
    let (server, client) = legacy(|_| Reply::Result(said("hello"))).await;
    client.call_tool("greet", ()).await.expect("a result");
    client.close().await;
    let seen = server.seen();
    let begun = seen
        .iter()
        .position(|seen| seen.method() == "initialize")
        .expect("a handshake");
    assert_eq!(seen[begun].header("mcp-session-id"), None);
    assert_eq!(seen[begun].body["params"]["protocolVersion"], "2025-11-25");
    let later = &seen[begun + 1..];
    let methods: Vec<&str> = later.iter().map(Seen::method).collect();
    for method in ["notifications/initialized", "GET", "tools/call", "DELETE"] {
        assert!(methods.contains(&method), "{methods:?}");
    }
    for seen in later {
        assert_eq!(
            seen.header("mcp-session-id"),
            Some("session-1"),
            "{}",
            seen.method()
        );
        assert_eq!(
            seen.header("mcp-protocol-version"),
            Some("2025-11-25"),
            "{}",
            seen.method()
        );
        if seen.verb == "POST" {
            assert_eq!(
                seen.header("accept"),
                Some("application/json, text/event-stream")
            );
            assert_eq!(seen.header("content-type"), Some("application/json"));
        }
        if seen.verb == "GET" {
            assert_eq!(seen.header("accept"), Some("text/event-stream"));
        }
    }
}

#[tokio::test]
async fn a_session_that_has_ended_is_opened_anew_without_its_id() {
    let calls = AtomicUsize::new(0);
    let (server, client) = legacy(move |_| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::Status(404),
        _ => Reply::Result(said("hello")),
    })
    .await;
    // Whatever the tool does: the server says that it has not begun.
    let result = client.call_tool("greet", ()).await.expect("a result");
    assert!(!result.is_error);
    let opened = server.asked("initialize");
    assert_eq!(opened.len(), 2);
    assert_eq!(opened[1].header("mcp-session-id"), None);
    assert_eq!(server.asked("tools/call").len(), 2);
}

#[tokio::test]
async fn a_call_that_may_have_been_carried_out_is_sent_again_only_where_that_is_said_to_do_no_harm()
{
    let (server, client) = modern(|_| Reply::Cut).await;
    let error = client
        .call_tool("pay", ())
        .await
        .expect_err("a cut connection");
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert_eq!(server.asked("tools/call").len(), 1);
    let error = client
        .call_tool("pay", ())
        .idempotent()
        .await
        .expect_err("a cut connection");
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert_eq!(server.asked("tools/call").len(), 4);
}

#[tokio::test]
async fn an_answer_is_read_as_json_and_as_events_alike() {
    let (_server, client) = modern(|seen| match seen.body["params"]["name"].as_str() {
        Some("events") => Reply::Events(
            ": hello\n\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":0,\"progress\":1}}\n\n\
             event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":\"ID\",\ndata: \"result\":{\"content\":[]}}\n\n"
                .into(),
        ),
        _ => Reply::Result(said("json")),
    })
    .await;
    assert!(
        client
            .call_tool("events", ())
            .await
            .expect("a result")
            .content
            .is_empty()
    );
    assert_eq!(
        client
            .call_tool("json", ())
            .await
            .expect("a result")
            .content
            .len(),
        1
    );
}

#[tokio::test]
async fn a_modern_request_says_in_headers_what_its_body_says() {
    let (server, client) = modern(|seen| match seen.method() {
        "resources/read" => {
            Reply::Result(json!({"contents": [], "ttlMs": 0, "cacheScope": "private"}))
        }
        _ => Reply::Result(said("hello")),
    })
    .await;
    for name in [
        "greet",
        "grüße",
        " padded ",
        "=?base64?literal?=",
        "two words",
    ] {
        client.call_tool(name, ()).await.expect("a result");
    }
    client.read_resource("demo://ä").await.expect("a resource");
    let names: Vec<String> = server
        .seen()
        .iter()
        .filter(|seen| seen.method() != "server/discover")
        .map(|seen| seen.header("mcp-name").expect("a name").to_owned())
        .collect();
    let expected = [
        "greet",
        "=?base64?Z3LDvMOfZQ==?=",
        "=?base64?IHBhZGRlZCA=?=",
        "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=",
        "two words",
        "=?base64?ZGVtbzovL8Ok?=",
    ];
    assert_eq!(names, expected);
    for seen in server.seen() {
        assert_eq!(seen.header("mcp-method"), Some(seen.method()));
        assert_eq!(seen.header("mcp-protocol-version"), Some("2026-07-28"));
        let meta = &seen.body["params"]["_meta"];
        assert_eq!(
            meta["io.modelcontextprotocol/protocolVersion"],
            "2026-07-28"
        );
        assert!(meta["io.modelcontextprotocol/clientCapabilities"].is_object());
        assert_eq!(seen.header("mcp-session-id"), None);
    }
}

#[tokio::test]
async fn arguments_are_repeated_in_headers_where_there_are_any() {
    let schema = json!({
        "type": "object",
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "count": {"type": "integer", "x-mcp-header": "Count"},
            "place": {"type": "object", "properties": {"city": {"type": "string", "x-mcp-header": "City"}}},
        },
    });
    let (server, client) = modern(move |seen| match seen.method() {
        "tools/list" => Reply::Result(json!({"tools": [{"name": "book", "inputSchema": schema}]})),
        _ => Reply::Result(said("booked")),
    })
    .await;
    client.tools().await.expect("tools");
    let arguments = json!({"region": "süd", "count": 42, "place": {"city": "Bern"}});
    client.call_tool("book", arguments).await.expect("a result");
    client
        .call_tool("book", json!({"region": null, "place": {}}))
        .await
        .expect("a result");
    let calls = server.asked("tools/call");
    assert_eq!(
        calls[0].header("mcp-param-region"),
        Some("=?base64?c8O8ZA==?=")
    );
    assert_eq!(calls[0].header("mcp-param-count"), Some("42"));
    assert_eq!(calls[0].header("mcp-param-city"), Some("Bern"));
    for name in ["mcp-param-region", "mcp-param-count", "mcp-param-city"] {
        assert_eq!(calls[1].header(name), None);
    }
    // What no header can say is not sent at all.
    let error = client
        .call_tool("book", json!({"count": 9_007_199_254_740_992_i64}))
        .await
        .expect_err("too large");
    assert!(matches!(error, Error::Unsayable(_)), "{error}");
    assert_eq!(server.asked("tools/call").len(), 2);
}

#[tokio::test]
async fn a_tool_that_has_changed_is_learned_again_when_its_headers_are_missed() {
    let lists = AtomicUsize::new(0);
    let (server, client) = modern(move |seen| match seen.method() {
        "tools/list" => {
            let annotated = json!({"type": "string", "x-mcp-header": "Region"});
            let plain = json!({"type": "string"});
            let region = if lists.fetch_add(1, Ordering::Relaxed) == 0 {
                plain
            } else {
                annotated
            };
            let schema = json!({"type": "object", "properties": {"region": region}});
            Reply::Result(json!({"tools": [{"name": "book", "inputSchema": schema}]}))
        }
        _ if seen.header("mcp-param-region").is_none() => Reply::Error(
            400,
            json!({"code": -32020, "message": "Mcp-Param-Region is missing"}),
        ),
        _ => Reply::Result(said("booked")),
    })
    .await;
    client.tools().await.expect("tools");
    client
        .call_tool("book", json!({"region": "south"}))
        .await
        .expect("a result");
    assert_eq!(server.asked("tools/list").len(), 2);
    assert_eq!(server.asked("tools/call").len(), 2);
}

#[tokio::test]
async fn a_request_of_a_modern_server_gets_no_response() {
    let (server, client) = modern(|_| {
        Reply::Events(
            "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"}\n\n\
             data: {\"jsonrpc\":\"2.0\",\"id\":\"ID\",\"result\":{\"content\":[]}}\n\n"
                .into(),
        )
    })
    .await;
    client.call_tool("greet", ()).await.expect("a result");
    client.call_tool("greet", ()).await.expect("a result");
    client.close().await;
    let answered = server
        .seen()
        .iter()
        .filter(|seen| seen.body["method"].is_null())
        .count();
    assert_eq!(answered, 0, "a client of 2026-07-28 sends no responses");
}

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
        .with("progressToken", "mine");
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
}

#[tokio::test]
async fn a_server_that_wants_to_know_who_asks_is_told_as_such() {
    let server = Scripted::start(|_| Reply::Status(401)).await;
    let error = Client::connect(server.url.as_str())
        .await
        .expect_err("nobody is let in");
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!(server.seen().len(), 1, "nothing else is tried");
}
