//! `discover`, for a user who has one file of each host.
#![cfg(target_os = "linux")]

use serde_json::{Value, json};

use crate::support::Home;

/// A user of every host.
fn everything() -> Home {
    let home = Home::new();
    let server = r#"{"command": "npx", "args": ["-y", "lab server"], "env": {"KEY": "canary"}}"#;
    for (path, key) in [
        (".config/Claude/claude_desktop_config.json", "mcpServers"),
        (".claude.json", "mcpServers"),
        (".config/Code/User/mcp.json", "servers"),
        (".config/Code - Insiders/User/mcp.json", "servers"),
        (".cursor/mcp.json", "mcpServers"),
        (".codeium/windsurf/mcp_config.json", "mcpServers"),
        (".config/zed/settings.json", "context_servers"),
        (".gemini/settings.json", "mcpServers"),
        (
            ".config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
            "mcpServers",
        ),
        (
            ".config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
            "mcpServers",
        ),
        (".copilot/mcp-config.json", "mcpServers"),
        (".lmstudio/mcp.json", "mcpServers"),
        (".kiro/settings/mcp.json", "mcpServers"),
        (".aws/amazonq/mcp.json", "mcpServers"),
        (".config/midfield/servers.json", "servers"),
    ] {
        home.write(path, &format!("{{\"{key}\": {{\"lab\": {server}}}}}"));
    }
    let array = r#"{"mcp": {"lab": {"type": "local", "command": ["npx", "-y", "lab server"], "environment": {"KEY": "canary"}}}}"#;
    home.write(".config/opencode/opencode.json", array);
    let toml = "[mcp_servers.lab]\ncommand = \"npx\"\nargs = [\"-y\", \"lab server\"]\nenv = { KEY = \"canary\" }\n";
    home.write(".codex/config.toml", toml);
    home
}

#[test]
fn the_servers_of_every_host_are_listed() {
    let output = everything().run(&["discover", "--json"]);
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (Some(0), ""),
        "{output:?}"
    );
    let listed: Vec<Value> = serde_json::from_str(&output.stdout).unwrap();
    let mut hosts: Vec<&str> = listed
        .iter()
        .map(|found| found["host"].as_str().unwrap())
        .collect();
    hosts.sort_unstable();
    assert_eq!(
        hosts,
        [
            "amazon-q",
            "claude-code",
            "claude-desktop",
            "cline",
            "codex",
            "copilot-cli",
            "cursor",
            "gemini",
            "kiro",
            "lm-studio",
            "midfield",
            "opencode",
            "roo-code",
            "vscode",
            "vscode-insiders",
            "windsurf",
            "zed",
        ]
    );
    for found in &listed {
        assert_eq!(
            found["command"],
            json!(["npx", "-y", "lab server"]),
            "{found}"
        );
        assert_eq!(found["environment"], json!(["KEY"]), "{found}");
        assert_eq!(found["disabled"], json!(false));
    }
    assert!(!output.stdout.contains("canary"));
}

#[test]
fn what_is_unusual_is_told_and_no_secret_is() {
    let home = Home::new();
    home.write(
        ".claude.json",
        r#"{"mcpServers": {"web": {"url": "http://lab.example/mcp", "headers": {"Authorization": "Bearer ${NOT_SET}"}}},
            "projects": {"HOME/project": {"mcpServers": {"evil": {"command": "./run.sh", "args": ["-x", "a\u202eb"],
                "env": {"LD_PRELOAD": "evil.so", "KEY": "canary"}, "disabled": true}}}}}"#,
    );
    home.write(
        "project/.mcp.json",
        r#"{"mcpServers": {"shell": {"command": "bash", "args": ["-c", "echo hi"]}}}"#,
    );
    let output = home.run(&["discover"]);
    assert_eq!(
        output.stdout,
        "claude-code  HOME/project/.mcp.json\n\
         \x20 shell\n\
         \x20   starts   bash -c 'echo hi'\n\
         \x20   unusual  `-c` runs code that stands in the arguments\n\
         \n\
         claude-code  HOME/.claude.json\n\
         \x20 web\n\
         \x20   calls    http://lab.example/mcp\n\
         \x20   headers  Authorization\n\
         \x20   unusual  plain http to another machine, lab.example: everybody on the way can read and change it\n\
         \x20   unusual  `headers.Authorization` needs the environment variable `NOT_SET`, which is not set\n\
         \x20 evil (for HOME/project) (turned off)\n\
         \x20   starts   ./run.sh -x $'a\\U0000202eb'\n\
         \x20   with     LD_PRELOAD=evil.so, KEY\n\
         \x20   unusual  the program is relative to the folder that it is started in\n\
         \x20   unusual  `LD_PRELOAD` changes what the program loads or runs\n\
         \x20   unusual  there are characters that a reader does not see\n"
    );
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_file_that_is_broken_leaves_the_others() {
    let home = Home::new();
    home.write(".cursor/mcp.json", "{\"mcpServers\": canary}");
    home.write(".gemini/settings.json", r#"{"mcpServers": {"lab": {}}}"#);
    let output = home.run(&["discover"]);
    assert_eq!(
        output.stdout,
        "gemini  HOME/.gemini/settings.json\n  lab\n    problem  it has neither `command` nor `url`\n"
    );
    assert_eq!(
        output.stderr,
        "cursor: HOME/.cursor/mcp.json cannot be understood: line 1, column 16: unexpected token\n"
    );
    assert_eq!(output.code, Some(1));
}

#[test]
fn nobody_has_configured_anything() {
    let output = Home::new().run(&["discover"]);
    assert_eq!(output.stderr, "no known host has configured a server\n");
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), ""));
}
