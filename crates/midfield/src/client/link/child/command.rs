//! What is started: a program, its arguments and its environment.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A program that speaks MCP on its standard input and output.
///
/// It is started without a shell. Of the environment it gets only what programs need to run (such as `PATH` and `HOME`) unless
/// more is given, so that secrets of this process do not reach it.
///
/// ```
/// use midfield::client::Command;
///
/// let command = Command::new("npx").arg("-y").arg("@example/server").env("LEVEL", "debug");
/// ```
#[derive(Clone)]
#[must_use]
pub struct Command {
    pub(super) program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    inherits_environment: bool,
    folder: Option<PathBuf>,
}

impl Command {
    /// A program without arguments, found as `PATH` says.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            inherits_environment: false,
            folder: None,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args<T: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Gives it the whole environment of this process, secrets included. Default: no.
    pub fn inherit_environment(mut self) -> Self {
        self.inherits_environment = true;
        self
    }

    /// Sets the folder that it runs in. Default: that of this process.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// What it is called where nobody has named it. Arguments may be secrets.
    pub(in crate::client) fn name(&self) -> String {
        let program = Path::new(&self.program);
        let name = program.file_stem().unwrap_or(&self.program);
        name.to_string_lossy().into_owned()
    }

    /// The program and its arguments, which tell it from others.
    pub(in crate::client) fn words(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn start(&self) -> std::io::Result<tokio::process::Child> {
        let mut command = tokio::process::Command::new(&self.program);
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if !self.inherits_environment {
            command.env_clear();
            command.envs(std::env::vars_os().filter(|(name, _)| is_harmless(name)));
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        // What it starts in turn is ended with it.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }
}

/// Values may be secrets, and so may arguments.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

/// What programs need to run, and nobody keeps a secret in.
fn is_harmless(name: &OsStr) -> bool {
    const NAMES: [&str; 28] = [
        "APPDATA",
        "COMSPEC",
        "HOME",
        "HOMEDRIVE",
        "HOMEPATH",
        "LANG",
        "LANGUAGE",
        "LOCALAPPDATA",
        "LOGNAME",
        "PATH",
        "PATHEXT",
        "PROCESSOR_ARCHITECTURE",
        "PROGRAMDATA",
        "PROGRAMFILES",
        "SHELL",
        "SYSTEMDRIVE",
        "SYSTEMROOT",
        "TEMP",
        "TERM",
        "TMP",
        "TMPDIR",
        "TZ",
        "USER",
        "USERNAME",
        "USERPROFILE",
        "WINDIR",
        "XDG_RUNTIME_DIR",
        "XDG_CACHE_HOME",
    ];
    let Some(name) = name.to_str() else {
        return false;
    };
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) || name.starts_with("LC_")
}
