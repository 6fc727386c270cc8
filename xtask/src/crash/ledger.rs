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
        Self::of(&std::fs::read_to_string(folder.join("ledger")).unwrap_or_default())
    }

    fn of(text: &str) -> Self {
        let mut ledger = Self::default();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_under_other_keys_or_too_often_is_noticed() {
        let is_sound = |lines: &str| Ledger::of(lines).check().is_ok();
        // A step may be done again, under the same key.
        assert!(is_sound("t\tleft\tk\tdone\nt\tleft\tk\tdone\n"));
        assert!(!is_sound("t\tleft\tk\tdone\nt\tleft\tl\tdone\n"));
        assert!(!is_sound("t\tleft\tk\tdone\nt\tright\tk\tdone\n"));
        assert!(is_sound("t\tcharge\tk\tbegun\nt\tcharge\tk\tdone\n"));
        assert!(!is_sound("t\tcharge\tk\tbegun\nt\tcharge\tk\tbegun\n"));
    }

    #[test]
    fn what_was_not_done_is_noticed() {
        let mut lines = String::new();
        for (step, count) in [("prepare", 10), ("pack", 12), ("send", 15)] {
            for number in 1..=count {
                let step = format!("{step}-{number}");
                lines.extend(["t\t", &step, "\t", &step, "\tdone\n"]);
            }
        }
        lines.push_str("t\tleft\tl\tdone\nt\tright\tr\tdone\n");
        let is_whole = |more: &str| Ledger::of(&format!("{lines}{more}")).is_whole("t").is_ok();
        assert!(is_whole("t\tcharge\tc\tdone\n"));
        assert!(is_whole("t\tcharge\tc\tbegun\nt\tcharge-again\ta\tdone\n"));
        assert!(!is_whole("t\tcharge\tc\tbegun\n"));
        assert!(!is_whole("t\tcharge\tc\tdone\nt\tcharge-again\ta\tdone\n"));
        assert!(Ledger::of("").is_whole("t").is_err());
    }
}
