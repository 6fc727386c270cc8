//! Reads every OpenAPI document under the given directories and says what became of it.
//!
//! `cargo run --release -p midfield-openapi --example sweep -- DIRECTORY…`
//!
//! Each document is read in a process of its own, so that its time and peak memory are its own
//! and nothing that it does ends the sweep. The exit code is not zero when a document cannot be
//! read, panics, takes more than its share, has an operation with neither tool nor reason, or
//! makes a schema that is not valid JSON Schema 2020-12.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod one;
mod report;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use self::report::{Outcome, Report};

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, file] if flag == ONE => {
            println!("{}", serde_json::to_string(&one::sweep(Path::new(file)))?);
            Ok(ExitCode::SUCCESS)
        }
        [] => bail!("no directory was given: name those that hold OpenAPI documents"),
        directories => sweep(directories),
    }
}

fn sweep(directories: &[String]) -> anyhow::Result<ExitCode> {
    let mut documents = Vec::new();
    for directory in directories {
        let found = find(Path::new(directory))
            .with_context(|| format!("could not list the documents under {directory}"))?;
        documents.extend(found);
    }
    documents.sort();
    let program = std::env::current_exe().context("could not find this program's own path")?;
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(document) = documents.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = run(&program, document);
                    if let Ok(mut report) = report.lock() {
                        report.add(document, outcome);
                    }
                }
            });
        }
    });
    let report = report
        .into_inner()
        .ok()
        .context("a worker of the sweep panicked")?;
    println!("{report}");
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All JSON and YAML files below a directory, without those that packages add.
fn find(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            let path = entry.path();
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                if name != "node_modules" && name != "test" {
                    pending.push(path);
                }
            } else if is_document(&path) {
                found.push(path);
            }
        }
    }
    Ok(found)
}

fn is_document(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let name = path.file_name().and_then(|name| name.to_str());
    matches!(extension, Some("json" | "yaml" | "yml"))
        && !matches!(name, Some("package.json" | "package-lock.json"))
}

/// Sweeps one document in a process of its own.
fn run(program: &Path, document: &Path) -> Outcome {
    let child = Command::new(program)
        .arg(ONE)
        .arg(document)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Outcome::Crashed(format!("could not start: {error}")),
    };
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) if started.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(2));
            }
            _ => {
                // It may have ended by itself in the meantime, which is as good.
                let _ = child.kill();
                let _ = child.wait();
                return Outcome::Crashed(format!("still busy after {PATIENCE:?}"));
            }
        }
    }
    match child.wait_with_output() {
        Ok(output) => {
            if let Ok(result) = serde_json::from_slice(&output.stdout) {
                return Outcome::Finished(Box::new(result));
            }
            let message = String::from_utf8_lossy(&output.stderr);
            let line = message.lines().next().unwrap_or_default();
            Outcome::Crashed(format!("{}: {line}", output.status))
        }
        Err(error) => Outcome::Crashed(format!("its answer was lost: {error}")),
    }
}

/// The argument that makes this program sweep one document.
const ONE: &str = "--one";

/// How long a document may take with all its schemas validated as well.
const PATIENCE: Duration = Duration::from_mins(5);
