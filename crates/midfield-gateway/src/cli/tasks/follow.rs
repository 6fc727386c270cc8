//! Following a task: by listening to it, and by looking where the server does not tell.

use std::time::Duration;

use super::client::{Client, Events, told};
use super::state::TaskState;
use super::{Failure, Status};

/// Somebody who follows a task.
#[derive(Debug)]
pub(super) struct Follow<'a> {
    client: &'a Client,
    task: &'a str,
    events: Option<Events>,
    /// How it was last.
    last: Option<TaskState>,
}

impl<'a> Follow<'a> {
    pub(super) fn new(client: &'a Client, task: &'a str) -> Self {
        Self {
            client,
            task,
            events: None,
            last: None,
        }
    }

    /// How the task is: at first now, then when it has changed, or may have.
    pub(super) async fn next(&mut self) -> Result<TaskState, Failure> {
        let state = match &self.last {
            None => self.begin().await?,
            Some(last) => {
                let interval = last.poll_interval();
                self.change(interval).await?
            }
        };
        self.last = Some(state.clone());
        Ok(state)
    }

    async fn begin(&mut self) -> Result<TaskState, Failure> {
        // Before the first look, so that no change falls between the two.
        self.events = self.listen().await?;
        // It was there a moment ago.
        self.look().await
    }

    /// A server that does not tell of changes is looked at instead.
    async fn listen(&self) -> Result<Option<Events>, Failure> {
        match self.client.listen(self.task).await {
            Err(error @ Failure::Unreachable { .. }) => Err(error),
            listened => Ok(listened.unwrap_or_default()),
        }
    }

    async fn change(&mut self, interval: Duration) -> Result<TaskState, Failure> {
        if let Some(events) = &mut self.events {
            let look = tokio::time::sleep(SAFETY);
            tokio::pin!(look);
            loop {
                tokio::select! {
                    event = events.next() => match event {
                        Ok(Some(event)) => {
                            if let Some(state) = told(&event, self.task) {
                                return Ok(state);
                            }
                        }
                        // The server has ended the stream, or is gone.
                        Ok(None) | Err(_) => break,
                    },
                    () = &mut look => return self.look().await,
                }
            }
            self.events = None;
            return self.look().await;
        }
        tokio::time::sleep(interval).await;
        self.look().await
    }

    /// Looks, and tries again for a while when the server cannot be reached: tasks outlive a restart of it.
    async fn look(&mut self) -> Result<TaskState, Failure> {
        let mut left = PATIENCE;
        loop {
            match self.client.get(self.task).await {
                Err(error) if error.may_pass() && !left.is_zero() => {
                    self.events = None;
                    left = left.saturating_sub(RETRY);
                    tokio::time::sleep(RETRY).await;
                }
                Ok(state) => {
                    if self.events.is_none() && left < PATIENCE {
                        self.events = self.listen().await.unwrap_or_default();
                        // What changed before it listened.
                        return self.client.get(self.task).await;
                    }
                    return Ok(state);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// A state in which somebody has to do something.
pub(super) fn needs_input(state: &TaskState) -> bool {
    state.status == Status::InputRequired && !state.input_requests.is_empty()
}

/// How often is looked although the server tells of changes.
const SAFETY: Duration = Duration::from_secs(30);
/// How long a server may be away.
const PATIENCE: Duration = Duration::from_mins(1);
const RETRY: Duration = Duration::from_millis(500);
