//! The example is asked to stop while it works
//! ([2025-11-25, shutdown](https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle#shutdown)).

#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// The example, which is killed where a test fails.
struct Process(Child);

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_everything"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Self(child.expect("the example"))
    }

    fn terminate(&self) {
        let id = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("an id"), Signal::TERM).expect("it runs");
    }

    fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().expect("a status") {
                return status;
            }
            assert!(begun.elapsed() < LIMIT, "it goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A call that takes half a second.
fn measure() -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": 1,
    });
    let params = json!({"name": "measure", "arguments": {"times": 20}, "_meta": meta});
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
}

#[test]
fn a_call_over_http_is_answered_after_the_signal_to_stop() {
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let mut process = Process::start(&["--port", &port.to_string()]);
    let begun = Instant::now();
    let mut client = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(client) => break client,
            Err(error) => assert!(begun.elapsed() < LIMIT, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    client.set_read_timeout(Some(LIMIT)).expect("a socket");
    let body = measure().to_string();
    let length = body.len();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n\
         Mcp-Method: tools/call\r\nMcp-Name: measure\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    client.write_all(request.as_bytes()).expect("it reads");
    let mut first = [0; 12];
    client.read_exact(&mut first).expect("a head");
    assert_eq!(&first, b"HTTP/1.1 200");
    process.terminate();
    let mut rest = String::new();
    client.read_to_string(&mut rest).expect("the answer");
    assert!(rest.contains("measured 20 times"), "{rest}");
    assert!(process.ended().success());
}

#[test]
fn a_call_over_stdio_is_answered_after_the_signal_to_stop() {
    let mut process = Process::start(&["--stdio"]);
    // It stays open: the signal alone ends the process.
    let mut input = process.0.stdin.take().expect("a pipe");
    writeln!(input, "{}", measure()).expect("it reads");
    let output = process.0.stdout.take().expect("a pipe");
    let mut lines = BufReader::new(output).lines();
    let first = lines.next().expect("progress").expect("text");
    assert!(first.contains("notifications/progress"), "{first}");
    process.terminate();
    let last = lines.last().expect("an answer").expect("text");
    assert!(last.contains("measured 20 times"), "{last}");
    assert!(process.ended().success());
}

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(10);
