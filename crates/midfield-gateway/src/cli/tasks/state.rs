//! A task as a server tells of it, and its texts made safe to show.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::cli::text::line;

/// A task as a server tells of it, by either protocol.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskState {
    #[serde(rename = "taskId")]
    pub(super) id: String,
    pub(super) status: Status,
    #[serde(rename = "statusMessage", default)]
    message: Option<String>,
    created_at: String,
    last_updated_at: String,
    #[serde(alias = "ttl", default)]
    ttl_ms: Option<u64>,
    #[serde(alias = "pollInterval", default)]
    poll_interval_ms: Option<u64>,
    /// What it asks, by the keys that answers are given under.
    #[serde(default)]
    pub(super) input_requests: Map<String, Value>,
    /// What it came to.
    #[serde(default)]
    pub(super) result: Option<Value>,
    /// Why it came to nothing.
    #[serde(default)]
    pub(super) error: Option<Value>,
    /// All of it, for programs.
    #[serde(skip)]
    pub(super) told: Value,
}

/// In which state a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Working,
    InputRequired,
    Completed,
    Failed,
    Cancelled,
}

impl Status {
    /// Whether nothing follows any more.
    pub(super) fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired => "input required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl TaskState {
    /// Reads what a server tells.
    ///
    /// # Errors
    /// With what is wrong with it.
    pub(super) fn read(mut told: Value) -> Result<Self, String> {
        let state = Self::deserialize(&told).map_err(|error| line(&error.to_string()))?;
        if let Some(members) = told.as_object_mut() {
            // What is about the message and not about the task.
            members.shift_remove("_meta");
            members.shift_remove("resultType");
        }
        Ok(Self { told, ..state })
    }

    /// How far it is, in words; empty where nothing is said.
    pub(super) fn message(&self) -> String {
        line(self.message.as_deref().unwrap_or_default())
    }

    pub(super) fn made(&self) -> String {
        line(&self.created_at)
    }

    pub(super) fn changed(&self) -> String {
        line(&self.last_updated_at)
    }

    /// How long it is kept, from its making; `None` for ever.
    pub(super) fn lifetime(&self) -> Option<Duration> {
        self.ttl_ms.map(Duration::from_millis)
    }

    /// How long to wait before looking again.
    pub(super) fn poll_interval(&self) -> Duration {
        let asked = self
            .poll_interval_ms
            .map_or(POLL_INTERVAL, Duration::from_millis);
        asked.clamp(SHORTEST_POLL, LONGEST_POLL)
    }

    /// Whether it came to what it was meant to.
    pub(super) fn has_succeeded(&self) -> bool {
        let failed = self.result.as_ref().and_then(|it| it.get("isError"));
        self.status == Status::Completed && failed != Some(&Value::Bool(true))
    }
}

const POLL_INTERVAL: Duration = Duration::from_secs(1);
const SHORTEST_POLL: Duration = Duration::from_millis(100);
const LONGEST_POLL: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    #[test]
    fn a_task_of_either_protocol_is_read() {
        for told in [
            value!({"taskId": "t", "status": "input_required", "createdAt": "a", "lastUpdatedAt": "b", "ttlMs": 5,
                    "pollIntervalMs": 7, "_meta": {}, "resultType": "complete"}),
            value!({"taskId": "t", "status": "input_required", "createdAt": "a", "lastUpdatedAt": "b", "ttl": 5,
                    "pollInterval": 7}),
        ] {
            let state = TaskState::read(told).unwrap();
            assert_eq!(state.status, Status::InputRequired);
            assert_eq!(state.lifetime(), Some(Duration::from_millis(5)));
            assert_eq!(state.poll_interval(), SHORTEST_POLL);
            assert_eq!(state.told.get("_meta"), None);
        }
        assert!(TaskState::read(value!({"taskId": "t", "status": "lost"})).is_err());
    }
}
