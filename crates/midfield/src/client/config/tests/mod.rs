//! Files of every known host, where they are, and files that are none.

mod hostile;
mod unusual;
mod variables;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;

/// A lookup that knows the variables `A` and `HOME`, and an empty `EMPTY`.
fn lookup(name: &str) -> Option<String> {
    match name {
        "A" => Some("a!".to_owned()),
        "HOME" => Some("/home/ada".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

/// The server `x` of a file.
#[track_caller]
fn server(text: &str, dialect: Dialect) -> Configured {
    let entries = Entries::parse(text, dialect).unwrap();
    entries.find("x").unwrap().clone()
}

/// The server `x` of a file, resolved, as JSON.
#[track_caller]
fn resolved(text: &str, dialect: Dialect) -> serde_json::Value {
    let pairs = |secrets: &Secrets| {
        secrets
            .iter()
            .map(|(name, value)| json!([name, value]))
            .collect::<Vec<_>>()
    };
    match server(text, dialect).resolve(&lookup).unwrap() {
        Entry::Command(command) => json!({
            "run": ([vec![command.program], command.arguments].concat()),
            "env": pairs(&command.environment),
            "in": command.folder,
        }),
        Entry::Url(endpoint) => json!({
            "url": endpoint.url,
            "headers": pairs(&endpoint.headers),
            "by": endpoint.transport.map(Transport::word),
        }),
    }
}

#[test]
fn the_file_of_every_host_is_read() {
    let command = json!({"run": ["npx", "-y", "lab"], "env": [["KEY", "a!"]], "in": null});
    let plain = json!({"run": ["npx", "-y", "lab"], "env": [["KEY", "v"]], "in": null});
    for (dialect, text, expected) in [
        (
            Dialect::ClaudeDesktop,
            r#"{"mcpServers": {"x": {"command": "npx", "args": ["-y", "lab"], "env": {"KEY": "v"}}}}"#,
            &plain,
        ),
        (
            Dialect::ClaudeCode,
            r#"{"mcpServers": {"x": {"type": "stdio", "command": "${NPX:-npx}", "args": ["-y", "lab"], "env": {"KEY": "${A}"}}}}"#,
            &command,
        ),
        (
            Dialect::VsCode,
            "{\n// mine\n\"inputs\": [], \"servers\": {\"x\": {\"command\": \"npx\", \"args\": [\"-y\", \"lab\",], /* key */ \"env\": {\"KEY\": \"${env:A}\"}}},\n}",
            &command,
        ),
        (
            Dialect::VsCode,
            r#"{"editor.fontSize": 12, "mcp": {"servers": {"x": {"command": "npx", "args": ["-y", "lab"], "env": {"KEY": "v"}}}}}"#,
            &plain,
        ),
        (
            Dialect::Zed,
            r#"{"context_servers": {"x": {"source": "custom", "command": {"path": "npx", "args": ["-y", "lab"], "env": {"KEY": "v"}}}}}"#,
            &plain,
        ),
        (
            Dialect::Codex,
            "[mcp_servers.x]\ncommand = \"npx\"\nargs = [\"-y\", \"lab\"]\nenv = { KEY = \"v\" }\nenv_vars = [\"UNSET\"]\n",
            &plain,
        ),
        (
            Dialect::Gemini,
            r#"{"mcpServers": {"x": {"command": "npx", "args": ["-y", "lab"], "env": {"KEY": "$A"}, "trust": false}}}"#,
            &command,
        ),
        (
            Dialect::OpenCode,
            r#"{"mcp": {"x": {"type": "local", "command": ["npx", "-y", "lab"], "environment": {"KEY": "{env:A}"}}}}"#,
            &command,
        ),
    ] {
        assert_eq!(&resolved(text, dialect), expected, "{dialect:?}");
    }
}

#[test]
fn a_url_has_many_names() {
    let header = json!([["Authorization", "Bearer a!"]]);
    for (dialect, members, by) in [
        (
            Dialect::Cursor,
            r#""url": "https://a.example/mcp", "headers": {"Authorization": "Bearer ${env:A}"}"#,
            json!(null),
        ),
        (
            Dialect::Windsurf,
            r#""serverUrl": "https://a.example/mcp", "headers": {"Authorization": "Bearer ${env:A}"}"#,
            json!(null),
        ),
        (
            Dialect::Gemini,
            r#""httpUrl": "https://a.example/mcp", "headers": {"Authorization": "Bearer ${A}"}"#,
            json!(null),
        ),
        (
            Dialect::Gemini,
            r#""url": "https://a.example/mcp", "headers": {"Authorization": "Bearer $A"}"#,
            json!("sse"),
        ),
        (
            Dialect::Any,
            r#""type": "streamable-http", "url": "https://a.example/mcp", "headers": ["Authorization: Bearer ${A}"]"#,
            json!("http"),
        ),
        (
            Dialect::Any,
            r#""transport": "sse", "url": "https://a.example/mcp", "headers": {"Authorization": "Bearer ${A}"}"#,
            json!("sse"),
        ),
    ] {
        let text = format!(r#"{{"mcpServers": {{"x": {{{members}}}}}}}"#);
        let expected = json!({"url": "https://a.example/mcp", "headers": header, "by": by});
        assert_eq!(resolved(&text, dialect), expected, "{members}");
    }
    let codex = "[mcp_servers.x]\nurl = \"https://a.example/mcp\"\nbearer_token_env_var = \"A\"\nenv_http_headers = { X-B = \"B\" }\n";
    let expected = json!({"url": "https://a.example/mcp", "headers": header, "by": null});
    assert_eq!(resolved(codex, Dialect::Codex), expected);
}

#[test]
fn secrets_are_never_shown() {
    let text = r#"{"mcpServers": {"x": {"command": "x", "env": {"NAME": "canary"}},
        "y": {"url": "https://canary:canary@a.example/mcp?key=canary", "headers": {"NAME": "canary"}}}}"#;
    let entries = Entries::parse(text, Dialect::Any).unwrap();
    let shown = format!("{entries:?}");
    assert!(
        shown.contains("NAME") && shown.contains("a.example"),
        "{shown}"
    );
    assert!(!shown.contains("canary"), "{shown}");
    for (text, dialect) in [
        ("{\"a\": canary}", Dialect::Any),
        ("canary = canary", Dialect::Codex),
    ] {
        let error = Entries::parse(text, dialect).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn one_server_that_is_wrong_leaves_the_others() {
    let text = r#"{"mcpServers": {"x": {"command": "x"}, "none": {}, "text": "x", "args": {"command": "x", "args": [{}]},
        "url": {"url": "ftp://a.example"}, "ext": {"source": "extension", "settings": {}}}}"#;
    let entries = Entries::parse(text, Dialect::Any).unwrap();
    let told = |name: &str| {
        entries
            .find(name)
            .unwrap()
            .resolve(&lookup)
            .unwrap_err()
            .reasons[0]
            .to_string()
    };
    assert!(entries.find("x").unwrap().resolve(&lookup).is_ok());
    assert_eq!(told("none"), "it has neither `command` nor `url`");
    assert_eq!(told("text"), "it is no object");
    assert_eq!(told("args"), "`args` has a value that is no text");
    assert_eq!(told("url"), "`url` is no URL of http or https");
    assert_eq!(told("ext"), "an extension of the host starts it");
}

#[test]
fn a_server_that_is_off_is_known_as_such_and_members_that_nobody_follows_are_told() {
    let text = r#"{"mcpServers": {"x": {"command": "x", "disabled": true, "autoApprove": []}, "on": {"command": "x", "enabled": true},
        "off": {"command": "x", "enabled": false, "envFile": ".env"}, "out": {"command": "x"}}, "mcp": {"excluded": ["out"]}}"#;
    let entries = Entries::parse(text, Dialect::Gemini).unwrap();
    let off: Vec<bool> = entries
        .servers
        .iter()
        .map(|server| server.is_disabled)
        .collect();
    assert_eq!(off, [true, false, true, true]);
    assert!(entries.servers[0].notes.is_empty());
    assert_eq!(
        entries.find("off").unwrap().notes,
        ["`envFile` is not followed here"]
    );
}

