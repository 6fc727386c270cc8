//! `midfield tasks`, against a server whose tools ask.

use serde_json::{Value, json};

use crate::support::{ADA, Asking, GRACE, Output, free_port, make_task, run, run_with, tasks_at};

/// Runs `midfield tasks` as Ada.
fn tasks(server: &Asking, arguments: &[&str]) -> Output {
    tasks_of(server, ADA, arguments)
}

fn tasks_of(server: &Asking, token: &str, arguments: &[&str]) -> Output {
    let url = server.url();
    run_with(&tasks_at(&url, arguments), |command| {
        command.env("MIDFIELD_TOKEN", token);
    })
}

/// A task of Ada's.
fn task(server: &Asking, tool: &str) -> String {
    make_task(server.port(), Some(ADA), tool, &json!({}))
}

/// Waits until `show` says `words` of a task.
#[track_caller]
fn wait_until(server: &Asking, id: &str, words: &str) -> Output {
    for _ in 0..200 {
        let output = tasks(server, &["show", id]);
        if output.stdout.contains(words) {
            return output;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{:?}", tasks(server, &["show", id]));
}

#[test]
fn a_task_is_shown_with_its_question_answered_and_its_result_printed() {
    let server = Asking::new();
    let id = task(&server, "order");
    let shown = wait_until(&server, &id, "input required");
    assert_eq!(shown.code, Some(0));
    assert!(
        shown.stdout.contains("`how_much` (form): How much?[31m\n"),
        "{}",
        shown.stdout
    );
    assert!(
        shown
            .stdout
            .contains("  count (whole number, required): How many\n"),
        "{}",
        shown.stdout
    );
    assert!(!shown.stdout.contains('\u{1b}'), "{}", shown.stdout);

    // Nobody is there who could be asked.
    for command in ["watch", "result"] {
        let output = tasks(&server, &[command, &id]);
        assert_eq!(output.code, Some(5), "{output:?}");
        assert!(output.stderr.contains("`how_much`"), "{output:?}");
    }
    let output = tasks(&server, &["answer", &id, "how_much"]);
    assert_eq!(output.code, Some(5), "{output:?}");

    for (wrong, told) in [
        ("{", "is no JSON"),
        ("3", "takes a JSON object"),
        (r#"{"count": 12}"#, "`count`: it must be at most 9"),
        (r#"{"size": "small"}"#, "`count`: it is required"),
    ] {
        let output = tasks(&server, &["answer", &id, "how_much", "--json", wrong]);
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.stderr.contains(told), "{output:?}");
    }
    let output = tasks(&server, &["answer", &id, "how_mcuh", "--decline"]);
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(output.stderr.contains("it asks `how_much`"), "{output:?}");

    let value = r#"{"count": 3, "size": "large"}"#;
    let output = tasks(&server, &["answer", &id, "how_much", "--json", value]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.stdout, "answered `how_much`\n");
    let output = tasks(&server, &["result", &id]);
    assert_eq!(output.code, Some(0), "{output:?}");
    assert!(
        output
            .stdout
            .starts_with("ordered {\"count\":3,\"size\":\"large\""),
        "{output:?}"
    );
    let output = tasks(&server, &["result", &id, "--json"]);
    let result: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(result["content"][0]["type"], "text");
}

#[test]
fn a_form_is_answered_by_words() {
    let server = Asking::new();
    let id = task(&server, "order");
    wait_until(&server, &id, "input required");
    for (words, told) in [
        (
            &["cuont=3"] as &[&str],
            "there is no argument `cuont`; did you mean `count`?",
        ),
        (
            &["count=three"],
            "`count` takes a whole number, not `three`",
        ),
        (&["size=small"], "missing: `count` (a whole number)"),
    ] {
        let output = tasks(&server, &[&["answer", &id, "how_much"], words].concat());
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.stderr.contains(told), "{output:?}");
    }
    let output = tasks(
        &server,
        &["answer", &id, "how_much", "count=3", "size=large"],
    );
    assert_eq!(output.code, Some(0), "{output:?}");
    let output = tasks(&server, &["result", &id]);
    assert!(
        output
            .stdout
            .starts_with("ordered {\"count\":3,\"size\":\"large\""),
        "{output:?}"
    );
}

#[test]
fn a_question_is_declined_or_left() {
    let server = Asking::new();
    for (option, said) in [
        ("--decline", "nothing was ordered\n"),
        ("--cancel", "nobody said\n"),
    ] {
        let id = task(&server, "order");
        wait_until(&server, &id, "input required");
        let answered = tasks(
            &server,
            &["answer", &id, "how_much", option, "--json-output"],
        );
        assert_eq!(answered.code, Some(0), "{answered:?}");
        let told: Value = serde_json::from_str(&answered.stdout).unwrap();
        assert_eq!(told["taskId"], *id);
        assert_eq!(tasks(&server, &["result", &id]).stdout, said);
    }
}

#[test]
fn a_task_that_fails_or_is_cancelled_ends_with_code_1() {
    let server = Asking::new();
    let failed = task(&server, "fail");
    let output = tasks(&server, &["result", &failed]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(1), "no luck\n")
    );

    let id = task(&server, "order");
    let output = tasks(&server, &["cancel", &id]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(0), "cancelled\n")
    );
    let output = tasks(&server, &["watch", &id]);
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(1), "cancelled\n")
    );
    let output = tasks(&server, &["result", &id]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("cancelled"), "{output:?}");
    // What has ended cannot be answered.
    let output = tasks(&server, &["answer", &id, "how_much", "--decline"]);
    assert!(output.stderr.contains("it asks nothing now"), "{output:?}");
}

