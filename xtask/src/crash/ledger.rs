//! What the world outside has seen of the steps of tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, ensure};

/// The ledger of one folder, by task and step.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<(String, String), Step>);

#[derive(Debug, Default)]
struct Step {
    keys: BTreeSet<String>,
    begun: usize,
    done: usize,
}

impl Ledger {
    pub(super) fn read(folder: &Path) -> Self {
        let mut ledger = Self::default();
        let text = std::fs::read_to_string(folder.join("ledger")).unwrap_or_default();
        for line in text.lines() {
            let mut words = line.split('\t').map(str::to_owned);
            let (Some(task), Some(step), Some(key), Some(what)) =
                (words.next(), words.next(), words.next(), words.next())
            else {
                continue;
            };
            let entry = ledger.0.entry((task, step)).or_default();
            entry.keys.insert(key);
            if what == "done" {
                entry.done += 1;
            } else {
                entry.begun += 1;
            }
        }
        ledger
    }

    /// How often something was done.
    pub(super) fn done(&self) -> usize {
        self.0.values().map(|step| step.done).sum()
    }

    /// Each step was done under one key, that of no other step, and what is done at most once was begun at most once.
    pub(super) fn check(&self) -> Result<()> {
        let mut all = BTreeSet::new();
        for ((task, step), seen) in &self.0 {
            ensure!(
                seen.keys.len() == 1,
                "{step} of {task} was done under {} keys",
                seen.keys.len()
            );
            for key in &seen.keys {
                ensure!(
                    all.insert(key),
                    "{step} of {task} was done under the key of another step"
                );
            }
            if step == "charge" {
                ensure!(
                    seen.begun <= 1,
                    "charge of {task} was begun {} times",
                    seen.begun
                );
                ensure!(
                    seen.done <= 1,
                    "charge of {task} was done {} times",
                    seen.done
                );
            }
        }
        Ok(())
    }

    /// All forty steps of `task` were done; the one that is done at most once under either of its names.
    pub(super) fn is_whole(&self, task: &str) -> Result<()> {
        let is_done = |step: &str| {
            let step = self.0.get(&(task.to_owned(), step.to_owned()));
            step.is_some_and(|step| step.done > 0)
        };
        let numbered = [("prepare", 10), ("pack", 12), ("send", 15)];
        for (name, count) in numbered {
            for number in 1..=count {
                let step = format!("{name}-{number}");
                ensure!(is_done(&step), "{step} of {task} was never done");
            }
        }
        ensure!(
            is_done("left") && is_done("right"),
            "what is done at once was not done"
        );
        let charges = (is_done("charge"), is_done("charge-again"));
        ensure!(
            charges.0 != charges.1,
            "charge and charge-again of {task}: {charges:?}"
        );
        Ok(())
    }
}
