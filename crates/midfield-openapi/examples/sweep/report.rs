//! The table of a sweep.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::one::OneReport;

/// What became of a document's process.
pub(crate) enum Outcome {
    /// It ended and reported.
    Finished(Box<OneReport>),
    /// It was killed, aborted or said nothing, for this reason.
    Crashed(String),
}

/// The sum of all documents.
#[derive(Debug, Default)]
pub(crate) struct Report {
    documents: usize,
    read: usize,
    operations: usize,
    tools: usize,
    relative: usize,
    opened: usize,
    with_output: usize,
    largest_schema: usize,
    skipped: BTreeMap<String, usize>,
    /// Time and peak memory in KiB of each document.
    costs: Vec<(PathBuf, Duration, u64)>,
    /// What must not be: unreadable documents, panics, excesses, invalid schemas.
    failures: Vec<String>,
}

impl Report {
    pub(crate) fn add(&mut self, document: &Path, outcome: Outcome) {
        self.documents += 1;
        let name = document.display();
        let one = match outcome {
            Outcome::Finished(one) => one,
            Outcome::Crashed(reason) => {
                self.failures.push(format!("{name}: crashed: {reason}"));
                return;
            }
        };
        if let Some(panic) = &one.panic {
            self.failures.push(format!("{name}: panicked: {panic}"));
        }
        match &one.error {
            Some(error) => self.failures.push(format!("{name}: not read: {error}")),
            None => self.read += 1,
        }
        if one.time > MAX_TIME || one.peak_kib > MAX_KIB {
            let (time, mebibytes) = (one.time, one.peak_kib / 1024);
            self.failures
                .push(format!("{name}: took {time:.1?} and {mebibytes} MiB"));
        }
        let skipped: usize = one.skipped.values().sum();
        if one.tools + skipped != one.operations {
            self.failures
                .push(format!("{name}: an operation has neither tool nor reason"));
        }
        self.failures.extend(
            one.invalid
                .iter()
                .map(|problem| format!("{name}: {problem}")),
        );
        self.operations += one.operations;
        self.tools += one.tools;
        self.relative += one.relative;
        self.opened += one.opened;
        self.with_output += one.with_output;
        self.largest_schema = self.largest_schema.max(one.largest_schema);
        for (kind, count) in one.skipped {
            *self.skipped.entry(kind).or_default() += count;
        }
        self.costs
            .push((document.to_path_buf(), one.time, one.peak_kib));
    }

    /// Whether nothing failed and there was something to fail.
    pub(crate) fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.documents > 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = u32::try_from(self.operations.max(1)).unwrap_or(u32::MAX);
        let tools = u32::try_from(self.tools).unwrap_or(u32::MAX);
        let share = f64::from(tools) / f64::from(total) * 100.0;
        writeln!(formatter, "documents            {:>8}", self.documents)?;
        writeln!(formatter, "  read               {:>8}", self.read)?;
        writeln!(formatter, "operations           {:>8}", self.operations)?;
        writeln!(
            formatter,
            "  tools              {:>8}  {share:.2} %",
            self.tools
        )?;
        writeln!(formatter, "    need a base URL  {:>8}", self.relative)?;
        writeln!(formatter, "    with notes       {:>8}", self.opened)?;
        writeln!(formatter, "    with an output   {:>8}", self.with_output)?;
        writeln!(
            formatter,
            "  skipped            {:>8}",
            self.operations - self.tools
        )?;
        for (kind, count) in &self.skipped {
            writeln!(formatter, "    {count:>6}  {kind}")?;
        }
        writeln!(
            formatter,
            "largest schema       {:>8} bytes",
            self.largest_schema
        )?;
        let mut costs: Vec<_> = self.costs.iter().collect();
        writeln!(formatter, "slowest")?;
        costs.sort_by_key(|(_, time, _)| std::cmp::Reverse(*time));
        for (document, time, _) in costs.iter().take(5) {
            writeln!(formatter, "  {:>9.1?}  {}", time, document.display())?;
        }
        writeln!(formatter, "largest")?;
        costs.sort_by_key(|(_, _, peak)| std::cmp::Reverse(*peak));
        for (document, _, peak) in costs.iter().take(5) {
            writeln!(
                formatter,
                "  {:>5} MiB  {}",
                peak / 1024,
                document.display()
            )?;
        }
        writeln!(formatter, "failures             {:>8}", self.failures.len())?;
        for failure in self.failures.iter().take(MAX_FAILURES) {
            writeln!(formatter, "  {failure}")?;
        }
        Ok(())
    }
}

/// Time that a document may take.
const MAX_TIME: Duration = Duration::from_secs(30);

/// Memory that a document may take: 1 GiB.
const MAX_KIB: u64 = 1 << 20;

/// Failures that are listed.
const MAX_FAILURES: usize = 100;
