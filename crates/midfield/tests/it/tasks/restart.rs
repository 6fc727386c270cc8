//! A server that is started again goes on with its tasks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use midfield::KeyRing;
use midfield::server::Tasks;
use serde_json::json;

use super::{A, User, accepted, serve, text, tools};
use crate::fixture::Probe;
use crate::harness::{Host, soon};
use crate::log::Log;

/// A folder of its own, removed with this value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("midfield-tasks-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.0.join("tasks.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Another run of the same server.
pub(super) async fn run(store: &Path, keys: &KeyRing) -> (Host, Probe) {
    let probe = Probe::default();
    let tasks = Tasks::sqlite(store).expect("a store");
    let service = tools::server(&probe)
        .keys(keys.clone())
        .tasks(tasks)
        .build();
    (serve(service.expect("a server")).await, probe)
}

pub(super) async fn stop(mut host: Host) {
    host.stop();
    host.stopped().await;
}

#[tokio::test]
async fn a_task_at_work_goes_on_and_does_no_step_twice() {
    let folder = Folder::new("work");
    let keys = KeyRing::generate().expect("keys");
    let (host, probe) = run(&folder.store(), &keys).await;
    let user = User::modern(&host, A);
    let id = user.make("steps").await;
    probe.started().await;
    assert_eq!(probe.runs(), 1);
    stop(host).await;
    let (host, probe) = run(&folder.store(), &keys).await;
    probe.started().await;
    assert_eq!(probe.runs(), 0, "the step was done before");
    probe.release();
    for user in User::each(&host, A).await {
        user.until(&id, "completed").await;
    }
    let told = User::legacy(&host, A).await.of("tasks/result", &id).await;
    assert_eq!(text(&told["result"]), "1 1");
    stop(host).await;
}

#[tokio::test]
async fn a_task_that_waits_for_an_answer_takes_it_after_the_restart() {
    let folder = Folder::new("answer");
    let keys = KeyRing::generate().expect("keys");
    let (host, _) = run(&folder.store(), &keys).await;
    let user = User::modern(&host, A);
    let ids = [user.make("ask_twice").await, user.make("ask").await];
    let open = user.open(&ids[0]).await;
    user.update(&ids[0], json!({(&open[0].0): accepted("one")}))
        .await;
    let second = user.open_when(&ids[0], |now| now != open).await;
    user.until(&ids[1], "input_required").await;
    stop(host).await;
    let (host, _) = run(&folder.store(), &keys).await;
    let user = User::modern(&host, A);
    assert_eq!(user.open(&ids[0]).await, second, "it is the same question");
    user.update(&ids[0], json!({(&second[0].0): accepted("two")}))
        .await;
    let task = user.until(&ids[0], "completed").await;
    assert_eq!(text(&task["result"]), "one two");
    // A session of after the restart is asked too.
    let legacy = User::legacy(&host, A).await;
    let mut waits = legacy.wait(&ids[1]).await;
    let asked = waits.hear().await;
    legacy
        .say(crate::http_asking::answer(&asked, accepted("Ada")))
        .await;
    assert_eq!(text(&waits.hear().await["result"]), "Ada");
    stop(host).await;
}

#[tokio::test]
async fn what_a_task_came_to_is_told_after_the_restart() {
    let folder = Folder::new("ended");
    let keys = KeyRing::generate().expect("keys");
    let (host, _) = run(&folder.store(), &keys).await;
    let user = User::modern(&host, A);
    let mut before = Vec::new();
    for (tool, status) in [
        ("echo", "completed"),
        ("fail", "completed"),
        ("refuse", "failed"),
    ] {
        let id = user.make(tool).await;
        before.push((id.clone(), status, user.until(&id, status).await));
    }
    stop(host).await;
    let (host, _) = run(&folder.store(), &keys).await;
    for (id, status, before) in before {
        assert_eq!(User::modern(&host, A).until(&id, status).await, before);
    }
    stop(host).await;
}

#[tokio::test]
async fn a_call_that_became_a_task_knows_after_the_restart_what_it_learned_before() {
    let folder = Folder::new("became");
    let keys = KeyRing::generate().expect("keys");
    let (host, probe) = run(&folder.store(), &keys).await;
    let user = User::modern(&host, A);
    let asked = user.call("must_become", json!({})).await;
    let answers = json!({
        "inputResponses": {"who": accepted("Ada")},
        "requestState": asked["result"]["requestState"],
    });
    let made = user.call_with("must_become", json!({}), answers).await;
    let id = made["result"]["taskId"].as_str().expect("an id").to_owned();
    probe.started().await;
    stop(host).await;
    let (host, probe) = run(&folder.store(), &keys).await;
    probe.release();
    let task = User::modern(&host, A).until(&id, "completed").await;
    assert_eq!(text(&task["result"]), "Ada 1 true");
    assert_eq!(probe.runs(), 0);
    stop(host).await;
}

#[tokio::test]
async fn without_its_keys_a_task_stays_and_the_log_says_so() {
    let folder = Folder::new("keys");
    let keys = KeyRing::generate().expect("keys");
    let (host, probe) = run(&folder.store(), &keys).await;
    let user = User::modern(&host, A);
    let (id, ended) = (user.make("steps").await, user.make("echo").await);
    probe.started().await;
    let before = user.until(&ended, "completed").await;
    stop(host).await;
    let (log, guard) = Log::start();
    let (host, _) = run(&folder.store(), &KeyRing::generate().expect("keys")).await;
    let says = async {
        while !log.text().contains("a task cannot be run") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon(says).await;
    for user in User::each(&host, A).await {
        // How it is stands there for all to read, what came of it does not.
        user.until(&id, "working").await;
        let told = user.of("tasks/get", &ended).await;
        assert_eq!(told["error"]["code"], -32603, "{told}");
        let message = told["error"]["message"].as_str().expect("a text");
        assert!(message.contains("cannot be read"), "{message}");
    }
    stop(host).await;
    drop(guard);
    let log = log.text();
    let says = |line: &str| line.contains("a task cannot be run") && line.contains(&id);
    assert!(log.lines().any(says), "{log}");
    let (host, _) = run(&folder.store(), &keys).await;
    let user = User::modern(&host, A);
    user.until(&id, "working").await;
    assert_eq!(user.until(&ended, "completed").await, before);
    stop(host).await;
}
