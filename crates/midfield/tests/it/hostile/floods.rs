//! Much of what is harmless once: subscriptions, questions that nobody answers, states that are used again.

use std::time::Duration;

use midfield::transport::http::Options;
use serde_json::{Value, json};

use super::{assert_code, each, open, start};
use crate::harness::{Client, tool_text};
use crate::http_asking::{initialize_able, session_call};
use crate::messages::{Request, modern, request};

#[tokio::test]
async fn subscriptions_beyond_the_limits_are_refused_and_the_others_go_on() {
    let (host, _) = start(Options::new().max_calls(100)).await;
    let listen = |uris: &[String]| {
        let notifications = json!({"toolsListChanged": true, "resourceSubscriptions": uris});
        modern(
            1,
            "subscriptions/listen",
            json!({"notifications": notifications}),
        )
    };
    let many: Vec<String> = (0..5_000)
        .map(|number| format!("files://store/{number}"))
        .collect();
    assert_code(&host.ask(&listen(&many)).await, -32602);
    let long = vec!["files://store/".to_owned() + &"x".repeat(3 << 20)];
    let mut client = host.connect().await;
    client.send(&listen(&long).bytes()).await;
    let answer = client.response_head().await;
    assert!(answer.status < 500, "{answer:?}");
    drop(client);
    let mut listening: Vec<Client> = Vec::new();
    let mut refused = 0;
    for _ in 0..150 {
        let mut client = host.connect().await;
        client.send(&listen(&["test:one".to_owned()]).bytes()).await;
        match client.response_head().await.status {
            200 => listening.push(client),
            503 => refused += 1,
            status => panic!("{status}"),
        }
    }
    assert!(listening.len() <= 100 && refused >= 50, "{refused}");
    host.assert_healthy().await;
    // Those that have ended make room.
    let still = listening.split_off(50);
    drop(listening);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut client = host.connect().await;
    client.send(&listen(&["test:one".to_owned()]).bytes()).await;
    assert_eq!(client.response_head().await.status, 200);
    drop(still);
}

#[tokio::test]
async fn a_session_is_subscribed_to_no_more_than_a_thousand_resources() {
    let (host, _) = start(Options::new()).await;
    let mut client = host.connect().await;
    let session = open(&mut client, initialize_able("2025-11-25")).await;
    let subscribe = |uri: &str| {
        Request::post(request(1, "resources/subscribe", json!({"uri": uri}))).session(&session)
    };
    for number in 0..1_000 {
        let taken = each(&mut client, &subscribe(&format!("files://store/{number}"))).await;
        assert_eq!(taken.json()["result"], json!({}));
    }
    for number in 1_000..1_010 {
        let refused = each(&mut client, &subscribe(&format!("files://store/{number}"))).await;
        assert_code(&refused, -32600);
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_thousand_sessions_that_answer_no_question_hold_nobody_up() {
    let (host, _) = start(Options::new()).await;
    let mut opener = host.connect().await;
    let mut asked: Vec<(String, Client)> = Vec::new();
    for _ in 0..1_000 {
        let session = open(&mut opener, initialize_able("2025-11-25")).await;
        let mut client = host.connect().await;
        client
            .send(&session_call(&session, 1, "ask_user").bytes())
            .await;
        asked.push((session, client));
    }
    for (_, client) in &mut asked {
        assert_eq!(client.response_head().await.status, 200);
    }
    host.assert_healthy().await;
    let question =
        |frames: Vec<crate::harness::Frame>| frames.into_iter().find_map(|frame| frame.message);
    let (session, client) = asked.last_mut().expect("a client");
    let mut heard: Option<Value> = None;
    while heard.is_none() {
        heard = question(client.frames().await);
    }
    let answer = crate::http_asking::answer(
        &heard.expect("a question"),
        json!({"action": "accept", "content": {"name": "Ada"}}),
    );
    let taken = host.ask(&Request::post(answer).session(session)).await;
    assert_eq!(taken.status, 202);
    let mut response = None;
    while response.is_none() {
        response = question(client.frames().await);
    }
    assert_eq!(tool_text(&response.expect("a response")).0, "Ada");
    // Their ends end what they hold.
    for (session, client) in asked {
        drop(client);
        let delete = Request::get("/mcp").method("DELETE").session(&session);
        assert_eq!(each(&mut opener, &delete).await.status, 204);
    }
    host.assert_healthy().await;
}

#[tokio::test]
async fn a_state_that_comes_back_a_thousand_times_gives_one_answer_each_and_nothing_more() {
    let (host, _) = start(Options::new()).await;
    let mut client = host.connect().await;
    let call = |more: Value| {
        let mut params = json!({"name": "ask_user", "_meta":
            {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}});
        for (key, value) in more.as_object().expect("members") {
            params[key] = value.clone();
        }
        modern(1, "tools/call", params)
    };
    let first = each(&mut client, &call(json!({}))).await.json();
    let state = first["result"]["requestState"].clone();
    let questions = first["result"]["inputRequests"].as_object();
    let key = questions
        .and_then(|all| all.keys().next())
        .expect("a question");
    let mut responses = json!({});
    responses[key] = json!({"action": "accept", "content": {"name": "Ada"}});
    for _ in 0..1_000 {
        let again = call(json!({"inputResponses": responses, "requestState": state}));
        assert_eq!(each(&mut client, &again).await.tool_text().0, "Ada");
    }
    // A state alone asks the same again.
    let alone = each(&mut client, &call(json!({"requestState": state})))
        .await
        .json();
    assert_eq!(alone["result"]["resultType"], "input_required", "{alone}");
    host.assert_healthy().await;
}

#[tokio::test]
async fn names_that_nobody_knows_leave_nothing_behind() {
    let (host, probe) = start(Options::new()).await;
    let mut client = host.connect().await;
    let session = open(&mut client, initialize_able("2025-11-25")).await;
    let before = resident();
    for number in 0..2_500 {
        let name = format!("{number}{}", "n".repeat(1_000));
        let in_session = |method: &str| {
            Request::post(request(1, method, json!({"name": name, "uri": name}))).session(&session)
        };
        let asked = [
            (in_session("tools/call"), -32602),
            (in_session("prompts/get"), -32602),
            (in_session(&name), -32601),
            (modern(1, "tools/call", json!({"name": name})), -32602),
        ];
        for (request, code) in asked {
            assert_code(&each(&mut client, &request).await, code);
        }
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 50 << 10, "{grown} KiB");
    assert_eq!(probe.runs(), 0);
    host.assert_healthy().await;
}

/// The memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux kernel");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let figure = line.and_then(|line| line.split_whitespace().next());
    figure
        .and_then(|figure| figure.parse().ok())
        .expect("a figure")
}
