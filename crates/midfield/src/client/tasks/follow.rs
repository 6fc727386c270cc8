//! How a task goes on: heard of where the server tells, asked for otherwise.

use std::borrow::Cow;
use std::time::Duration;

use midfield_protocol::jsonrpc::Code;
use midfield_protocol::types::{Filter, TaskStatus};
use midfield_protocol::wire::client::TaskState;
use midfield_protocol::{Call, Raw};
use tokio::time::Instant;

use super::super::Error;
use super::super::retries::is_passing;
use super::super::run::Settings;
use super::super::subscribe::{Change, Subscription, subscribe};
use super::Task;

/// Somebody who wants to know how a task goes on.
pub(super) struct Following {
    task: Task,
    news: News,
    outage: Outage,
}

/// What there is of news of a task.
enum News {
    /// It was not listened to yet.
    Unasked,
    /// The server tells.
    Told(Subscription),
    /// The server does not tell, or does not any more.
    Silent,
}

impl Following {
    pub(super) fn new(task: Task) -> Self {
        Self {
            task,
            news: News::Unasked,
            outage: Outage::default(),
        }
    }

    /// How the task is now.
    pub(super) async fn now(&mut self) -> Result<TaskState, Error> {
        loop {
            match self.task.ask().await {
                Ok(state) => {
                    self.outage.answered();
                    return Ok(state);
                }
                Err(error) => self.outage.bear(error).await?,
            }
        }
    }

    /// How the task is when it may have changed since it was like `before`: as soon as the server tells, or when it wants to be
    /// asked again.
    pub(super) async fn next(&mut self, before: &TaskState) -> Result<TaskState, Error> {
        let until = Instant::now() + Task::pause(before);
        match self.hear(before, until).await {
            Some(state) if self.is_whole(&state) => Ok(state),
            _ => self.now().await,
        }
    }

    /// Whether there is nothing more to ask for: what came of a task need not stand in the news of it.
    pub(super) fn is_whole(&self, state: &TaskState) -> bool {
        let is_told = !self.task.codec.has_sessions();
        let has_outcome = matches!(
            state.task.status,
            TaskStatus::Completed | TaskStatus::Failed
        );
        !is_told || !has_outcome || state.outcome.is_some()
    }

    /// What the server tells until then.
    async fn hear(&mut self, before: &TaskState, until: Instant) -> Option<TaskState> {
        if matches!(self.news, News::Unasked) {
            // A task that is over at once is not worth a subscription, nor is one that is asked for so often.
            let begin = Instant::now() + LISTEN_AFTER;
            tokio::time::sleep_until(until.min(begin)).await;
            if until <= begin {
                return None;
            }
            let listened = tokio::time::timeout_at(until, self.task.listen()).await;
            self.news = listened.ok().flatten().map_or(News::Silent, News::Told);
        }
        loop {
            let News::Told(subscription) = &mut self.news else {
                tokio::time::sleep_until(until).await;
                return None;
            };
            match tokio::time::timeout_at(until, subscription.next()).await {
                Ok(Some(Change::Task(state)))
                    if state.task.id == self.task.id
                        && state.task.updated_at >= before.task.updated_at =>
                {
                    return Some(*state);
                }
                Ok(Some(_)) => {}
                Ok(None) => self.news = News::Silent,
                Err(_) => return None,
            }
        }
    }
}

impl Task {
    /// Listens to the task, if the server tells of tasks.
    async fn listen(&self) -> Option<Subscription> {
        let mut filter = Filter::default();
        filter.task_ids = vec![self.id.clone()];
        let subscription = Box::pin(subscribe(&self.core, filter)).await.ok()?;
        subscription
            .accepted()
            .task_ids
            .contains(&self.id)
            .then_some(subscription)
    }

    /// Sends answers to questions of the task, an object by their keys, and does not give up when the server is away for a while.
    pub(super) async fn update(&self, responses: &Raw) -> Result<(), Error> {
        let mut outage = Outage::default();
        loop {
            let call = Call::UpdateTask {
                id: self.id.clone().into(),
                responses: Cow::Owned(responses.as_raw_value().to_owned()),
            };
            match self.run(call, Settings::default()).await {
                Ok(_) => return Ok(()),
                Err(error) => outage.bear(error).await?,
            }
        }
    }
}

/// A task outlives its server's absence, for a while. A server that comes back only to go away again has not come back.
#[derive(Debug, Default)]
pub(super) struct Outage {
    since: Option<Instant>,
    /// Since when it answers again.
    back: Option<Instant>,
    /// How often it went away again.
    relapses: u32,
}

impl Outage {
    /// The server has answered.
    pub(super) fn answered(&mut self) {
        if self.since.is_some() {
            self.back.get_or_insert_with(Instant::now);
        }
    }

    /// Waits a moment, which is longer each time that the server goes away again, unless it is over what can be borne.
    pub(super) async fn bear(&mut self, error: Error) -> Result<(), Error> {
        match self.back.take() {
            Some(back) if back.elapsed() >= STEADY => *self = Self::default(),
            Some(_) => self.relapses += 1,
            None => {}
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let may_pass = is_passing(&error) || is_internal(&error);
        if !may_pass || since.elapsed() > OUTAGE {
            return Err(error);
        }
        let pause = super::POLL.saturating_mul(2_u32.saturating_pow(self.relapses));
        tokio::time::sleep(pause.min(LONGEST)).await;
        Ok(())
    }
}

/// Whether a server failed itself, as one does that is about to stop, or cannot reach what it keeps.
fn is_internal(error: &Error) -> bool {
    matches!(error, Error::Refused(error) if error.code == Code::INTERNAL_ERROR.number())
}

/// How long a server may be out of reach while a task of it is waited for.
const OUTAGE: Duration = Duration::from_mins(1);

/// How long a server must have answered until its going away is another outage.
const STEADY: Duration = Duration::from_secs(10);

/// The longest pause before a server that keeps going away is tried again.
const LONGEST: Duration = Duration::from_secs(15);

/// After how long a task is listened to.
const LISTEN_AFTER: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use midfield_protocol::jsonrpc::ErrorObject;

    use super::super::super::ServerError;
    use super::*;

    fn away() -> Error {
        let error = ErrorObject::new(Code::INTERNAL_ERROR, "away");
        Error::Refused(ServerError::new("tasks/get", error))
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_comes_back_only_to_go_away_again_is_given_up() {
        let mut outage = Outage::default();
        let mut returns = 0;
        while outage.bear(away()).await.is_ok() {
            outage.answered();
            returns += 1;
            assert!(returns < 10, "{outage:?}");
        }
        assert!(returns > 3, "{returns}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_has_stayed_for_a_while_is_waited_for_anew() {
        let mut outage = Outage::default();
        for _ in 0..20 {
            outage.bear(away()).await.unwrap();
            outage.answered();
            tokio::time::sleep(STEADY).await;
        }
    }
}
