//! Batches, which only revision 2025-03-26 has
//! ([batching](https://modelcontextprotocol.io/specification/2025-03-26/basic#batching)).

use std::collections::BTreeMap;

use midfield::transport::http::Options;
use serde_json::{Value, json};

use crate::fixture::{Probe, service};
use crate::harness::{Host, tool_text};
use crate::messages::{Request, call, request};

async fn start() -> (Host, Probe, String) {
    let (service, probe) = service();
    let host = Host::start(service, Options::new()).await;
    let session = host.open("2025-03-26").await;
    (host, probe, session)
}

/// The responses of an array by the JSON text of their ids.
fn by_id(responses: &Value) -> BTreeMap<String, &Value> {
    let responses = responses.as_array().expect("an array");
    let named = responses
        .iter()
        .map(|response| (response["id"].to_string(), response));
    let named: BTreeMap<_, _> = named.collect();
    assert_eq!(named.len(), responses.len(), "one response for each id");
    named
}

#[tokio::test]
async fn each_request_of_a_batch_is_answered_once_and_notifications_are_not() {
    let (host, probe, session) = start().await;
    let batch = json!([
        call("a", "count", json!({})),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        request(2, "ping", json!({})),
        request(3, "no/such", json!({})),
        call(4, "echo", json!({"text": "four"})),
        request(5, "initialize", json!({})),
    ]);
    let response = host.ask(&Request::post(batch).session(&session)).await;
    assert_eq!(response.status, 200);
    let json = response.json();
    let answers = by_id(&json);
    assert_eq!(answers.len(), 5);
    assert_eq!(tool_text(answers["\"a\""]).0, "counted");
    assert_eq!(answers["2"]["result"], json!({}));
    assert_eq!(answers["3"]["error"]["code"], -32601);
    assert_eq!(tool_text(answers["4"]).0, "four");
    assert!(
        answers["5"].get("error").is_some(),
        "initialize is never part of a batch"
    );
    assert_eq!(probe.runs(), 1);
}

#[tokio::test]
async fn a_batch_without_requests_is_accepted_with_an_empty_body() {
    let (host, _, session) = start().await;
    let told = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let answered = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    for batch in [
        json!([told]),
        json!([told, told]),
        json!([answered]),
        json!([answered, told]),
    ] {
        let response = host.ask(&Request::post(batch).session(&session)).await;
        assert_eq!((response.status, &response.body[..]), (202, &b""[..]));
    }
}

#[tokio::test]
async fn an_invalid_entry_spoils_itself_and_no_other() {
    let (host, _, session) = start().await;
    let batch = r#"[1, {"jsonrpc":"2.0","id":7,"method":8}, {}, [], {"jsonrpc":"2.0","id":9,"method":"ping"}, {"jsonrpc":"2.0","id":null,"method":"ping"}]"#;
    let response = host.ask(&Request::post(batch).session(&session)).await;
    let json = response.json();
    let answers = json.as_array().expect("an array");
    let refused = answers
        .iter()
        .filter(|answer| answer["error"]["code"] == -32600);
    assert_eq!((answers.len(), refused.count()), (6, 5), "{json}");
    let with_id = |id: i64| answers.iter().find(|answer| answer["id"] == id);
    assert!(with_id(7).is_some_and(|answer| answer["error"]["code"] == -32600));
    assert!(with_id(9).is_some_and(|answer| answer["result"] == json!({})));
    for empty in ["[]", " [ ] "] {
        let response = host.ask(&Request::post(empty).session(&session)).await;
        response.assert_refused(400, -32600);
    }
    let long = format!("[{}]", vec!["1"; 100_000].join(","));
    let response = host.ask(&Request::post(&long[..]).session(&session)).await;
    response.assert_refused(400, -32600);
}

#[tokio::test]
async fn progress_within_a_batch_comes_before_its_responses() {
    let (host, _, session) = start().await;
    let talk = |id: i64, token: &str| {
        let params = json!({"name": "talk", "arguments": {"steps": [1, 2]}, "_meta": {"progressToken": token}});
        request(id, "tools/call", params)
    };
    let batch = json!([
        talk(1, "one"),
        talk(2, "two"),
        request(3, "ping", json!({}))
    ]);
    let response = host.ask(&Request::post(batch).session(&session)).await;
    let events = response.events();
    let (last, told) = events.split_last().expect("events");
    let answers = by_id(last);
    assert_eq!(answers.len(), 3);
    for token in ["one", "two"] {
        let of_token = told
            .iter()
            .filter(|event| event["params"]["progressToken"] == token);
        let steps: Vec<f64> = of_token
            .filter_map(|event| event["params"]["progress"].as_f64())
            .collect();
        assert_eq!(steps, [1.0, 2.0]);
    }
    assert_eq!(told.len(), 4);
}

#[tokio::test]
async fn a_cancelled_request_of_a_batch_has_no_response_in_the_array() {
    let (host, probe, session) = start().await;
    let cancel = |id: i64| {
        let params = json!({"requestId": id});
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
    };
    let mut client = host.connect().await;
    let batch = json!([
        call(1, "wait", json!({})),
        call(2, "wait", json!({})),
        request(3, "ping", json!({}))
    ]);
    client
        .send(&Request::post(batch).session(&session).bytes())
        .await;
    probe.started().await;
    probe.started().await;
    host.ask(&Request::post(cancel(1)).session(&session)).await;
    probe.stopped().await;
    probe.release();
    let response = client.response().await;
    let json = response.json();
    let answers = by_id(&json);
    assert_eq!(answers.keys().collect::<Vec<_>>(), ["2", "3"]);
    // One and the same id twice: only one of the two is worked on.
    probe.release();
    let twice = json!([call(4, "wait", json!({})), call(4, "wait", json!({}))]);
    let response = host.ask(&Request::post(twice).session(&session)).await;
    let json = response.json();
    let answers = json.as_array().expect("an array");
    assert_eq!(answers.len(), 2, "{json}");
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer["error"]["code"] == -32600)
            .count(),
        1
    );
}
