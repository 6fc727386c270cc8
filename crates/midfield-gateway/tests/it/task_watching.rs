//! `midfield tasks watch` and what is asked at a terminal.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    ADA, Asking, Folder, Service, Terminal, answer, discovered, make_task, run, run_with, tasks_at,
};

fn at_a_terminal(server: &Asking, arguments: &[&str]) -> Terminal {
    let url = server.url();
    Terminal::run(&tasks_at(&url, arguments), |command| {
        command.env("MIDFIELD_TOKEN", ADA);
    })
}

#[test]
fn a_watched_task_is_one_line_that_changes_in_place() {
    let server = Asking::new();
    let id = make_task(server.port(), Some(ADA), "climb", &json!({}));
    let terminal = at_a_terminal(&server, &["watch", &id]);
    for step in 1..=3 {
        terminal.wait_for(&format!("\r\u{1b}[2Kworking: step {step} of 3"));
        server.let_climb();
    }
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(
        seen.ends_with("\r\u{1b}[2Kcompleted\r\nat the top[2J\r\n"),
        "{seen:?}"
    );
    // Of what the server says, nothing is obeyed.
    let own = seen.replace("\r\u{1b}[2K", "");
    assert!(!own.contains(['\u{1b}', '\u{7}']), "{seen:?}");
    assert_eq!(own.matches('\n').count(), 2, "{seen:?}");
}

#[test]
fn without_a_terminal_each_change_is_a_line() {
    let server = Asking::new();
    let id = make_task(server.port(), Some(ADA), "climb", &json!({}));
    let url = server.url();
    let output = thread::scope(|scope| {
        let watching = scope.spawn(|| {
            run_with(&tasks_at(&url, &["watch", &id, "--json"]), |command| {
                command.env("MIDFIELD_TOKEN", ADA);
            })
        });
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(300));
            server.let_climb();
        }
        watching.join().unwrap()
    });
    assert_eq!(output.code, Some(0), "{output:?}");
    let told = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let told: Vec<Value> = told.collect();
    assert!(told.len() >= 2, "{output:?}");
    assert_eq!(told.last().unwrap()["status"], "completed");
    assert!(!output.stdout.contains('\u{1b}'), "{output:?}");
}

#[test]
fn what_a_watched_task_asks_is_asked_at_the_terminal() {
    let server = Asking::new();
    let id = make_task(server.port(), Some(ADA), "order", &json!({}));
    let mut terminal = at_a_terminal(&server, &["watch", &id]);
    terminal.wait_for_next("count (whole number, required)");
    terminal.wait_for_next("Esc: cancel");
    terminal.press("12\r");
    terminal.wait_for_next("it must be at most 9");
    terminal.press("\u{7f}\u{7f}4\r");
    terminal.wait_for_next("size (one choice)");
    terminal.wait_for_next("> (leave it out)");
    terminal.press("\u{1b}[A\r");
    terminal.wait_for_next("sure (yes or no, default yes)");
    terminal.wait_for_next("> yes");
    terminal.press("\r");
    terminal.wait_for_next("> send it");
    terminal.press("\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    let said = r#"ordered {"count":4,"size":"large","sure":true}"#;
    assert!(seen.contains(said), "{seen:?}");
    // The host knows the server by the address that it was given, which comes first.
    let asks = format!("the server `127.0.0.1:{}/mcp` asks", server.port());
    assert!(seen.contains(&asks), "{seen:?}");
}

/// A server of somebody else that tells of no changes, and whose task goes on with each look.
fn silent_server() -> Service {
    let looks = AtomicUsize::new(0);
    Service::new(move |request, stream| {
        let asked: Value = serde_json::from_slice(&request.body).unwrap();
        let id = &asked["id"];
        let (status, answered) = if asked["method"] == "server/discover" {
            (
                "200 OK",
                json!({"jsonrpc": "2.0", "id": id, "result": discovered()}),
            )
        } else if asked["method"] == "tasks/get" {
            assert_eq!(request.header("mcp-name"), Some("t-1"));
            let state = match looks.fetch_add(1, Ordering::SeqCst) {
                0 => json!({"status": "working", "statusMessage": "one\u{9b}31m\nof two"}),
                1 => json!({"status": "working"}),
                _ => {
                    json!({"status": "completed", "result": {"content": [], "structuredContent": {"a": "\u{202e}"}}})
                }
            };
            let mut result = json!({"resultType": "complete", "taskId": "t-1", "createdAt": "2026-01-01T00:00:00Z",
                "lastUpdatedAt": "2026-01-01T00:00:00Z", "ttlMs": null, "pollIntervalMs": 1});
            let members = state.as_object().unwrap().clone();
            result.as_object_mut().unwrap().extend(members);
            (
                "200 OK",
                json!({"jsonrpc": "2.0", "id": id, "result": result}),
            )
        } else {
            let error = json!({"code": -32601, "message": "unknown method"});
            (
                "404 Not Found",
                json!({"jsonrpc": "2.0", "id": id, "error": error}),
            )
        };
        let body = answered.to_string();
        let _ = stream.write_all(&answer(status, "application/json", body.as_bytes()));
    })
}

#[test]
fn a_server_that_does_not_tell_is_looked_at() {
    let server = silent_server();
    let output = run(&tasks_at(&server.url(), &["watch", "t-1"]));
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (
            Some(0),
            "working: one31m of two\nworking\ncompleted\n{\n  \"a\": \"\\u202e\"\n}\n"
        ),
        "{output:?}"
    );
    // It has no sessions, and so no list.
    let output = run(&tasks_at(&server.url(), &["list"]));
    assert_eq!(output.code, Some(4), "{output:?}");
    assert!(
        output.stderr.contains("the server lists no tasks"),
        "{output:?}"
    );
}

