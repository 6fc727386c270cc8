//! A task that is kept, and found again from another process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt as _, stream};
use midfield_protocol::types::{InputReply, ToolResult};
use midfield_protocol::wire::client::{TaskPage, TaskState};
use midfield_protocol::{Call, Revision};
use serde::Serialize;

use super::super::calls::{check, tool_call};
use super::super::hear::Registered;
use super::super::paging::{Paging, in_time};
use super::super::request::{Request, read};
use super::super::run::{Done, Settings, answer_all, run};
use super::super::{Client, Error};
use super::{Task, Wish, begin};

/// A call that a server works on. It goes on whether anybody waits for it or not.
///
/// Written as text it is found again by [`Client::task`], also in another process.
///
/// ```
/// # use midfield::prelude::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// /// Take a while.
/// #[tool(task)]
/// async fn assay(sample: String) -> String {
///     format!("{sample} is fine")
/// }
///
/// let server = Server::new("lab", "1.0.0").tools(tools![assay]).tasks(Tasks::in_memory());
/// let client = midfield::Client::connect(server).await?;
/// let task = client.call_task("assay", serde_json::json!({"sample": "A7"})).await?;
/// let written = task.to_string();
///
/// let found = client.task(&written)?;
/// assert!(!found.result().await?.is_error);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TaskHandle {
    task: Task,
    immediate: Option<String>,
    /// What the server answered at once instead of making a task.
    answered: Option<Arc<ToolResult>>,
    /// Whoever wanted to hear of progress hears of it as long as there is a handle.
    _heard: Option<Arc<Registered>>,
}

impl Client {
    /// Calls a tool as a task, where the tool and the server can; a tool that cannot has answered when this returns. In 2026-07-28
    /// it is the server that decides.
    ///
    /// Dropping the handle does not end the task. Dropping the request before there is a handle does.
    pub fn call_task(
        &self,
        tool: impl Into<String>,
        arguments: impl Serialize,
    ) -> Request<TaskHandle> {
        self.call_task_for(tool, arguments, None)
    }

    /// The same, with the wish that the task be kept this long after its beginning. Only 2025-11-25 has such a wish.
    pub fn call_task_for(
        &self,
        tool: impl Into<String>,
        arguments: impl Serialize,
        ttl: Option<Duration>,
    ) -> Request<TaskHandle> {
        let settings = Settings {
            wants_progress: true,
            ..Settings::default()
        };
        Request {
            core: self.0.clone(),
            call: tool_call(tool.into(), &arguments).map(Call::CallTool),
            settings,
            finish: Box::new(move |core, call, settings| {
                Box::pin(async move {
                    let name = match &call {
                        Call::CallTool(call) => call.name.clone().into_owned(),
                        _ => String::new(),
                    };
                    match begin(&core, call, &settings, Wish::Wanted(ttl)).await? {
                        Done::Task {
                            state,
                            immediate,
                            codec,
                            heard,
                        } => Ok(TaskHandle {
                            task: Task::new(&core, *state, codec, Some(name)),
                            immediate,
                            answered: None,
                            _heard: Some(Arc::new(heard)),
                        }),
                        Done::Complete { result, codec } => {
                            let result: ToolResult = read("tools/call", codec, &result)?;
                            check(&core, &name, &result)?;
                            Ok(TaskHandle {
                                task: Task {
                                    core,
                                    id: String::new(),
                                    codec,
                                    tool: Some(name),
                                    last: None,
                                },
                                immediate: None,
                                answered: Some(Arc::new(result)),
                                _heard: None,
                            })
                        }
                    }
                })
            }),
        }
    }

    /// Finds a task again that was written as text. Nothing is asked of the server yet.
    ///
    /// # Errors
    /// When it is none, or one of another revision than this client speaks with its server.
    pub fn task(&self, written: &str) -> Result<TaskHandle, Error> {
        let target = |detail: String| Error::Target { detail };
        let (revision, id) = written.split_once(':').ok_or_else(|| {
            target(format!(
                "{written:?} is no task: it looks like 2026-07-28:ID"
            ))
        })?;
        let revision: Revision = revision.parse().map_err(|_| {
            target(format!(
                "{written:?} is no task: it begins with a revision, such as 2026-07-28"
            ))
        })?;
        let codec = self.0.connection().codec;
        if id.is_empty() {
            return Err(target(format!("{written:?} names no task")));
        }
        if revision.era() != codec.revision().era() {
            return Err(target(format!(
                "the task was made in revision {revision}, and this client speaks {} with its server",
                codec.revision()
            )));
        }
        Ok(self.task_by_id(id))
    }

    /// A task by its id alone.
    pub fn task_by_id(&self, id: impl Into<String>) -> TaskHandle {
        TaskHandle {
            task: Task {
                core: self.0.clone(),
                id: id.into(),
                codec: self.0.connection().codec,
                tool: None,
                last: None,
            },
            immediate: None,
            answered: None,
            _heard: None,
        }
    }

