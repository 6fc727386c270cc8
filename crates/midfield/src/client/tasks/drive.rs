//! A task to its end: asked for, listened to, its questions answered
//! ([SEP-2663](https://modelcontextprotocol.io/seps/2663-tasks-extension),
//! [2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks)).

use std::borrow::Cow;
use std::collections::HashSet;
use std::pin::pin;
use std::time::Duration;

use midfield_protocol::Call;
use midfield_protocol::types::{Filter, TaskStatus, ToolResult};
use midfield_protocol::wire::client::{self as wire, TaskState};
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::super::Error;
use super::super::error::ServerError;
use super::super::hear::{OnProgress, Slot};
use super::super::run::{Settings, answer_all, is_passing, unsayable};
use super::super::subscribe::{Change, Subscription, subscribe};
use super::Task;

impl Task {
    /// Waits for the result of a call that became a task. Whoever stops waiting wants it no more.
    pub(in crate::client) async fn drive_or_cancel(
        self,
        token: i64,
        on_progress: Option<OnProgress>,
    ) -> Result<ToolResult, Error> {
        let hearing = self.core.hearing.clone();
        let _heard = hearing.register(token, Slot::new(on_progress));
        let mut unwanted = Unwanted {
            task: Some(&self),
            runtime: Handle::current(),
        };
        let result = self.drive().await;
        unwanted.task = None;
        result
    }

    /// Waits for the result.
    pub(super) async fn drive(&self) -> Result<ToolResult, Error> {
        let within = self.core.options.max_task_time;
        let driven = tokio::time::timeout(within, async {
            let id = "".into();
            if self.codec.has_words_for(&Call::TaskResult { id }) {
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
        let mut news = None;
        let mut patience = Outage::default();
        let mut state = match &self.last {
            Some(state) => state.clone(),
            None => self.ask().await?,
        };
        loop {
            if state.task.status.is_terminal() {
                if state.outcome.is_none() && state.task.status != TaskStatus::Cancelled {
                    state = self.ask().await?;
                }
                return self.outcome(state);
            }
            self.answer_new(&state, &mut answered, &mut rounds).await?;
            let heard = self.wait(&state, &mut news).await;
            let asked = match heard {
                Some(heard) => Ok(heard),
                None => self.ask().await,
            };
            match asked {
                Ok(next) => {
                    patience = Outage::default();
                    state = next;
                }
                Err(error) => patience.bear(error).await?,
            }
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
        let responses = wire::responses(&replies).map_err(|error| unsayable(&error.to_string()))?;
        let call = Call::UpdateTask {
            id: self.id.clone().into(),
            responses: Cow::Owned(responses.as_raw_value().to_owned()),
        };
        self.run(call, Settings::default()).await.map(drop)
    }

    /// Waits until the task may have changed; its new state where the server told.
    async fn wait(&self, state: &TaskState, news: &mut Option<News>) -> Option<TaskState> {
        let pause = tokio::time::sleep(Self::pause(state));
        // A task that is over at once is not worth a subscription.
        let Some(News(subscription)) = news else {
            pause.await;
            *news = Some(News(self.listen().await));
            return None;
        };
        let Some(subscription) = subscription else {
            pause.await;
            return None;
        };
        tokio::select! {
            change = subscription.next() => match change {
                Some(Change::Task(state)) if state.task.id == self.id => Some(*state),
                Some(_) => None,
                None => {
                    *news = Some(News(None));
                    None
                }
            },
            () = pause => None,
        }
    }

    /// Listens to the task, if the server tells of tasks.
    async fn listen(&self) -> Option<Subscription> {
        let mut filter = Filter::default();
        filter.task_ids = vec![self.id.clone()];
        let subscription = subscribe(&self.core, filter).await.ok()?;
        subscription
            .accepted()
            .task_ids
            .contains(&self.id)
            .then_some(subscription)
    }

    /// What came of a task that is over.
    fn outcome(&self, state: TaskState) -> Result<ToolResult, Error> {
        match state.outcome {
            Some(Ok(result)) => Ok(result),
            Some(Err(error)) => Err(Error::Refused(ServerError::new("tools/call", error))),
            None => Err(Error::Task {
                id: self.id.clone(),
                status: state.task.status,
                message: state.task.message.unwrap_or_default(),
            }),
        }
    }

    /// In 2025-11-25 the answer to `tasks/result` comes when the task is over, and its questions come before it. Meanwhile the
    /// task is looked at, so that nobody waits for one that is over or gone.
    async fn await_result(&self) -> Result<ToolResult, Error> {
        let mut outage = Outage::default();
        loop {
            let settings = Settings {
                is_endless: true,
                ..Settings::default()
            };
            let id = self.id.clone().into();
            let answer = {
                let mut asking = pin!(self.run(Call::TaskResult { id }, settings));
                let mut looking = pin!(self.look());
                tokio::select! {
                    answer = &mut asking => answer,
                    error = &mut looking => Err(error),
                }
            };
            match answer {
                Ok(result) => return Ok(wire::task_result(self.codec, &result)?),
                Err(Error::Refused(error)) => return Err(self.refused(error).await),
                Err(error) => outage.bear(error).await?,
            }
        }
    }

    /// Looks at the task until something is wrong.
    async fn look(&self) -> Error {
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
                    outage = Outage::default();
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

    /// Why there is no result: the server may only have said that there is none.
    async fn refused(&self, error: ServerError) -> Error {
        match self.ask().await {
            Ok(state) if state.task.status == TaskStatus::Cancelled => Error::Task {
                id: self.id.clone(),
                status: state.task.status,
                message: state.task.message.unwrap_or_default(),
            },
            _ => Error::Refused(error),
        }
    }
}

/// What listening to a task came to: nothing, where the server does not tell.
struct News(Option<Subscription>);

/// A task outlives its server's absence, for a while.
#[derive(Default)]
struct Outage(Option<Instant>);

impl Outage {
    /// Waits a moment, unless it is over what can be borne.
    async fn bear(&mut self, error: Error) -> Result<(), Error> {
        let since = *self.0.get_or_insert_with(Instant::now);
        if !is_passing(&error) || since.elapsed() > OUTAGE {
            return Err(error);
        }
        tokio::time::sleep(super::POLL).await;
        Ok(())
    }
}

/// A task that nobody waits for any more when this is dropped.
struct Unwanted<'a> {
    task: Option<&'a Task>,
    /// It may be dropped where there is no runtime.
    runtime: Handle,
}

impl Drop for Unwanted<'_> {
    fn drop(&mut self) {
        let Some(task) = self.task.take().cloned() else {
            return;
        };
        let tasks = task.core.hearing.tasks().clone();
        let cancelling = async move {
            if let Err(error) = task.cancel().await {
                tracing::debug!(%error, "a task that nobody waits for could not be cancelled");
            }
        };
        tasks.spawn_on(cancelling, &self.runtime);
    }
}

/// How long a server may be out of reach while a task of it is waited for.
const OUTAGE: Duration = Duration::from_mins(1);

/// How long the result of a task may take that is over.
const GRACE: Duration = Duration::from_secs(10);