#[test]
fn a_project_goes_before_what_is_for_every_folder() {
    let text = r#"{"mcpServers": {"x": {"command": "user"}}, "projects": {
        "/p": {"mcpServers": {"x": {"command": "p"}}}, "/p/q": {"mcpServers": {"x": {"command": "q"}}},
        "/other": {"mcpServers": {"y": {"command": "y"}}}}}"#;
    let entries = Entries::parse(text, Dialect::ClaudeCode).unwrap();
    let program = |folder: &str| {
        let entries = entries.clone().within(Path::new(folder));
        let Entry::Command(command) = entries.find("x").unwrap().written().unwrap() else {
            panic!("no command");
        };
        (command.program, entries.servers.len())
    };
    assert_eq!(program("/p/q/r"), ("q".to_owned(), 3));
    assert_eq!(program("/p"), ("p".to_owned(), 2));
    assert_eq!(program("/home"), ("user".to_owned(), 1));
}

#[test]
fn a_name_that_is_unknown_is_told_with_its_neighbour() {
    let text = r#"{"mcpServers": {"github": {"command": "x"}, "lab": {"command": "x"}}}"#;
    let entries = Entries::parse(text, Dialect::Any).unwrap();
    let told = |name: &str| entries.find(name).unwrap_err().to_string();
    assert_eq!(
        told("githbu"),
        "there is no server `githbu`; did you mean `github`?"
    );
    assert_eq!(
        told("zzz"),
        "there is no server `zzz`: there are `github`, `lab`"
    );
    let empty = Entries::parse(" ", Dialect::Any).unwrap();
    assert_eq!(
        empty.find("x").unwrap_err().to_string(),
        "there is no server `x`: none is configured there"
    );
}

