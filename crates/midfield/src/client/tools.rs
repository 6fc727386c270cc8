//! What is known of a server's tools: which arguments are repeated in headers, and what their results look like.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderName, HeaderValue};
use midfield_protocol::types::{TaskSupport, Tool, ToolResult};
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
    /// `None`: it promises nothing. An error: what it promises cannot be checked.
    results: Option<Result<ResultCheck, String>>,
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
            let results = tool.output_schema.as_ref();
            let results = results.map(|schema| ResultCheck::of_peer(schema).map_err(|error| error.to_string()));
            known.insert(tool.name.clone(), Arc::new(Known {
                task_support: tool.task_support(),
                mirrored,
                results,
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
        match &self.results {
            None => Ok(()),
            Some(Err(invalid)) => Err(unfit(format!(
                "the tool's output schema cannot be used: {invalid}"
            ))),
            Some(Ok(check)) => match check.misfit(result.structured_content.as_ref()) {
                None => Ok(()),
                Some(misfit) => Err(unfit(format!(
                    "it is not what the tool's output schema says{misfit}"
                ))),
            },
        }
    }
}
