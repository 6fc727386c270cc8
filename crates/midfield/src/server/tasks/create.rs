//! A call becomes a task: it is kept before anybody is told of it.

use std::sync::Arc;

use midfield_durable::Journal;
use midfield_durable::engine::NewCall;
use midfield_protocol::{Answer, CallTool, Error, Raw};
use sha2::{Digest as _, Sha256};

use super::super::ask::Asking;
use super::super::catalog::ToolEntry;
use super::super::dispatch::{Request, Started, StartedWork};
use super::super::exchange::Work;
use super::kept::Kept;
use super::{Answering, TaskEngine, owner, refuse};
use crate::server::Service;

/// A call that is to be a task, now or when its handler says so.
pub(in crate::server) struct Making {
    call: NewCall,
    /// What the model is told meanwhile.
    immediate: Option<Arc<str>>,
}

impl Making {
    /// Of a call whose arguments were checked.
    ///
    /// # Errors
    /// When the call cannot be kept.
    pub(in crate::server) fn new(
        request: &Request<'_>,
        call: &CallTool<'_>,
        entry: &ToolEntry,
    ) -> Result<Self, Error> {
        let arguments = call.arguments.as_deref().map(Raw::from);
        let session = match &request.asking {
            Asking::Live { session, .. } => Some(*session),
            _ => None,
        };
        let caller = &request.caller;
        let kept = Kept::new(&entry.name, arguments, request.codec, caller, session);
        let kept = kept.ok_or(Error::Internal)?;
        let kept_call = Raw::of(&kept).map_err(|_| Error::Internal)?;
        let mut new = NewCall::new(owner(&caller.principal), &*entry.name, kept_call);
        new.digest = Some(digest(&kept));
        // The same key for another tool is another key.
        let key = call.idempotency_key.as_deref();
        new.idempotency_key = key.map(|key| format!("{}\n{key}", entry.name));
        new.lifetime = call.task.and_then(|task| task.ttl);
        Ok(Self {
            call: new,
            immediate: entry.immediate.clone(),
        })
    }

    /// Makes the task, which goes on from what the call has learned.
    pub(in crate::server) fn make(mut self, service: &Service, learned: Journal) -> Answering {
        self.call.journal = learned;
        let service = service.clone();
        Box::pin(async move { service.tasks()?.make(self).await })
    }

    pub(super) fn into_call(self) -> NewCall {
        self.call
    }

    /// Makes the task, and answers with it.
    pub(in crate::server) fn start(self, service: &Service) -> Started {
        Started::Running(StartedWork {
            work: Work::Task(self.make(service, Journal::default())),
            events: None,
        })
    }
}

impl TaskEngine {
    async fn make(&self, making: Making) -> Result<Answer, Error> {
        let view = self.engine.create(making.call).await.map_err(refuse)?;
        Ok(Answer::TaskCreated {
            task: self.task(&view),
            immediate: making.immediate.as_deref().map(str::to_owned),
        })
    }
}

/// What tells a repeated call from another one: the tool and the arguments, whatever the order of their members.
fn digest(kept: &Kept) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(&kept.tool);
    hash.update([0]);
    if let Some(arguments) = &kept.arguments {
        match arguments.read::<serde_json::Value>() {
            Ok(mut value) => {
                value.sort_all_objects();
                hash.update(value.to_string());
            }
            Err(_) => hash.update(arguments.as_str()),
        }
    }
    hash.finalize().into()
}
