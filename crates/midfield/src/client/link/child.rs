//! A server that this process starts, and ends
//! ([2026-07-28, shutdown](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio#shutdown)).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio_util::sync::CancellationToken;

use super::super::Error;
use super::super::hear::Hearing;
use super::pipe::Pipe;

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
    program: OsString,
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

    /// The program and its arguments as a person reads them.
    pub(in crate::client) fn words(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn start(&self) -> std::io::Result<tokio::process::Child> {
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

/// A server that runs as long as its client.
#[derive(Debug)]
pub(in crate::client) struct Child {
    pipe: Pipe,
    /// It has ended, and all that it had started with it.
    ended: CancellationToken,
}

impl Child {
    /// Starts a server.
    pub(in crate::client) fn start(
        command: &Command,
        server: &Arc<str>,
        max_message: usize,
        hearing: &Arc<Hearing>,
    ) -> Result<Self, Error> {
        let unreachable = |detail: String| Error::Unreachable {
            server: server.clone(),
            detail,
        };
        let mut process = command.start().map_err(|error| {
            unreachable(format!(
                "could not start `{}`: {error}",
                command.program.to_string_lossy()
            ))
        })?;
        let (Some(input), Some(output), Some(errors)) = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        ) else {
            return Err(unreachable("its pipes could not be made".into()));
        };
        let pipe = Pipe::new(server.clone(), max_message);
        let group = Group::of(&process);
        let words = LastWords::default();
        let ended = CancellationToken::new();
        let driving = pipe.drive(output, input, hearing.clone());
        let closing = pipe.closing();
        let done = ended.clone().drop_guard();
        let server = server.clone();
        let fail = pipe.failing();
        hearing.tasks().spawn(async move {
            let listening = listen(errors, words.clone(), server);
            let heard = CancellationToken::new();
            let ending = async {
                // The driver owns both pipes: when it ends, the server reads the end of its input.
                let end = driving.await;
                let end_of_process = finish(process, &group).await;
                // What it said last may not have been read yet.
                let _ = tokio::time::timeout(LAST_MOMENT, heard.cancelled()).await;
                let is_ours = closing.is_cancelled();
                fail(&if is_ours {
                    end.to_string()
                } else {
                    format!("{end}; {end_of_process}{}", words.told())
                });
            };
            // What keeps its standard error open after the server has ended keeps nobody waiting.
            tokio::select! {
                biased;
                () = ending => {}
                () = async { listening.await; heard.cancel(); std::future::pending().await } => {}
            }
            drop(done);
        });
        Ok(Self { pipe, ended })
    }

    pub(super) fn pipe(&self) -> &Pipe {
        &self.pipe
    }

    /// Closes its input and waits until it has ended.
    pub(super) async fn close(&self) {
        self.pipe.close();
        self.ended.cancelled().await;
    }
}

/// Waits for the end of a process that has been told to end, and helps it along.
async fn finish(mut process: tokio::process::Child, group: &Group) -> String {
    let steps = [Step::Wait, Step::Terminate, Step::Kill];
    for step in steps {
        match step {
            Step::Wait => {}
            Step::Terminate => group.terminate(),
            Step::Kill => {
                group.kill();
                // The group may be out of reach: the process itself is not.
                let _ = process.start_kill();
            }
        }
        if let Ok(status) = tokio::time::timeout(PATIENCE, process.wait()).await {
            // What it has started and left behind ends with it.
            group.kill();
            return match status {
                Ok(status) => format!("the server has ended ({status})"),
                Err(error) => format!("how the server has ended cannot be found out: {error}"),
            };
        }
    }
    "the server does not end, though it was killed".into()
}

/// How far the server is pressed to end.
#[derive(Clone, Copy)]
enum Step {
    /// It has read the end of its input.
    Wait,
    Terminate,
    Kill,
}

/// The processes that a server has started, and itself. Dropping it kills them.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(process: &tokio::process::Child) -> Self {
        let leader = process.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: leader.and_then(rustix::process::Pid::from_raw),
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.leader {
            // A group of which nobody is left cannot be signalled.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }

    fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    fn kill(&self) {
        self.signal(rustix::process::Signal::KILL);
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Elsewhere the process itself is all that can be ended.
#[cfg(not(unix))]
impl Group {
    fn of(_: &tokio::process::Child) -> Self {
        Self {}
    }

    fn terminate(&self) {}

    fn kill(&self) {}
}

/// The end of what a server wrote to its standard error.
#[derive(Clone, Default)]
struct LastWords(Arc<Mutex<VecDeque<u8>>>);

impl LastWords {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }

    fn told(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let text: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = text
            .get(text.len().saturating_sub(LAST_LINES)..)
            .unwrap_or_default();
        match last {
            [] => String::new(),
            lines => format!("; its last words: {}", lines.join(" | ")),
        }
    }
}

/// Reads what a server says to people: it goes to our log, and its end into errors.
async fn listen(mut errors: ChildStderr, words: LastWords, server: Arc<str>) {
    let mut buffer = [0; 4096];
    while let Ok(read) = errors.read(&mut buffer).await {
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        words.add(bytes);
        let text = String::from_utf8_lossy(bytes);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            tracing::debug!(target: "midfield::server", server = %server, "{}", line.escape_debug());
        }
    }
}

/// How long the server may take for each step of its end.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long its standard error is read after it has ended.
const LAST_MOMENT: Duration = Duration::from_millis(200);

/// How much of what it wrote to its standard error is kept, in bytes.
const LAST_WORDS: usize = 4096;

/// How many lines of it are told.
const LAST_LINES: usize = 3;
