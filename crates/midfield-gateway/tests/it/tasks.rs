//! Tasks of the gateway: where they are kept, which tools have them, and that they outlive the process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{
    Era, Folder, Midfield, Output, Service, Terminal, answer, document_of_things, make_task, run,
    tasks_at, text,
};

/// A gateway of one operation of `service`, with more lines in its parts.
fn configuration(folder: &Folder, service: &Service, top: &str, source: &str) -> PathBuf {
    folder.write("things.json", &document_of_things("{}"));
    let written = format!(
        "{top}\n[sources.things]\nopenapi = \"things.json\"\nbase_url = \"{}\"\n{source}\n",
        service.url()
    );
    folder.write("midfield.toml", &written)
}

const IN_A_FILE: &str = "keys = \"midfield.keys\"\n[tasks]\nstore = \"tasks.db\"\n";

fn quick() -> Service {
    Service::answering(answer("200 OK", "application/json", b"{\"things\": 7}"))
}

fn check(path: &Path) -> Output {
    run(&["check", path.to_str().unwrap()])
}

fn result(midfield: &Midfield, id: &str) -> Output {
    let url = format!("http://127.0.0.1:{}/mcp", midfield.port());
    run(&tasks_at(&url, &["result", id]))
}

#[test]
fn a_call_runs_as_a_task_where_the_configuration_says_so() {
    let service = quick();
    let folder = Folder::new();
    let path = configuration(&folder, &service, IN_A_FILE, "tasks = \"optional\"");
    let output = check(&path);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(
        output.stdout.contains("tasks.db\n  optional: listThings\n"),
        "{output:?}"
    );
    assert!(!folder.path().join("tasks.db").exists());

    let midfield = Midfield::serve(&path);
    let id = make_task(midfield.port(), None, "listThings", &json!({}));
    let output = result(&midfield, &id);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "{\"things\":7}\n")
    );
    // Who knows no tasks waits for the answer.
    let answered = midfield.call("listThings", json!({}));
    assert_eq!(text(&answered), "{\"things\":7}");
    let tools = midfield
        .client(Era::Legacy)
        .request("tools/list", json!({}));
    assert_eq!(tools["tools"][0]["execution"]["taskSupport"], "optional");
}

#[test]
fn a_single_operation_may_differ_from_its_source() {
    let service = quick();
    let folder = Folder::new();
    let source = "tasks = \"required\"\noperation_tasks = { listThings = \"forbidden\" }";
    let path = configuration(&folder, &service, "[tasks]\nstore = \"memory\"\n", source);
    let output = check(&path);
    assert!(
        output
            .stdout
            .contains("tasks: kept in memory, they end with the process\nnothing"),
        "{output:?}"
    );
    let midfield = Midfield::serve(&path);
    let answered = midfield.call("listThings", json!({}));
    assert_eq!(text(&answered), "{\"things\":7}");
}

#[test]
fn a_task_that_has_ended_is_there_after_the_process_was_killed() {
    let service = quick();
    let folder = Folder::new();
    let path = configuration(&folder, &service, IN_A_FILE, "tasks = \"optional\"");
    let mut midfield = Midfield::serve(&path);
    let id = make_task(midfield.port(), None, "listThings", &json!({}));
    assert_eq!(result(&midfield, &id).code, Some(0));
    midfield.end_by(Signal::KILL);
    let midfield = Midfield::serve(&path);
    let output = result(&midfield, &id);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "{\"things\":7}\n")
    );
    assert_eq!(service.recorded().len(), 1);
}

#[test]
fn whoever_watches_a_task_outlasts_a_restart_of_the_server() {
    let service = Service::new(|_, stream| {
        std::thread::sleep(Duration::from_secs(2));
        let answer = answer("200 OK", "application/json", b"{\"things\": 7}");
        let _ = std::io::Write::write_all(stream, &answer);
    });
    let folder = Folder::new();
    let path = configuration(&folder, &service, IN_A_FILE, "tasks = \"optional\"");
    let mut midfield = Midfield::serve(&path);
    let port = midfield.port();
    let id = make_task(port, None, "listThings", &json!({}));
    let url = format!("http://127.0.0.1:{port}/mcp");
    let watching = Terminal::run(&tasks_at(&url, &["watch", &id]), |_| {});
    watching.wait_for("working");
    midfield.end_by(Signal::KILL);
    let _again = Midfield::serve_at(&path, port);
    let (code, seen) = watching.end();
    assert_eq!(code, Some(0), "{seen:?}");
    assert!(
        seen.ends_with("completed\r\n{\"things\":7}\r\n"),
        "{seen:?}"
    );
}

#[test]
fn a_task_of_a_server_that_a_command_starts_is_found_by_the_next() {
    let service = quick();
    let folder = Folder::new();
    let path = configuration(&folder, &service, IN_A_FILE, "tasks = \"optional\"");
    let midfield = env!("CARGO_BIN_EXE_midfield");
    let server = ["--", midfield, "serve", path.to_str().unwrap(), "--stdio"];
    let begun = run(&[&["call", "listThings", "--detach"], &server[..]].concat());
    assert_eq!(begun.code, Some(0), "{begun:?}");
    let handle = begun.stdout.trim();
    let output = run(&[&["tasks", "result", handle], &server[..]].concat());
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "{\"things\":7}\n"),
        "{output:?}"
    );
    let output = run(&[&["tasks", "show", "2026-07-28:nothing"], &server[..]].concat());
    assert_eq!(output.code, Some(4), "{output:?}");
}

#[test]
fn names_that_no_tool_has_are_wrong() {
    let service = quick();
    let folder = Folder::new();
    let top = "[tasks]\nstore = \"memory\"\nmax_running_per_tool = { listThing = 2 }\n";
    let source = "operation_tasks = { listTings = \"optional\" }";
    let path = configuration(&folder, &service, top, source);
    let output = check(&path);
    assert_eq!(output.code, Some(1), "{output:?}");
    for told in [
        ":3:38: `max_running_per_tool` names `listThing`, and there is no such tool; did you mean `listThings`?",
        ":8:33: `operation_tasks` names the operation `listTings`, of which there is no tool; did you mean `listThings`?",
    ] {
        assert!(output.stdout.contains(told), "{told}\n{output:?}");
    }
}

#[test]
fn a_store_that_is_none_keeps_the_server_from_starting() {
    let service = quick();
    let folder = Folder::new();
    folder.write("tasks.db", "this is no database, and must stay as it is");
    let path = configuration(&folder, &service, IN_A_FILE, "");
    let output = run(&["serve", path.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("tasks.db"), "{output:?}");
}

#[test]
fn tools_say_for_programs_whether_they_run_as_tasks() {
    let service = quick();
    let folder = Folder::new();
    let path = configuration(&folder, &service, IN_A_FILE, "tasks = \"required\"");
    let output = run(&["tools", "--json", path.to_str().unwrap()]);
    let tools: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(tools[0]["tool"]["execution"]["taskSupport"], "required");
}
