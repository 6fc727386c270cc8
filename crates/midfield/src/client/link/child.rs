//! A server that this process starts, and ends
//! ([2026-07-28, shutdown](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/stdio#shutdown)).

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;
use std::pin::pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio_util::sync::CancellationToken;

use super::super::Error;
use super::super::hear::Hearing;
use super::super::shown::shown;
use super::pipe::{End, Pipe};

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
            let hint = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "; install it, or give the whole path of the program"
                }
                _ => "",
            };
            unreachable(format!(
                "could not start `{}`: {error}{hint}",
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
        let mut process = Process {
            group: Group::of(&process),
            child: process,
            has_ended: false,
        };
        let words = LastWords::default();
        let ended = CancellationToken::new();
        let driving = pipe.drive(output, input, hearing.clone());
        let closing = pipe.closing();
        let done = ended.clone().drop_guard();
        let server = server.clone();
        let fail = pipe.failing();
        hearing.tasks().spawn(async move {
            let said = CancellationToken::new();
            let listening = async {
                listen(errors, words.clone(), server).await;
                said.cancel();
                std::future::pending::<()>().await;
            };
            let ending = async {
                // The driver owns both pipes: when it ends, the server reads the end of its input.
                let end = process.drive(driving).await;
                let end_of_process = process.finish().await;
                // Its last words may still be under way.
                let _ = tokio::time::timeout(LAST_WAIT, said.cancelled()).await;
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
                () = listening => {}
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

/// A process and all that it has started. Dropping it leaves nothing of them.
struct Process {
    child: tokio::process::Child,
    group: Group,
    has_ended: bool,
}

impl Process {
    /// Moves bytes until one side ends. What the process has started may keep its output open when it has ended itself.
    async fn drive(&mut self, driving: impl Future<Output = End>) -> End {
        let mut driving = pin!(driving);
        tokio::select! {
            biased;
            end = &mut driving => return end,
            _ = self.child.wait() => {}
        }
        // What it wrote before it ended is still read.
        let rest = tokio::time::timeout(REST, driving).await;
        rest.unwrap_or(End::Exited)
    }

    /// Waits for the end of the process, which has been told to end, and helps it along.
    async fn finish(&mut self) -> String {
        let steps = [Step::Wait, Step::Terminate, Step::Kill];
        for step in steps {
            match step {
                Step::Wait => {}
                Step::Terminate => self.group.terminate(),
                Step::Kill => {
                    self.group.kill();
                    // The group may be out of reach: the process itself is not.
                    let _ = self.child.start_kill();
                }
            }
            if let Ok(status) = tokio::time::timeout(PATIENCE, self.child.wait()).await {
                self.has_ended = true;
                // What it has started and left behind ends with it.
                self.group.kill();
                return match status {
                    Ok(status) => format!("the server has ended ({status})"),
                    Err(error) => format!("how the server has ended cannot be found out: {error}"),
                };
            }
        }
        "the server does not end, though it was killed".into()
    }
}

/// The runtime is shut down, or nobody is left to wait for the end in good order.
impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        self.group.kill();
        let _ = self.child.start_kill();
        // Nobody else would take note of its end, and it would stay in the list of processes until this one ends, too.
        for _ in 0..LAST_LOOKS {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(LAST_LOOK);
        }
    }
}

/// How far the server is pressed to end.
#[derive(Clone, Copy)]
enum Step {
    /// It has read the end of its input.
    Wait,
    Terminate,
    Kill,
}

/// The processes that a server has started, and itself.
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
            lines => format!("; its last words: {}", shown(&lines.join(" | "), LONGEST)),
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

/// How long its output is still read after it has ended.
const REST: Duration = Duration::from_secs(1);

/// How often, and how long after one another, it is looked whether a process is gone that was killed.
const LAST_LOOKS: usize = 200;
const LAST_LOOK: Duration = Duration::from_millis(1);

/// How long its last words may take after its end.
const LAST_WAIT: Duration = Duration::from_millis(250);

/// How much of what it wrote to its standard error is kept, in bytes.
const LAST_WORDS: usize = 4096;

/// How many lines of it are told, and how many characters of them.
const LAST_LINES: usize = 3;
const LONGEST: usize = 500;