/// A task of Ada's in a session of 2025-11-25, which tells nobody what it asks but who waits for its result.
fn order_in_a_session(server: &Asking) -> String {
    let url = server.url();
    let call = [
        "call",
        &url,
        "order",
        "--detach",
        "--era",
        "legacy",
        "--token-env",
        "MIDFIELD_TOKEN",
    ];
    let output = run_with(&call, as_ada);
    assert_eq!(output.code, Some(0), "{output:?}");
    let handle = output.stdout.trim().to_owned();
    assert!(handle.starts_with("2025-11-25:"), "{output:?}");
    handle
}

fn as_ada(command: &mut std::process::Command) {
    command.env("MIDFIELD_TOKEN", ADA);
}

#[test]
fn a_task_of_a_session_asks_whoever_waits_for_it() {
    let server = Asking::new();
    let handle = order_in_a_session(&server);
    let mut terminal = at_a_terminal(&server, &["watch", &handle]);
    terminal.wait_for_next("input required");
    terminal.wait_for_next("count (whole number, required)");
    terminal.wait_for_next("Esc: cancel");
    terminal.press("\u{4}");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(seen.ends_with("nothing was ordered\r\n"), "{seen:?}");
}

#[test]
fn a_task_of_a_session_is_answered_from_a_file_or_left_as_it_is() {
    let server = Asking::new();
    let url = server.url();
    let handle = order_in_a_session(&server);
    for command in ["watch", "result"] {
        let output = run_with(&tasks_at(&url, &[command, &handle]), as_ada);
        assert_eq!(output.code, Some(5), "{output:?}");
        assert!(output.stderr.contains("`--answers FILE`"), "{output:?}");
    }
    let output = run_with(&tasks_at(&url, &["show", &handle]), as_ada);
    assert!(output.stdout.contains("input required"), "{output:?}");
    let folder = Folder::new();
    let written = json!({"rules": [{"message": "How much", "content": {"count": 3}}]});
    let path = folder.write("answers.json", &written.to_string());
    let answered = ["result", &handle, "--answers", path.to_str().unwrap()];
    let output = run_with(&tasks_at(&url, &answered), as_ada);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(
        output.stdout.starts_with("ordered {\"count\":3"),
        "{output:?}"
    );
    let told = run_with(&tasks_at(&url, &["show", &handle, "--json"]), as_ada);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["status"], "completed");
    let cancelled = order_in_a_session(&server);
    let output = run_with(&tasks_at(&url, &["show", &cancelled]), as_ada);
    assert!(output.stdout.contains("input required"), "{output:?}");
    let output = run_with(
        &tasks_at(&url, &["answer", &cancelled, "how_much", "--decline"]),
        as_ada,
    );
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(
        output.stderr.contains("it asks who waits for it"),
        "{output:?}"
    );
    // What has ended is in the state that it is in.
    for _ in 0..2 {
        let output = run_with(&tasks_at(&url, &["cancel", &cancelled]), as_ada);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(0), "cancelled\n")
        );
    }
    let output = run_with(&tasks_at(&url, &["result", &cancelled]), as_ada);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("cancelled"), "{output:?}");
}
