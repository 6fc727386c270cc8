//! Schemas of tools that lead elsewhere, have no end, or take long.

use std::time::{Duration, Instant};

use midfield::client::{Error, Speak};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::web::{Web, answer};
use super::{Double, assert_says, is, result, still_works};

/// A server with one tool that promises `schema` and answers `structured`.
fn promising(schema: Value, structured: Value) -> Double {
    Double::of(Speak::Modern, move |message| {
        if is(message, "tools/list") {
            let tool =
                json!({"name": "any", "inputSchema": {"type": "object"}, "outputSchema": schema});
            return Some(result(message, json!({"tools": [tool]})));
        }
        let answered = json!({"content": [], "structuredContent": structured});
        is(message, "tools/call").then(|| result(message, answered))
    })
}

#[tokio::test]
async fn a_schema_that_refers_elsewhere_is_never_fetched_and_its_results_are_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let web = format!("http://{address}/schema");
    for place in [web.as_str(), "file:///etc/passwd", "//elsewhere/schema"] {
        for schema in [
            json!({"$ref": place}),
            json!({"type": "object", "properties": {"a": {"$ref": place}}}),
            json!({"$schema": place, "type": "object"}),
        ] {
            let mut double = promising(schema.clone(), json!({"a": 1}));
            let client = double.client(Speak::Modern).await;
            let error = client.call::<Value>("any", json!({})).await;
            let error = error.expect_err("it cannot be checked");
            assert!(matches!(error, Error::Unfit { .. }), "{schema}: {error}");
            assert_says(&error, &["the result of the tool any does not fit"]);
            still_works(&client).await;
        }
    }
    let hit = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(hit.is_err(), "nobody came");
}

#[tokio::test]
async fn schemas_that_go_in_circles_or_multiply_take_no_time_and_patterns_decide() {
    let ladder: serde_json::Map<String, Value> = (0..40)
        .map(|step| {
            let next = json!({"$ref": format!("#/$defs/s{}", step + 1)});
            (format!("s{step}"), json!({"allOf": [next, next]}))
        })
        .chain([("s40".to_owned(), json!({"type": "object"}))])
        .collect();
    let cases = [
        (json!({"$ref": "#"}), json!({"a": 1})),
        (
            json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}),
            json!({}),
        ),
        (json!({"$defs": ladder, "$ref": "#/$defs/s0"}), json!({})),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?:a|aa)+(?!b)$"}}}),
            json!({"a": format!("{}!", "a".repeat(40))}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}),
            json!({"a": format!("{}!", "a".repeat(40))}),
        ),
    ];
    for (at, (schema, structured)) in cases.into_iter().enumerate() {
        let mut double = promising(schema, structured);
        let client = double.client(Speak::Modern).await;
        let begun = Instant::now();
        let answered = client.call::<Value>("any", json!({})).await;
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{at}: {:?}",
            begun.elapsed()
        );
        // What does not fit never passes because a check gave up.
        assert!(
            at < 3 || matches!(answered, Err(Error::Unfit { .. })),
            "{at}: {answered:?}"
        );
        still_works(&client).await;
    }
}

#[tokio::test]
async fn over_http_a_tool_whose_arguments_cannot_be_headers_is_left_out_and_the_others_stay() {
    let property = |header: Value, kind: &str| json!({"a": {"type": kind, "x-mcp-header": header}});
    let bad = [
        property(json!(""), "string"),
        property(json!("A\r\nB: c"), "string"),
        property(json!("Ä"), "string"),
        property(json!(5), "string"),
        property(json!("Depth"), "object"),
        property(json!("List"), "array"),
        json!({"a": {"type": "string", "x-mcp-header": "Same"}, "b": {"type": "string", "x-mcp-header": "sAME"}}),
    ];
    let mut tools: Vec<Value> = bad
        .iter()
        .enumerate()
        .map(|(at, properties)| json!({"name": format!("bad{at}"), "inputSchema": {"type": "object", "properties": properties}}))
        .collect();
    let good = property(json!("Region"), "string");
    tools.push(json!({"name": "good", "inputSchema": {"type": "object", "properties": good}}));
    let web = Web::of(Speak::Modern, move |asked| {
        if asked.is("tools/list") {
            return Some(answer(asked, json!({"tools": tools})));
        }
        asked
            .is("tools/call")
            .then(|| answer(asked, json!({"content": []})))
    })
    .await;
    let client = web.client(Speak::Modern).await;
    let tools = client.tools().await.expect("tools");
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["good"]);
    client
        .call_tool("good", json!({"a": "a\r\nX-Evil: 1"}))
        .await
        .expect("an answer");
    let called = web.until(|asked| asked.is("tools/call")).await;
    assert!(
        called
            .header("mcp-param-region")
            .is_some_and(|value| value.starts_with("=?base64?")),
        "{}",
        called.head
    );
    assert_eq!(called.header("x-evil"), None);
}

#[tokio::test]
async fn what_one_client_was_listed_is_not_given_to_another() {
    let web = Web::of(Speak::Modern, |asked| {
        let who = asked.header("authorization").unwrap_or("nobody").to_owned();
        let prompts =
            json!({"prompts": [{"name": who}], "ttlMs": 3_600_000, "cacheScope": "public"});
        asked.is("prompts/list").then(|| answer(asked, prompts))
    })
    .await;
    for who in ["a", "b", "a"] {
        let target = midfield::client::Target::try_from(web.url().as_str()).expect("a URL");
        let target = target.header(
            "authorization".parse().expect("a name"),
            who.parse().expect("a value"),
        );
        let client = super::web::builder(Speak::Modern)
            .connect(target)
            .await
            .expect("a connection");
        for _ in 0..2 {
            assert_eq!(client.prompts().await.expect("prompts")[0].name, who);
        }
    }
    assert_eq!(web.count("prompts/list"), 3, "each keeps its own");
}
