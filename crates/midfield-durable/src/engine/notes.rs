//! What is kept of a task beside its journal, and changes as it goes: what pollers see, and what the next run needs.

use std::collections::BTreeMap;

use midfield_protocol::Raw;
use serde::{Deserialize, Serialize};

use crate::execution::Execution;
use crate::journal::Entry;
use crate::kind::Kind;
use crate::question::Asked;

/// What changes as a task goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Notes {
    /// How far it is, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    /// The questions that wait for their answers, or whose answers the handler has not learned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) questions: Vec<Noted>,
    /// What goes with them into the next run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) asked: Vec<Asked>,
    /// What stands at the end of the journal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) marks: Vec<Entry>,
    /// How often answers to some questions, by their keys, did not fit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) refused: BTreeMap<String, u32>,
}

/// A question that pollers see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Noted {
    /// Its key in the execution.
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) request: Raw,
}

impl Notes {
    /// The notes of an execution as it is now. Questions that it has not come to yet are as they were.
    pub(super) fn of(execution: &Execution, before: &Self, message: Option<String>) -> Self {
        let asked = execution.asked_and_answered();
        let open = execution.open_questions();
        let noted = |asked: &Asked| {
            let open = open.iter().find(|question| question.key == asked.key);
            let open = open.map(|question| Noted {
                key: question.key.clone(),
                kind: question.kind,
                request: question.request.clone(),
            });
            open.or_else(|| before.question(&asked.key).cloned())
        };
        Self {
            message,
            questions: asked.iter().filter_map(noted).collect(),
            asked,
            marks: execution.marks(),
            refused: before.refused.clone(),
        }
    }

    fn question(&self, key: &str) -> Option<&Noted> {
        self.questions.iter().find(|question| question.key == key)
    }

    /// Under which key a question is answered. No key is used twice: what was answered with something that does not fit is
    /// asked again under another.
    pub(super) fn outer_key(&self, key: &str) -> String {
        match self.refused.get(key) {
            None => key.to_owned(),
            Some(times) => format!("{key}{AGAIN}{times}"),
        }
    }

    /// The keys under which answers are waited for.
    pub(super) fn outer_keys(&self) -> Vec<String> {
        let keys = self.asked.iter().map(|asked| self.outer_key(&asked.key));
        keys.collect()
    }
}

/// The key in the execution of a question that is answered under `outer`.
pub(super) fn inner_key(outer: &str) -> &str {
    outer.split_once(AGAIN).map_or(outer, |(key, _)| key)
}

/// What stands between a key and how often its answers did not fit. No key of an execution holds it.
const AGAIN: &str = "#again";
