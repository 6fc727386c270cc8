//! Commands that ask a server something, without a terminal.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Folder, Output, Service, Workshop, answer, free_port, run};

/// Runs a command about the workshop: its name, the server, its words.
fn ask(workshop: &Workshop, command: &str, words: &[&str]) -> Output {
    run(&[&[command, &workshop.url()], words].concat())
}

/// The same, with what it prints for programs.
#[track_caller]
fn ask_json(workshop: &Workshop, command: &str, words: &[&str]) -> Value {
    let output = ask(workshop, command, &[words, &["--json"]].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(!output.stdout.contains('\u{1b}'), "{output:?}");
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn a_server_is_listed_as_signatures_and_whole() {
    let workshop = Workshop::new();
    let output = ask(&workshop, "list", &[]);
    assert_eq!(output.code, Some(0), "{output:?}");
    for told in [
        "tools\n  add(a: integer, b: integer) -> any\n      Add two numbers.\n",
        "  echo(text: string, tags?: [string] | null) -> any\n      Repeats[31m what it is told.\n",
        "\nresources\n  note://a (text/plain)\n  note://b (image/x)\n",
        "\nprompts\n  greet(name)\n",
    ] {
        assert!(
            output.stdout.contains(told),
            "{told:?} is not in {}",
            output.stdout
        );
    }
    assert!(!output.stdout.contains('\u{1b}'), "{output:?}");
    assert_eq!(
        ask(&workshop, "list", &["--prompts"]).stdout,
        "greet(name)\n"
    );
    let listed = ask_json(&workshop, "list", &["--tools", "--resources"]);
    assert_eq!(
        listed["tools"][0]["inputSchema"]["required"],
        json!(["a", "b"])
    );
    assert_eq!(listed["resources"][1]["uri"], "note://b");
    assert_eq!(listed.get("prompts"), None);
}

#[test]
fn a_tool_is_called_with_arguments_by_its_schema() {
    let workshop = Workshop::new();
    for words in [
        &["add", "a=1", "b=2"][..],
        &["add", "--args", r#"{"a": 1, "b": 9}"#, "b=2"],
    ] {
        let output = ask(&workshop, "call", words);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(0), "3\n"),
            "{output:?}"
        );
    }
    let output = ask(&workshop, "call", &["echo", "text=5", "tags=x", "tags=y"]);
    assert_eq!(output.stdout, "5x+y\n", "{output:?}");
    let told = ask_json(&workshop, "call", &["add", "a=1", "b=2"]);
    assert_eq!(told["content"][0]["text"], "3");

    let output = ask(&workshop, "call", &["fail"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(1), "no luck\n"),
        "{output:?}"
    );
}

#[test]
fn what_does_not_fit_is_told_before_anything_is_called() {
    let workshop = Workshop::new();
    for (words, code, told) in [
        (
            &["ad", "a=1"][..],
            4,
            "the server has no tool `ad`; did you mean `add`?",
        ),
        (&["zzz"], 4, "there are `add`, `echo`"),
        (&["add", "a=1"], 2, "missing: `b`"),
        (&["add", "a=1", "bb=2"], 2, "did you mean `b`?"),
        (&["add", "a=one", "b=2"], 2, "`a` takes a whole number"),
        (&["add", "--args", "[]"], 2, "`--args` takes a JSON object"),
        (&["add", "--task", "--detach"], 2, "--detach"),
    ] {
        let output = ask(&workshop, "call", words);
        assert_eq!(output.code, Some(code), "{output:?}");
        assert!(
            output.stderr.contains(told),
            "{told:?} is not in {}",
            output.stderr
        );
        assert_eq!(output.stdout, "");
    }
    assert_eq!(run(&["call"]).code, Some(2));
    let output = run(&["call", &workshop.url()]);
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(output.stderr.contains("say which tool"), "{output:?}");
}

/// Runs a command about the workshop whose stdin never ends, until it hears SIGINT if `is_stopped`.
fn code_while_stdin_is_open(workshop: &Workshop, words: &[&str], is_stopped: bool) -> Option<i32> {
    let url = workshop.url();
    let (command, rest) = words.split_first().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_midfield"))
        .args([*command, &url])
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _open = child.stdin.take().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    if is_stopped {
        while !hears_interrupts(child.id()) {
            assert!(Instant::now() < deadline, "it does not listen to SIGINT");
            thread::sleep(Duration::from_millis(10));
        }
        let id = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(id, Signal::INT).unwrap();
    }
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process has a handler for SIGINT.
fn hears_interrupts(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
    caught & 0b10 != 0
}

#[test]
fn what_waits_for_stdin_is_ended_by_ctrl_c_and_in_time() {
    let workshop = Workshop::new();
    for words in [
        &["call", "echo", "text=@-"][..],
        &["call", "echo", "--args", "-"],
        &["prompt", "greet", "name=@-"],
    ] {
        assert_eq!(code_while_stdin_is_open(&workshop, words, true), Some(130));
        let words = [words, &["--timeout", "1s"]].concat();
        assert_eq!(
            code_while_stdin_is_open(&workshop, &words, false),
            Some(124)
        );
    }
}

#[test]
fn a_question_that_nobody_can_answer_is_declined_and_code_5() {
    let workshop = Workshop::new();
    for era in ["modern", "legacy"] {
        let output = ask(&workshop, "call", &["ask", "--era", era]);
        assert_eq!(output.code, Some(5), "{output:?}");
        assert_eq!(output.stdout, "took nothing\n", "{output:?}");
        assert!(
            output
                .stderr
                .contains("asks: How much? (declined: nobody is here to answer)"),
            "{output:?}"
        );
        assert!(output.stderr.contains("`--answers FILE`"), "{output:?}");
    }
    let folder = Folder::new();
    let answers = folder.path().join("answers.json");
    std::fs::write(&answers, r#"{"fields": {"count": 3}}"#).unwrap();
    let output = ask(
        &workshop,
        "call",
        &["ask", "--answers", answers.to_str().unwrap()],
    );
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.stdout, "took {\"count\":3}\n");
}

#[test]
fn a_tool_runs_as_a_task_that_is_waited_for_or_left() {
    let workshop = Workshop::new();
    let output = ask(&workshop, "call", &["job", "--task"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "the job is done\n"),
        "{output:?}"
    );
    assert!(output.stderr.starts_with("task 2026-07-28:"), "{output:?}");
    let output = ask(&workshop, "call", &["job", "--detach"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.starts_with("2026-07-28:"), "{output:?}");
    let handle = output.stdout.trim();
    let output = run(&["tasks", "result", &workshop.url(), handle]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "the job is done\n"),
        "{output:?}"
    );
    let told = ask_json(&workshop, "call", &["job", "--detach"]);
    assert_eq!(
        told["task"],
        format!("2026-07-28:{}", told["taskId"].as_str().unwrap())
    );
    let output = ask(&workshop, "call", &["add", "a=1", "b=2", "--task"]);
    assert_eq!(output.stdout, "3\n", "{output:?}");
    assert!(output.stderr.contains("at once"), "{output:?}");
}

#[test]
fn a_call_that_is_named_is_one_task_however_often_it_is_made() {
    let workshop = Workshop::new();
    let named = ["job", "--detach", "--idempotency-key", "order-17"];
    let first = ask(&workshop, "call", &named);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(ask(&workshop, "call", &named).stdout, first.stdout);
    let other = ask(
        &workshop,
        "call",
        &["job", "--detach", "--idempotency-key", "order-18"],
    );
    assert_ne!(other.stdout, first.stdout);
    let output = ask(&workshop, "call", &["job", "--idempotency-key", ""]);
    assert_eq!(output.code, Some(2), "{output:?}");
}

#[test]
fn a_script_stands_for_the_model_that_a_server_asks() {
    let workshop = Workshop::new();
    let folder = Folder::new();
    let path = folder.write("model.json", r#"["four", {"refuses": "not that"}]"#);
    let script = ["--model", path.to_str().unwrap()];
    for era in ["modern", "legacy"] {
        let words = [&["muse", "--era", era], &script[..]].concat();
        let output = ask(&workshop, "call", &words);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(0), "it says four\n"),
            "{output:?}"
        );
    }
    let output = ask(&workshop, "call", &["muse"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let wrong = folder.write("wrong.json", r#"[{"use": []}]"#);
    let output = ask(
        &workshop,
        "call",
        &["muse", "--model", wrong.to_str().unwrap()],
    );
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(
        output.stderr.contains("answer 1 of the script"),
        "{output:?}"
    );
}

#[test]
fn each_step_is_a_line_where_nobody_watches() {
    let workshop = Workshop::new();
    for _ in 0..4 {
        workshop.let_climb();
    }
    let output = ask(&workshop, "call", &["climb"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "at the top[2J\n"),
        "{output:?}"
    );
    assert!(
        output.stderr.contains("progress: 4 of 4: step 4]0;owned\n"),
        "{output:?}"
    );
    assert!(!output.stderr.contains(['\u{1b}', '\u{7}']), "{output:?}");
}

#[test]
fn a_call_that_takes_too_long_is_cancelled_with_code_124() {
    let workshop = Workshop::new();
    let output = ask(&workshop, "call", &["climb", "--timeout", "500ms"]);
    assert_eq!(output.code, Some(124), "{output:?}");
    assert!(
        output.stderr.contains("it took longer than 500ms"),
        "{output:?}"
    );
    workshop.wait_for_cancellation();
}

#[test]
fn a_resource_is_read_as_it_is() {
    let workshop = Workshop::new();
    assert_eq!(
        ask(&workshop, "read", &["note://a"]).stdout,
        "first\u{1b}[2J\n"
    );
    let folder = Folder::new();
    let path = folder.path().join("b");
    let output = ask(
        &workshop,
        "read",
        &["note://b", "--output", path.to_str().unwrap()],
    );
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), ""),
        "{output:?}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), [0, 159, 146, 150]);
    let told = ask_json(&workshop, "read", &["note://b"]);
    assert_eq!(told["contents"][0]["mimeType"], "image/x");
    for era in ["modern", "legacy"] {
        let output = ask(&workshop, "read", &["note://aa", "--era", era]);
        assert_eq!(output.code, Some(4), "{output:?}");
        assert!(
            output.stderr.contains("did you mean `note://a`?"),
            "{output:?}"
        );
    }
}

#[test]
fn a_prompt_is_filled_in_and_completed() {
    let workshop = Workshop::new();
    let output = ask(&workshop, "prompt", &["greet", "name=Ada"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "user:\nHello, Ada\n"),
        "{output:?}"
    );
    let told = ask_json(&workshop, "prompt", &["greet", "name=Ada"]);
    assert_eq!(told["messages"][0]["content"]["text"], "Hello, Ada");
    for (words, code, told) in [
        (&["greeet"][..], 4, "did you mean `greet`?"),
        (&["greet"], 2, "missing: `name`"),
        (&["greet", "nam=x"], 2, "did you mean `name`?"),
    ] {
        let output = ask(&workshop, "prompt", words);
        assert_eq!(output.code, Some(code), "{output:?}");
        assert!(output.stderr.contains(told), "{output:?}");
    }

    let output = ask(&workshop, "complete", &["prompt", "greet", "name", "A"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "Ada\nAlan\n"),
        "{output:?}"
    );
    let told = ask_json(&workshop, "complete", &["prompt", "greet", "name"]);
    assert_eq!(told["values"], json!(["Ada", "Alan", "Grace"]));
    let output = ask(&workshop, "complete", &["tool", "greet", "name"]);
    assert_eq!(output.code, Some(2), "{output:?}");
}

/// A configuration of midfield of one tool.
fn things() -> (Service, Folder, String) {
    let service = Service::answering(answer("200 OK", "application/json", br#"["one"]"#));
    let folder = Folder::new();
    let document = crate::support::document_of_things(r#"{"200": {"description": "all"}}"#);
    std::fs::write(folder.path().join("things.json"), document).unwrap();
    let config = folder.path().join("things.toml");
    let text = format!(
        "[sources.things]\nopenapi = \"things.json\"\nbase_url = \"{}\"\n",
        service.url()
    );
    std::fs::write(&config, text).unwrap();
    let path = config.to_str().unwrap().to_owned();
    (service, folder, path)
}

#[test]
fn a_command_stands_in_place_of_a_server() {
    let (_service, _folder, path) = things();
    let midfield = env!("CARGO_BIN_EXE_midfield");
    let command = ["--", midfield, "serve", &path, "--stdio"];
    let output = run(&[&["list"][..], &command].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.contains("listThings()"), "{output:?}");
    let tool = output
        .stdout
        .split_whitespace()
        .find(|word| word.contains("listThings"))
        .unwrap();
    let tool = tool.split('(').next().unwrap();
    let output = run(&[&["call", tool][..], &command].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(output.stdout.contains("one"), "{output:?}");
    // A configuration is a server too.
    let output = run(&["call", &path, tool]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let output = run(&[&["list", "http://127.0.0.1:1/"][..], &command].concat());
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(output.stderr.contains("two servers"), "{output:?}");
    let output = run(&[&["list", "--header", "A: b"][..], &command].concat());
    assert_eq!(output.code, Some(2), "{output:?}");
}

#[test]
fn a_server_that_cannot_be_had_is_code_3() {
    let url = format!("http://127.0.0.1:{}/mcp", free_port());
    let refusing = Service::answering(answer("401 Unauthorized", "text/plain", b"who are you?"));
    for (words, told) in [
        (&["list", &url][..], "could not reach"),
        (&["list", &refusing.url()], "--token-env"),
        (&["list", "--", "/no/such/program"], "could not reach"),
        (
            &[
                "list",
                "--",
                "/bin/sh",
                "-c",
                "read line; echo 'no licence' >&2; exit 3",
            ],
            "no licence",
        ),
    ] {
        let output = run(words);
        assert_eq!(output.code, Some(3), "{output:?}");
        assert!(output.stderr.contains(told), "{output:?}");
    }
}

#[test]
fn a_schema_whose_check_would_not_end_is_left_to_the_server() {
    let steps = (0..40).map(|step| {
        let next = json!({"$ref": format!("#/$defs/{}", step + 1)});
        (step.to_string(), json!({"allOf": [next, next]}))
    });
    let mut steps: serde_json::Map<String, Value> = steps.collect();
    steps.insert("40".to_owned(), json!({"type": "integer"}));
    let ladder =
        json!({"type": "object", "$defs": steps, "properties": {"x": {"$ref": "#/$defs/0"}}});
    let server = Service::new(move |request, stream| {
        let asked: Value = serde_json::from_slice(&request.body).unwrap();
        let result = match asked["method"].as_str() {
            Some("server/discover") => {
                json!({"resultType": "complete", "supportedVersions": ["2026-07-28"],
                "ttlMs": 0, "cacheScope": "private", "capabilities": {"tools": {}}})
            }
            Some("tools/list") => {
                json!({"resultType": "complete", "ttlMs": 0, "cacheScope": "private",
                "tools": [{"name": "deep", "inputSchema": ladder}]})
            }
            _ => {
                json!({"resultType": "complete", "content": [{"type": "text", "text": "came through"}]})
            }
        };
        let body = json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}).to_string();
        let _ = stream.write_all(&answer("200 OK", "application/json", body.as_bytes()));
    });
    let output = run(&["call", &server.url(), "deep", "x=1", "--timeout", "20s"]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "came through\n"),
        "{output:?}"
    );
}
