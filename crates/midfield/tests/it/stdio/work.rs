//! Requests at work: their ids, their cancellation, and the end of the input.

use std::time::Duration;

use serde_json::json;

use super::{Pipes, assert_error, cancelled};
use crate::harness::tool_text;
use crate::messages::{call, modern_body, request};

#[tokio::test]
async fn an_id_is_refused_while_it_is_at_work_and_free_once_it_is_answered() {
    let mut pipes = Pipes::open("2025-11-25").await;
    let wait = modern_body("w", "tools/call", json!({"name": "wait"}));
    pipes.say(&wait).await;
    pipes.probe.started().await;
    assert_error(&pipes.ask(&wait).await, "w", -32600);
    pipes.probe.release();
    assert_eq!(
        tool_text(&pipes.hear().await.expect("an answer")).0,
        "released"
    );
    pipes.probe.release();
    assert_eq!(tool_text(&pipes.ask(&wait).await).0, "released");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_id_is_free_however_many_answers_come_at_once() {
    let mut pipes = Pipes::open("2025-11-25").await;
    let wait = |id: i64| modern_body(id, "tools/call", json!({"name": "wait"}));
    for id in 0..300 {
        pipes.say(&wait(id)).await;
        pipes.probe.started().await;
    }
    for _ in 0..600 {
        pipes.probe.release();
    }
    let mut answered = 0;
    while answered < 600 {
        let answer = pipes.hear().await.expect("an answer");
        assert_eq!(tool_text(&answer).0, "released", "{answer}");
        if answered < 300 {
            // Its answer is here, so that its number may be used again.
            pipes
                .say(&wait(answer["id"].as_i64().expect("a number")))
                .await;
        }
        answered += 1;
    }
    pipes.assert_silent().await;
}

#[tokio::test]
async fn nothing_follows_the_cancellation_of_a_request() {
    let mut pipes = Pipes::open("2025-11-25").await;
    for body in [
        call(1, "wait", json!({})),
        modern_body("two", "tools/call", json!({"name": "wait"})),
    ] {
        pipes.say(&body).await;
        pipes.probe.started().await;
        pipes.say(&cancelled(json!("1"))).await;
        pipes.say(&cancelled(json!({}))).await;
        pipes.assert_silent().await;
        assert!(pipes.probe.none_stopped());
        pipes.say(&cancelled(body["id"].clone())).await;
        pipes.probe.stopped().await;
        pipes.assert_silent().await;
    }
    // What was done already cannot be cancelled any more, and is no error.
    pipes.say(&cancelled(1)).await;
    pipes.say(&cancelled(77)).await;
    pipes.assert_silent().await;
}

#[tokio::test]
async fn what_a_cancelled_request_has_said_and_nobody_has_heard_stays_unsaid() {
    // The pipe holds little, so that messages queue up in the server.
    let mut pipes = Pipes::start_with(2048);
    let params = json!({"name": "chatter", "_meta": {"io.modelcontextprotocol/logLevel": "debug"}});
    pipes.say(&modern_body(1, "tools/call", params)).await;
    pipes.probe.started().await;
    let mut said = 0;
    while pipes.probe.said() != said || said == 0 {
        said = pipes.probe.said();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    assert!(
        said < 1_000,
        "a client that does not read is waited for: {said}"
    );
    pipes.say(&cancelled(1)).await;
    pipes
        .say(&modern_body("marker", "server/discover", json!({})))
        .await;
    // What was written already is read; once the server has read the cancellation, no more follows.
    while pipes.hear().await.expect("a message")["id"] != "marker" {}
    pipes.probe.stopped().await;
    pipes.assert_silent().await;
}

#[tokio::test]
async fn what_was_asked_before_the_end_of_the_input_is_answered() {
    let mut pipes = Pipes::open("2025-11-25").await;
    pipes.say(&call(1, "wait", json!({}))).await;
    pipes.probe.started().await;
    // The last line may lack its end.
    pipes
        .write(br#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#)
        .await;
    pipes.end().await;
    assert_eq!(pipes.hear().await.expect("an answer")["id"], 2);
    pipes.probe.release();
    assert_eq!(pipes.hear().await.expect("an answer")["id"], 1);
    assert_eq!(pipes.hear().await, None);
    pipes.ended().await;
}

#[tokio::test]
async fn a_batch_before_the_end_of_the_input_is_answered() {
    let ping = request(2, "ping", json!({}));
    let echo = call(3, "echo", json!({"text": "three"}));
    for batch in [json!([ping]), json!([echo]), json!([ping, echo])] {
        let mut pipes = Pipes::open("2025-03-26").await;
        pipes.write(batch.to_string().as_bytes()).await;
        pipes.end().await;
        let answers = pipes.hear().await.expect("an answer");
        let answers = answers.as_array().expect("an array");
        assert_eq!(answers.len(), batch.as_array().map_or(0, Vec::len));
        assert_eq!(pipes.hear().await, None);
        pipes.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_ends_is_stopped_a_while_after_the_end_of_the_input() {
    let mut pipes = Pipes::open("2025-11-25").await;
    pipes.say(&call(1, "wait", json!({}))).await;
    pipes.probe.started().await;
    pipes.end().await;
    pipes.ended().await;
    pipes.probe.stopped().await;
    assert_eq!(pipes.hear().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_every_message_whole_even_when_time_is_over() {
    let mut pipes = Pipes::start_with(1024);
    for (id, tool, arguments) in [
        (1, "wait_large", json!({"bytes": 10_000})),
        (2, "wait", json!({})),
    ] {
        let params = json!({"name": tool, "arguments": arguments});
        pipes.say(&modern_body(id, "tools/call", params)).await;
        pipes.probe.started().await;
    }
    pipes.end().await;
    pipes.probe.release();
    pipes.probe.finished().await;
    // Nobody reads until the server has given up waiting for the other call.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let answer = pipes.hear().await.expect("the answer");
    assert_eq!(tool_text(&answer).0.len(), 10_000);
    assert_eq!(pipes.hear().await, None);
}
