//! The binary under test, run to its end or kept serving.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::client::{Client, Era};

/// What a command that ended said.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs midfield to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    run_with(arguments, |_| {})
}

/// Runs midfield to its end, in an environment that `prepare` changes.
pub(crate) fn run_with(arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Output {
    let mut command = command(arguments);
    prepare(&mut command);
    let output = command.output().unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(super) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midfield"));
    // No token, but in tests that set one.
    command
        .args(arguments)
        .env("MIDFIELD_TOKEN", "")
        .stdin(Stdio::null());
    command
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// midfield, serving HTTP on a free port. Killed with this value.
pub(crate) struct Midfield {
    child: Child,
    log: Arc<Mutex<String>>,
    reading: Option<JoinHandle<()>>,
    port: u16,
}

impl Midfield {
    /// Serves the configuration at `path`.
    pub(crate) fn serve(path: &Path) -> Self {
        Self::serve_with(path, |_| {})
    }

    /// Serves the configuration at `path`, in an environment that `prepare` changes.
    pub(crate) fn serve_with(path: &Path, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut midfield = Self::start(path, prepare);
        midfield.wait_for("  sources  ");
        let log = midfield.log();
        let mut endpoints = log
            .split("http://127.0.0.1:")
            .filter_map(|rest| rest.split_once("/mcp"));
        midfield.port = endpoints.find_map(|(port, _)| port.parse().ok()).unwrap();
        midfield
    }

    /// Serves the configuration at `path` on a port that was free a moment ago.
    pub(crate) fn serve_at(path: &Path, port: u16) -> Self {
        let mut midfield = Self::start_at(path, port, |_| {});
        midfield.wait_for("  sources  ");
        midfield.port = port;
        midfield
    }

    /// Begins to serve, without waiting until it does.
    pub(crate) fn start(path: &Path, prepare: impl FnOnce(&mut Command)) -> Self {
        Self::start_at(path, 0, prepare)
    }

    fn start_at(path: &Path, port: u16, prepare: impl FnOnce(&mut Command)) -> Self {
        let path = path.to_str().unwrap();
        let listen = format!("127.0.0.1:{port}");
        let mut command = command(&["serve", path, "--listen", &listen, "--log-level", "trace"]);
        prepare(&mut command);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let errors = BufReader::new(child.stderr.take().unwrap());
        let written = Arc::clone(&log);
        let reading = thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self {
            child,
            log,
            reading: Some(reading),
            port: 0,
        }
    }

    /// Waits until the log holds `words`.
    #[track_caller]
    pub(crate) fn wait_for(&self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !self.log().contains(words) {
            assert!(
                Instant::now() < deadline,
                "no {words:?} in:\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// All that was written to stderr so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The memory that it takes, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let figure = line.and_then(|line| line.split_whitespace().next());
        figure.unwrap().parse().unwrap()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn client(&self, era: Era) -> Client {
        Client::new(self.port, era)
    }

    pub(crate) fn client_of(&self, token: &str, era: Era) -> Client {
        Client::with_token(self.port, era, Some(token))
    }

    /// Calls a tool as a modern client does.
    pub(crate) fn call(&self, tool: &str, arguments: serde_json::Value) -> serde_json::Value {
        self.client(Era::Modern).call_tool(tool, arguments)
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end_by(&mut self, signal: Signal) -> Option<i32> {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        let status = self.child.wait().unwrap();
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
        status.code()
    }
}

impl Drop for Midfield {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
