//! Schemas that are made to cost: evil patterns, ladders, circles, references to elsewhere. A document's
//! author may be an attacker, and so may be who sends the arguments.

use std::time::{Duration, Instant};

use midfield::prelude::*;
use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::verbatim;
use crate::harness::Host;
use crate::messages::modern_call;

async fn start(tools: impl IntoIterator<Item = Tool>) -> Host {
    let service = Server::new("tools", "1")
        .tools(tools)
        .build()
        .expect("a server");
    Host::start(service, Options::new()).await
}

#[tokio::test]
async fn an_evil_pattern_costs_little_and_never_lets_a_misfit_pass() {
    let with = |pattern: &str| json!({"type": "object", "properties": {"text": {"type": "string", "pattern": pattern}}, "required": ["text"]});
    let patterns = [
        "^(a+)+$",
        "^(?:a|aa)+(?!b)$",
        "^(a|a?)+$",
        "^(?=(a+)+$)(a+)+$",
        "(.*)*=(.*)*!",
    ];
    let tools: Vec<Tool> = patterns
        .iter()
        .enumerate()
        .map(|(number, pattern)| verbatim(&format!("evil{number}"), with(pattern)))
        .collect();
    let host = start(tools).await;
    for length in [40, 100_000] {
        let text = "a".repeat(length) + "?";
        for (number, pattern) in patterns.iter().enumerate() {
            let tool = format!("evil{number}");
            let begun = Instant::now();
            let asked = modern_call(1, &tool, json!({"text": text}));
            let (_, is_error) = host.ask(&asked).await.tool_text();
            assert!(is_error, "{pattern}");
            assert!(
                begun.elapsed() < Duration::from_secs(1),
                "{pattern}: {:?}",
                begun.elapsed()
            );
        }
    }
}

#[tokio::test]
async fn a_text_that_makes_a_look_ahead_backtrack_is_a_misfit_at_once() {
    let pattern = json!({"type": "string", "pattern": "^(?:a|aa)+(?!b)$"});
    let schema = json!({"type": "object", "properties": {"text": pattern}});
    let host = start([verbatim("evil", schema)]).await;
    let asked = modern_call(1, "evil", json!({"text": "a".repeat(40) + "!"}));
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        let (text, is_error) = host.ask(&asked).await.tool_text();
        quickest = quickest.min(begun.elapsed());
        assert!(is_error, "{text}");
    }
    // Code that is not optimized takes ten times as long.
    let limit = if cfg!(debug_assertions) { 500 } else { 50 };
    assert!(quickest < Duration::from_millis(limit), "{quickest:?}");
}

#[tokio::test]
async fn an_evil_schema_is_refused_or_costs_little() {
    // Each step asks for the next one twice.
    let mut definitions = serde_json::Map::new();
    for step in 0..40 {
        let next = json!({"$ref": format!("#/$defs/step{}", step + 1)});
        definitions.insert(format!("step{step}"), json!({"allOf": [next, next]}));
    }
    definitions.insert("step40".to_owned(), json!({"type": "object"}));
    let ladder =
        json!({"type": "object", "$defs": definitions, "allOf": [{"$ref": "#/$defs/step0"}]});
    let circle = json!({"type": "object", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
        "properties": {"x": {"$ref": "#/$defs/a"}}});
    let root = json!({"type": "object", "properties": {"x": {"$ref": "#"}}});
    let itself = json!({"type": "object", "$ref": "#"});
    let all_itself = json!({"type": "object", "allOf": [{"$ref": "#"}, {"$ref": "#"}]});
    for schema in [ladder, circle, root, itself, all_itself] {
        let begun = Instant::now();
        // On a thread of its own, so that a check without end fails the test and does not hang it.
        let (tx, rx) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let server = Server::new("tools", "1").tool(verbatim("evil", schema));
            let Ok(service) = server.build() else {
                let _ = tx.send(());
                return;
            };
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(async {
                let host = Host::start(service, Options::new()).await;
                host.ask(&modern_call(1, "evil", json!({"x": {}})))
                    .await
                    .tool_text();
            });
            let _ = tx.send(());
        });
        let done = tokio::time::timeout(Duration::from_secs(1), rx).await;
        assert!(
            matches!(done, Ok(Ok(()))),
            "still at it after {:?}",
            begun.elapsed()
        );
    }
}

#[tokio::test]
async fn a_schema_that_points_elsewhere_is_refused_and_nothing_is_fetched() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let remote = format!("http://{address}/schema.json");
    for schema in [
        json!({"type": "object", "properties": {"a": {"$ref": remote}}}),
        json!({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}),
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}),
        json!({"$schema": remote, "type": "object"}),
        json!({"type": "array"}),
        json!({"type": "object", "properties": {"a": {"type": "nonsense"}}}),
        json!({"type": "object", "properties": {"a": {"pattern": "("}}}),
    ] {
        let built = Server::new("tools", "1")
            .tool(verbatim("remote", schema.clone()))
            .build();
        assert!(built.is_err(), "{schema}");
    }
    let hit = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(hit.is_err(), "{hit:?}");
}

#[tokio::test]
async fn arguments_that_nest_in_a_recursive_schema_are_checked_in_a_short_time() {
    // As documents of real interfaces describe filters: branches of the same shape.
    let branch = |name: &str| {
        json!({
            "type": "object",
            "properties": {"op": {"const": name}, "of": {"type": "array", "items": {"$ref": "#/$defs/filter"}}},
            "required": ["op", "of"],
        })
    };
    let schema = json!({
        "type": "object",
        "properties": {"filter": {"$ref": "#/$defs/filter"}},
        "required": ["filter"],
        "$defs": {"filter": {"oneOf": [branch("and"), branch("or"), branch("not"), {
            "type": "object",
            "properties": {"value": {"type": "string"}},
            "required": ["value"],
            "additionalProperties": false,
        }]}},
    });
    let host = start([verbatim("search", schema)]).await;
    let nested = |levels: usize, operator: &str, value: Value| {
        let mut filter = json!({"value": value});
        for _ in 0..levels {
            filter = json!({"op": operator, "of": [filter]});
        }
        json!({"filter": filter})
    };
    for (arguments, expected) in [
        (nested(2, "or", json!("x")), false),
        (nested(50, "or", json!("x")), false),
        (nested(2, "or", json!(7)), true),
        (nested(50, "or", json!(7)), true),
        (nested(50, "xor", json!("x")), true),
    ] {
        let begun = Instant::now();
        let (text, is_error) = host
            .ask(&modern_call(1, "search", arguments))
            .await
            .tool_text();
        assert_eq!(is_error, expected, "{text}");
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "{:?}",
            begun.elapsed()
        );
        assert!(
            !is_error || text.contains("filter") || text.contains("nest"),
            "{text}"
        );
    }
}
