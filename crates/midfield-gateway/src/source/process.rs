//! A service that midfield runs itself.
//!
//! It lives as long as midfield: its whole process group is ended with it, and should midfield be killed,
//! its standard input closes. What it says goes to the log; its death is told, and it is not restarted.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::text::clean;
use crate::config::{self, Command};

/// A running service. Dropping it kills it; [`Process::stop`] lets it end by itself first.
#[derive(Debug)]
pub(crate) struct Process {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Process {
    /// Starts the service of `source`, when it has a command, and waits until it answers.
    pub(crate) async fn start(source: &config::Source) -> anyhow::Result<Option<Self>> {
        let (Some(command), Some(base_url)) = (&source.start, &source.base_url) else {
            return Ok(None);
        };
        let name = &source.name;
        anyhow::ensure!(
            !accepts(base_url).await,
            "something else answers at {base_url} already: stop it, or give `{name}` another port in \
             `start` and `base_url`"
        );
        let mut child = spawn(command, source).with_context(|| {
            format!(
                "could not start the service `{name}`: `{}`",
                command.program
            )
        })?;
        let process = Self {
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        process.relay(name, child.stdout.take(), child.stderr.take());
        let input = child.stdin.take();
        let mut group = Group::new(child);
        let ready = wait_until_ready(&mut group, base_url).await;
        if let Err(error) = ready {
            group.end().await;
            process.finish().await;
            return Err(error.context(format!("the service `{name}` did not start")));
        }
        let stop = process.stop.clone();
        process.tasks.spawn(watch(name.clone(), group, input, stop));
        Ok(Some(process))
    }

    /// Ends the service: asks it to, and kills it after a while.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.finish().await;
    }

    async fn finish(&self) {
        self.tasks.close();
        // Somebody whom the service started may still hold its output.
        let _ = tokio::time::timeout(PATIENCE + LAST_WORDS, self.tasks.wait()).await;
    }

    fn relay(
        &self,
        name: &str,
        output: Option<impl AsyncRead + Send + Unpin + 'static>,
        errors: Option<impl AsyncRead + Send + Unpin + 'static>,
    ) {
        if let Some(output) = output {
            self.tasks.spawn(relay_lines(output, {
                let name = name.to_owned();
                move |line| tracing::debug!("{name}: {line}")
            }));
        }
        if let Some(errors) = errors {
            self.tasks.spawn(relay_lines(errors, {
                let name = name.to_owned();
                move |line| tracing::info!("{name}: {line}")
            }));
        }
    }
}

/// A child in a process group of its own.
struct Group {
    child: Child,
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
}

impl Group {
    fn new(child: Child) -> Self {
        Self {
            #[cfg(unix)]
            id: child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .and_then(rustix::process::Pid::from_raw),
            child,
        }
    }

    /// Asks the group to end, waits a while, then kills what is left of it.
    async fn end(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
        if tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .is_err()
        {
            tracing::warn!("a started service did not end in time and is killed");
        }
        self.kill_the_rest();
        // It may be gone already, which is what is wanted.
        let _ = self.child.kill().await;
    }

    /// Kills what the child left behind. Its number is not given to a stranger so soon.
    fn kill_the_rest(&mut self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(id) = self.id {
            // Nobody may be left in the group, which is what is wanted.
            let _ = rustix::process::kill_process_group(id, signal);
        }
    }
}

fn spawn(command: &Command, source: &config::Source) -> std::io::Result<Child> {
    let mut building = tokio::process::Command::new(&command.program);
    building
        .args(&command.arguments)
        .current_dir(&source.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    // Ctrl-C at the terminal is for midfield, which then ends the service in order.
    #[cfg(unix)]
    building.process_group(0);
    building.spawn()
}

/// Waits until the service accepts connections.
async fn wait_until_ready(group: &mut Group, base_url: &Url) -> anyhow::Result<()> {
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        if let Some(status) = group.child.try_wait().context("could not watch it")? {
            anyhow::bail!("it ended with {status} before it answered at {base_url}");
        }
        if accepts(base_url).await {
            return Ok(());
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "it does not answer at {base_url} after {}",
            humantime::format_duration(START_TIMEOUT)
        );
        tokio::time::sleep(POLL).await;
    }
}

async fn accepts(base_url: &Url) -> bool {
    let (Some(host), Some(port)) = (base_url.host_str(), base_url.port_or_known_default()) else {
        return false;
    };
    let connecting = TcpStream::connect(format!("{host}:{port}"));
    matches!(
        tokio::time::timeout(CONNECT_TIMEOUT, connecting).await,
        Ok(Ok(_))
    )
}

/// Tells when the service dies, and ends it when midfield stops.
async fn watch(name: String, mut group: Group, input: Option<ChildStdin>, stop: CancellationToken) {
    match stop.run_until_cancelled(group.child.wait()).await {
        Some(Ok(status)) => {
            group.kill_the_rest();
            tracing::error!(
                "the service `{name}` ended with {status}; its tools fail until midfield starts again"
            );
        }
        Some(Err(error)) => {
            tracing::error!(%error, "the service `{name}` can no longer be watched");
        }
        None => group.end().await,
    }
    drop(input);
}

/// Passes on what the service says, a line at a time.
async fn relay_lines(output: impl AsyncRead + Unpin, log: impl Fn(String)) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without end is passed on in pieces.
        let mut piece = (&mut output).take(MAX_LINE);
        match piece.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                log(clean(String::from_utf8_lossy(&line).trim_end()));
            }
        }
    }
}

/// How long a service may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a service may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long its last words are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);
const MAX_LINE: u64 = 4 << 10;
