//! The servers that are killed: one process or two over one file, each started again when it is gone.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::{tail, wait};
use crate::server::free_port;

/// One process after the other at one port.
#[derive(Debug)]
pub(super) struct Subject {
    program: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    pub(super) port: u16,
    arguments: Vec<String>,
    /// Where the next processes end; after the last, they go on.
    points: VecDeque<String>,
    child: Option<Child>,
    /// Whether the process that runs has a point that it has not come to.
    has_point: bool,
    /// Whether one was killed from outside before it came to its point.
    has_missed: bool,
    pub(super) kills: usize,
    /// How many bytes a file may have, in 512s.
    pub(super) file_limit: Option<u64>,
    /// The user that it runs as, if that is another one.
    user: Option<u32>,
}

impl Subject {
    /// Nothing runs yet. Subjects of one `folder` share its file, its keys and its ledger.
    pub(super) fn new(program: &Path, folder: &Path, points: &[String]) -> Result<Self> {
        let port = free_port()?;
        Ok(Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            log: folder.join(format!("{port}.log")),
            port,
            arguments: Vec::new(),
            points: points.iter().cloned().collect(),
            child: None,
            has_point: false,
            has_missed: false,
            kills: 0,
            file_limit: None,
            user: None,
        })
    }

    /// What the next processes are told beside where their files are.
    pub(super) fn arguments(&mut self, arguments: &[&str]) {
        self.arguments = arguments.iter().map(ToString::to_string).collect();
    }

    /// Where the next process ends.
    pub(super) fn point(&mut self, point: &str) {
        self.points.push_back(point.to_owned());
    }

    /// Takes the points back that no process has yet.
    pub(super) fn take_points(&mut self) -> Vec<String> {
        self.points.drain(..).collect()
    }

    /// Whether all points were come to.
    pub(super) fn has_come_to_all(&self) -> bool {
        self.points.is_empty() && !self.has_point && !self.has_missed
    }

    /// What the process says that refuses to start, as the user `user`, if that is another one.
    pub(super) fn refusal(&mut self, user: Option<u32>) -> Result<String> {
        self.user = user;
        self.start()?;
        self.user = None;
        let child = self.child.take().context("it was just started")?;
        let status = wait(child, Duration::from_secs(10))?;
        ensure!(!status.success(), "it was not refused");
        Ok(self.tail())
    }

    /// Starts the process if none runs. One that ended otherwise than by being killed at its point is a failure.
    pub(super) fn keep_running(&mut self) -> Result<()> {
        if let Some(child) = &mut self.child {
            let Some(status) = child.try_wait()? else {
                return Ok(());
            };
            self.child = None;
            if status.signal() != Some(9) || !std::mem::take(&mut self.has_point) {
                bail!("the server ended with {status}:\n{}", tail(&self.log, 15));
            }
            self.kills += 1;
        }
        self.start()
    }

    fn start(&mut self) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("could not write {}", self.log.display()))?;
        let mut command = self.command();
        command
            .arg("serve")
            .args(["--port", &self.port.to_string()]);
        for (name, file) in [
            ("--store", "tasks.db"),
            ("--keys", "keys"),
            ("--ledger", "ledger"),
        ] {
            command.arg(name).arg(self.folder.join(file));
        }
        command.args(&self.arguments).env_remove("CRASH_AT");
        if let Some(point) = self.points.pop_front() {
            command.env("CRASH_AT", point);
            self.has_point = true;
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.child = Some(command.spawn().context("could not start the server")?);
        Ok(())
    }

    fn command(&self) -> Command {
        if let Some(user) = self.user {
            let mut command = Command::new("setpriv");
            let ids = [format!("--reuid={user}"), format!("--regid={user}")];
            command.args(ids).arg("--clear-groups").arg(&self.program);
            return command;
        }
        let Some(blocks) = self.file_limit else {
            return Command::new(&self.program);
        };
        // A write beyond the limit fails then, as on a full disk, instead of ending the process.
        let mut command = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        command.args(["-c", &script]).arg(&self.program);
        command
    }

    /// Runs the program with other arguments, such as `compact`, and gives it to be waited for or killed.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<Child> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        Command::new(&self.program)
            .args(arguments)
            .arg(self.folder.join("tasks.db"))
            .env_remove("CRASH_AT")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("could not start the program")
    }

    /// Sends a signal to the process, if one runs.
    pub(super) fn signal(&self, signal: Signal) {
        let pid = self
            .child
            .as_ref()
            .and_then(|child| i32::try_from(child.id()).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // It may have ended already.
            let _ = kill_process(pid, signal);
        }
    }

    /// Kills the process that runs.
    pub(super) fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
            // If it was at its point just now, that does not show.
            self.has_missed |= std::mem::take(&mut self.has_point);
            self.kills += 1;
        }
        Ok(())
    }

    /// The end of its log.
    pub(super) fn tail(&self) -> String {
        tail(&self.log, 15)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}
