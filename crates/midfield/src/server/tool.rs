//! A tool of a server: what clients learn about it, and the code behind it.

use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::types::{self, Schema, TaskSupport, ToolAnnotations};

use super::IntoToolResult;
use super::ask::Asks;
use super::described::described;
use super::extract::Requirement;
use super::form::FormOf;
use super::handler::{Handler, RawHandler, Typed};

/// A tool of a server: what clients learn about it ([`types::Tool`]) and the code behind it.
#[derive(Clone)]
pub struct Tool {
    pub(super) description: types::Tool,
    pub(super) handler: Arc<dyn RawHandler>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) trust: Trust,
    /// The server checks structured results against the output schema.
    pub(super) checks_results: bool,
    pub(super) asks: Asks,
    pub(super) answers_ahead: bool,
    pub(super) forms: Vec<FormOf>,
    pub(super) timeout: Option<Duration>,
    pub(super) immediate: Option<Arc<str>>,
    pub(super) becomes_task: bool,
}

/// Who checks that arguments fit the input schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The handler reads them into a type that the schema was made from: only constraints that a type
    /// does not have are left to check.
    Typed,
    /// Nobody yet: the server checks them against the schema before each call.
    Unchecked,
}

impl Tool {
    /// A tool named `name` whose schemas are those of the handler's parameters and result.
    ///
    /// `name` is 1 to 128 of `A-Z a-z 0-9 _ - .`, unique in the server. Structured results are checked against
    /// the output schema, as those of [`Tool::from_handler`].
    pub fn new<H, P>(name: impl Into<String>, handler: H) -> Self
    where
        H: Handler<P>,
        H::Output: IntoToolResult,
        P: 'static,
    {
        let mut description =
            types::Tool::new(name, <H as Handler<P>>::input_schema().unwrap_or_default());
        description.output_schema = <H::Output as IntoToolResult>::output_schema();
        Self {
            description,
            requirements: <H as Handler<P>>::requirements(),
            handler: Arc::new(Typed::new(handler)),
            trust: Trust::Typed,
            checks_results: true,
            asks: Asks::default(),
            answers_ahead: false,
            forms: Vec::new(),
            timeout: None,
            immediate: None,
            becomes_task: false,
        }
    }

    /// A tool that is made at run time. Its arguments are checked against its input schema before the
    /// handler sees them. Where it has an output schema, each result is checked against that: one that does
    /// not fit is answered as a failure, since clients rely on what was said.
    pub fn from_handler(description: types::Tool, handler: impl RawHandler) -> Self {
        Self {
            description,
            handler: Arc::new(handler),
            requirements: Vec::new(),
            trust: Trust::Unchecked,
            checks_results: true,
            asks: Asks::default(),
            answers_ahead: false,
            forms: Vec::new(),
            timeout: None,
            immediate: None,
            becomes_task: false,
        }
    }

    /// The name for programs.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Sets the hints about its behaviour.
    #[must_use]
    pub fn annotations(mut self, annotations: ToolAnnotations) -> Self {
        self.description.annotations = Some(annotations);
        self
    }

    /// Replaces the input schema. The handler still reads what its parameters say, so the new schema must
    /// be narrower; arguments are checked against it before each call.
    #[must_use]
    pub fn input_schema(mut self, schema: Schema) -> Self {
        self.description.input_schema = schema;
        self.trust = Trust::Unchecked;
        self
    }

    /// Says whether calls of it run as tasks, which survive the process. Default: [`TaskSupport::Forbidden`].
    ///
    /// - `Optional`: a client of revision 2025-11-25 that asks for a task gets one, and a client of 2026-07-28 that knows the
    ///   extension for tasks always does. Others wait for the answer.
    /// - `Required`: always. Clients that know no tasks are refused.
    ///
    /// On a server without [`Server::tasks`](super::Server::tasks) all calls are answered at once.
    #[must_use]
    pub fn task(mut self, support: TaskSupport) -> Self {
        self.description.execution = Some(types::Execution::task(support));
        self
    }

    /// Lets its handler decide when a call becomes a task, by [`Context::become_task`](crate::Context::become_task), where the
    /// server decides that, as in revision 2026-07-28. Until then the call is one like any other: what the handler asks is asked
    /// of the client that waits, and a handler that ends first has answered at once. Default: such calls are tasks from the
    /// beginning.
    ///
    /// To be set beside [`Tool::task`], which says who gets a task.
    #[must_use]
    pub fn becomes_task(mut self) -> Self {
        self.becomes_task = true;
        self
    }

    /// Sets what the model of a client of revision 2025-11-25 is told at once when a call of it becomes a task, so that it can go on
    /// meanwhile. Default: nothing. Later revisions have no room for it
    /// ([model immediate response](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#model-immediate-response)).
    #[must_use]
    pub fn immediate_response(mut self, text: impl Into<Arc<str>>) -> Self {
        self.immediate = Some(text.into());
        self
    }

    /// Sets the longest time that a call of it may take. Default: [`Server::call_timeout`](super::Server::call_timeout) for
    /// calls that are answered at once, and no limit but their lifetime for tasks.
    ///
    /// For a task it counts from its making, with all that it waits for: one that takes longer fails.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Leaves out the check of results, for a handler that has checked them itself or cannot break its word:
    /// what it returns is sent as it is.
    #[must_use]
    pub fn without_result_check(mut self) -> Self {
        self.checks_results = false;
        self
    }

    /// Takes answers that come with a first request, before their questions were asked, by the questions'
    /// names: a client of revision 2026-07-28 that knows the tool saves a round trip. Default: they are left
    /// out, and the client is asked.
    ///
    /// Only for questions that are always the same: nothing says that an answer ahead was given to what the
    /// handler asks now.
    #[must_use]
    pub fn answers_ahead(mut self) -> Self {
        self.answers_ahead = true;
        self
    }
}

described!(Tool: types::Tool, "Sets what it does, for the model that chooses it.", asks: asks, forms: forms);
