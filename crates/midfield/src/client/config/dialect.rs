//! Whose habits a file follows.

use std::path::Path;

/// Whose habits a file follows: how it names its servers, and how it writes variables.
///
/// The members of a server are read the same way in every dialect, since files wander from host to host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Claude Desktop, LM Studio: `mcpServers`, without variables.
    ClaudeDesktop,
    /// Claude Code, Kiro: `mcpServers`, also under `projects`; `${NAME}` and `${NAME:-default}`.
    ClaudeCode,
    /// VS Code: `servers`, or `mcp.servers` in its settings; `${env:NAME}`, `${input:ID}`, `${workspaceFolder}`.
    VsCode,
    /// Cursor: `mcpServers`; `${env:NAME}`, `${userHome}`, `${workspaceFolder}`.
    Cursor,
    /// Windsurf: `mcpServers`, whose URLs are `serverUrl`; `${env:NAME}`.
    Windsurf,
    /// Cline and Roo Code: `mcpServers`; `${env:NAME}`.
    Cline,
    /// Zed: `context_servers`, without variables.
    Zed,
    /// Codex: TOML with `[mcp_servers.NAME]`; variables are named by members of their own.
    Codex,
    /// Gemini CLI: `mcpServers`; `$NAME` and `${NAME}`. A `url` speaks SSE, an `httpUrl` Streamable HTTP.
    Gemini,
    /// opencode: `mcp`, whose commands are arrays; `{env:NAME}`.
    OpenCode,
    /// A file of no known host: JSON with any of these maps, `${NAME}`, `${NAME:-default}`, `${env:NAME}` and `${input:ID}`.
    #[default]
    Any,
}

impl Dialect {
    /// The dialect of a file, by its name and its folder.
    pub fn of_path(path: &Path) -> Self {
        let name = |path: Option<&Path>| {
            let name = path.and_then(Path::file_name);
            name.and_then(|name| name.to_str())
                .unwrap_or_default()
                .to_lowercase()
        };
        let file = name(Some(path));
        match (name(path.parent()).as_str(), file.as_str()) {
            (_, ".mcp.json" | ".claude.json") => Self::ClaudeCode,
            (_, "claude_desktop_config.json") => Self::ClaudeDesktop,
            (_, "cline_mcp_settings.json" | "mcp_settings.json") | (".roo", _) => Self::Cline,
            (_, "mcp_config.json") => Self::Windsurf,
            (_, "opencode.json" | "opencode.jsonc") => Self::OpenCode,
            (".vscode", _) => Self::VsCode,
            (".cursor", _) => Self::Cursor,
            (".gemini", _) => Self::Gemini,
            (".zed" | "zed", "settings.json") => Self::Zed,
            (_, file) if Path::new(file).extension().is_some_and(|it| it == "toml") => Self::Codex,
            _ => Self::Any,
        }
    }
}
