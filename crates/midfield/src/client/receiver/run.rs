//! Runs tasks: the client's handlers, for the server that asked.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use midfield_durable::engine::{Ended, Run, Runner, TaskCall};
use midfield_durable::task::Record;
use midfield_durable::{Execution, Failure};
use midfield_protocol::Raw;
use midfield_protocol::jsonrpc::{Code, ErrorObject};
use midfield_protocol::types::InputRequest;
use midfield_protocol::wire::{Codec, client as wire};
use serde::{Deserialize, Serialize};

use super::registry::Registry;
use crate::client::Refusal;

/// What is kept of a question that is a task.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) codec: Codec,
    pub(super) request: InputRequest,
    /// What the client had asked when it was asked back, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) on_behalf_of: Option<String>,
}

/// Asks the client's handlers.
pub(super) struct Asking(Arc<Registry>);

impl Asking {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self(registry)
    }
}

impl Runner for Asking {
    fn begin(&self, call: TaskCall, execution: Execution) -> Box<dyn Run> {
        Box::new(Question {
            execution,
            answering: Box::pin(ask(self.0.clone(), call)),
        })
    }

    fn failed(&self, failure: &Failure) -> Raw {
        error(&ErrorObject::new(Code::INTERNAL_ERROR, failure.to_string()))
    }

    fn changed(&self, record: &Record) {
        self.0.changed(record);
    }
}

/// A question that is being answered. Nothing that it learns on the way is kept: begun again, it is asked again.
struct Question {
    execution: Execution,
    answering: Pin<Box<dyn Future<Output = Ended> + Send>>,
}

impl Run for Question {
    fn execution(&self) -> &Execution {
        &self.execution
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.answering.as_mut().poll(cx)
    }
}

async fn ask(registry: Arc<Registry>, call: TaskCall) -> Ended {
    let kept: Kept = match call.request.read() {
        Ok(kept) => kept,
        Err(unreadable) => {
            tracing::error!(error = %unreadable, "the question of a task cannot be read");
            let told = Refusal::failed("what was kept of the question cannot be read");
            return Ended::Failed(error(told.error()));
        }
    };
    let answer = tokio::select! {
        answer = registry.answer(call.owner, &kept) => answer,
        // The task has ended already; whoever was asked sees that the question is dropped.
        () = call.cancelled() => Err(Refusal::failed("the task was cancelled")),
    };
    let answer = answer.and_then(|reply| {
        wire::answer(kept.codec, &reply)
            .map_err(|_| Refusal::failed("the answer cannot be written as JSON"))
    });
    match answer {
        Ok(answer) => Ended::Completed(answer),
        Err(refusal) => Ended::Failed(error(refusal.error())),
    }
}

fn error(error: &ErrorObject) -> Raw {
    Raw::of(error).unwrap_or_else(|_| Raw::empty())
}