#[test]
fn everybody_lists_their_own_tasks() {
    let server = Asking::new();
    let waiting = task(&server, "order");
    let failed = task(&server, "fail");
    tasks(&server, &["result", &failed]);
    let output = tasks(&server, &["list"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{output:?}");
    assert!(lines[0].starts_with(&waiting), "{output:?}");
    assert!(lines[1].starts_with(&failed), "{output:?}");
    let output = tasks(&server, &["list", "--unfinished", "--json"]);
    let listed: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{output:?}");
    assert_eq!(listed[0]["taskId"], *waiting);

    assert_eq!(tasks_of(&server, GRACE, &["list"]).stdout, "");
    for command in ["show", "watch", "result", "cancel"] {
        let output = tasks_of(&server, GRACE, &[command, &waiting]);
        assert_eq!(output.code, Some(4), "{output:?}");
        assert!(output.stderr.contains("there is no task"), "{output:?}");
    }
}

#[test]
fn a_server_that_is_not_there_or_lets_nobody_in_is_code_3() {
    let url = format!("http://127.0.0.1:{}/mcp", free_port());
    for command in [
        &["list"][..],
        &["show", "t"],
        &["watch", "t"],
        &["result", "t"],
    ] {
        let output = run(&tasks_at(&url, command));
        assert_eq!(output.code, Some(3), "{output:?}");
        assert!(output.stderr.contains("could not reach"), "{output:?}");
    }
    let server = Asking::new();
    let output = tasks_of(&server, "somebody-elses-token", &["show", "t"]);
    assert_eq!(output.code, Some(3), "{output:?}");
    assert!(output.stderr.contains("`--token-env`"), "{output:?}");
    assert!(!output.stderr.contains("somebody-elses"), "{output:?}");
    let elsewhere = server.url().replace("/mcp", "/other");
    let output = run(&tasks_at(&elsewhere, &["show", "t"]));
    assert_eq!(output.code, Some(3), "{output:?}");
}

#[test]
fn what_is_wrong_on_the_command_line_is_code_2_and_quotes_no_secret() {
    for (arguments, told) in [
        (&["tasks", "show", "http://u:canary@a/", "t"][..], "SERVER"),
        (
            &["tasks", "show", "http://a/", "t", "--header", "canary"],
            "`--header`",
        ),
        (
            &[
                "tasks",
                "answer",
                "http://a/",
                "t",
                "k",
                "--json",
                "{}",
                "--decline",
            ],
            "--decline",
        ),
        (
            &["tasks", "answer", "http://a/", "t", "k", "n=1", "--cancel"],
            "`--cancel`",
        ),
        (&["tasks", "answer", "http://a/", "t"], "KEY"),
        (&["tasks", "list", "http://a/", "t"], "SERVER"),
        (&["tasks", "show", "http://a/"], "TASK"),
        (&["tasks", "show"], "TASK"),
    ] {
        let output = run(arguments);
        assert_eq!(output.code, Some(2), "{output:?}");
        assert!(output.stderr.contains(told), "{output:?}");
        assert!(!output.stderr.contains("canary"), "{output:?}");
    }
}

#[test]
fn the_exit_codes_are_in_the_help() {
    for command in ["list", "show", "watch", "answer", "cancel", "result"] {
        let output = run(&["tasks", command, "--help"]);
        let help = output
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(
            help.contains("4 there is no such server, tool, prompt, resource or task; 5 an answer"),
            "{help}"
        );
    }
}
