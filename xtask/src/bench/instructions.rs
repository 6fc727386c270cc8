//! Instructions in user space for each request, counted by callgrind between two commands to it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process;
use crate::server::Server;

/// Requests before counting begins, so that what is made once is not counted.
pub(super) const WARMUP: &str = "300";
/// Requests that are counted.
pub(super) const COUNT: &str = "2000";

/// How long the virtual machine may take to write down what it counted.
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// A server under callgrind, which does not count yet.
pub(super) struct Counter {
    server: Server,
    log: PathBuf,
}

impl Counter {
    /// Starts the server and waits until it listens.
    pub(super) fn start(program: &Path, flags: &[String], port: u16, log: &Path) -> Result<Self> {
        let profile = log.with_extension("callgrind");
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--instr-atstart=no"]);
        command.arg(format!("--callgrind-out-file={}", profile.display()));
        let server = Server::start(command.arg(program).args(flags), port, log)?;
        Ok(Self {
            server,
            log: log.to_owned(),
        })
    }

    /// Where the server listens.
    pub(super) fn mcp_url(&self) -> String {
        self.server.mcp_url()
    }

    /// Counts while `work` runs; returns what it returns and the instructions for each of its [`COUNT`] requests.
    pub(super) fn count<T>(mut self, work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
        self.control("on")?;
        let outcome = work()?;
        self.control("off")?;
        self.server.stop_within(STOP_LIMIT);
        let log = std::fs::read_to_string(&self.log)
            .with_context(|| format!("could not read {}", self.log.display()))?;
        let collected = collected(&log)
            .with_context(|| format!("callgrind counted nothing; see {}", self.log.display()))?;
        Ok((outcome, collected / COUNT.parse::<f64>()?))
    }

    fn control(&self, state: &str) -> Result<()> {
        let mut command = Command::new("callgrind_control");
        // It tells on stderr that it does what it was told.
        command.stderr(Stdio::null());
        command.args(["-i", state, &self.server.pid().to_string()]);
        process::output_of(&mut command, STOP_LIMIT)?;
        Ok(())
    }
}

/// The sum that callgrind writes at its end.
fn collected(log: &str) -> Option<f64> {
    log.lines()
        .rev()
        .find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_sum_is_read() {
        let log = "==7== Events    : Ir\n==7== Collected : 11\n==7== Collected : 63400000\n==7==\n";
        assert_eq!(collected(log), Some(63_400_000.0));
        assert_eq!(collected("==7== nothing"), None);
    }
}
