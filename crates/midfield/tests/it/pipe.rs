//! Messages sent to a server in memory, all at once, and what it answers.

use midfield::Service;
use midfield::transport::stdio;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::soon;
use crate::messages::{MODERN, initialize, modern_body, request};

/// The answers to these requests, each a method and its parameters, in their order.
pub(crate) async fn ask(
    service: &Service,
    revision: &str,
    requests: &[(&str, Value)],
) -> Vec<Value> {
    let mut messages = Vec::new();
    if revision != MODERN {
        messages.push(initialize(revision));
        messages.push(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    }
    for (number, (method, params)) in requests.iter().enumerate() {
        let id = number + 1;
        messages.push(if revision == MODERN {
            modern_body(id, method, params.clone())
        } else {
            request(id, method, params.clone())
        });
    }
    let mut answers = send(service, &messages).await;
    if revision != MODERN {
        answers.remove(0);
    }
    assert_eq!(answers.len(), requests.len(), "{answers:?}");
    answers
}

/// The answer to one request.
pub(crate) async fn ask_one(
    service: &Service,
    revision: &str,
    method: &str,
    params: Value,
) -> Value {
    ask(service, revision, &[(method, params)]).await.remove(0)
}

/// Sends these messages and reads the answers, by their ids.
async fn send(service: &Service, messages: &[Value]) -> Vec<Value> {
    let (client, server) = tokio::io::duplex(1 << 20);
    let (input, output) = tokio::io::split(server);
    let (mut reading, mut writing) = tokio::io::split(client);
    let lines: Vec<String> = messages.iter().map(ToString::to_string).collect();
    let ask = async {
        writing.write_all(lines.join("\n").as_bytes()).await?;
        writing.shutdown().await
    };
    let serve = stdio::serve_on(service.clone(), input, output);
    let (asked, served) = soon(async { tokio::join!(ask, serve) }).await;
    asked.and(served).expect("memory fails neither way");
    let mut answers = String::new();
    reading
        .read_to_string(&mut answers)
        .await
        .expect("the server has closed its end");
    let mut answers: Vec<Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is a message"))
        .filter(|message: &Value| message.get("id").is_some())
        .collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    answers
}

/// Asserts that an answer is this error, and returns its message.
pub(crate) fn error_message(answer: &Value, code: i32) -> &str {
    assert_eq!(answer["error"]["code"], code, "{answer}");
    answer["error"]["message"].as_str().expect("a message")
}
