//! What a peer can ask of a server, and what it gets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::jsonrpc::RequestId;
use crate::types::{
    ClientCapabilities, Completion, Filter, Implementation, InputRequired, LogLevel, ProgressToken,
    PromptResult, ReadResult, Task, TaskRequest, TaskView, ToolResult, TraceContext,
};
use crate::{Principal, Raw};

/// Who asks, and what it listens to while it waits.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Caller {
    /// Who it is, as far as that was proven.
    pub principal: Principal,
    /// What the client offers. Nothing else may be asked of it.
    pub capabilities: ClientCapabilities,
    /// What the client says it is; for display and logs only.
    pub client: Option<Implementation>,
    /// The least grave log message that it wants to hear; `None`: none at all.
    pub log_level: Option<LogLevel>,
    /// What it recognizes progress by; `None`: it does not want to hear of progress.
    pub progress_token: Option<ProgressToken>,
    /// The distributed trace that its request belongs to.
    pub trace: Option<TraceContext>,
}

impl Caller {
    /// A caller with these capabilities that listens to nothing.
    pub fn new(capabilities: ClientCapabilities) -> Self {
        Self {
            capabilities,
            ..Self::default()
        }
    }
}

/// One request, decoded; the arguments of tools stay bytes for their handler.
#[derive(Debug)]
#[non_exhaustive]
pub enum Call<'a> {
    /// Is anybody there?
    Ping,
    /// Which revisions and capabilities are there?
    Discover,
    /// Which tools are there?
    ListTools {
        /// Where the page begins, as the page before it said.
        cursor: Option<Cow<'a, str>>,
    },
    /// Run a tool.
    CallTool(CallTool<'a>),
    /// Which resources are there?
    ListResources {
        /// Where the page begins, as the page before it said.
        cursor: Option<Cow<'a, str>>,
    },
    /// Which kinds of resources are there?
    ListResourceTemplates {
        /// Where the page begins, as the page before it said.
        cursor: Option<Cow<'a, str>>,
    },
    /// What is in a resource?
    ReadResource(ReadResource<'a>),
    /// From now on, tell when this resource changes.
    Subscribe {
        /// Where it is.
        uri: Cow<'a, str>,
    },
    /// No longer tell when this resource changes.
    Unsubscribe {
        /// Where it is.
        uri: Cow<'a, str>,
    },
    /// Which prompts are there?
    ListPrompts {
        /// Where the page begins, as the page before it said.
        cursor: Option<Cow<'a, str>>,
    },
    /// What does a prompt become?
    GetPrompt(GetPrompt<'a>),
    /// What could an argument be?
    Complete(Complete<'a>),
    /// As long as the request is open, tell what changes.
    Listen(Filter),
    /// How is it with a task?
    GetTask {
        /// The task.
        id: Cow<'a, str>,
    },
    /// What came of a task? Answered when it is over. Only 2025-11-25 has it.
    TaskResult {
        /// The task.
        id: Cow<'a, str>,
    },
    /// Which tasks are there? Only 2025-11-25 has it.
    ListTasks {
        /// Where the page begins, as the page before it said.
        cursor: Option<Cow<'a, str>>,
    },
    /// End a task early.
    CancelTask {
        /// The task.
        id: Cow<'a, str>,
    },
    /// Here is what a task waits for. Only the extension of 2026-07-28 has it.
    UpdateTask {
        /// The task.
        id: Cow<'a, str>,
        /// The answers by the keys of the questions: an object.
        responses: Cow<'a, RawValue>,
    },
    /// What only an extension may know.
    Other(Other<'a>),
    /// From now on, send log messages at least this grave.
    SetLogLevel(LogLevel),
}

impl Call<'_> {
    /// The method by which it was asked.
    pub fn method(&self) -> &str {
        match self {
            Self::Ping => "ping",
            Self::Discover => "server/discover",
            Self::ListTools { .. } => "tools/list",
            Self::CallTool(_) => "tools/call",
            Self::ListResources { .. } => "resources/list",
            Self::ListResourceTemplates { .. } => "resources/templates/list",
            Self::ReadResource(_) => "resources/read",
            Self::Subscribe { .. } => "resources/subscribe",
            Self::Unsubscribe { .. } => "resources/unsubscribe",
            Self::ListPrompts { .. } => "prompts/list",
            Self::GetPrompt(_) => "prompts/get",
            Self::Complete(_) => "completion/complete",
            Self::Listen(_) => "subscriptions/listen",
            Self::SetLogLevel(_) => "logging/setLevel",
            Self::GetTask { .. } => "tasks/get",
            Self::TaskResult { .. } => "tasks/result",
            Self::ListTasks { .. } => "tasks/list",
            Self::CancelTask { .. } => "tasks/cancel",
            Self::UpdateTask { .. } => "tasks/update",
            Self::Other(other) => &other.method,
        }
    }
}

/// A tool and its arguments.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallTool<'a> {
    /// The tool's name.
    pub name: Cow<'a, str>,
    /// The arguments' JSON, an object; `None` where the peer gave none.
    pub arguments: Option<Cow<'a, RawValue>>,
    /// What the client brings from the round trip before.
    pub retry: Retry<'a>,
    /// The wish that it be run as a task. Always `None` where the revision knows no such wish.
    pub task: Option<TaskRequest>,
    /// What makes two calls one, see [`IDEMPOTENCY_KEY`]: 1 to 256 bytes.
    pub idempotency_key: Option<Cow<'a, str>>,
}

impl<'a> CallTool<'a> {
    /// A call without arguments.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: name.into(),
            arguments: None,
            retry: Retry::default(),
            task: None,
            idempotency_key: None,
        }
    }
}

