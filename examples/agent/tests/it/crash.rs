//! The server is killed while the model thinks, and started again: the agent goes on where it was.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use midfield::Client;
use midfield::client::{Asker, Refusal, Sample, Speak};
use midfield::host::model::Scripted;
use midfield::types::{CreateMessage, SampleResult};
use serde_json::json;

use crate::{Advice, LOG, advice, model, reservations};

/// The example over HTTP, which can be killed and started again.
struct Process {
    child: Child,
    port: u16,
    state: PathBuf,
}

impl Process {
    fn start(state: &Path) -> Self {
        // A port that was free a moment ago.
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        Self {
            child: spawn(port, state),
            port,
            state: state.to_owned(),
        }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.port)
    }

    /// Kills it by SIGKILL, and starts another one in its place.
    fn crash(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it has ended");
        self.child = spawn(self.port, &self.state);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, state: &Path) -> Child {
    let child = Command::new(env!("CARGO_BIN_EXE_agent"))
        .args(["--port", &port.to_string(), "--state"])
        .arg(state)
        .spawn()
        .expect("the example");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < LIMIT, "it does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

/// The model, while which thinks about its second answer the server crashes.
struct Crashing {
    script: Scripted,
    server: Arc<Mutex<Process>>,
}

impl Sample for Crashing {
    async fn sample(&self, request: CreateMessage, asker: Asker) -> Result<SampleResult, Refusal> {
        if self.script.asked().len() == 1 {
            self.server.lock().expect("no panic").crash();
        }
        self.script.sample(request, asker).await
    }
}

#[tokio::test]
async fn nothing_is_asked_or_reserved_twice_when_the_server_is_killed_between_two_rounds() {
    let state = tempfile::tempdir().expect("a folder");
    let server = Arc::new(Mutex::new(Process::start(state.path())));
    let url = server.lock().expect("no panic").url();
    let script = model();
    let client = Client::builder()
        .speak(Speak::Modern)
        .sampling(Crashing {
            script: script.clone(),
            server: server.clone(),
        })
        .connect(url.as_str())
        .await
        .expect("the example");
    let said: Advice = client
        .call("advise", json!({"question": "Something about the sea?"}))
        .await
        .expect("advice");
    assert_eq!(said, advice());
    assert_eq!(script.asked().len(), 2);
    assert_eq!(reservations(state.path()), [LOG]);
    client.close().await;
}

/// How long the example may take to start.
const LIMIT: Duration = Duration::from_secs(30);
