//! What came of each check.

#![expect(
    clippy::print_stdout,
    reason = "what came of the checks is what the program is for"
)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use midfield::Revision;

/// How long one check may take, on a machine that has other things to do.
const LIMIT: Duration = Duration::from_secs(30);

/// How long the end of a connection may take: its process is waited for twice, 2 s each time.
const CLOSE_LIMIT: Duration = Duration::from_secs(6);

/// What every server has.
pub(crate) const ALWAYS: &str = "";

/// How a check ended that did not fail.
pub(crate) enum Verdict {
    /// As the specification says.
    Passed,
    /// Against it, as the manifest says under this name.
    Deviates(&'static str),
}

/// The checks so far.
pub(crate) struct Report {
    features: BTreeSet<String>,
    /// Features for which there was a check.
    used: BTreeSet<String>,
    passed: usize,
    deviating: usize,
    failed: usize,
}

impl Report {
    pub(crate) fn new(features: Vec<String>) -> Self {
        Self {
            features: features.into_iter().collect(),
            used: BTreeSet::new(),
            passed: 0,
            deviating: 0,
            failed: 0,
        }
    }

    /// Makes a check, if the server has the feature that it is about, and prints a line about it.
    pub(crate) async fn check(
        &mut self,
        feature: &str,
        claim: &str,
        work: impl Future<Output = Result<Verdict>>,
    ) {
        if feature != ALWAYS && !self.features.contains(feature) {
            return;
        }
        self.used.insert(feature.to_owned());
        let begin = Instant::now();
        let verdict = tokio::time::timeout(LIMIT, Box::pin(work)).await;
        let verdict =
            verdict.unwrap_or_else(|_| Err(anyhow!("not done after {} s", LIMIT.as_secs())));
        let millis = begin.elapsed().as_millis();
        match verdict {
            Ok(Verdict::Passed) => {
                self.passed += 1;
                println!("ok       {claim} ({millis} ms)");
            }
            Ok(Verdict::Deviates(name)) => {
                self.deviating += 1;
                println!("deviates {claim}: {name} ({millis} ms)");
            }
            Err(error) => {
                self.failed += 1;
                println!("FAILED   {claim}: {error:#} ({millis} ms)");
            }
        }
    }

    /// The connection ends, in time.
    pub(crate) async fn close(&mut self, closing: impl Future<Output = ()>) {
        self.check(ALWAYS, "the connection is closed", async {
            tokio::time::timeout(CLOSE_LIMIT, closing).await?;
            Ok(Verdict::Passed)
        })
        .await;
    }

    /// Prints the total; whether nothing failed.
    pub(crate) fn total(&self, revision: Revision) -> bool {
        let unused: Vec<&str> = self
            .features
            .difference(&self.used)
            .map(String::as_str)
            .collect();
        if !unused.is_empty() {
            println!(
                "nothing to check in this era or over this transport: {}",
                unused.join(", ")
            );
        }
        println!(
            "total: {revision}, {} passed, {} deviate, {} failed",
            self.passed, self.deviating, self.failed
        );
        self.failed == 0
    }
}
