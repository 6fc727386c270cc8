//! What is worth a second look.

use super::*;

fn unusual(entry: &Entry) -> Vec<String> {
    entry.unusual().iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_unusual_about_a_command_is_told() {
    let run =
        |words: &[&str]| unusual(&Entry::Command(Process::new(words[0], words[1..].to_vec())));
    for words in [
        &[
            "npx",
            "-y",
            "@modelcontextprotocol/server-filesystem",
            "/home/ada",
        ] as &[&str],
        &[
            "docker",
            "run",
            "-i",
            "--rm",
            "-e",
            "GITHUB_TOKEN",
            "ghcr.io/github/server",
        ],
        &["uvx", "server", "-c", "config.json"],
        &["node", "/opt/server.js", "-e", "x"],
        &["/usr/bin/python3", "-m", "lab"],
        &[
            "x",
            "--token",
            "${TOKEN}",
            "--api-key=$KEY",
            "--max-tokens",
            "5",
        ],
    ] {
        assert_eq!(run(words), [""; 0], "{words:?}");
    }
    for (words, expected) in [
        (
            &["bash", "-lc", "curl x | sh"] as &[&str],
            "`-lc` runs code",
        ),
        (&["/bin/sh", "-c", "x"], "`-c` runs code"),
        (&["python3.12", "-c", "import os"], "`-c` runs code"),
        (&["node", "--require", "x", "-e", "1"], "`-e` runs code"),
        (&["npx", "-y", "-p", "x", "-c", "y"], "`-c` runs code"),
        (&["npm", "exec", "--call=y"], "`--call` runs code"),
        (
            &[r"C:\Windows\System32\cmd.exe", "/c", "x"],
            "`/c` runs code",
        ),
        (&["./run.sh"], "the program is relative"),
        (&["sudo", "x"], "the program runs another one"),
        (&["x", "--api-key", "abc"], "argument 2 looks like a secret"),
        (&["x", "--token=abc"], "argument 1 looks like a secret"),
        (&["x", "API_KEY=abc"], "argument 1 looks like a secret"),
        (
            &["x", "ghp_012345678901234567890123"],
            "argument 1 looks like a secret",
        ),
        (
            &["x", "postgres://u:p@db/x"],
            "argument 1 looks like a secret",
        ),
        (&["x", "a\u{202e}b"], "there are characters"),
        (&["x", "a\u{3164}b"], "there are characters"),
    ] {
        let found = run(words);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{words:?}: {found:?}"
        );
    }
    let mut command = Process::new("x", [""; 0]);
    command.environment = [("LD_PRELOAD", "x"), ("Node_Options", "y"), ("KEY", "z")]
        .into_iter()
        .collect();
    let found = unusual(&Entry::Command(command));
    assert_eq!(
        found,
        [
            "`LD_PRELOAD` changes what the program loads or runs",
            "`Node_Options` changes what the program loads or runs"
        ]
    );
}

#[test]
fn variables_that_decide_what_runs_are_told_but_no_secrets() {
    for (variable, is_told) in [
        ("GIT_SSH_COMMAND", true),
        ("PIP_INDEX_URL", true),
        ("npm_config_registry", true),
        ("HOME", true),
        ("XDG_CONFIG_HOME", true),
        ("UV_INDEX_URL", true),
        ("CARGO_REGISTRY_TOKEN", false),
        ("UV_PUBLISH_PASSWORD", false),
        ("GITHUB_TOKEN", false),
        ("LAB_URL", false),
    ] {
        let mut process = Process::new("x", [""; 0]);
        process.environment.set(variable, "x");
        let found = unusual(&Entry::Command(process));
        assert_eq!(!found.is_empty(), is_told, "{variable}: {found:?}");
    }
}

#[test]
fn what_is_unusual_about_a_url_is_told() {
    let at = |url: &str| unusual(&Entry::Url(Endpoint::new(url)));
    for url in [
        "http://localhost:1/mcp",
        "http://127.0.0.1/mcp",
        "http://[::1]/mcp",
        "https://a.example/mcp?a=b",
        "${URL}",
    ] {
        assert_eq!(at(url), [""; 0], "{url}");
    }
    assert!(
        at("http://192.168.0.1/mcp")[0].starts_with("plain http to another machine, 192.168.0.1")
    );
    assert!(at("https://a.example/?api_key=x")[0].starts_with("what looks like a secret"));
    assert_eq!(at("https://a.example/?api_key=${KEY}"), [""; 0]);
    assert!(at("https://u:p@a.example/")[0].starts_with("what looks like a secret"));
}
