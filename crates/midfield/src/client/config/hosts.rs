//! Where the known hosts keep their files.
//!
//! Nothing is read here, and no environment: what the paths depend on comes in as arguments.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Dialect;

/// For which operating system paths are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum System {
    /// Linux and other systems that follow the XDG base directories.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl System {
    /// The system that this program was built for.
    pub const fn current() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

/// The folders of a user that hosts keep their files in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Places {
    /// The user's own folder.
    pub home: PathBuf,
    /// Where programs with the habits of Linux keep their configuration: `$XDG_CONFIG_HOME`, or `~/.config`.
    pub config: PathBuf,
    /// Where programs keep their state: `$XDG_STATE_HOME`, or the system's own folder for it.
    pub state: PathBuf,
    system: System,
    /// Where applications keep their data.
    data: PathBuf,
    codex: PathBuf,
    copilot: PathBuf,
    claude: PathBuf,
}

impl Places {
    /// The places of the user whose environment `lookup` gives: `HOME` (or `USERPROFILE`), `XDG_CONFIG_HOME`, `XDG_STATE_HOME`,
    /// `APPDATA`, `LOCALAPPDATA`, and `CODEX_HOME`, `COPILOT_HOME` and `CLAUDE_CONFIG_DIR`, by which these hosts are moved.
    /// `None` when the user has no folder.
    pub fn new(system: System, lookup: &dyn Fn(&str) -> Option<OsString>) -> Option<Self> {
        let folder = |name: &str| {
            let path = lookup(name).map(PathBuf::from);
            // As the XDG base directories have it, a path that is relative does not count.
            path.filter(|path| path.is_absolute())
        };
        let home = match system {
            System::Windows => folder("USERPROFILE").or_else(|| folder("HOME")),
            _ => folder("HOME"),
        }?;
        let config = folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        let roaming = || folder("APPDATA").unwrap_or_else(|| home.join("AppData/Roaming"));
        let local = || folder("LOCALAPPDATA").unwrap_or_else(|| home.join("AppData/Local"));
        let support = || home.join("Library/Application Support");
        let (data, state) = match system {
            System::Linux => (config.clone(), home.join(".local/state")),
            System::MacOs => (support(), support()),
            System::Windows => (roaming(), local()),
        };
        Some(Self {
            state: folder("XDG_STATE_HOME").unwrap_or(state),
            system,
            data,
            codex: folder("CODEX_HOME").unwrap_or_else(|| home.join(".codex")),
            copilot: folder("COPILOT_HOME").unwrap_or_else(|| home.join(".copilot")),
            claude: folder("CLAUDE_CONFIG_DIR").unwrap_or_else(|| home.clone()),
            home,
            config,
        })
    }
}

/// A file that a host may have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownFile {
    /// The host, such as `claude-desktop`.
    pub host: &'static str,
    /// The file, which need not exist.
    pub path: PathBuf,
    /// Whose habits it follows.
    pub dialect: Dialect,
}

/// The files that hosts keep for a user, whatever folder they are used in.
pub fn user_files(places: &Places) -> Vec<KnownFile> {
    let Places {
        home,
        config,
        data,
        codex,
        copilot,
        claude,
        system,
        ..
    } = places;
    let zed = match system {
        System::Windows => data.join("Zed"),
        _ => config.join("zed"),
    };
    let storage = data.join("Code/User/globalStorage");
    [
        (
            "claude-desktop",
            data.join("Claude/claude_desktop_config.json"),
            Dialect::ClaudeDesktop,
        ),
        (
            "claude-code",
            claude.join(".claude.json"),
            Dialect::ClaudeCode,
        ),
        ("vscode", data.join("Code/User/mcp.json"), Dialect::VsCode),
        (
            "vscode",
            data.join("Code/User/settings.json"),
            Dialect::VsCode,
        ),
        (
            "vscode-insiders",
            data.join("Code - Insiders/User/mcp.json"),
            Dialect::VsCode,
        ),
        ("cursor", home.join(".cursor/mcp.json"), Dialect::Cursor),
        (
            "windsurf",
            home.join(".codeium/windsurf/mcp_config.json"),
            Dialect::Windsurf,
        ),
        ("zed", zed.join("settings.json"), Dialect::Zed),
        ("codex", codex.join("config.toml"), Dialect::Codex),
        (
            "gemini",
            home.join(".gemini/settings.json"),
            Dialect::Gemini,
        ),
        (
            "cline",
            storage.join("saoudrizwan.claude-dev/settings/cline_mcp_settings.json"),
            Dialect::Cline,
        ),
        (
            "roo-code",
            storage.join("rooveterinaryinc.roo-cline/settings/mcp_settings.json"),
            Dialect::Cline,
        ),
        ("copilot-cli", copilot.join("mcp-config.json"), Dialect::Any),
        (
            "opencode",
            config.join("opencode/opencode.json"),
            Dialect::OpenCode,
        ),
        (
            "opencode",
            config.join("opencode/opencode.jsonc"),
            Dialect::OpenCode,
        ),
        (
            "lm-studio",
            home.join(".lmstudio/mcp.json"),
            Dialect::ClaudeDesktop,
        ),
        (
            "kiro",
            home.join(".kiro/settings/mcp.json"),
            Dialect::ClaudeCode,
        ),
        ("amazon-q", home.join(".aws/amazonq/mcp.json"), Dialect::Any),
    ]
    .map(KnownFile::from)
    .into()
}

/// The files that hosts look for in the folder of a project.
pub fn project_files(folder: &Path) -> Vec<KnownFile> {
    [
        ("claude-code", ".mcp.json", Dialect::ClaudeCode),
        ("vscode", ".vscode/mcp.json", Dialect::VsCode),
        ("cursor", ".cursor/mcp.json", Dialect::Cursor),
        ("gemini", ".gemini/settings.json", Dialect::Gemini),
        ("codex", ".codex/config.toml", Dialect::Codex),
        ("roo-code", ".roo/mcp.json", Dialect::Cline),
        ("zed", ".zed/settings.json", Dialect::Zed),
        ("opencode", "opencode.json", Dialect::OpenCode),
        ("opencode", "opencode.jsonc", Dialect::OpenCode),
        ("kiro", ".kiro/settings/mcp.json", Dialect::ClaudeCode),
        ("amazon-q", ".amazonq/mcp.json", Dialect::Any),
    ]
    .map(|(host, path, dialect)| KnownFile::from((host, folder.join(path), dialect)))
    .into()
}

impl From<(&'static str, PathBuf, Dialect)> for KnownFile {
    fn from((host, path, dialect): (&'static str, PathBuf, Dialect)) -> Self {
        Self {
            host,
            path,
            dialect,
        }
    }
}
