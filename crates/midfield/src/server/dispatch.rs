//! One call, from what was asked to what runs.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use midfield_protocol::types::ToolResult;
use midfield_protocol::wire::Codec;
use midfield_protocol::{Answer, Call, CallTool, Caller, Error};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

use super::handler::{Arguments, HandlerFuture};
use super::{Context, Service};

/// What became of a call at first.
pub(super) enum Started {
    /// It is answered already.
    Done(Result<Answer, Error>),
    /// A handler works on it.
    Running {
        running: Running,
        /// What it says meanwhile; `None` where nobody listens.
        events: Option<mpsc::Receiver<Vec<u8>>>,
    },
}

/// Answers `call`, or begins to.
pub(super) fn dispatch(service: &Service, codec: Codec, caller: Caller, call: Call<'_>) -> Started {
    match call {
        Call::CallTool(call) => call_tool(service, codec, caller, &call),
        Call::ListTools { cursor } => {
            let page = service
                .catalog()
                .page(codec, cursor.as_deref(), service.sealer());
            Started::Done(page.map(Answer::Page))
        }
        Call::Discover => Started::Done(Ok(Answer::Discovery)),
        // Whoever owns the session has remembered the level.
        Call::Ping | Call::SetLogLevel(_) => Started::Done(Ok(Answer::Empty)),
        _ => Started::Done(Err(Error::Internal)),
    }
}

fn call_tool(service: &Service, codec: Codec, caller: Caller, call: &CallTool<'_>) -> Started {
    let Some(entry) = service.catalog().tool(&call.name) else {
        return Started::Done(Err(Error::UnknownTool {
            name: call.name.clone().into_owned(),
        }));
    };
    let arguments = Arguments::new(call.arguments);
    if let Err(misfit) = entry.check.check(arguments) {
        return Started::Done(Ok(Answer::Tool(misfit)));
    }
    let (context, events) = Context::new(codec, caller, service.states().clone());
    // A typed handler's parameters are made here, by code of the server's author.
    let begin = AssertUnwindSafe(|| entry.handler.call(arguments, context));
    let Ok(handler) = std::panic::catch_unwind(begin) else {
        tracing::error!(tool = %call.name, "a handler panicked");
        return Started::Done(Err(Error::Internal));
    };
    Started::Running {
        running: Running::new(handler, service.call_timeout()),
        events,
    }
}

/// A handler at work, with a limit of time; a panic in it is an answer too.
pub(super) struct Running {
    handler: HandlerFuture,
    limit: Limit,
}

/// When a handler is stopped. The timer is set up only once a handler has to wait for something.
enum Limit {
    None,
    After(Duration),
    At {
        timeout: Duration,
        timer: Pin<Box<Sleep>>,
    },
}

impl Running {
    fn new(handler: HandlerFuture, timeout: Option<Duration>) -> Self {
        Self {
            handler,
            limit: timeout.map_or(Limit::None, Limit::After),
        }
    }

    fn poll_handler(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<ToolResult, Error>> {
        let poll = AssertUnwindSafe(|| self.handler.as_mut().poll(task));
        match std::panic::catch_unwind(poll) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(result))) => Poll::Ready(Ok(result)),
            Ok(Poll::Ready(Err(error))) => Poll::Ready(error.into_answer()),
            Err(_) => {
                tracing::error!("a handler panicked");
                Poll::Ready(Err(Error::Internal))
            }
        }
    }

    fn poll_limit(&mut self, task: &mut TaskContext<'_>) -> Poll<Duration> {
        if let Limit::After(timeout) = self.limit {
            self.limit = match Instant::now().checked_add(timeout) {
                Some(end) => Limit::At {
                    timeout,
                    timer: Box::pin(sleep_until(end)),
                },
                None => Limit::None,
            };
        }
        match &mut self.limit {
            Limit::At { timeout, timer } => {
                ready!(timer.as_mut().poll(task));
                Poll::Ready(*timeout)
            }
            Limit::None | Limit::After(_) => Poll::Pending,
        }
    }
}

impl Future for Running {
    type Output = Result<Answer, Error>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Poll::Ready(result) = this.poll_handler(task) {
            return Poll::Ready(result.map(Answer::Tool));
        }
        let timeout = ready!(this.poll_limit(task));
        let seconds = timeout.as_secs_f64();
        let text =
            format!("the tool did not finish within its limit of {seconds} s and was stopped");
        Poll::Ready(Ok(Answer::Tool(ToolResult::error(text))))
    }
}
