//! A handler at work: a limit of time, a panic that is an answer too, and the questions that it waits
//! for.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use midfield_durable::Failure;
use midfield_protocol::types::{Completion, Freshness, PromptResult, ReadResult, ToolResult};
use midfield_protocol::{Answer, Error, Raw};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Context;
use super::ask::Asking;
use super::handler::HandlerFuture;
use super::meta::Keys;
use super::request_state::{self, Origin};
use super::resource::Code;
use super::tasks::{Answering, Making};

/// A handler at work.
pub(super) struct Running {
    handler: Handling,
    context: Context,
    origin: Origin,
    limit: Limit,
    limits: Limits,
    /// When it was polled last, nothing but questions kept it from going on.
    is_quiet: bool,
    span: Option<tracing::Span>,
    /// What makes the call a task, where it may become one.
    making: Option<Box<Making>>,
    /// The call becomes a task, and its handler is gone.
    becoming: Option<Answering>,
}

/// What a handler works on.
pub(crate) enum Handling {
    Tool(HandlerFuture<ToolResult>),
    Prompt(HandlerFuture<PromptResult>),
    Resource(HandlerFuture<ReadResult>, Arc<Defaults>),
    Completion(HandlerFuture<Completion>),
    Extension(HandlerFuture<Raw>),
}

/// What a resource is described with, for contents that do not say it themselves.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    pub(super) mime_type: Option<String>,
    pub(super) freshness: Option<Freshness>,
}

/// How long a handler may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// While it works; `None`: for ever.
    pub(super) call: Option<Duration>,
    /// While it waits for an answer of the client.
    pub(super) question: Duration,
}

/// When a handler is stopped. The timer is set up only once a handler has to wait for something.
enum Limit {
    Unset,
    None,
    At {
        waits: Waits,
        /// How much the handler had learned when the timer was set up: what is asked after an answer has a
        /// time of its own.
        learned: usize,
        timeout: Duration,
        timer: Pin<Box<Sleep>>,
    },
}

/// What a handler waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    ForItself,
    ForTheClient,
}

impl Running {
    pub(super) fn new(handler: Handling, context: Context, origin: Origin) -> Self {
        let limits = context.service().limits();
        let span = context.trace().map(|trace| {
            tracing::info_span!(
                "call",
                subject = context.target(),
                trace_id = trace.trace_id(),
                parent_id = trace.parent_id(),
            )
        });
        Self {
            handler,
            context,
            origin,
            limit: Limit::Unset,
            limits,
            is_quiet: false,
            span,
            making: None,
            becoming: None,
        }
    }

    /// Sets how long the handler may take while it works; `None` leaves it as it is.
    pub(super) fn limit_to(&mut self, timeout: Option<Duration>) {
        self.limits.call = timeout.or(self.limits.call);
    }

    /// Lets the call become a task.
    pub(super) fn may_become(&mut self, making: Option<Box<Making>>) {
        self.making = making;
    }

