//! `midfield store`: care for a file that tasks are kept in.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use midfield_durable::store::Sqlite;

use super::{Verdict, print};
use crate::source::clean;

/// The arguments of `midfield store`.
#[derive(Debug, Args)]
pub(super) struct Store {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Look for damage in the whole file. Changes nothing, and may run beside a server.
    ///
    /// Exits with 1 when something is wrong.
    Check(File),
    /// Give back the room that tasks have left that are gone. No server may have the file open.
    ///
    /// Needs as much room on the disk as the file has, twice.
    Compact(File),
    /// Bring a file of an older version up to date, which a server does too when it opens it. No server may have the file open.
    Migrate(File),
}

#[derive(Debug, Args)]
struct File {
    /// The file that `[tasks] store` in the configuration names.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Store {
    pub(super) fn run(&self) -> anyhow::Result<Verdict> {
        match &self.action {
            Action::Check(File { file }) => {
                let report = Sqlite::check(file)?;
                let mut text = String::new();
                for problem in &report.problems {
                    let words: Vec<&str> = problem.split_whitespace().collect();
                    let _ = writeln!(text, "wrong: {}", clean(&words.join(" ")));
                }
                if report.problems.is_empty() {
                    let _ = writeln!(
                        text,
                        "{}: {}, version {}; nothing is wrong",
                        file.display(),
                        super::count(usize::try_from(report.tasks).unwrap_or(usize::MAX), "task"),
                        report.version
                    );
                }
                print(&text)?;
                Ok(if report.problems.is_empty() {
                    Verdict::Fine
                } else {
                    Verdict::Wrong
                })
            }
            Action::Compact(File { file }) => {
                let before = size(file);
                Sqlite::compact(file)?;
                print(&format!(
                    "{}: {} before, {} now\n",
                    file.display(),
                    bytesize::ByteSize::b(before),
                    bytesize::ByteSize::b(size(file))
                ))?;
                Ok(Verdict::Fine)
            }
            Action::Migrate(File { file }) => {
                let before = Sqlite::migrate(file)?;
                let now = Sqlite::check(file)?.version;
                let told = if before == now {
                    format!("version {now} already")
                } else {
                    format!("version {before} before, {now} now")
                };
                print(&format!("{}: {told}\n", file.display()))?;
                Ok(Verdict::Fine)
            }
        }
    }
}

/// The size of the file in bytes; 0 when that is not known.
fn size(file: &std::path::Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}
