//! The beginning of a call: its context, with what is known of it already, and its handler.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::{Error, Retry};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::ask::Asking;
use super::context::Setting;
use super::dispatch::{Request, Started, StartedWork};
use super::exchange::Work;
use super::handler::{Arguments, HandlerFuture, RawHandler};
use super::request_state::{self, Origin};
use super::running::{Handling, Running};
use super::tasks::Making;
use super::{Context, Service};

/// What a call is about, as far as it has to be the same when it comes again.
pub(crate) struct Subject<'a> {
    pub(crate) origin: Origin,
    /// The name of a tool, prompt, method or argument, or the URI of a resource.
    pub(crate) name: Arc<str>,
    pub(crate) arguments: Option<&'a RawValue>,
    pub(crate) retry: &'a Retry<'a>,
}

/// A call that is about to run.
pub(crate) struct Begun {
    pub(super) context: Context,
    events: Option<mpsc::Receiver<Vec<u8>>>,
    origin: Origin,
    making: Option<Box<Making>>,
}

/// Makes the context of a call, with what its journal holds already.
pub(crate) fn begin(
    service: &Service,
    request: Request<'_>,
    subject: Subject<'_>,
) -> Result<Begun, Error> {
    begin_becoming(service, request, subject, None)
}

/// As [`begin`], of a call that may become a task.
pub(super) fn begin_becoming(
    service: &Service,
    request: Request<'_>,
    subject: Subject<'_>,
    making: Option<Box<Making>>,
) -> Result<Begun, Error> {
    let Request {
        codec,
        caller,
        asking,
        ..
    } = request;
    let execution = request_state::execution(service, &caller.principal, &subject)?;
    let Subject {
        origin,
        name,
        arguments,
        ..
    } = subject;
    // Only where the request may have to be recognized when it comes again.
    let is_retried = matches!(asking, Asking::Retried);
    let (context, events) = Context::new(Setting {
        service: service.clone(),
        codec,
        caller,
        asking,
        target: name,
        arguments: arguments.filter(|_| is_retried).map(ToOwned::to_owned),
        execution,
        task: None,
        becomes_task: making.is_some(),
    });
    Ok(Begun {
        context,
        events,
        origin,
        making,
    })
}

impl Begun {
    /// Starts the handler. A typed handler's parameters are made here, by code of the server's author.
    pub(crate) fn start<T: 'static>(
        &self,
        handler: &dyn RawHandler<T>,
        arguments: Arguments<'_>,
    ) -> Result<HandlerFuture<T>, Error> {
        let context = self.context.clone();
        caught(&self.context, || handler.call(arguments, context))
    }

    /// The handler at work, for no longer than `timeout`; `None`: than calls may take on this server.
    pub(crate) fn running(self, work: Handling, timeout: Option<Duration>) -> Started {
        let mut running = Running::new(work, self.context, self.origin);
        running.limit_to(timeout);
        running.may_become(self.making);
        Started::Running(StartedWork {
            work: Work::Handler(running),
            events: self.events,
        })
    }
}

/// Runs code of the server's author; a panic in it is an answer too.
pub(super) fn caught<T>(context: &Context, run: impl FnOnce() -> T) -> Result<T, Error> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        tracing::error!(subject = context.target(), "a handler panicked");
        Error::Internal
    })
}
