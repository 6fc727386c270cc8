//! What a server says of its tasks, and whom it lets make them.

use midfield::server::Tasks;
use serde_json::{Value, json};

use super::{A, EXTENSION, User, assert_code, capabilities, start, tools};
use crate::fixture::Probe;
use crate::http_asking::{authorized, initialize_able};
use crate::messages::{LEGACY, MODERN, Request, initialize};
use crate::pipe;

async fn offered(host: &crate::harness::Host, revision: &str, token: Option<&str>) -> Value {
    let request = authorized(Request::post(initialize(revision)), token);
    host.ask(&request).await.json()["result"]["capabilities"].clone()
}

#[tokio::test]
async fn each_revision_is_offered_tasks_in_its_own_words() {
    let (host, _) = start().await;
    let whole = json!({"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}});
    assert_eq!(offered(&host, "2025-11-25", A).await["tasks"], whole);
    for revision in &LEGACY[..3] {
        let offered = offered(&host, revision, A).await;
        assert!(offered.get("tasks").is_none(), "{revision}: {offered}");
    }
    for revision in LEGACY {
        let offered = offered(&host, revision, A).await;
        assert!(offered.get("extensions").is_none(), "{revision}: {offered}");
    }
    let found = User::modern(&host, A)
        .ask("server/discover", json!({}))
        .await;
    let offered = &found["result"]["capabilities"];
    assert_eq!(offered["extensions"][EXTENSION], json!({}), "{found}");
    assert!(offered.get("tasks").is_none(), "{found}");
}

#[tokio::test]
async fn who_is_not_told_apart_from_others_is_not_offered_the_list_of_tasks() {
    let probe = Probe::default();
    let service = tools::server(&probe).tasks(Tasks::in_memory()).build();
    let options = midfield::transport::http::Options::new();
    let host = crate::harness::Host::start(service.expect("a server"), options).await;
    let cancels = json!({"cancel": {}, "requests": {"tools": {"call": {}}}});
    assert_eq!(offered(&host, "2025-11-25", None).await["tasks"], cancels);
    let anonymous = User::legacy(&host, None).await;
    let id = anonymous.make("echo").await;
    anonymous.until(&id, "completed").await;
    assert_code(&anonymous.ask("tasks/list", json!({})).await, -32601);
}

#[tokio::test]
async fn a_server_without_tasks_offers_none_and_answers_at_once() {
    let service = tools::server(&Probe::default()).build().expect("a server");
    for revision in ["2025-11-25", MODERN] {
        let told = pipe::ask_one(&service, revision, "tasks/get", json!({"taskId": "x"})).await;
        assert_code(&told, -32601);
        // What is said of tasks is passed over.
        let call = json!({"name": "echo", "arguments": {"text": "now"}, "task": {"ttl": 1}});
        let told = pipe::ask_one(&service, revision, "tools/call", call).await;
        assert_eq!(told["result"]["content"][0]["text"], "now", "{told}");
    }
}

#[tokio::test]
async fn tools_say_whether_they_run_as_tasks_where_there_are_words_for_it() {
    let (host, _) = start().await;
    let support = |listed: &Value, name: &str| {
        let tools = listed["result"]["tools"].as_array().expect("tools");
        let tool = tools.iter().find(|tool| tool["name"] == name);
        tool.expect("the tool")["execution"].clone()
    };
    let listed = User::legacy(&host, A)
        .await
        .ask("tools/list", json!({}))
        .await;
    assert_eq!(support(&listed, "echo"), json!({"taskSupport": "optional"}));
    assert_eq!(
        support(&listed, "wait_too"),
        json!({"taskSupport": "required"})
    );
    assert_eq!(support(&listed, "never"), Value::Null);
    let listed = User::modern(&host, A).ask("tools/list", json!({})).await;
    for name in ["echo", "wait_too", "never", "forbidden"] {
        assert_eq!(support(&listed, name), Value::Null, "{listed}");
    }
}

#[tokio::test]
async fn in_a_session_a_wish_that_the_tool_does_not_share_is_refused() {
    let (host, _) = start().await;
    let user = User::legacy(&host, A).await;
    assert_code(&user.call("never", json!({})).await, -32601);
    assert_code(&user.call("forbidden", json!({})).await, -32601);
    let plainly = user.ask("tools/call", json!({"name": "wait_too"})).await;
    assert_code(&plainly, -32601);
    let plainly = json!({"name": "echo", "arguments": {"text": "now"}});
    let told = user.ask("tools/call", plainly).await;
    assert_eq!(super::text(&told["result"]), "now");
}

#[tokio::test]
async fn in_the_modern_era_only_a_request_that_declares_the_extension_gets_a_task() {
    let (host, _) = start().await;
    let knows = User::modern(&host, A);
    let id = knows.make("echo").await;
    knows.until(&id, "completed").await;
    let undeclared = [
        json!({}),
        json!({"extensions": {"com.example/other": {}}}),
        // The words of the revision before count for nothing here.
        json!({"tasks": {"list": {}, "cancel": {}, "requests": {}}}),
    ];
    for declared in undeclared {
        let mut user = User::modern(&host, A);
        user.capabilities = declared;
        let told = user.call("echo", json!({"text": "now"})).await;
        assert_eq!(super::text(&told["result"]), "now", "{told}");
        assert_eq!(told["result"]["resultType"], "complete");
        let lacks = json!({"requiredCapabilities": {"extensions": {EXTENSION: {}}}});
        let mut refused = vec![user.call("wait_too", json!({})).await];
        for method in ["tasks/get", "tasks/cancel"] {
            refused.push(user.of(method, &id).await);
        }
        refused.push(user.update(&id, json!({})).await);
        let listen = json!({"notifications": {"taskIds": [id]}});
        refused.push(user.ask("subscriptions/listen", listen).await);
        for told in refused {
            assert_code(&told, -32021);
            assert_eq!(told["error"]["data"], lacks, "{told}");
        }
    }
}

#[tokio::test]
async fn a_session_is_never_answered_in_the_words_of_the_extension() {
    let (host, _) = start().await;
    let mut opening = initialize_able("2025-11-25");
    opening["params"]["capabilities"] = capabilities();
    let opened = host.ask(&authorized(Request::post(opening), A)).await;
    let mut user = User::modern(&host, A);
    user.session = opened.header("mcp-session-id").map(str::to_owned);
    let plainly = json!({"name": "echo", "arguments": {"text": "now"}});
    let told = user.ask("tools/call", plainly).await;
    assert_eq!(super::text(&told["result"]), "now", "{told}");
    assert!(told["result"].get("resultType").is_none(), "{told}");
    assert_code(&user.update("x", json!({})).await, -32601);
}

#[tokio::test]
async fn the_methods_of_one_protocol_are_unknown_to_the_other() {
    let (host, _) = start().await;
    let user = User::modern(&host, A);
    let id = user.make("echo").await;
    for method in ["tasks/result", "tasks/list"] {
        assert_code(&user.of(method, &id).await, -32601);
    }
    for revision in &LEGACY[..3] {
        let mut older = User::modern(&host, A);
        older.session = Some(crate::http_asking::open_able(&host, revision, A).await);
        for method in ["tasks/get", "tasks/result", "tasks/list", "tasks/cancel"] {
            assert_code(&older.of(method, &id).await, -32601);
        }
        // A tool that may run as a task answers them at once; one that has to cannot be called.
        let told = older.call("echo", json!({"text": "now"})).await;
        assert_eq!(super::text(&told["result"]), "now", "{told}");
        assert_code(&older.call("wait_too", json!({})).await, -32600);
    }
}
