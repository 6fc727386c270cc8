//! A call that is a task, as its handler's context knows it.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use midfield_durable::engine::TaskCall;
use midfield_protocol::Raw;
use midfield_protocol::types::{LogLevel, LogMessage, Progress};
use midfield_protocol::wire;
use serde::Serialize;

use super::super::questions::SessionKey;
use super::Context;

/// What there is of a call only where it is a task.
pub(in crate::server) struct TaskSide {
    call: TaskCall,
    /// The session that it was asked in, which hears of its progress.
    session: Option<SessionKey>,
    /// How far was told that the work has come.
    told: Mutex<Option<f64>>,
}

impl Context {
    /// Waits until somebody cancels the task that the call is. What it does from then on is not recorded, and its result does not
    /// count; it has a while to clean up
    /// ([`EngineOptions::cancel_grace`](crate::server::EngineOptions::cancel_grace), 5 s by default), and is dropped then.
    ///
    /// A call that is no task is cancelled by being dropped: there, this waits for ever.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn cancelled(&self) {
        match &self.0.task {
            Some(task) => task.call.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// Makes the call a task from here on, where it may become one: of a tool with
    /// [`Tool::becomes_task`](crate::server::Tool::becomes_task), for a client that knows tasks and lets the server decide. Its
    /// client is answered with the task, and the handler runs again, from its journal, as that. Everywhere else, also when the call
    /// is a task already, this does nothing and is ready at once: what comes after it is done either way.
    ///
    /// Ask first what the client that waits can answer at once, and do what may be refused, then call this. Of sleeps and questions
    /// that are waited for beside it, and have not ended, the task begins anew; of steps it waits for the end. Within a step it does
    /// nothing.
    pub async fn become_task(&self) {
        if !self.0.may_become_task || self.is_within_step() {
            return;
        }
        self.0.becomes_task.store(true, Ordering::Relaxed);
        self.execution().call_driver();
        std::future::pending::<()>().await;
    }

    /// Whether the handler wants the call to be a task.
    pub(in crate::server) fn wants_task(&self) -> bool {
        self.0.becomes_task.load(Ordering::Relaxed)
    }

    /// The id of the task that the call is; `None` for one that is answered at once.
    pub fn task_id(&self) -> Option<String> {
        self.0.task.as_ref().map(|task| task.call.id.to_string())
    }
}

impl TaskSide {
    pub(in crate::server) fn new(call: TaskCall, session: Option<SessionKey>) -> Self {
        Self {
            call,
            session,
            told: Mutex::new(None),
        }
    }

    /// Says how far the work has come: to whoever looks at the task, and to the session that waits for it.
    pub(super) fn report(&self, context: &Context, progress: &Progress) {
        let advances = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            super::advances(&mut told, progress.progress)
        };
        if !advances {
            return;
        }
        let message = match (&progress.message, progress.total) {
            (Some(message), _) => message.clone(),
            (None, Some(total)) => format!("{} of {total}", progress.progress),
            (None, None) => progress.progress.to_string(),
        };
        self.call.say(message);
        if let Some(token) = &context.0.caller.progress_token {
            let id = self.call.id.to_string();
            self.tell(
                context,
                wire::task_progress(context.0.codec, token, progress, &id),
            );
        }
    }

    /// Sends a log message to the session that the task was asked in.
    pub(super) fn log<T: Serialize + ?Sized>(&self, context: &Context, level: LogLevel, data: &T) {
        let id = self.call.id.to_string();
        let message = Raw::of(data);
        let written = message.and_then(|data| wire::task_log(&LogMessage::new(level, data), &id));
        self.tell(context, written);
    }

    fn tell(&self, context: &Context, written: Result<Vec<u8>, serde_json::Error>) {
        let Some(session) = self.session else { return };
        match written {
            Ok(message) => context.0.service.hub().tell_session(session, message),
            Err(error) => tracing::error!(%error, "a notification of a task cannot be written"),
        }
    }
}
