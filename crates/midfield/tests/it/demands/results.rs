//! Structured results are what the tool's output schema says
//! ([2026-07-28, output schema](https://modelcontextprotocol.io/specification/2026-07-28/server/tools#output-schema)).

use std::fmt::Debug;

use midfield::prelude::*;
use midfield::server::{Arguments, BuildError, HandlerFuture, RawHandler};
use midfield::types::{self, Schema};
use midfield::{Raw, Service};
use serde_json::{Value, json};

use crate::harness::tool_text;
use crate::log::Log;
use crate::messages::{LEGACY, MODERN};
use crate::pipe::ask_one;

/// Answers with its arguments, in structure where there is one called `structured`.
struct Structured;

impl RawHandler for Structured {
    fn call(&self, arguments: Arguments<'_>, _: Context) -> HandlerFuture {
        let arguments: Value = serde_json::from_str(arguments.as_str()).expect("JSON");
        Box::pin(async move {
            Ok(
                match (arguments.get("structured"), arguments.get("error")) {
                    (Some(value), _) => ToolResult::structured(&Raw::of(value).expect("JSON")),
                    (None, Some(_)) => ToolResult::error("refused"),
                    (None, None) => ToolResult::text("text"),
                },
            )
        })
    }
}

fn schema(schema: Value) -> Schema {
    serde_json::from_value(schema).expect("a schema")
}

fn promising(output: Value) -> Tool {
    let mut description = types::Tool::new("promise", schema(json!({"type": "object"})));
    description.output_schema = Some(schema(output));
    Tool::from_handler(description, Structured)
}

fn service(tool: Tool) -> Service {
    let server = Server::new("results", "1").tool(tool);
    server.build().expect("a server")
}

fn counting() -> Value {
    json!({
        "type": "object",
        "properties": {"count": {"type": "integer", "minimum": 1}},
        "required": ["count"],
    })
}

async fn call(service: &Service, arguments: Value) -> Value {
    let params = json!({"name": "promise", "arguments": arguments});
    ask_one(service, MODERN, "tools/call", params).await
}

#[tokio::test]
async fn a_result_that_does_not_fit_its_output_schema_is_a_failure_that_says_where() {
    let service = service(promising(counting()));
    let fits = call(&service, json!({"structured": {"count": 1}})).await;
    assert_eq!(fits["result"]["structuredContent"], json!({"count": 1}));
    for (arguments, place) in [
        (json!({"structured": {"count": "secret"}}), "`/count`"),
        (json!({"structured": {"count": 0}}), "`/count`"),
        (json!({"structured": {}}), "output schema"),
        (json!({"structured": [1]}), "output schema"),
        (json!({}), "no structured content"),
    ] {
        let misfit = call(&service, arguments.clone()).await;
        let (text, is_error) = tool_text(&misfit);
        assert!(is_error && text.contains(place), "{arguments}: {text}");
        assert!(!misfit.to_string().contains("secret"), "{misfit}");
        assert_eq!(misfit["result"].get("structuredContent"), None);
    }
    let refused = call(&service, json!({"error": true})).await;
    assert_eq!(tool_text(&refused), ("refused".to_owned(), true));
}

#[tokio::test]
async fn results_that_a_handler_has_checked_are_sent_as_they_are() {
    let service = service(promising(counting()).without_result_check());
    let sent = call(&service, json!({"structured": {"count": 0}})).await;
    assert_eq!(sent["result"]["structuredContent"], json!({"count": 0}));
}

#[test]
fn an_output_schema_that_is_none_is_found_when_the_server_is_built() {
    for broken in [
        json!({"type": "nonsense"}),
        json!({"$ref": "https://a.example/schema"}),
        json!({"$schema": "https://a.example/dialect"}),
    ] {
        let built = Server::new("results", "1").tool(promising(broken)).build();
        let error = built.expect_err("no schema");
        assert!(matches!(error, BuildError::OutputSchema { .. }), "{error}");
    }
}

/// Constrained beyond what its type can hold.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Count {
    #[schemars(range(min = 1, max = 9))]
    count: u32,
}

/// Written as another thing than its schema says.
#[derive(Debug, Clone, JsonSchema)]
struct Crooked {
    #[expect(dead_code, reason = "only its schema counts")]
    count: u32,
}

impl Serialize for Crooked {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        json!({"count": "secret"}).serialize(serializer)
    }
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Ratio {
    ratio: f64,
}

/// A typed tool that answers this.
fn typed<T>(value: T) -> Tool
where
    T: Serialize + JsonSchema + Clone + Debug + Send + Sync + 'static,
{
    Tool::new("promise", move || {
        let value = value.clone();
        async move { Ok::<_, Error>(Json(value)) }
    })
}

/// Promises to count from 1.
#[tool]
fn promise() -> Count {
    Count { count: 0 }
}

#[tokio::test]
async fn a_typed_result_that_breaks_the_word_of_its_type_is_a_failure_too() {
    for (tool, place) in [
        (typed(Count { count: 0 }), "`/count`"),
        (typed(Count { count: 10 }), "`/count`"),
        (typed(Crooked { count: 1 }), "`/count`"),
        // JSON has no such number: it is written as null.
        (typed(Ratio { ratio: f64::NAN }), "`/ratio`"),
        (promise::tool(), "`/count`"),
    ] {
        let service = service(tool);
        for revision in LEGACY.into_iter().chain([MODERN]) {
            let params = json!({"name": "promise"});
            let misfit = ask_one(&service, revision, "tools/call", params).await;
            let (text, is_error) = tool_text(&misfit);
            assert!(is_error && text.contains(place), "{revision}: {text}");
            assert!(!misfit.to_string().contains("secret"), "{misfit}");
            assert_eq!(misfit["result"].get("structuredContent"), None);
        }
    }
    let service = service(typed(Count { count: 9 }));
    let fits = call(&service, json!({})).await;
    assert_eq!(fits["result"]["structuredContent"], json!({"count": 9}));
}

/// Whose schema, written by hand, is none.
#[derive(Debug, Clone, Serialize)]
struct Nonsense {}

impl JsonSchema for Nonsense {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Nonsense".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "nonsense"})
    }
}

#[tokio::test]
async fn a_type_whose_schema_is_none_gives_failures_and_is_told_in_the_log() {
    let (log, _guard) = Log::start();
    let service = service(typed(Nonsense {}));
    let failed = call(&service, json!({})).await;
    let (text, is_error) = tool_text(&failed);
    assert!(is_error && text.contains("not valid"), "{text}");
    assert!(log.text().contains("nonsense"), "{}", log.text());
}
