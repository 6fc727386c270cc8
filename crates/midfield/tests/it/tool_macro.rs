//! `#[tool]`: what it makes is what one would write by hand, and runs as that does.

use std::time::Duration;

use midfield::Service;
use midfield::prelude::*;
use midfield::server::{FromCall, Misfit, Parts};
use midfield::transport::stdio;
use midfield::types::ToolAnnotations;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Sum {
    /// Both together.
    total: i64,
}

struct Stock(u32);

/// A parameter that this crate makes from the call.
struct Caller(String);

impl FromCall for Caller {
    fn from_call(parts: &Parts<'_>) -> Result<Self, Misfit> {
        match parts.context.client() {
            Some(client) => Ok(Self(client.name.clone())),
            None => Err(Misfit::new("who are you?")),
        }
    }
}

/// Add two numbers.
#[tool]
async fn add(a: i64, b: i64) -> Sum {
    std::future::ready(Sum { total: a + b }).await
}

/// Import rows.
///
/// - each is read
/// - each is written
#[tool(
    name = "import_rows",
    title = "Import rows",
    read_only = false,
    idempotent,
    destructive = false,
    open_world = false,
    task = "required",
    timeout = "2h"
)]
async fn import(
    /** How many rows. */
    #[schemars(range(min = 1))]
    n: u32,
    cx: &Context,
    /// Write nothing.
    #[serde(default)]
    dry_run: bool,
    stock: State<Stock>,
    #[serde(rename = "kind")] r#type: Option<String>,
) -> Result<String> {
    if n > stock.0 {
        return Err(Error::tool(format!("there are only {} rows", stock.0)));
    }
    cx.progress(n, stock.0).await;
    Ok(format!("{n} rows, {dry_run}, {type:?}", r#type = r#type))
}

/// Take one from the stock.
#[tool]
async fn take(
    stock: &State<Stock>,
    #[inject] caller: &Caller,
    cx: Context,
) -> Result<Sum, std::fmt::Error> {
    cx.progress(1, 1).await;
    match stock.0.checked_sub(1) {
        Some(left) if !caller.0.is_empty() => Ok(Sum {
            total: i64::from(left),
        }),
        _ => Err(std::fmt::Error),
    }
}

/// Say nothing.
#[tool]
fn rest() {}

/// Say how it went.
#[tool(description = concat!("Say ", "it."))]
fn say() -> Vec<Content> {
    vec![Content::text("well")]
}

/// Count.
#[tool]
fn count() -> Vec<u8> {
    vec![1, 2, 3]
}

/// Always fail.
#[tool]
fn fail() -> Result<Sum> {
    Err(Error::tool("no luck"))
}

mod shop {
    use midfield::prelude::*;

    #[derive(Deserialize, JsonSchema)]
    pub(crate) struct Order {
        pub(crate) pieces: u8,
    }

    /// Order.
    #[tool]
    pub(crate) fn order(args: &Args<Order>) -> Json<u8> {
        Json(args.0.pieces)
    }
}

/// Add numbers under the names that the expansion uses.
#[tool]
fn output(arguments: u8, output: u8, injected_0: &Context, tool: Option<u8>) -> u8 {
    let _ = injected_0.capabilities();
    arguments + output + tool.unwrap_or_default()
}

mod without_imports {
    /// Tell whether the client can be asked.
    #[midfield::tool]
    pub(crate) fn can_ask(cx: &midfield::Context) -> bool {
        cx.capabilities().elicitation.is_some()
    }
}

fn service() -> Service {
    Server::new("shop", "1.0.0")
        .state(Stock(100))
        .tools(tools![
            add,
            import,
            take,
            rest,
            say,
            count,
            fail,
            shop::order,
            output,
            without_imports::can_ask,
        ])
        .build()
        .expect("the description is one of a server")
}

/// The results of the calls, in their order, each sent as a client of the modern era does.
async fn results(calls: &[(&str, Value)]) -> Vec<Value> {
    let (client, server) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(server);
    let mut requests = Vec::new();
    for (id, (name, arguments)) in calls.iter().enumerate() {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1.0.0" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ "_meta": meta, "name": name, "arguments": arguments });
        let request =
            json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        requests.push(request.to_string());
    }
    let (mut reading, mut writing) = tokio::io::split(client);
    let ask = async {
        writing.write_all(requests.join("\n").as_bytes()).await?;
        writing.shutdown().await
    };
    let serve = stdio::serve_on(service(), input, output);
    let mut answers = String::new();
    let (asked, served) = tokio::join!(ask, serve);
    asked.and(served).expect("memory fails neither way");
    reading
        .read_to_string(&mut answers)
        .await
        .expect("the server has closed its end");
    let mut answers: Vec<Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is a message"))
        .collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    answers
        .iter_mut()
        .map(|answer| answer["result"].take())
        .collect()
}

async fn result(name: &str, arguments: Value) -> Value {
    results(&[(name, arguments)]).await.remove(0)
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

#[test]
fn the_macro_describes_a_tool_as_one_would_by_hand() {
    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Rows {
        /// How many rows.
        #[schemars(range(min = 1))]
        n: u32,
        /// Write nothing.
        #[serde(default)]
        dry_run: bool,
        #[serde(rename = "kind")]
        r#type: Option<String>,
    }
    #[derive(Deserialize, JsonSchema)]
    struct Terms {
        a: i64,
        b: i64,
    }

    let mut annotations = ToolAnnotations::default();
    annotations.read_only_hint = Some(false);
    annotations.idempotent_hint = Some(true);
    annotations.destructive_hint = Some(false);
    annotations.open_world_hint = Some(false);
    let by_hand = Tool::new("import_rows", async |_: Args<Rows>, _: State<Stock>| "")
        .title("Import rows")
        .description("Import rows.\n\n- each is read\n- each is written")
        .annotations(annotations)
        .task(TaskSupport::Required)
        .timeout(Duration::from_hours(2));
    assert_eq!(import::tool().as_description(), by_hand.as_description());

    let by_hand = Tool::new("add", async |Args(terms): Args<Terms>| {
        Json(add(terms.a, terms.b).await)
    })
    .description("Add two numbers.");
    assert_eq!(add::tool().as_description(), by_hand.as_description());
}

#[test]
fn only_what_a_caller_gives_is_in_the_input_schema() {
    let schema = |tool: &Tool| tool.as_description().input_schema.to_value();
    let import = schema(&import::tool());
    let properties = import["properties"].as_object().expect("it has arguments");
    assert_eq!(
        properties.keys().collect::<Vec<_>>(),
        ["n", "dry_run", "kind"]
    );
    assert_eq!(import["required"], json!(["n"]));
    let none = json!({ "type": "object", "additionalProperties": false });
    assert_eq!(schema(&rest::tool()), none);
    assert_eq!(schema(&take::tool()), none);
    assert_eq!(schema(&shop::order::tool())["required"], json!(["pieces"]));
}

#[test]
fn a_returned_type_that_is_no_content_has_an_output_schema() {
    let schema = |tool: Tool| {
        let schema = tool.as_description().output_schema.clone();
        schema.map(|schema| schema.to_value())
    };
    let sum = schema(Tool::new("sum", async || Json(Sum { total: 0 })));
    assert!(sum.is_some());
    assert_eq!(schema(add::tool()), sum);
    assert_eq!(schema(take::tool()), sum);
    assert_eq!(schema(fail::tool()), sum);
    assert_eq!(schema(count::tool()).expect("a list")["type"], "array");
    assert_eq!(schema(import::tool()), None);
    assert_eq!(schema(rest::tool()), None);
    assert_eq!(schema(say::tool()), None);
}

#[test]
fn a_description_may_be_any_expression() {
    let tool = say::tool();
    assert_eq!(
        tool.as_description().description.as_deref(),
        Some("Say it.")
    );
}

#[test]
fn a_state_that_the_server_lacks_is_found_when_it_is_built() {
    let error = Server::new("shop", "1.0.0").tool(take::tool()).build();
    let message = error.expect_err("nobody gave the stock").to_string();
    assert!(message.contains("tool `take` needs a state"), "{message}");
}

#[tokio::test]
async fn the_function_can_be_called_as_any_other() {
    assert_eq!(add(1, 2).await, Sum { total: 3 });
    rest();
}

#[tokio::test]
async fn a_call_reaches_the_function_with_its_arguments_and_what_is_injected() {
    let arguments = json!({ "n": 2, "dry_run": true, "kind": "csv" });
    let results = results(&[
        ("add", json!({ "a": 1, "b": 2 })),
        ("import_rows", json!({ "n": 1 })),
        ("import_rows", arguments),
        ("take", json!({})),
        ("order", json!({ "pieces": 7 })),
        ("can_ask", json!({})),
        ("output", json!({ "arguments": 1, "output": 2, "tool": 4 })),
    ])
    .await;
    assert_eq!(results[0]["structuredContent"], json!({ "total": 3 }));
    assert_eq!(text(&results[0]), r#"{"total":3}"#);
    assert_eq!(text(&results[1]), "1 rows, false, None");
    assert_eq!(text(&results[2]), "2 rows, true, Some(\"csv\")");
    assert_eq!(results[3]["structuredContent"], json!({ "total": 99 }));
    assert_eq!(results[4]["structuredContent"], 7);
    assert_eq!(results[5]["structuredContent"], false);
    assert_eq!(results[6]["structuredContent"], 7);
}

#[tokio::test]
async fn results_are_taken_as_they_are_where_they_can_be() {
    let results = results(&[
        ("rest", json!({})),
        ("say", json!({})),
        ("count", json!({})),
    ])
    .await;
    assert_eq!(results[0]["content"], json!([]));
    assert_eq!(
        results[1]["content"],
        json!([{ "type": "text", "text": "well" }])
    );
    assert_eq!(results[1].get("structuredContent"), None);
    assert_eq!(results[2]["structuredContent"], json!([1, 2, 3]));
}

#[tokio::test]
async fn an_error_of_the_function_is_told_to_the_model() {
    let results = results(&[("fail", json!({})), ("import_rows", json!({ "n": 101 }))]).await;
    assert_eq!(results[0]["isError"], true);
    assert_eq!(text(&results[0]), "no luck");
    assert_eq!(results[1]["isError"], true);
    assert_eq!(text(&results[1]), "there are only 100 rows");
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_answered_with_their_place() {
    let misfit = result("add", json!({ "a": 1, "b": "two" })).await;
    assert_eq!(misfit["isError"], true);
    assert!(text(&misfit).contains("at `b`"), "{misfit}");
    let missing = result("add", json!({ "a": 1 })).await;
    assert_eq!(missing["isError"], true);
    assert!(text(&missing).contains("missing field `b`"), "{missing}");
    let below = result("import_rows", json!({ "n": 0 })).await;
    assert_eq!(below["isError"], true);
    assert!(text(&below).contains("at `/n`"), "{below}");
}

#[test]
fn a_function_that_makes_no_tool_prompt_or_resource_is_refused_where_it_does_not() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
