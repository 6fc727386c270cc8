//! What a client has seen of a task, and what must hold of it.

use std::collections::HashSet;

use anyhow::{Result, bail, ensure};
use serde_json::Value;

/// What a client has seen of one task.
#[derive(Debug, Default)]
pub(super) struct History {
    status: Option<String>,
    updated: String,
    result: Option<String>,
    /// The questions whose answers were acknowledged.
    answered: HashSet<String>,
}

impl History {
    /// Whether the task has ended, as far as is known.
    pub(super) fn has_ended(&self) -> bool {
        self.status.as_deref().is_some_and(is_end)
    }

    pub(super) fn status(&self) -> &str {
        self.status.as_deref().unwrap_or("")
    }

    pub(super) fn result(&self) -> Option<&str> {
        self.result.as_deref()
    }

    /// A look at the task: what has ended stays as it is, and no time goes back.
    pub(super) fn saw(&mut self, task: &Value) -> Result<()> {
        let status = task["status"].as_str().unwrap_or("no status").to_owned();
        let known = [
            "working",
            "input_required",
            "completed",
            "failed",
            "cancelled",
        ];
        ensure!(known.contains(&status.as_str()), "`{status}` is no status");
        if let Some(before) = &self.status
            && is_end(before)
        {
            ensure!(*before == status, "a task that was {before} is {status}");
        }
        let updated = task["lastUpdatedAt"].as_str().unwrap_or("");
        // Of two times whose fractions are as long as they have to be, the text of the later one is the later one without the `Z`.
        let updated = updated.trim_end_matches('Z').to_owned();
        ensure!(
            updated >= self.updated,
            "a task that changed at {} changed last at {updated}",
            self.updated
        );
        (self.status, self.updated) = (Some(status), updated);
        Ok(())
    }

    /// What came of it: always the same.
    pub(super) fn ended_with(&mut self, result: &Value) -> Result<()> {
        let mut result = result.clone();
        if let Some(members) = result.as_object_mut() {
            // Which task it is of, and what the protocol says of any result, is not what the handler gave.
            members.retain(|name, _| {
                name == "content" || name == "structuredContent" || name == "isError"
            });
        }
        let text = result.to_string();
        if let Some(before) = &self.result
            && *before != text
        {
            bail!(
                "a task that ended with {} ends with {}",
                head(before),
                head(&text)
            );
        }
        self.result = Some(text);
        Ok(())
    }

    pub(super) fn was_asked(&self, method: &str) -> Result<()> {
        ensure!(
            !self.answered.contains(method),
            "{method} was asked again after its answer was acknowledged"
        );
        Ok(())
    }

    pub(super) fn acknowledged(&mut self, method: &str) {
        self.answered.insert(method.to_owned());
    }
}

fn is_end(status: &str) -> bool {
    matches!(status, "completed" | "failed" | "cancelled")
}

/// The beginning of a text.
pub(super) fn head(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seen(history: &mut History, status: &str, updated: &str) -> Result<()> {
        history.saw(&json!({"status": status, "lastUpdatedAt": updated}))
    }

    #[test]
    fn what_goes_back_is_noticed() {
        let mut history = History::default();
        seen(&mut history, "input_required", "2026-11-29T19:16:13Z").unwrap();
        seen(&mut history, "working", "2026-11-29T19:16:13.009Z").unwrap();
        seen(&mut history, "working", "2026-11-29T19:16:13Z").unwrap_err();
        seen(&mut history, "completed", "2026-11-29T19:16:14Z").unwrap();
        seen(&mut history, "working", "2026-11-29T19:16:15Z").unwrap_err();
        seen(&mut history, "failed", "2026-11-29T19:16:15Z").unwrap_err();
        seen(&mut history, "sleeping", "2026-11-29T19:16:15Z").unwrap_err();
    }

    #[test]
    fn a_result_that_changes_and_a_question_that_comes_back_are_noticed() {
        let mut history = History::default();
        let result = json!({"content": ["a"], "_meta": {"of": "a task"}});
        history.ended_with(&result).unwrap();
        history.ended_with(&json!({"content": ["a"]})).unwrap();
        history.ended_with(&json!({"content": ["b"]})).unwrap_err();
        history.was_asked("roots/list").unwrap();
        history.acknowledged("roots/list");
        history.was_asked("roots/list").unwrap_err();
    }
}