    /// Makes the call a task, once its handler wants that and no step is at work; `true` when it has begun to.
    fn becomes_task(&mut self) -> bool {
        let execution = self.context.execution();
        if !self.context.wants_task() || execution.is_running() {
            return false;
        }
        let Some(making) = self.making.take() else {
            return false;
        };
        let learned = execution.journal();
        // It goes on elsewhere: what it holds here must not be held any more.
        self.handler = Handling::Tool(Box::pin(std::future::pending()));
        self.becoming = Some(making.make(self.context.service(), learned));
        true
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    fn poll_handler(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<Answer, Error>> {
        let _entered = self.span.as_ref().map(tracing::Span::enter);
        let poll = AssertUnwindSafe(|| self.handler.poll(task));
        std::panic::catch_unwind(poll).unwrap_or_else(|_| {
            tracing::error!(subject = self.context.target(), "a handler panicked");
            Poll::Ready(Err(Error::Internal))
        })
    }

    /// Why the call cannot go on, whatever its handler makes of it.
    fn failure(&self) -> Option<Error> {
        let failure = match self.context.execution().failure()? {
            Failure::Refused(error) => return Some(*error),
            failure => failure,
        };
        tracing::error!(
            %failure,
            subject = self.context.target(),
            "a call cannot be run again from its journal"
        );
        Some(Error::Failed {
            detail: failure.to_string(),
        })
    }

    /// The reply that asks for input, once nothing but questions keeps the handler from going on. Its
    /// own wake-ups, as of a lock that it shares with itself, come first.
    fn poll_questions(&mut self, task: &TaskContext<'_>) -> Poll<Result<Answer, Error>> {
        if !matches!(self.context.asking(), Asking::Retried)
            || !self.context.execution().is_waiting()
        {
            self.is_quiet = false;
            return Poll::Pending;
        }
        if self.is_quiet {
            let input = request_state::input_required(&self.context, &self.origin);
            return Poll::Ready(input.map(Answer::InputRequired));
        }
        self.is_quiet = true;
        task.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_limit(&mut self, task: &mut TaskContext<'_>) -> Poll<(Waits, Duration)> {
        let execution = self.context.execution();
        let (waits, learned) = if execution.is_waiting() {
            (Waits::ForTheClient, execution.count())
        } else {
            (Waits::ForItself, 0)
        };
        let is_set = match &self.limit {
            Limit::Unset => false,
            Limit::None => waits == Waits::ForItself,
            Limit::At {
                waits: now,
                learned: then,
                ..
            } => *now == waits && *then == learned,
        };
        if !is_set {
            let timeout = match waits {
                Waits::ForItself => self.limits.call,
                Waits::ForTheClient => Some(self.limits.question),
            };
            let end =
                timeout.and_then(|timeout| Some((timeout, Instant::now().checked_add(timeout)?)));
            self.limit = match end {
                Some((timeout, end)) => Limit::At {
                    waits,
                    learned,
                    timeout,
                    timer: Box::pin(sleep_until(end)),
                },
                None => Limit::None,
            };
        }
        match &mut self.limit {
            Limit::At {
                waits,
                timeout,
                timer,
                ..
            } => {
                ready!(timer.as_mut().poll(task));
                Poll::Ready((*waits, *timeout))
            }
            Limit::None | Limit::Unset => Poll::Pending,
        }
    }

    /// What is answered for a handler that was stopped.
    fn stopped(&self, waits: Waits, timeout: Duration) -> Result<Answer, Error> {
        let seconds = timeout.as_secs_f64();
        let detail = match waits {
            Waits::ForItself => {
                format!("it did not finish within its limit of {seconds} s and was stopped")
            }
            Waits::ForTheClient => {
                format!("the client did not answer a question within {seconds} s")
            }
        };
        match self.handler {
            Handling::Tool(_) => Ok(Answer::Tool(ToolResult::error(format!(
                "the tool was stopped: {detail}"
            )))),
            _ => Err(Error::Failed { detail }),
        }
    }
}

impl Future for Running {
    type Output = Result<Answer, Error>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(becoming) = &mut this.becoming {
            return becoming.as_mut().poll(task);
        }
        let polled = this.poll_handler(task);
        if polled.is_pending() {
            // The handler may ask, and fail, in tasks of its own.
            this.context.execution().wake_on_change(task.waker());
        }
        if let Some(error) = this.failure() {
            return Poll::Ready(Err(error));
        }
        if let Poll::Ready(mut answer) = polled {
            if let Ok(answer) = &mut answer {
                Keys(this.context.service().extensions()).clean_answer(answer);
            }
            return Poll::Ready(answer);
        }
        if this.becomes_task() {
            task.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Poll::Ready(input) = this.poll_questions(task) {
            return Poll::Ready(input);
        }
        let (waits, timeout) = ready!(this.poll_limit(task));
        Poll::Ready(this.stopped(waits, timeout))
    }
}

impl Handling {
    fn poll(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<Answer, Error>> {
        match self {
            Self::Tool(handler) => match ready!(handler.as_mut().poll(task)) {
                Ok(result) => Poll::Ready(Ok(Answer::Tool(result))),
                Err(error) => Poll::Ready(error.into_tool_answer().map(Answer::Tool)),
            },
            Self::Prompt(handler) => {
                let result = ready!(handler.as_mut().poll(task));
                Poll::Ready(result.map(Answer::Prompt).map_err(crate::Error::into_error))
            }
            Self::Resource(handler, defaults) => {
                let result = ready!(handler.as_mut().poll(task));
                let described = result.map(|result| defaults.fill_in(result));
                Poll::Ready(
                    described
                        .map(Answer::Resource)
                        .map_err(crate::Error::into_error),
                )
            }
            Self::Extension(handler) => {
                let result = ready!(handler.as_mut().poll(task));
                Poll::Ready(result.map(Answer::Raw).map_err(crate::Error::into_error))
            }
            Self::Completion(handler) => {
                let result = ready!(handler.as_mut().poll(task));
                Poll::Ready(
                    result
                        .map(Answer::Completion)
                        .map_err(crate::Error::into_error),
                )
            }
        }
    }
}

impl Defaults {
    pub(super) fn new(code: &Code) -> Arc<Self> {
        Arc::new(Self {
            mime_type: code.mime_type.clone(),
            freshness: code.freshness,
        })
    }

    fn fill_in(&self, mut result: ReadResult) -> ReadResult {
        for contents in &mut result.contents {
            if contents.mime_type.is_none() {
                contents.mime_type.clone_from(&self.mime_type);
            }
        }
        result.freshness = result.freshness.or(self.freshness);
        result
    }
}