    /// The tasks of whoever this client is, up to as many as lists may have. Only 2025-11-25 has such a list, and a server that
    /// cannot tell its clients apart has none.
    ///
    /// # Errors
    /// When the server has no such list.
    pub async fn tasks(&self) -> Result<Vec<midfield_protocol::types::Task>, Error> {
        let not_offered = || Error::NotOffered {
            what: "a list of tasks".into(),
        };
        let codec = self.0.connection().codec;
        let is_offered = codec.has_words_for(&Call::ListTasks { cursor: None })
            && self
                .0
                .offers(|server| server.tasks.is_some_and(|tasks| tasks.list));
        if !is_offered {
            return Err(not_offered());
        }
        let settings = Settings {
            is_safe: true,
            ..Settings::default()
        };
        let reading = async {
            let mut tasks = Vec::new();
            let mut cursor: Option<String> = None;
            let mut paging = Paging::new(&self.0, LIST);
            loop {
                let call = Call::ListTasks {
                    cursor: cursor.take().map(Into::into),
                };
                let Done::Complete { result, codec } = run(&self.0, call, &settings).await? else {
                    return Err(not_offered());
                };
                paging.bytes(result.as_str().len())?;
                let page: TaskPage = read(LIST, codec, &result)?;
                let next = paging.next(page.tasks.len(), page.next_cursor)?;
                tasks.extend(page.tasks);
                match next {
                    None => return Ok(tasks),
                    next => cursor = next,
                }
            }
        };
        in_time(&self.0, LIST, reading).await
    }
}

const LIST: &str = "tasks/list";

impl TaskHandle {
    /// The task's id; empty where the server has answered at once.
    pub fn id(&self) -> &str {
        &self.task.id
    }

    /// What the model may be told until the task is over, if the server said so.
    pub fn immediate_response(&self) -> Option<&str> {
        self.immediate.as_deref()
    }

    /// Whether the task asks whoever waits for its [`TaskHandle::result`], instead of saying with its state what it asks: in
    /// 2025-11-25.
    pub fn asks_who_waits(&self) -> bool {
        self.task.asks_who_waits()
    }

    /// What the server answered at once, instead of making a task.
    pub fn answered(&self) -> Option<&ToolResult> {
        self.answered.as_deref()
    }

    /// The task, unless there is none.
    fn task(&self) -> Result<&Task, Error> {
        if self.answered.is_none() {
            return Ok(&self.task);
        }
        Err(Error::Target {
            detail: "there is no task: the server has answered the call at once".into(),
        })
    }

    /// How the task is.
    ///
    /// # Errors
    /// When there is no such task, any more or for this client.
    pub async fn status(&self) -> Result<TaskState, Error> {
        self.task()?.ask().await
    }

    /// Its states, from the one that it is in to its last, each once. The stream ends after the last one, or with an error. A server
    /// that tells of tasks is listened to; else, and all the same, it is asked as often as it wants to be. One that goes away is
    /// waited for up to a minute.
    pub fn watch(&self) -> impl Stream<Item = Result<TaskState, Error>> + Send + 'static {
        match self.task() {
            Ok(task) => super::watch::watch(task.clone()).left_stream(),
            Err(error) => stream::iter([Err(error)]).right_stream(),
        }
    }

    /// Answers a question of the task, by its key. In 2025-11-25 questions come while [`TaskHandle::result`] waits, and are
    /// answered by whoever the client was given for that.
    ///
    /// # Errors
    /// When the revision has no such answers, or there is no such task.
    pub async fn answer(&self, key: impl Into<String>, reply: InputReply) -> Result<(), Error> {
        self.task()?.answer(&[(key.into(), reply)]).await
    }

    /// Lets whoever the client was given for it answer what the task asks now; how many questions there were.
    ///
    /// # Errors
    /// When somebody refuses, or there is no such task.
    pub async fn answer_questions(&self) -> Result<usize, Error> {
        let task = self.task()?;
        let state = task.ask().await?;
        let replies = answer_all(&task.core, state.inputs, task.tool.as_deref()).await?;
        if !replies.is_empty() {
            task.answer(&replies).await?;
        }
        Ok(replies.len())
    }

    /// Waits for the end of the task and gives its result. What it asks is answered meanwhile, by whoever the client was given for
    /// that. A server that goes away is waited for up to a minute.
    ///
    /// # Errors
    /// When the task failed or was cancelled, is not there any more, or takes longer than the client allows.
    ///
    /// # Cancel safety
    /// The task goes on when the future is dropped.
    pub async fn result(&self) -> Result<ToolResult, Error> {
        if let Some(answered) = &self.answered {
            return Ok(ToolResult::clone(answered));
        }
        // Its future is large, and whoever waits need not carry it.
        let result = Box::pin(self.task.drive()).await?;
        if let Some(tool) = &self.task.tool {
            check(&self.task.core, tool, &result)?;
        }
        Ok(result)
    }

    /// Asks the server to end the task. It need not; [`TaskHandle::status`] tells.
    ///
    /// # Errors
    /// When there is no such task, or, in 2025-11-25, when it is over already.
    pub async fn cancel(&self) -> Result<(), Error> {
        self.task()?.cancel().await
    }
}

/// `2026-07-28:ID`: what [`Client::task`] finds it again by. Who knows it may be able to read what comes of the task: keep it as
/// what it is about.
impl fmt::Display for TaskHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.codec.revision(), self.id)
    }
}
