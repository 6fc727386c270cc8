//! What is known of a server's tools: which arguments are repeated in headers, and what their results look like.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::{HeaderName, HeaderValue};
use midfield_protocol::types::{Schema, TaskSupport, Tool, ToolResult};
use serde_json::value::RawValue;

use super::Error;
use crate::server::{Mirrored, ResultCheck};

/// The tools that were listed last.
#[derive(Debug, Default)]
pub(super) struct Tools(Mutex<HashMap<String, Arc<Known>>>);

/// What is known of a tool.
#[derive(Debug)]
pub(super) struct Known {
    /// Whether it can or must run as a task of revision 2025-11-25.
    pub(super) task_support: TaskSupport,
    mirrored: Mirrored,
    /// What it promises of its results.
    promise: Option<Schema>,
    /// The check of that, made when it is needed first, since a list may be long. An error: it cannot be checked.
    results: OnceLock<Result<ResultCheck, String>>,
}

impl Tools {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Known>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Known>> {
        self.known().get(name).cloned()
    }

    /// Takes a list in place of what was known, and leaves out of it the tools that must not be used over HTTP
    /// ([2026-07-28, schema extension](https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#schema-extension)).
    pub(super) fn learn(&self, tools: &mut Vec<Tool>, server: &str, has_headers: bool) {
        let mut known = HashMap::with_capacity(tools.len());
        tools.retain(|tool| {
            let mirrored = match Mirrored::of(&tool.input_schema) {
                Ok(mirrored) => mirrored,
                Err(_) if !has_headers => Mirrored::default(),
                Err(reason) => {
                    tracing::warn!(server, tool = tool.name, %reason, "left out a tool whose arguments cannot be repeated in headers");
                    return false;
                }
            };
            known.insert(tool.name.clone(), Arc::new(Known {
                task_support: tool.task_support(),
                mirrored,
                promise: tool.output_schema.clone(),
                results: OnceLock::new(),
            }));
            true
        });
        *self.known() = known;
    }
}

impl Known {
    /// The headers that repeat arguments.
    pub(super) fn headers(
        &self,
        arguments: Option<&RawValue>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Error> {
        self.mirrored.headers(arguments).map_err(Error::Unsayable)
    }

    /// Checks a structured result against what the tool promises.
    pub(super) fn check(&self, tool: &str, result: &ToolResult) -> Result<(), Error> {
        if result.is_error {
            return Ok(());
        }
        let unfit = |detail: String| Error::Unfit {
            tool: tool.to_owned(),
            detail,
        };
        let Some(promise) = &self.promise else {
            return Ok(());
        };
        let results = self
            .results
            .get_or_init(|| ResultCheck::of_peer(promise).map_err(|error| error.to_string()));
        match results {
            Err(invalid) => Err(unfit(format!(
                "the tool's output schema cannot be used: {invalid}"
            ))),
            Ok(check) => match check.misfit(result.structured_content.as_ref()) {
                None => Ok(()),
                Some(misfit) => Err(unfit(format!(
                    "it is not what the tool's output schema says{misfit}"
                ))),
            },
        }
    }
}