#[test]
fn a_file_that_is_wrong_is_told_by_its_place() {
    let told = |text: &str, dialect| Entries::parse(text, dialect).unwrap_err().to_string();
    assert_eq!(
        told("{\n  \"a\": 'b'}", Dialect::Any),
        "line 2, column 8: single-quoted strings are not allowed"
    );
    assert!(
        told("[a]\nb = ", Dialect::Codex).starts_with("line 2, column 5: "),
        "{}",
        told("[a]\nb = ", Dialect::Codex)
    );
    let deep = "[".repeat(100_000);
    assert!(told(&deep, Dialect::Any).ends_with("nesting depth exceeded"));
    let many: serde_json::Map<_, _> = (0..2_001)
        .map(|number| (number.to_string(), json!({})))
        .collect();
    assert_eq!(
        told(&json!({"servers": many}).to_string(), Dialect::Any),
        "there are more than 2000 servers"
    );
}

#[test]
fn a_file_is_read_with_the_folder_of_its_project() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".vscode")).unwrap();
    let path = folder.path().join(".vscode/mcp.json");
    std::fs::write(
        &path,
        r#"{"servers": {"x": {"command": "${workspaceFolder}/x"}}}"#,
    )
    .unwrap();
    let entries = Entries::read(&path).unwrap();
    let Entry::Command(command) = entries.find("x").unwrap().resolve(&lookup).unwrap() else {
        panic!("no command");
    };
    assert_eq!(PathBuf::from(command.program), folder.path().join("x"));
    let error = Entries::read(&folder.path().join("none.json")).unwrap_err();
    assert!(error.to_string().starts_with("could not read "), "{error}");
    let big = std::fs::File::create(&path).unwrap();
    big.set_len((32 << 20) + 1).unwrap();
    assert!(matches!(
        Entries::read(&path),
        Err(ConfigError::TooLarge { .. })
    ));
}

#[test]
fn files_of_hosts_are_where_their_system_has_them() {
    let paths = |system, variables: &[(&str, &str)]| {
        let lookup = |name: &str| {
            let mut variables = variables.iter();
            variables.find_map(|(known, value)| (*known == name).then(|| OsString::from(*value)))
        };
        let places = Places::new(system, &lookup).unwrap();
        user_files(&places)
    };
    let path = |files: &[KnownFile], host: &str| {
        let file = files.iter().find(|file| file.host == host).unwrap();
        file.path.to_str().unwrap().to_owned()
    };
    let linux = paths(
        System::Linux,
        &[
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/c"),
            ("CODEX_HOME", "relative"),
        ],
    );
    assert_eq!(
        path(&linux, "claude-desktop"),
        "/c/Claude/claude_desktop_config.json"
    );
    assert_eq!(path(&linux, "claude-code"), "/h/.claude.json");
    assert_eq!(path(&linux, "codex"), "/h/.codex/config.toml");
    assert_eq!(path(&linux, "zed"), "/c/zed/settings.json");
    let mac = paths(System::MacOs, &[("HOME", "/h"), ("CODEX_HOME", "/x")]);
    assert_eq!(
        path(&mac, "vscode"),
        "/h/Library/Application Support/Code/User/mcp.json"
    );
    assert_eq!(path(&mac, "zed"), "/h/.config/zed/settings.json");
    assert_eq!(path(&mac, "codex"), "/x/config.toml");
    assert!(Places::new(System::Linux, &|_| None).is_none());
    for file in linux.iter().chain(&project_files(Path::new("/p"))) {
        let guessed = Dialect::of_path(&file.path);
        assert!(
            guessed == file.dialect || guessed == Dialect::Any,
            "{file:?}"
        );
    }
}
