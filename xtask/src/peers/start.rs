//! Installs or builds a server, and starts it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::manifest::{PORT, Peer, Program};
use crate::install;
use crate::interop;
use crate::server::{Server, free_port};
use crate::workspace::root;

/// A server that can be started.
#[derive(Debug)]
pub(super) struct Ready<'a> {
    pub(super) peer: &'a Peer,
    program: PathBuf,
    /// The script, when the program is an interpreter.
    script: Option<OsString>,
}

impl<'a> Ready<'a> {
    /// Installs what the server needs, and builds it where it must be built; both only when it is not there.
    pub(super) fn new(peer: &'a Peer) -> Result<Self> {
        let script = Some(root().join(&peer.file).into_os_string());
        let (program, script) = match peer.program {
            Program::Node => (install::node()?, script),
            Program::Python => (install::python()?, script),
            Program::Rust => (interop::rust_program("build", &peer.file)?, None),
        };
        Ok(Self {
            peer,
            program,
            script,
        })
    }

    /// The command that serves stdio.
    pub(super) fn stdio(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.script).args(&self.peer.stdio);
        command
    }

    /// Starts the server on a free port of loopback and waits until it listens; its output goes to the file `log`.
    pub(super) fn http(&self, log: &Path) -> Result<Server> {
        let port = free_port()?;
        let text = port.to_string();
        let mut command = Command::new(&self.program);
        command
            .args(&self.script)
            .args(self.peer.http.iter().map(|it| it.replace(PORT, &text)));
        if let Some(name) = &self.peer.port_variable {
            command.env(name, &text);
        }
        Server::start(&mut command, port, log)
    }
}
