//! Processes that receive tasks and are killed, and two of them at one file.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use midfield::client::{AnswerElicitation, Asker, Refusal, Speak, Target, TaskReceiver};
use midfield::types::{Action, ElicitResult, Elicitation};
use midfield::{Client, KeyRing};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::super::script::Script;
use super::{make, of};
use crate::harness::soon;
use crate::tasks::Folder;

/// Names the folder of the file and of its keys, and where the server is.
const FOLDER: &str = "MIDFIELD_TEST_RECEIVER";
const SERVER: &str = "MIDFIELD_TEST_SERVER";
/// Who the user is.
const USER: &str = "MIDFIELD_TEST_USER";

/// Says who answered, and leaves a question with this text open for ever. That it was asked is seen by a file.
struct User {
    name: String,
    leaves: &'static str,
    folder: String,
}

impl AnswerElicitation for User {
    async fn answer(&self, asked: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        if matches!(&asked, Elicitation::Form { message, .. } if message == self.leaves) {
            let note = Path::new(&self.folder).join("asked");
            std::fs::write(note, &self.name).expect("the folder is there");
            std::future::pending::<()>().await;
        }
        let mut result = ElicitResult::new(Action::Accept);
        result.content = json!({"name": self.name}).as_object().cloned();
        Ok(result)
    }
}

/// Receives tasks for a server until it is killed.
#[tokio::test]
async fn is_what_other_tests_start_and_kill() {
    let [Ok(folder), Ok(server), Ok(name)] = [FOLDER, SERVER, USER].map(std::env::var) else {
        return;
    };
    let keys = KeyRing::in_file(Path::new(&folder).join("keys")).expect("keys");
    let store = Path::new(&folder).join("tasks.db");
    let receiver = TaskReceiver::sqlite(store, keys).expect("a store");
    let stream = TcpStream::connect(server).await.expect("a server");
    let (input, output) = stream.into_split();
    let leaves = if name == "Ada" { "Who?" } else { "nothing" };
    let _client = Client::builder()
        .speak(Speak::Legacy)
        .elicitation(User {
            name,
            leaves,
            folder,
        })
        .receive_tasks(receiver)
        .connect(Target::pipe(input, output).named("script"))
        .await
        .expect("a connection");
    // Nothing of it is left should the test that started it end before.
    tokio::time::sleep(Duration::from_mins(1)).await;
}

/// Another process, and the server's end of its connection.
async fn start(folder: &Folder, user: &str) -> (Child, Script) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "client::receiver::killed::is_what_other_tests_start_and_kill",
        ])
        .env(FOLDER, folder.store().parent().expect("a folder"))
        .env(SERVER, address.to_string())
        .env(USER, user)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("a process");
    let (stream, _) = soon(listener.accept()).await.expect("it connects");
    let (input, output) = stream.into_split();
    let mut script = Script::at(input, output);
    soon(script.shake_hands(json!({}))).await;
    (child, script)
}

/// `SIGKILL`, or what is like it.
async fn kill(mut child: Child) {
    child.kill().await.expect("it is there");
}

#[tokio::test]
async fn what_a_killed_process_was_asked_is_answered_by_the_next_one() {
    let folder = Folder::new("killed");
    let (child, mut script) = start(&folder, "Ada").await;
    let answered = make(&mut script, "And you?").await;
    let before = of(&mut script, "tasks/result", &answered).await;
    assert_eq!(before["result"]["content"]["name"], "Ada", "{before}");
    let open = make(&mut script, "Who?").await;
    let asked = folder.store().with_file_name("asked");
    let is_asked = async {
        while !asked.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon(is_asked).await;
    kill(child).await;
    let (child, mut script) = start(&folder, "Eve").await;
    let result = of(&mut script, "tasks/result", &open).await;
    assert_eq!(result["result"]["content"]["name"], "Eve", "{result}");
    let told = of(&mut script, "tasks/get", &open).await;
    assert_eq!(told["result"]["status"], "completed", "{told}");
    // What had been answered is not asked again.
    let after = of(&mut script, "tasks/result", &answered).await;
    assert_eq!(after["result"], before["result"], "{after}");
    let listed = soon(script.ask("tasks/list", json!({}))).await;
    let listed = listed["result"]["tasks"].as_array().expect("tasks");
    let listed: Vec<_> = listed.iter().map(|task| task["taskId"].as_str()).collect();
    assert_eq!(listed, [Some(answered.as_str()), Some(open.as_str())]);
    kill(child).await;
}

#[tokio::test]
async fn a_file_is_for_one_receiver_at_a_time_until_it_is_shut_down_or_killed() {
    let folder = Folder::new("alone");
    let (child, mut script) = start(&folder, "Eve").await;
    let keys = || KeyRing::in_file(folder.store().with_file_name("keys")).expect("keys");
    let refused = TaskReceiver::sqlite(folder.store(), keys()).expect_err("it is taken");
    let told = refused.to_string();
    let shown = folder.store().display().to_string();
    assert!(
        told.contains(&shown) && told.contains("another receiver"),
        "{told}"
    );
    // Whoever has it is not disturbed.
    let id = make(&mut script, "Who?").await;
    let result = of(&mut script, "tasks/result", &id).await;
    assert_eq!(result["result"]["content"]["name"], "Eve", "{result}");
    kill(child).await;
    let mut receiver = TaskReceiver::sqlite(folder.store(), keys()).expect("it is free");
    for is_dropped in [false, true] {
        TaskReceiver::sqlite(folder.store(), keys()).expect_err("it is taken here too");
        let first = receiver.clone();
        if is_dropped {
            drop((first, receiver));
        } else {
            soon(first.shut_down()).await;
        }
        receiver = TaskReceiver::sqlite(folder.store(), keys()).expect("it is free again");
    }
}
