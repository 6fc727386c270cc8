//! Writing answers, errors and notifications in the words of a revision.

mod extended;
mod page;
mod shapes;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::Error as _;

pub use page::List;
pub(super) use shapes::{COMPLETE, ResultMeta};

use self::extended::Extended;
use self::shapes::{
    Complete, Completed, Contents, Discovery, Empty, Finished, Initialized, Messages, WireFreshness,
};
use super::{Codec, legacy, modern};
use crate::jsonrpc::{self, RequestId};
use crate::types::{
    ClientCapabilities, Completion, Freshness, Implementation, MAX_VALUES, Meta,
    ServerCapabilities, ServerTasks, Settings, TASKS_EXTENSION,
};
use crate::{Answer, Era, Error, Principal, Revision, Rules};

/// What a server says of itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ServerDescription {
    /// Its name and version.
    pub implementation: Implementation,
    /// What it offers.
    pub capabilities: ServerCapabilities,
    /// The oldest revision in which each of its extensions is announced. Default: the oldest of all.
    pub extensions_since: BTreeMap<String, Revision>,
    /// How to use it, for the model.
    pub instructions: Option<String>,
    /// How long its lists may be kept.
    pub freshness: Freshness,
}

impl ServerDescription {
    /// Says that the server runs calls of tools as tasks, to each revision in its words: among the capabilities of
    /// 2025-11-25, and by the extension [`TASKS_EXTENSION`] of 2026-07-28. With `list`, clients of 2025-11-25 may list
    /// their tasks; a server that cannot tell its clients apart must not let them
    /// ([access control](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#task-isolation-and-access-control)).
    pub fn offer_tasks(&mut self, list: bool) {
        self.capabilities.tasks = Some(ServerTasks::of_tools(list));
        self.capabilities
            .extensions
            .insert(TASKS_EXTENSION.to_owned(), Settings::default());
        self.extensions_since
            .insert(TASKS_EXTENSION.to_owned(), Revision::V2026_07_28);
    }
}

/// Writes what one server has to say, in any revision.
#[derive(Debug)]
pub struct Encoder {
    description: ServerDescription,
    /// What every result says of the server: enough to recognize it by. Discovery says the rest.
    identity: Implementation,
}

impl Encoder {
    /// The encoder of the server that is described.
    pub fn new(description: ServerDescription) -> Self {
        let full = &description.implementation;
        let identity = Implementation {
            title: full.title.clone(),
            ..Implementation::new(&full.name, &full.version)
        };
        Self {
            description,
            identity,
        }
    }

    /// What the server says of itself.
    pub fn description(&self) -> &ServerDescription {
        &self.description
    }

    /// The response to the request `id`.
    ///
    /// # Errors
    /// When a `_meta` or a priority of a result cannot be written as JSON, when an extension's result is no
    /// object, and when the revision has no such result.
    pub fn answer(
        &self,
        codec: Codec,
        id: &RequestId,
        answer: &Answer,
    ) -> Result<Vec<u8>, serde_json::Error> {
        match codec.revision().era() {
            Era::Legacy => self.legacy(codec.revision().rules(), id, answer),
            Era::Modern => self.modern(id, answer),
        }
    }

    fn legacy(
        &self,
        rules: Rules,
        id: &RequestId,
        answer: &Answer,
    ) -> Result<Vec<u8>, serde_json::Error> {
        match answer {
            Answer::Empty => jsonrpc::result(id, &Empty {}),
            Answer::Page(page) => jsonrpc::result(id, page.as_ref()),
            Answer::Tool(result) => {
                jsonrpc::result(id, legacy::tool_result(result, rules).as_ref())
            }
            Answer::Resource(result) => {
                jsonrpc::result(id, legacy::read_result(result, rules).as_ref())
            }
            Answer::Prompt(result) => jsonrpc::result(id, &legacy::prompt_result(result, rules)),
            Answer::Completion(completion) => jsonrpc::result(
                id,
                &Completed {
                    completion: &bounded(completion),
                },
            ),
            Answer::Raw(raw) => jsonrpc::result(id, raw),
            Answer::TaskCreated { task, immediate } => {
                let immediate = immediate.as_deref();
                core_task(rules, id, &legacy::CreateTaskResult::new(task, immediate))
            }
            Answer::TaskState(view) => core_task(rules, id, &legacy::WireTask::from(view.as_ref())),
            Answer::TaskResult { id: task, result } => {
                let result = legacy::tool_result(result, rules);
                core_task(rules, id, &legacy::TaskResult::new(task, &result))
            }
            Answer::TaskCancelled(task) => core_task(rules, id, &legacy::WireTask::from(task)),
            Answer::Tasks { tasks, next_cursor } => {
                let next_cursor = next_cursor.as_deref();
                core_task(rules, id, &legacy::TaskPage::new(tasks, next_cursor))
            }
            // Discovery is answered wherever it could be asked; the two below have no request here that
            // could lead to them.
            Answer::Discovery => self.discovered(id),
            Answer::InputRequired(_) => Err(serde_json::Error::custom(
                "a legacy revision has no result that asks for input",
            )),
            Answer::ListenEnded { .. } => Err(serde_json::Error::custom(
                "a legacy revision has no request that listens",
            )),
        }
    }

