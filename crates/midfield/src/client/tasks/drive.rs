//! A task to its end: asked for, listened to, its questions answered
//! ([SEP-2663](https://modelcontextprotocol.io/seps/2663-tasks-extension),
//! [2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks)).

use std::collections::HashSet;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use midfield_protocol::types::{InputReply, TaskStatus, ToolResult};
use midfield_protocol::wire::client::{self as wire, TaskState};
use midfield_protocol::{Call, Raw};
use tokio::runtime::Handle;

use super::super::Error;
use super::super::error::ServerError;
use super::super::hear::Registered;
use super::super::run::{Settings, answer_all, unsayable};
use super::Task;
use super::follow::{Following, Outage};

impl Task {
    /// Waits for the result of a call that became a task. Whoever stops waiting wants it no more, nor does who is not answered what
    /// the task needs to know.
    pub(in crate::client) async fn drive_or_cancel(
        self,
        heard: Registered,
    ) -> Result<ToolResult, Error> {
        let mut unwanted = Unwanted {
            task: Some(self.clone()),
            runtime: Handle::current(),
        };
        let result = self.drive().await;
        drop(heard);
        // One that goes on without anybody who knows of it would wait for ever for what it asks.
        let is_done_with = match &result {
            Ok(_) | Err(Error::Task { .. } | Error::Timeout { .. } | Error::Closed) => true,
            Err(Error::Refused(error)) => error.method == "tools/call",
            Err(_) => false,
        };
        if is_done_with {
            unwanted.task = None;
        }
        result
    }

    /// Waits for the result.
    pub(super) async fn drive(&self) -> Result<ToolResult, Error> {
        let within = self.core.options.max_task_time;
        let driven = tokio::time::timeout(within, async {
            if self.asks_who_waits() {
                self.await_result().await
            } else {
                self.poll().await
            }
        });
        let mut stopped = pin!(self.core.hearing.stop().cancelled());
        tokio::select! {
            driven = driven => driven.unwrap_or_else(|_| Err(Error::Timeout {
                server: self.core.server.clone(),
                method: "tasks/get".into(),
                after: within,
                hint: format!("the task {self} goes on"),
            })),
            () = &mut stopped => Err(Error::Closed),
        }
    }

    /// In 2026-07-28 it is asked for again and again, unless the server tells; its questions come with its state.
    async fn poll(&self) -> Result<ToolResult, Error> {
        let mut answered = HashSet::new();
        let mut rounds = 0;
        let mut following = Following::new(self.clone());
        let mut state = match &self.last {
            Some(state) if following.is_whole(state) => state.clone(),
            _ => following.now().await?,
        };
        loop {
            if state.task.status.is_terminal() {
                return self.outcome(state);
            }
            self.answer_new(&state, &mut answered, &mut rounds).await?;
            state = following.next(&state).await?;
        }
    }

    /// Answers the questions that were not answered before.
    async fn answer_new(
        &self,
        state: &TaskState,
        answered: &mut HashSet<String>,
        rounds: &mut usize,
    ) -> Result<(), Error> {
        let open = state
            .inputs
            .iter()
            .filter(|(key, _)| !answered.contains(key));
        let open: Vec<_> = open.cloned().collect();
        if open.is_empty() || state.task.status != TaskStatus::InputRequired {
            return Ok(());
        }
        if *rounds >= self.core.options.max_rounds {
            return Err(Error::TooManyRounds { rounds: *rounds });
        }
        *rounds += 1;
        answered.extend(open.iter().map(|(key, _)| key.clone()));
        let replies = answer_all(&self.core, open, self.tool.as_deref()).await?;
        self.answer(&replies).await
    }

    /// Sends answers to questions of the task, by their keys.
    pub(super) async fn answer(&self, replies: &[(String, InputReply)]) -> Result<(), Error> {
        let responses = wire::responses(replies).map_err(|error| unsayable(&error.to_string()))?;
        self.update(&responses).await
    }

    /// What came of a task that is over.
    fn outcome(&self, state: TaskState) -> Result<ToolResult, Error> {
        match state.outcome {
            Some(Ok(result)) => Ok(result),
            Some(Err(error)) => Err(Error::Refused(ServerError::new("tools/call", error))),
            None => Err(self.ended(state)),
        }
    }

    /// A task that is over and came to nothing.
    fn ended(&self, state: TaskState) -> Error {
        Error::Task {
            id: self.id.clone(),
            status: state.task.status,
            message: state.task.message.unwrap_or_default(),
        }
    }

    /// In 2025-11-25 the answer to `tasks/result` comes when the task is over, and its questions come before it. Meanwhile the
    /// task is looked at, so that nobody waits for one that is over or gone.
    async fn await_result(&self) -> Result<ToolResult, Error> {
        let mut outage = Outage::default();
        let mut is_over = false;
        loop {
            let was_heard = AtomicBool::new(false);
            let answer = self.ask_result(&was_heard).await;
            if was_heard.into_inner() {
                outage.answered();
            }
            let error = match answer {
                Ok(result) => return Ok(wire::task_result(self.codec, &result)?),
                Err(Error::Refused(error)) if is_over => {
                    return Err(Error::Refused(ServerError {
                        method: "tools/call".into(),
                        ..error
                    }));
                }
                Err(error) => error,
            };
            if !matches!(error, Error::Refused(_)) {
                outage.bear(error).await?;
                continue;
            }
            // It may be what came of the task, or that the server does not answer now.
            match self.ask().await {
                Ok(state) if state.task.status == TaskStatus::Cancelled => {
                    return Err(self.ended(state));
                }
                Ok(state) if state.task.status.is_terminal() => is_over = true,
                Err(passing) if !matches!(passing, Error::Refused(_)) => {
                    outage.bear(passing).await?;
                }
                _ => outage.bear(error).await?,
            }
        }
    }

    /// Asks for the result once, and looks at the task until it comes.
    async fn ask_result(&self, was_heard: &AtomicBool) -> Result<Raw, Error> {
        let settings = Settings {
            is_endless: true,
            ..Settings::default()
        };
        let id = self.id.clone().into();
        let mut asking = pin!(self.run(Call::TaskResult { id }, settings));
        let mut looking = pin!(self.look(was_heard));
        tokio::select! {
            answer = &mut asking => answer,
            error = &mut looking => Err(error),
        }
    }

    /// Looks at the task until something is wrong.
    async fn look(&self, was_heard: &AtomicBool) -> Error {
        let mut pause = self.last.as_ref().map_or(super::POLL, Self::pause);
        let mut outage = Outage::default();
        loop {
            tokio::time::sleep(pause).await;
            match self.ask().await {
                Ok(state) if state.task.status.is_terminal() => {
                    // The answer is under way.
                    tokio::time::sleep(GRACE).await;
                    return Error::Timeout {
                        server: self.core.server.clone(),
                        method: "tasks/result".into(),
                        after: GRACE,
                        hint: format!("the task is {}", state.task.status),
                    };
                }
                Ok(state) => {
                    was_heard.store(true, Ordering::Relaxed);
                    outage.answered();
                    pause = Self::pause(&state);
                }
                Err(error) => {
                    if let Err(error) = outage.bear(error).await {
                        return error;
                    }
                }
            }
        }
    }
}

/// A task that nobody waits for any more when this is dropped.
struct Unwanted {
    task: Option<Task>,
    /// It may be dropped where there is no runtime.
    runtime: Handle,
}

impl Drop for Unwanted {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            let _runtime = self.runtime.enter();
            task.cancel_soon();
        }
    }
}

/// How long the result of a task may take that is over.
const GRACE: Duration = Duration::from_secs(10);
