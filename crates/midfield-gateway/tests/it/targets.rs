//! SERVER: what it stands for, and consent to what a file starts.
#![cfg(target_os = "linux")]

use serde_json::{Value, json};

use crate::support::{Home, Output, Service, answer};

const TWO: &str = r#"{"mcpServers": {"lab": {"command": "npx", "args": ["lab"], "cwd": "work"}, "web": {"url": "https://a.example/mcp"}}}"#;

fn user() -> Home {
    let home = Home::new();
    home.write("project/.mcp.json", TWO);
    home.write(
        "project/one.json",
        r#"{"servers": {"only": {"command": "one"}}}"#,
    );
    home.write(
        ".cursor/mcp.json",
        r#"{"mcpServers": {"github": {"command": "own"}, "lab": {"command": "other"}}}"#,
    );
    home
}

/// What `discover` says of a server, which stands for `words`.
#[track_caller]
fn one(home: &Home, words: &[&str]) -> Value {
    let output = home.run(&[&["discover", "--json"], words].concat());
    assert_eq!(output.code, Some(0), "{output:?}");
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn a_server_is_a_url_a_command_a_file_or_a_name() {
    let home = user();
    assert_eq!(
        one(&home, &["https://lab.example/mcp"])["url"],
        "https://lab.example/mcp"
    );
    assert_eq!(
        one(&home, &["--", "npx", "-y", "x"])["command"],
        json!(["npx", "-y", "x"])
    );
    assert_eq!(one(&home, &["one.json"])["command"], json!(["one"]));
    assert_eq!(
        one(&home, &["./.mcp.json#web"])["url"],
        "https://a.example/mcp"
    );
    assert_eq!(
        one(&home, &["./.mcp.json", "--server", "web"])["url"],
        "https://a.example/mcp"
    );
    home.write(
        "project/.vscode/mcp.json",
        r#"{"servers": {"code": {"command": "x", "cwd": "work"}}}"#,
    );
    assert_eq!(one(&home, &["code"])["folder"], "HOME/project/work");
    let lab = one(&home, &["lab"]);

    assert_eq!(
        (&lab["command"], &lab["folder"]),
        (&json!(["npx", "lab"]), &json!("HOME/project/work")),
        "{lab}"
    );
    assert_eq!(one(&home, &["github"])["command"], json!(["own"]));
    assert_eq!(
        one(&home, &["only", "--config", "one.json"])["command"],
        json!(["one"])
    );
}

#[test]
fn a_configuration_of_midfield_is_a_server() {
    let home = user();
    home.write(
        "project/pets.json",
        r#"{"openapi": "3.1.0", "info": {"title": "P", "version": "1"}, "paths": {}}"#,
    );
    home.write(
        "project/midfield.toml",
        "[sources.pets]\nopenapi = \"pets.json\"\n",
    );
    let found = one(&home, &["midfield.toml"]);
    assert_eq!(
        found["command"].as_array().unwrap()[1..],
        [
            json!("serve"),
            json!("HOME/project/midfield.toml"),
            json!("--stdio")
        ]
    );
    let output = home.run(&["discover", "midfield.toml#pets"]);
    assert_eq!(output.code, Some(2), "{output:?}");
    home.write("project/codex.toml", "[mcp_servers.x]\ncommand = \"cx\"\n");
    assert_eq!(one(&home, &["codex.toml"])["command"], json!(["cx"]));
}

#[test]
fn what_is_no_server_is_told() {
    let home = user();
    home.write(
        "project/needs.json",
        r#"{"servers": {"x": {"url": "https://a.example", "headers": {"A": "${NOT_SET}"}}}}"#,
    );
    home.write(
        "project/asks.json",
        r#"{"servers": {"x": {"command": "x", "env": {"A": "${input:key}"}}}}"#,
    );
    for (words, code, told) in [
        (
            &["githbu"] as &[&str],
            4,
            "error: there is no server `githbu`; did you mean `github`?\nerror: looked in HOME/project/.mcp.json\nerror: looked in HOME/.cursor/mcp.json\n",
        ),
        (
            &[".mcp.json"],
            2,
            "error: HOME/project/.mcp.json has several servers: say which one by `#NAME` or `--server NAME`, of `lab`, `web`\n",
        ),
        (
            &[".mcp.json#lub"],
            4,
            "error: HOME/project/.mcp.json: there is no server `lub`: there are `lab`, `web`\n",
        ),
        (
            &["none.json"],
            4,
            "error: could not read HOME/project/none.json: No such file or directory (os error 2)\n",
        ),
        (
            &["needs.json"],
            2,
            "error: HOME/project/needs.json: the server `x` cannot be used: `headers.A` needs the environment variable `NOT_SET`, which is not set\n",
        ),
        (
            &["asks.json"],
            2,
            "error: HOME/project/asks.json: the server `x` cannot be used: `env.A` needs `${input:key}`, which the host asks its user for\n",
        ),
        (
            &["ftp://a.example/"],
            2,
            "error: SERVER takes URLs of http and https alone\n",
        ),
        (
            &["https://u:canary@a.example/"],
            2,
            "error: SERVER takes a URL without user name and password: put them under `secrets`\n",
        ),
    ] {
        let output = home.run(&[&["discover"], words].concat());
        assert_eq!(
            (output.stderr.as_str(), output.code),
            (told, Some(code)),
            "{words:?}"
        );
        assert_eq!(output.stdout, "");
    }
    let output = home.run(&["approve"]);
    assert_eq!(
        output.stderr,
        "error: say which server: a URL, a file, a name, or a command after `--`\n"
    );
    assert_eq!(output.code, Some(2));
    assert_eq!(home.run(&["approve", "lab", "--", "x"]).code, Some(2));
}

#[track_caller]
fn said(output: &Output, code: i32, stdout: &str) {
    assert_eq!(
        (output.code, output.stdout.as_str()),
        (Some(code), stdout),
        "{output:?}"
    );
}

#[test]
fn a_command_of_a_file_needs_consent_once_and_anew_when_it_changes() {
    let home = user();
    let long = "x".repeat(3_000);
    let server = |last: &str| {
        json!({"servers": {"lab": {"command": "npx", "args": ["-y", &long, last], "env": {"KEY": "${LAB_KEY}"}}}}).to_string()
    };
    home.write("project/lab.json", &server("a"));
    let output = home.run(&["approve", "lab.json"]);
    said(&output, 5, "");
    assert!(
        output
            .stderr
            .contains(&format!("  starts   npx -y {long} a\n")),
        "{output:?}"
    );
    assert!(
        output.stderr.contains("  with     KEY\n") && !output.stderr.contains("canary"),
        "{output:?}"
    );
    said(
        &home.run(&["approve", "lab.json", "--yes"]),
        0,
        "approved\n",
    );
    let again = home.run(&["approve", "lab.json"]);
    said(&again, 0, "approved before\n");
    assert_eq!(
        again.stderr,
        format!("starts npx -y {long} a (of HOME/project/lab.json)\n")
    );
    home.write("project/lab.json", &server("b"));
    said(&home.run(&["approve", "lab.json"]), 5, "");
    let kept = std::fs::read_to_string(home.path(".local/state/midfield/approved")).unwrap();
    assert_eq!((kept.lines().count(), kept.len()), (1, 65), "{kept}");
}

#[test]
fn only_what_a_foreign_file_starts_needs_consent() {
    let home = user();
    for words in [
        &["github"] as &[&str],
        &["web"],
        &["https://a.example/mcp"],
        &["--", "x"],
    ] {
        said(
            &home.run(&[&["approve"], words].concat()),
            0,
            "no approval is needed\n",
        );
    }
    said(&home.run(&["approve", "lab"]), 5, "");
    said(
        &home.run(&["approve", "only", "--config", "one.json"]),
        5,
        "",
    );
}

#[test]
fn consent_is_asked_at_a_terminal() {
    let home = user();
    for (word, code, told) in [("", 1, "you did not agree"), ("y", 0, "approved")] {
        let mut terminal = home.at_terminal(&["approve", "lab"]);
        terminal.wait_for("Start it, now and later? [y/N]: ");
        terminal.press(&format!("{word}\n"));
        let (ended, seen) = terminal.end();
        assert_eq!(ended, Some(code), "{seen}");
        assert!(seen.contains("npx lab") && seen.contains(told), "{seen}");
    }
    said(&home.run(&["approve", "lab"]), 0, "approved before\n");
}

#[test]
fn what_a_file_says_cannot_change_what_is_asked() {
    let home = user();
    let server = json!({"command": "npx", "cwd": "/tmp/\u{1b}[2J\u{1b}[H\nok\u{3164}"});
    let file = "project/\u{1b}[31mred.json";
    let text = json!({"servers": {"a\u{1b}[2J": server}}).to_string();
    home.write(file, &text);
    let output = home.run(&["approve", "\u{1b}[31mred.json"]);
    said(&output, 5, "");
    assert!(
        !output.stderr.contains(['\u{1b}', '\u{3164}']),
        "{output:?}"
    );
    assert!(
        output.stderr.contains(
            r"in $'/tmp/\U0000001b[2J\U0000001b[H\U0000000aok\U00003164', and may do harm"
        ),
        "{output:?}"
    );
    home.write("project/bad\u{1b}[2J.json", "{}");
    let output = home.run(&["approve", "bad\u{1b}[2J.json"]);
    assert!(!output.stderr.contains('\u{1b}'), "{output:?}");
}

#[test]
fn a_url_of_a_folder_gets_variables_after_consent_alone() {
    let home = user();
    let service = Service::answering(answer("404 Not Found", "text/plain", b"no"));
    let server = json!({"url": format!("{}/x/${{LAB_KEY}}", service.url()), "headers": {"X-K": "${OTHER_KEY:-none}"}});
    let write = |server: &Value| {
        home.write(
            "project/.mcp.json",
            &json!({"mcpServers": {"lab": server}}).to_string(),
        )
    };
    write(&server);
    let found = one(&home, &["lab"]);
    assert_eq!(found["url"], server["url"], "{found}");
    let output = home.run(&["list", "lab"]);
    said(&output, 5, "");
    assert!(
        output
            .stderr
            .contains(&format!("  calls    {}/x/${{LAB_KEY}}\n", service.url()))
            && output
                .stderr
                .contains("  gets     the variable `LAB_KEY`\n")
            && !output.stderr.contains("canary"),
        "{output:?}"
    );
    assert!(service.recorded().is_empty());
    said(&home.run(&["approve", "lab", "--yes"]), 0, "approved\n");
    said(&home.run(&["approve", "lab"]), 0, "approved before\n");
    said(&home.run(&["list", "lab"]), 3, "");
    assert_eq!(service.recorded()[0].path(), "/x/canary");

    write(&json!({"url": format!("{}/y/${{LAB_KEY}}", service.url())}));
    said(&home.run(&["approve", "lab"]), 5, "");
    write(&json!({"url": service.url(), "headers": {"X-K": "its own", "X-L": "${NOT_SET:-none}"}}));
    said(&home.run(&["approve", "lab"]), 0, "no approval is needed\n");
}

#[test]
fn a_token_goes_to_a_url_of_a_folder_after_consent_alone() {
    let home = user();
    let service = Service::answering(answer("404 Not Found", "text/plain", b"no"));
    let text = json!({"mcpServers": {"lab": {"url": service.url()}}}).to_string();
    home.write("project/.mcp.json", &text);
    for (words, told) in [
        (
            ["--token-env", "LAB_KEY"],
            "gets     the token in `LAB_KEY`\n",
        ),
        (
            ["--header", "X-K: canary"],
            "gets     the header `x-k` of the command line\n",
        ),
    ] {
        let words = [&["list", "lab"], &words[..]].concat();
        let output = home.run(&words);
        said(&output, 5, "");
        assert!(output.stderr.contains(told), "{output:?}");
        assert!(
            output
                .stderr
                .contains(&format!("calls    {}", service.url())),
            "{output:?}"
        );
        assert!(!output.stderr.contains("canary"), "{output:?}");
        assert!(service.recorded().is_empty());
    }
    let words = ["list", "lab", "--token-env", "LAB_KEY"];
    said(&home.run(&[&words[..], &["--yes"]].concat()), 3, "");
    assert_eq!(
        service.recorded()[0].header("authorization"),
        Some("Bearer canary")
    );
    let again = home.run(&words);
    said(&again, 3, "");
    assert!(
        again.stderr.contains("sends the token in `LAB_KEY` to"),
        "{again:?}"
    );
    said(&home.run(&["list", "lab"]), 3, "");
    let url = service.url();
    said(&home.run(&["list", &url, "--token-env", "LAB_KEY"]), 3, "");
}

#[test]
fn a_token_that_is_not_set_is_missed_and_an_empty_one_is_none() {
    let home = user();
    let service = Service::answering(answer("404 Not Found", "text/plain", b"no"));
    let url = service.url();
    let output = home.run(&["list", &url, "--token-env", "NOT_SET"]);
    said(&output, 2, "");
    assert!(
        output.stderr.contains("`NOT_SET`, which is not set"),
        "{output:?}"
    );
    assert!(service.recorded().is_empty());
    said(
        &home.run(&["list", &url, "--token-env", "MIDFIELD_TOKEN"]),
        3,
        "",
    );
    assert_eq!(service.recorded()[0].header("authorization"), None);
}

#[test]
fn which_of_several_servers_of_a_name_is_taken_is_told() {
    let home = user();
    let taken = "`lab` of HOME/project/.mcp.json is taken, not the one of HOME/.cursor/mcp.json\n";
    assert_eq!(home.run(&["discover", "lab"]).stderr, taken);
    assert_eq!(home.run(&["discover", "github"]).stderr, "");
    home.write(".cursor/mcp.json", TWO);
    assert_eq!(home.run(&["discover", "lab"]).stderr, "");
}

#[test]
fn a_configuration_that_does_more_than_call_needs_consent() {
    let home = user();
    home.write(
        "project/pets.json",
        r#"{"openapi": "3.1.0", "info": {"title": "P", "version": "1"}, "paths": {}}"#,
    );
    let write = |name: &str, more: &str| {
        let text = format!(
            "[sources.pets]\nopenapi = \"pets.json\"\nbase_url = \"http://127.0.0.1:1\"\n{more}"
        );
        home.write(name, &text);
    };
    let starts = "start = [\"touch\", \"started\\u001B[2J\"]\n";
    write("project/pets.toml", "");
    said(
        &home.run(&["approve", "pets.toml"]),
        0,
        "no approval is needed\n",
    );
    write("project/pets.toml", starts);
    let output = home.run(&["list", "pets.toml"]);
    said(&output, 5, "");
    assert!(
        output
            .stderr
            .contains(r"  starts   touch $'started\U0000001b[2J' in HOME/project"),
        "{output:?}"
    );
    assert!(!home.path("project/started\u{1b}[2J").exists());
    said(
        &home.run(&["approve", "pets.toml", "--yes"]),
        0,
        "approved\n",
    );
    said(&home.run(&["approve", "pets.toml"]), 0, "approved before\n");
    for (more, told) in [
        (
            "[sources.pets.secrets]\nkey = { env = \"LAB_KEY\" }\n",
            "  sends    the variable `LAB_KEY`\n",
        ),
        (
            "[audit]\nfile = \"../.bashrc\"\n",
            "  writes   HOME/project/../.bashrc\n",
        ),
    ] {
        write("project/pets.toml", more);
        let output = home.run(&["approve", "pets.toml"]);
        said(&output, 5, "");
        assert!(output.stderr.contains(told), "{output:?}");
    }
    write(".config/midfield/pets.toml", starts);
    let own = home.path(".config/midfield/pets.toml");
    said(
        &home.run(&["approve", own.to_str().unwrap()]),
        0,
        "no approval is needed\n",
    );
    home.write("project/bad.toml", "[sources]\n");
    said(&home.run(&["approve", "bad.toml"]), 2, "");
}
