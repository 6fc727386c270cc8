//! Answers that come with a first request, before their questions were asked.

use midfield::prelude::*;
use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::harness::Host;
use crate::messages::{Request, modern};

#[derive(Deserialize, JsonSchema)]
struct Seats {
    count: i64,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

async fn book(cx: Context) -> Result<String> {
    let seats = cx.elicit::<Seats>("seats", "How many seats?").await?;
    let name = cx.elicit::<Name>("name", "In whose name?").await?;
    Ok(match (seats.accepted(), name.accepted()) {
        (Some(seats), Some(name)) => format!("{} for {}", seats.count, name.name),
        _ => "none".to_owned(),
    })
}

async fn start() -> Host {
    let open = Tool::new("open", book).answers_ahead();
    let service = Server::new("tests", "1").tools([open, Tool::new("closed", book)]);
    Host::start(service.build().expect("a server"), Options::new()).await
}

fn booking(tool: &str, responses: &Value, state: Option<&str>) -> Request {
    let capabilities =
        json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} } });
    let mut params = json!({ "name": tool, "arguments": {}, "_meta": capabilities });
    params["inputResponses"] = responses.clone();
    if let Some(state) = state {
        params["requestState"] = state.into();
    }
    modern(1, "tools/call", params)
}

async fn result(host: &Host, tool: &str, responses: Value, state: Option<&str>) -> Value {
    let response = host.ask(&booking(tool, &responses, state)).await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()["result"].clone()
}

fn accepted(content: Value) -> Value {
    let mut answer = json!({ "action": "accept" });
    answer["content"] = content;
    answer
}

fn asked(result: &Value) -> Vec<&str> {
    assert_eq!(result["resultType"], "input_required", "{result}");
    let requests = result["inputRequests"].as_object().expect("questions");
    requests.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn answers_ahead_count_for_a_tool_that_takes_them() {
    let host = start().await;
    let all = json!({
        "seats": accepted(json!({ "count": 2 })),
        "name": accepted(json!({ "name": "Ada" })),
        "more": accepted(json!({ "no": "question" })),
    });
    let complete = result(&host, "open", all.clone(), None).await;
    assert_eq!(complete["content"][0]["text"], "2 for Ada");
    let refused = result(&host, "closed", all, None).await;
    assert_eq!(asked(&refused), ["seats"]);
}

#[tokio::test]
async fn what_answers_ahead_leave_open_is_asked() {
    let host = start().await;
    let misfit = json!({ "seats": accepted(json!({ "count": "two" })) });
    assert_eq!(asked(&result(&host, "open", misfit, None).await), ["seats"]);

    let half = json!({ "seats": accepted(json!({ "count": 2 })) });
    let first = result(&host, "open", half, None).await;
    assert_eq!(asked(&first), ["name"]);
    let rest = json!({ "name": accepted(json!({ "name": "Ada" })) });
    let complete = result(&host, "open", rest, first["requestState"].as_str()).await;
    assert_eq!(complete["content"][0]["text"], "2 for Ada");
}

#[tokio::test]
async fn an_integer_with_a_fraction_of_zero_is_an_integer() {
    let host = start().await;
    let first = result(&host, "closed", json!({}), None).await;
    let seats = json!({ "seats": accepted(json!({ "count": 2.0 })) });
    let second = result(&host, "closed", seats, first["requestState"].as_str()).await;
    assert_eq!(asked(&second), ["name"]);
    let name = json!({ "name": accepted(json!({ "name": "Ada" })) });
    let third = result(&host, "closed", name, second["requestState"].as_str()).await;
    assert_eq!(third["content"][0]["text"], "2 for Ada");
}
