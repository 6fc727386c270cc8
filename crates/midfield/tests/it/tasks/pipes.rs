//! Tasks over stdio, where the one client is the process that started the server.

use std::time::Duration;

use midfield::server::Tasks;
use serde_json::{Value, json};

use super::{RELATED, accepted, assert_code, text, tools};
use crate::asking::Peer;
use crate::fixture::Probe;
use crate::harness::soon;

async fn start(revision: &'static str) -> (Peer, Probe) {
    let probe = Probe::default();
    let service = tools::server(&probe).tasks(Tasks::in_memory()).build();
    let service = service.expect("a server");
    let peer = Peer::new(&service, revision, super::capabilities()).await;
    (peer, probe)
}

async fn until(peer: &mut Peer, id: &Value, status: &str) -> Value {
    let look = async {
        loop {
            let told = peer
                .once("tasks/get", &json!({"taskId": id}), &json!({}))
                .await;
            if told["result"]["status"] == status {
                return told["result"].clone();
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    soon(look).await
}

#[tokio::test]
async fn a_session_is_asked_while_it_waits_for_the_result_and_told_how_its_task_is() {
    let (mut peer, _) = start("2025-11-25").await;
    let call = json!({"name": "ask", "arguments": {}, "task": {}});
    let made = peer.once("tools/call", &call, &json!({})).await;
    let id = made["result"]["task"]["taskId"].clone();
    let listed = peer.once("tasks/list", &json!({}), &json!({})).await;
    assert_eq!(listed["result"]["tasks"][0]["taskId"], id, "{listed}");
    let told = peer
        .run("tasks/result", &json!({"taskId": id}), |asked| {
            assert_eq!(asked["params"]["_meta"][RELATED]["taskId"], id, "{asked}");
            accepted("Ada")
        })
        .await;
    assert_eq!(text(&told["result"]), "Ada");
    until(&mut peer, &id, "completed").await;
    let is_status = |told: &&Value| told["method"] == "notifications/tasks/status";
    assert!(peer.told.iter().filter(is_status).count() > 0);
    let again = peer
        .once("tasks/cancel", &json!({"taskId": id}), &json!({}))
        .await;
    assert_code(&again, -32602);
    peer.leave().await;
}

#[tokio::test]
async fn the_extension_is_there_too() {
    let (mut peer, probe) = start(crate::messages::MODERN).await;
    let call = json!({"name": "wait", "arguments": {}});
    let made = peer.once("tools/call", &call, &json!({})).await;
    assert_eq!(made["result"]["resultType"], "task", "{made}");
    let id = made["result"]["taskId"].clone();
    probe.started().await;
    probe.release();
    let task = until(&mut peer, &id, "completed").await;
    assert_eq!(text(&task["result"]), "released");
    let unknown = json!({"taskId": "0".repeat(32)});
    assert_code(&peer.once("tasks/get", &unknown, &json!({})).await, -32602);
    peer.leave().await;
}
