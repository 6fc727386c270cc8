//! What goes over HTTP: headers, sessions, kinds of answers.

use std::sync::atomic::{AtomicUsize, Ordering};

use midfield::Client;
use midfield::client::Error;
use serde_json::{Value, json};

use super::super::scripted::{Reply, Scripted, Seen, said};
use super::{legacy, modern};

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
async fn prompts_are_named_in_a_header_and_lists_are_not() {
    let (server, client) = modern(|seen| match seen.method() {
        "prompts/get" => Reply::Result(json!({"messages": []})),
        _ => Reply::Result(json!({"prompts": []})),
    })
    .await;
    client.get_prompt("grüße").await.expect("a prompt");
    client.prompts().await.expect("prompts");
    let named = |method| {
        server.asked(method)[0]
            .header("mcp-name")
            .map(str::to_owned)
    };
    assert_eq!(
        named("prompts/get").as_deref(),
        Some("=?base64?Z3LDvMOfZQ==?=")
    );
    assert_eq!(named("prompts/list"), None);
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
async fn a_tool_with_a_header_where_not_each_call_has_one_value_is_left_out() {
    let header = json!({"type": "string", "x-mcp-header": "Region"});
    let object = json!({"type": "object", "properties": {"a": header}});
    let number = json!({"type": "number", "x-mcp-header": "Region"});
    let bad = [
        json!({"properties": {"a": {"type": "array", "items": header}}}),
        json!({"properties": {"a": {"type": "array", "items": object}}}),
        json!({"properties": {"a": {"type": "array", "prefixItems": [header]}}}),
        json!({"oneOf": [object]}),
        json!({"anyOf": [object]}),
        json!({"properties": {"a": {"allOf": [header]}}}),
        json!({"not": object}),
        json!({"if": object}),
        json!({"then": object}),
        json!({"else": object}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": object}}),
        json!({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": header}}),
        json!({"additionalProperties": header}),
        json!({"patternProperties": {"a": header}}),
        json!({"properties": {"a": number}}),
    ];
    let schemas = bad.iter().chain([&object]).cloned();
    let tools: Vec<Value> = schemas
        .enumerate()
        .map(|(at, mut schema)| {
            schema["type"] = "object".into();
            json!({"name": at.to_string(), "inputSchema": schema})
        })
        .collect();
    let (_server, client) = modern(move |_| Reply::Result(json!({"tools": tools}))).await;
    let listed = client.tools().await.expect("tools");
    let names: Vec<&str> = listed.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, [bad.len().to_string()]);
}

#[tokio::test]
async fn in_a_session_an_annotation_of_a_header_means_nothing() {
    let good = json!({"type": "integer", "x-mcp-header": "Count"});
    let bad = json!({"type": "integer", "x-mcp-header": "no header"});
    let (server, client) = legacy(move |seen| match seen.method() {
        "tools/list" => Reply::Result(json!({"tools": [
            {"name": "good", "inputSchema": {"type": "object", "properties": {"count": good}}},
            {"name": "bad", "inputSchema": {"type": "object", "properties": {"count": bad}}},
        ]})),
        _ => Reply::Result(said("counted")),
    })
    .await;
    assert_eq!(client.tools().await.expect("tools").len(), 2);
    for (tool, count) in [("good", 1), ("good", 9_007_199_254_740_992_i64), ("bad", 1)] {
        let called = client.call_tool(tool, json!({"count": count})).await;
        called.expect("a result");
    }
    let calls = server.asked("tools/call");
    assert_eq!(calls.len(), 3);
    for call in calls {
        for name in ["mcp-param-count", "mcp-method", "mcp-name"] {
            assert_eq!(call.header(name), None);
        }
    }
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
async fn a_server_that_wants_to_know_who_asks_is_told_as_such() {
    let server = Scripted::start(|_| Reply::Status(401)).await;
    let error = Client::connect(server.url.as_str())
        .await
        .expect_err("nobody is let in");
    assert!(error.is_unauthorized(), "{error}");
    assert_eq!(server.seen().len(), 1, "nothing else is tried");
}
