//! What the manifest says of each server.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::probe::{Era, Transport};
use crate::workspace::root;

/// Where the manifest is, from the root of the repository.
const PATH: &str = "tests/interop/servers/manifest.toml";
/// What stands for the port in a command of the manifest.
pub(super) const PORT: &str = "{port}";

/// All servers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    #[serde(rename = "server")]
    servers: Vec<Peer>,
}

/// One server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Peer {
    /// Its name in tables and for `--server`.
    pub(super) name: String,
    /// What it is written on, with the version.
    pub(super) what: String,
    pub(super) program: Program,
    /// The script, from the root of the repository; the package, where the program is built.
    pub(super) file: String,
    /// Arguments for stdio.
    pub(super) stdio: Vec<String>,
    /// Arguments for HTTP, with `{port}` for the port.
    pub(super) http: Vec<String>,
    /// A variable of the environment that takes the port over HTTP.
    pub(super) port_variable: Option<String>,
    pub(super) eras: Vec<Era>,
    /// Tools that it must have for a client that declares every capability.
    pub(super) tools: Vec<String>,
    /// What a driver can use, in words that are the same for all servers.
    pub(super) features: Vec<String>,
    /// Where it departs from the specification, as measured: by a name for the driver.
    pub(super) deviations: BTreeMap<String, String>,
}

/// What runs a server.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Program {
    /// The Node of `tests/npm`.
    Node,
    /// The interpreter that `tests/python/requirements.txt` is installed for.
    Python,
    /// A package of `tests/rust-clients`.
    Rust,
}

impl Manifest {
    pub(super) fn read() -> Result<Self> {
        let path = root().join(PATH);
        let text = fs::read_to_string(&path).with_context(|| format!("could not read {PATH}"))?;
        toml::from_str(&text).with_context(|| format!("could not read {PATH}"))
    }

    /// The server of this name, or all of them.
    pub(super) fn named(&self, name: Option<&str>) -> Result<Vec<&Peer>> {
        let named: Vec<&Peer> = self
            .servers
            .iter()
            .filter(|server| name.is_none_or(|name| name == server.name))
            .collect();
        if named.is_empty() {
            let names: Vec<&str> = self
                .servers
                .iter()
                .map(|server| server.name.as_str())
                .collect();
            bail!("there is no such server; there are: {}", names.join(", "));
        }
        Ok(named)
    }
}

impl Peer {
    /// How it is started, as a person would read it.
    pub(super) fn commands(&self) -> [(Transport, String); 2] {
        let program = match self.program {
            Program::Node => "node ",
            Program::Python => "python ",
            Program::Rust => "",
        };
        let variable = self.port_variable.as_ref();
        let variable = variable.map_or(String::new(), |name| format!("{name}={PORT} "));
        let command =
            |arguments: &[String]| format!("{program}{} {}", self.file, arguments.join(" "));
        [
            (Transport::Stdio, command(&self.stdio)),
            (
                Transport::Http,
                format!("{variable}{}", command(&self.http)),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_can_be_read_and_its_scripts_are_there() {
        let manifest = Manifest::read().unwrap();
        for server in manifest.named(None).unwrap() {
            if server.file.starts_with("tests/interop") {
                assert!(root().join(&server.file).is_file(), "{}", server.file);
            }
            assert!(!server.tools.is_empty(), "{} has no tools", server.name);
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_refused_with_those_that_are() {
        let manifest = Manifest::read().unwrap();
        let error = manifest.named(Some("nobody")).unwrap_err();
        assert!(error.to_string().contains("there are: "), "{error}");
    }
}
