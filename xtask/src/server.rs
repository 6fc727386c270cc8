//! A server as a child process: started, waited for until it listens, and stopped by its process id when dropped.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::process::{self, line_of};

/// How long a server may take from its start until it listens.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a server may take to end after it was asked to; then it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts `command` and waits until `port` on loopback accepts connections; its output goes to the file `log`.
    pub(crate) fn start(command: &mut Command, port: u16, log: &Path) -> Result<Self> {
        let file =
            File::create(log).with_context(|| format!("could not write {}", log.display()))?;
        let copy = file
            .try_clone()
            .with_context(|| format!("could not write {}", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .spawn()
            .with_context(|| format!("could not start `{}`", line_of(command)))?;
        let mut server = Self {
            child,
            port,
            log: log.to_owned(),
        };
        server
            .wait_until_listening()
            .with_context(|| format!("could not start `{}`", line_of(command)))?;
        Ok(server)
    }

    /// The address of its MCP endpoint.
    pub(crate) fn mcp_url(&self) -> String {
        format!("{}/mcp", self.origin())
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port of loopback that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The id of the process that was started.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of its log when the server is not running any more.
    pub(crate) fn must_be_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!(
                "the server ended with {status}; the end of {}:\n{}",
                self.log.display(),
                self.tail()
            ),
        }
    }

    /// Asks the server to end and waits for it; kills it when it takes longer than `limit`.
    pub(crate) fn stop_within(&mut self, limit: Duration) {
        let end = Instant::now() + limit;
        if matches!(self.child.try_wait(), Ok(None)) {
            process::stop_tree(self.child.id(), Signal::TERM);
        }
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > end {
                process::stop_tree(self.child.id(), Signal::KILL);
                let _ = self.child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let end = Instant::now() + START_LIMIT;
        while TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_err() {
            self.must_be_running()?;
            if Instant::now() > end {
                let seconds = START_LIMIT.as_secs();
                bail!(
                    "it did not listen on port {} within {seconds} s; the end of its log:\n{}",
                    self.port,
                    self.tail()
                );
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn tail(&self) -> String {
        process::tail(&self.log, 15)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop_within(STOP_LIMIT);
    }
}

/// A port of loopback that nobody uses at this moment.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .context("could not open a port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_dies_shows_the_end_of_its_log() {
        let log =
            std::env::temp_dir().join(format!("xtask-dead-server-{}.log", std::process::id()));
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such configuration; exit 3"]);
        let error = Server::start(&mut command, free_port().unwrap(), &log).unwrap_err();
        let _ = std::fs::remove_file(&log);
        let text = format!("{error:#}");
        assert!(
            text.contains("no such configuration") && text.contains("exit status: 3"),
            "{text}"
        );
    }
}
