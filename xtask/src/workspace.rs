//! Where things are in the repository, and how a program of it is built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// How long a build may take on two slow cores.
pub(crate) const BUILD_LIMIT: Duration = Duration::from_mins(25);

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A folder of ours under the target folder, created when it is absent.
pub(crate) fn state(name: &str) -> Result<PathBuf> {
    let folder = target().join("xtask").join(name);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("could not create {}", folder.display()))?;
    Ok(folder)
}

/// The same folder, emptied.
pub(crate) fn empty_state(name: &str) -> Result<PathBuf> {
    let folder = state(name)?;
    std::fs::remove_dir_all(&folder)
        .with_context(|| format!("could not empty {}", folder.display()))?;
    state(name)
}

/// `cargo`, run in the root of the repository.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Builds one executable and returns where it is. `arguments` are those of `cargo build`.
pub(crate) fn build(arguments: &[&str]) -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Message {
        executable: Option<PathBuf>,
    }
    println!("$ cargo build {}", arguments.join(" "));
    let mut command = cargo();
    command
        .arg("build")
        .args(arguments)
        .arg("--message-format=json-render-diagnostics");
    let lines = process::output_of(&mut command, BUILD_LIMIT)?;
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter_map(|message| message.executable)
        .next_back()
        .with_context(|| format!("`cargo build {}` made no executable", arguments.join(" ")))
}
