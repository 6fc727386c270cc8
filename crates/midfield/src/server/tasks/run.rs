//! Runs tasks: a tool's handler over a journal that the store keeps.

use std::sync::{Arc, Weak};
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use midfield_durable::engine::{Ended, Run, Runner, TaskCall};
use midfield_durable::task::Record;
use midfield_durable::{Execution, Failure};
use midfield_protocol::{Answer, Error, Raw};

use super::super::ask::Asking;
use super::super::context::{Setting, TaskSide};
use super::super::dispatch::handle;
use super::super::handler::{Arguments, HandlerFuture};
use super::super::meta::Keys;
use super::super::service::Inner;
use super::kept::Kept;
use super::news::News;
use crate::server::{Context, Service};

/// Runs the tasks of a service, for as long as there is one.
pub(super) struct TaskRunner {
    service: Weak<Inner>,
    news: Arc<News>,
}

impl TaskRunner {
    pub(super) fn new(service: Weak<Inner>, news: Arc<News>) -> Self {
        Self { service, news }
    }

    fn try_begin(
        &self,
        call: TaskCall,
        execution: &mut Option<Execution>,
    ) -> Result<TaskRun, Error> {
        let service = self.service.upgrade().map(Service::from_inner);
        let service = service.ok_or(Error::Internal)?;
        let kept: Kept = call.request.read().map_err(|error| {
            tracing::error!(%error, "the call of a task cannot be read");
            Error::Internal
        })?;
        let catalog = service.catalog();
        let entry = catalog.tool(&kept.tool).ok_or_else(|| Error::UnknownTool {
            name: kept.tool.clone(),
        })?;
        if let Some(session) = kept.session {
            self.news.of_session(call.id, session);
        }
        let (context, _) = Context::new(Setting {
            service: service.clone(),
            codec: kept.codec,
            caller: kept.caller(),
            asking: Asking::Task,
            target: entry.name.clone(),
            arguments: None,
            execution: execution.take().unwrap_or_default(),
            task: Some(TaskSide::new(call, kept.session)),
            becomes_task: false,
        });
        let arguments = kept.arguments.as_ref().map(Raw::as_raw_value);
        let handler = handle(&service, entry, &context, Arguments::new(arguments));
        Ok(TaskRun {
            context,
            handler,
            limit: entry.timeout,
        })
    }
}

impl Runner for TaskRunner {
    fn begin(&self, call: TaskCall, execution: Execution) -> Box<dyn Run> {
        let mut execution = Some(execution);
        match self.try_begin(call, &mut execution) {
            Ok(run) => Box::new(run),
            Err(error) => Box::new(Failed {
                execution: execution.unwrap_or_default(),
                error,
            }),
        }
    }

    fn failed(&self, failure: &Failure) -> Raw {
        raw_of(&match failure {
            Failure::Refused(error) => (**error).clone(),
            failure => Error::Failed {
                detail: failure.to_string(),
            },
        })
    }

    fn changed(&self, record: &Record) {
        self.news.changed(record);
    }

    fn changed_elsewhere(&self) {
        self.news.changed_elsewhere();
    }
}

/// A handler at work.
struct TaskRun {
    context: Context,
    handler: Result<HandlerFuture, Error>,
    limit: Option<Duration>,
}

impl Run for TaskRun {
    fn execution(&self) -> &Execution {
        self.context.execution()
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Ended> {
        let answer = match &mut self.handler {
            Ok(handler) => match ready!(handler.as_mut().poll(cx)) {
                Ok(result) => Ok(result),
                Err(error) => error.into_tool_answer(),
            },
            Err(error) => Err(error.clone()),
        };
        Poll::Ready(match answer {
            Ok(result) => {
                let mut answer = Answer::Tool(result);
                Keys(self.context.service().extensions()).clean_answer(&mut answer);
                match answer {
                    Answer::Tool(result) => Ended::Completed(raw_of(&result)),
                    _ => Ended::Failed(raw_of(&Error::Internal)),
                }
            }
            Err(error) => Ended::Failed(raw_of(&error)),
        })
    }

    fn limit(&self) -> Option<Duration> {
        self.limit
    }
}

/// What could not begin.
struct Failed {
    execution: Execution,
    error: Error,
}

impl Run for Failed {
    fn execution(&self) -> &Execution {
        &self.execution
    }

    fn poll(&mut self, _: &mut TaskContext<'_>) -> Poll<Ended> {
        Poll::Ready(Ended::Failed(raw_of(&self.error)))
    }
}

fn raw_of<T: serde::Serialize>(value: &T) -> Raw {
    Raw::of(value).unwrap_or_else(|error| {
        tracing::error!(%error, "what a task ended with cannot be written as JSON");
        Raw::empty()
    })
}
