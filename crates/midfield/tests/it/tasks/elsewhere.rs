//! Two servers over one store: whichever is asked, the answer is the same.

use midfield::KeyRing;
use midfield::server::Tasks;
use serde_json::json;

use super::restart::{Folder, run, stop};
use super::{A, User, accepted, serve, text, tools};
use crate::fixture::Probe;
use crate::harness::Host;
use crate::http_asking::{Streamed, answer};

async fn pair(folder: &Folder) -> [(Host, Probe); 2] {
    let keys = KeyRing::generate().expect("keys");
    [
        run(&folder.store(), &keys).await,
        run(&folder.store(), &keys).await,
    ]
}

/// A task that waits, and the servers: that which runs it, then the other. A server that has just begun may leave it to the other.
async fn waiting(pair: [(Host, Probe); 2]) -> (String, [(Host, Probe); 2]) {
    let [first, second] = pair;
    let id = User::modern(&first.0, A).make("wait").await;
    let is_first = tokio::select! {
        () = first.1.started() => true,
        () = second.1.started() => false,
    };
    let pair = if is_first {
        [first, second]
    } else {
        [second, first]
    };
    (id, pair)
}

#[tokio::test]
async fn a_task_is_seen_and_waited_for_where_it_does_not_run() {
    let folder = Folder::new("elsewhere-seen");
    let (id, [(here, probe), (there, _)]) = waiting(pair(&folder).await).await;
    let user = User::legacy(&there, A).await;
    user.until(&id, "working").await;
    let waits = user.of("tasks/result", &id);
    let (told, ()) = tokio::join!(waits, async { probe.release() });
    assert_eq!(text(&told["result"]), "released");
    User::modern(&there, A).until(&id, "completed").await;
    stop(here).await;
    stop(there).await;
}

#[tokio::test]
async fn a_question_is_answered_where_its_task_does_not_run() {
    let folder = Folder::new("elsewhere-answered");
    let [(here, _), (there, _)] = pair(&folder).await;
    let user = User::modern(&here, A);
    let ids = [user.make("ask").await, user.make("ask").await];
    let other = User::modern(&there, A);
    let key = other.open(&ids[0]).await.remove(0).0;
    other.update(&ids[0], json!({key: accepted("Ada")})).await;
    let task = user.until(&ids[0], "completed").await;
    assert_eq!(text(&task["result"]), "Ada");
    let session = User::legacy(&there, A).await;
    let mut waits = session.wait(&ids[1]).await;
    let asked = waits.hear().await;
    session.say(answer(&asked, accepted("Eve"))).await;
    assert_eq!(text(&waits.hear().await["result"]), "Eve");
    stop(here).await;
    stop(there).await;
}

#[tokio::test]
async fn a_task_is_cancelled_where_it_does_not_run() {
    let folder = Folder::new("elsewhere-cancelled");
    let (id, [(here, probe), (there, _)]) = waiting(pair(&folder).await).await;
    let told = User::legacy(&there, A).await.of("tasks/cancel", &id).await;
    assert_eq!(told["result"]["status"], "cancelled", "{told}");
    User::modern(&here, A).until(&id, "cancelled").await;
    // Its handler is told, and dropped if it does not end.
    probe.stopped().await;
    stop(here).await;
    stop(there).await;
}

#[tokio::test]
async fn who_listens_is_told_where_the_task_does_not_run() {
    let folder = Folder::new("elsewhere-told");
    let (id, [(here, probe), (there, _)]) = waiting(pair(&folder).await).await;
    let listener = User::modern(&there, A);
    let filter = json!({"notifications": {"taskIds": [id]}});
    let request = listener.request("subscriptions/listen", &filter);
    let mut heard = Streamed::begin(&there, &request).await;
    heard.hear().await;
    probe.release();
    loop {
        let told = heard.hear().await;
        assert_eq!(told["method"], "notifications/tasks", "{told}");
        if told["params"]["status"] == "completed" {
            break;
        }
    }
    drop(heard);
    stop(here).await;
    stop(there).await;
}

#[tokio::test]
async fn a_call_that_comes_to_two_servers_under_one_key_is_one_task() {
    let folder = Folder::new("elsewhere-key");
    let [(here, _), (there, _)] = pair(&folder).await;
    let more = json!({"_meta": {"midfield.dev/idempotencyKey": "once"}});
    let (one, two) = (User::modern(&here, A), User::modern(&there, A));
    let (one, two) = tokio::join!(
        one.call_with("wait", json!({}), more.clone()),
        two.call_with("wait", json!({}), more.clone()),
    );
    assert!(one["result"]["taskId"].is_string(), "{one}");
    assert_eq!(one["result"]["taskId"], two["result"]["taskId"]);
    stop(here).await;
    stop(there).await;
}

#[tokio::test]
async fn a_server_runs_tasks_until_the_last_of_its_transports_has_ended() {
    let probe = Probe::default();
    let service = tools::server(&probe).tasks(Tasks::in_memory()).build();
    let service = service.expect("a server");
    let (first, second) = (serve(service.clone()).await, serve(service).await);
    let id = User::modern(&first, A).make("wait").await;
    probe.started().await;
    stop(first).await;
    let user = User::modern(&second, A);
    user.until(&id, "working").await;
    assert!(probe.none_stopped());
    probe.release();
    user.until(&id, "completed").await;
    let id = user.make("echo").await;
    user.until(&id, "completed").await;
    stop(second).await;
}
