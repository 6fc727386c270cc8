//! What commands do whose reader has seen enough, or who took too long.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Service, Workshop, run};

fn piped(words: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_midfield"));
    command.args(words).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn a_listener_ends_with_whoever_reads_it() {
    let workshop = Workshop::new();
    let url = workshop.url();
    let mut listening = piped(&["subscribe", &url, "--uri", "note://a"]);
    let mut told = BufReader::new(listening.stderr.take().unwrap()).lines();
    assert_eq!(told.next().unwrap().unwrap(), "listening, until Ctrl-C");
    workshop.touch("note://a");
    let mut out = BufReader::new(listening.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    assert_eq!(first, "note://a\n");
    // As `head -1` does.
    drop(out);
    let deadline = Instant::now() + Duration::from_secs(30);
    let status = loop {
        workshop.touch("note://a");
        if let Some(status) = listening.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            let _ = listening.kill();
            panic!("it listens on");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(status.code(), Some(0));
    assert_eq!(told.next().map(Result::unwrap), None);
}

#[test]
fn what_is_read_into_a_pipe_that_is_closed_is_no_failure() {
    let workshop = Workshop::new();
    let mut reading = piped(&["read", &workshop.url(), "note://b"]);
    drop(reading.stdout.take());
    let output = reading.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn doctor_takes_no_longer_than_it_may() {
    let silent = Service::new(|_, _| std::thread::sleep(Duration::from_secs(15)));
    let begun = Instant::now();
    let output = run(&["doctor", &silent.url(), "--timeout", "500ms"]);
    assert_eq!(output.code, Some(124), "{output:?}");
    assert!(
        output.stderr.contains("it took longer than 500ms"),
        "{output:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(8), "{output:?}");
}