    fn modern(&self, id: &RequestId, answer: &Answer) -> Result<Vec<u8>, serde_json::Error> {
        match answer {
            Answer::Empty | Answer::TaskCancelled(_) => self.finished(id, Empty {}, None, None),
            Answer::Page(page) => jsonrpc::result(id, page.as_ref()),
            Answer::Tool(result) => jsonrpc::result(
                id,
                &Complete {
                    result_type: COMPLETE,
                    content: &result.content,
                    structured_content: result.structured_content.as_ref(),
                    is_error: result.is_error,
                    meta: self.meta(result.meta.as_ref()),
                },
            ),
            Answer::Resource(result) => self.finished(
                id,
                Contents {
                    contents: &result.contents,
                },
                Some(result.freshness.unwrap_or_default()),
                result.meta.as_ref(),
            ),
            Answer::Prompt(result) => self.finished(
                id,
                Messages {
                    description: result.description.as_deref(),
                    messages: &result.messages,
                },
                None,
                result.meta.as_ref(),
            ),
            Answer::Completion(completion) => {
                let completion = &bounded(completion);
                self.finished(id, Completed { completion }, None, None)
            }
            Answer::InputRequired(required) => jsonrpc::result(
                id,
                &modern::InputRequiredResult::new(required, self.meta(None)),
            ),
            Answer::TaskCreated { task, .. } => jsonrpc::result(
                id,
                &Finished {
                    result_type: modern::TASK,
                    body: modern::WireTask::from(task),
                    freshness: None,
                    meta: self.meta(None),
                },
            ),
            Answer::TaskState(view) => {
                self.finished(id, modern::DetailedTask::new(view)?, None, None)
            }
            Answer::TaskResult { .. } | Answer::Tasks { .. } => Err(serde_json::Error::custom(
                "the extension for tasks has no request that is answered so",
            )),
            Answer::Raw(raw) => jsonrpc::result(id, &Extended::read(raw, &self.identity)?),
            Answer::ListenEnded { subscription } => jsonrpc::result(
                id,
                &Finished {
                    result_type: COMPLETE,
                    body: Empty {},
                    freshness: None,
                    meta: ResultMeta {
                        subscription: Some(subscription),
                        ..self.meta(None)
                    },
                },
            ),
            Answer::Discovery => self.discovered(id),
        }
    }

    /// A modern result that says no more than `body`.
    fn finished<T: Serialize>(
        &self,
        id: &RequestId,
        body: T,
        freshness: Option<Freshness>,
        own: Option<&Meta>,
    ) -> Result<Vec<u8>, serde_json::Error> {
        jsonrpc::result(
            id,
            &Finished {
                result_type: COMPLETE,
                body,
                freshness: freshness.map(WireFreshness::from),
                meta: self.meta(own),
            },
        )
    }

    fn discovered(&self, id: &RequestId) -> Result<Vec<u8>, serde_json::Error> {
        jsonrpc::result(
            id,
            &Discovery {
                result_type: COMPLETE,
                supported_versions: modern::supported_revisions(),
                capabilities: &modern::capabilities(&self.description.capabilities),
                instructions: self.description.instructions.as_deref(),
                freshness: self.description.freshness.into(),
                meta: ResultMeta {
                    server: &self.description.implementation,
                    ..self.meta(None)
                },
            },
        )
    }

    fn meta<'a>(&'a self, own: Option<&'a Meta>) -> ResultMeta<'a> {
        ResultMeta {
            own,
            server: &self.identity,
            subscription: None,
        }
    }

    /// The response to an `initialize` request of `principal`: the session speaks `revision`. Who cannot be told apart from
    /// others is not offered the list of tasks
    /// ([access control](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#task-isolation-and-access-control)).
    ///
    /// # Errors
    /// When the server's description cannot be written as JSON.
    pub fn initialized(
        &self,
        revision: Revision,
        principal: &Principal,
        id: &RequestId,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let rules = revision.rules();
        let mut capabilities = legacy::capabilities(&self.description.capabilities, rules);
        if let Some(tasks) = &mut capabilities.tasks {
            tasks.list &= *principal != Principal::Anonymous;
        }
        capabilities
            .extensions
            .retain(|id, _| self.has_room(revision, id));
        jsonrpc::result(
            id,
            &Initialized {
                protocol_version: revision.as_str(),
                capabilities: &capabilities,
                server_info: &legacy::implementation(&self.description.implementation, rules),
                instructions: self.description.instructions.as_deref(),
            },
        )
    }

    /// Leaves out of what a client declares those extensions of the server that the revision has no room for: such a
    /// client is as one that does not declare them.
    pub fn leave_out_extensions(&self, codec: Codec, declared: &mut ClientCapabilities) {
        declared
            .extensions
            .retain(|id, _| self.has_room(codec.revision(), id));
    }

    /// Whether a revision has room for an extension of the server; what is none of its own always has.
    fn has_room(&self, revision: Revision, extension: &str) -> bool {
        let since = self.description.extensions_since.get(extension);
        since.is_none_or(|since| *since <= revision)
    }

    /// The error response to the request `id`.
    pub fn error(&self, codec: Codec, id: Option<&RequestId>, error: &Error) -> Vec<u8> {
        let object = match codec.revision().era() {
            Era::Legacy => legacy::error_object(error, codec.revision()),
            Era::Modern => modern::error_object(error),
        };
        jsonrpc::error(id, &object)
    }
}

/// A result about a task, in a revision that has tasks of its own.
fn core_task<T: Serialize>(
    rules: Rules,
    id: &RequestId,
    result: &T,
) -> Result<Vec<u8>, serde_json::Error> {
    if !rules.core_tasks {
        return Err(serde_json::Error::custom("this revision has no tasks"));
    }
    jsonrpc::result(id, result)
}

/// As many values as an answer may hold.
fn bounded(completion: &Completion) -> Cow<'_, Completion> {
    let Some(values) = completion
        .values
        .get(..MAX_VALUES)
        .filter(|_| completion.values.len() > MAX_VALUES)
    else {
        return Cow::Borrowed(completion);
    };
    Cow::Owned(Completion {
        values: values.to_vec(),
        total: completion
            .total
            .or_else(|| u64::try_from(completion.values.len()).ok()),
        has_more: Some(true),
    })
}