/// The key in a call's `_meta` under which a client may name it: of two calls of one principal to one tool with the same
/// name, the second is answered with what came of the first. A string of 1 to 256 bytes. Not of the specification.
pub const IDEMPOTENCY_KEY: &str = "midfield.dev/idempotencyKey";

/// What a client brings from the round trip before, when it asks again
/// ([2026-07-28, multi round-trip requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr)).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Retry<'a> {
    /// The answers by the keys of the questions: an object.
    pub responses: Option<Cow<'a, RawValue>>,
    /// What the server said to give back. Untrusted, like everything that a peer sends.
    pub state: Option<Cow<'a, str>>,
}

/// A resource to be read.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadResource<'a> {
    /// Where it is.
    pub uri: Cow<'a, str>,
    /// What the client brings from the round trip before.
    pub retry: Retry<'a>,
}

impl<'a> ReadResource<'a> {
    /// The resource at `uri`.
    pub fn new(uri: impl Into<Cow<'a, str>>) -> Self {
        Self {
            uri: uri.into(),
            retry: Retry::default(),
        }
    }
}

/// A prompt and its arguments.
#[derive(Debug)]
#[non_exhaustive]
pub struct GetPrompt<'a> {
    /// The prompt's name.
    pub name: Cow<'a, str>,
    /// The arguments' JSON, an object whose values are strings; `None` where the peer gave none.
    pub arguments: Option<Cow<'a, RawValue>>,
    /// What the client brings from the round trip before.
    pub retry: Retry<'a>,
}

impl<'a> GetPrompt<'a> {
    /// A prompt without arguments.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: name.into(),
            arguments: None,
            retry: Retry::default(),
        }
    }
}

/// An argument whose value is begun.
#[derive(Debug)]
#[non_exhaustive]
pub struct Complete<'a> {
    /// Whose argument it is.
    pub reference: Reference<'a>,
    /// The argument's name.
    pub name: Cow<'a, str>,
    /// What there is of its value.
    pub value: Cow<'a, str>,
    /// The arguments that are chosen already.
    pub arguments: BTreeMap<String, String>,
}

impl<'a> Complete<'a> {
    /// The value of one argument, none other being chosen yet.
    pub fn new(
        reference: Reference<'a>,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Self {
        Self {
            reference,
            name: name.into(),
            value: value.into(),
            arguments: BTreeMap::new(),
        }
    }
}

/// Whose argument is completed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reference<'a> {
    /// A prompt's.
    Prompt {
        /// Its name.
        name: Cow<'a, str>,
    },
    /// A resource template's.
    Resource {
        /// The template.
        uri: Cow<'a, str>,
    },
}

/// A request that the protocol does not know.
#[derive(Debug)]
#[non_exhaustive]
pub struct Other<'a> {
    /// What is asked.
    pub method: Cow<'a, str>,
    /// The parameters' JSON, an object.
    pub params: Option<Cow<'a, RawValue>>,
}

impl<'a> Other<'a> {
    /// A request with these parameters, an object.
    pub fn new(method: impl Into<Cow<'a, str>>, params: Option<Cow<'a, RawValue>>) -> Self {
        Self {
            method: method.into(),
            params,
        }
    }
}

/// What a request is answered with when it did not fail.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// Nothing but the fact.
    Empty,
    /// Revisions, capabilities, identity.
    Discovery,
    /// A page of a list, written once for the revision that asks and sent as it is.
    Page(Arc<RawValue>),
    /// What a tool answered.
    Tool(ToolResult),
    /// What is in a resource.
    Resource(ReadResult),
    /// What a prompt became.
    Prompt(PromptResult),
    /// What an argument could be.
    Completion(Completion),
    /// What the client must bring first.
    InputRequired(InputRequired),
    /// The call runs as a task.
    TaskCreated {
        /// The task.
        task: Task,
        /// What the model is told until the task is over; only 2025-11-25 has room for it.
        immediate: Option<String>,
    },
    /// How it is with a task.
    TaskState(Box<TaskView>),
    /// What came of a task, asked for by [`Call::TaskResult`]. A task that failed is answered with its error.
    TaskResult {
        /// The task.
        id: String,
        /// What its tool answered.
        result: ToolResult,
    },
    /// The task is cancelled, or will be.
    TaskCancelled(Task),
    /// A page of tasks.
    Tasks {
        /// The tasks.
        tasks: Vec<Task>,
        /// Where the next page begins; `None`: this is the last one.
        next_cursor: Option<String>,
    },
    /// An extension's result: an object.
    Raw(Raw),
    /// The server no longer tells what changes.
    ListenEnded {
        /// The request by which it was asked to.
        subscription: RequestId,
    },
}
