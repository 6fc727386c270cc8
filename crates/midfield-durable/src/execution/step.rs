//! Work of the handler's own that is recorded once, and then never done again.

use std::fmt::Display;
use std::future::pending;

use midfield_protocol::Raw;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sleep::Marked;
use super::state::Begun;
use super::{Execution, wake};
use crate::digest::Digest;
use crate::failure::Failure;
use crate::journal::{Entry, Outcome};
use crate::key::Key;
use crate::kind::Kind;
use crate::retry::{Attempt, IdempotencyKey, Retry, StepError};

impl Execution {
    /// Does `work` and records its result, or gives the result that was recorded without doing anything.
    ///
    /// The work is done *at least* once: what dies before the record is done again, for which each [`Attempt`] has an
    /// [`IdempotencyKey`]. The handler gets its result as the journal holds it, read back from JSON, so that the first
    /// run sees what a replay will see. Nothing is recorded while the work runs; dropping the future drops the work.
    /// The work must not use the execution: a replay leaves it out, and with it what it would ask for.
    ///
    /// # Errors
    /// The error of the last attempt that `retry` allows, as text. It is recorded, and a replay gives it again.
    pub async fn step<T, E, F, Fut>(
        &self,
        name: &str,
        retry: &Retry,
        work: F,
    ) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned,
        E: Display + 'static,
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let record = |error: E| StepError::new(error.to_string());
        self.step_recording(name, retry, work, record).await
    }

    /// As [`step`](Self::step), with `record` to say how the error of the last attempt is recorded.
    ///
    /// # Errors
    /// What `record` made of the error of the last attempt that `retry` allows. A replay gives it again.
    pub async fn step_recording<T, E, F, Fut>(
        &self,
        name: &str,
        retry: &Retry,
        work: F,
        record: impl FnOnce(E) -> StepError,
    ) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned,
        E: 'static,
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let begun = Raw::of(&()).ok();
        let begun = begun.and_then(|nothing| self.begin(Kind::Step, name, &nothing));
        let (key, outcome) = match begun {
            None => return pending().await,
            Some(Begun::Recorded(key, at, _, outcome)) => {
                self.turn(at).await;
                (key, outcome)
            }
            Some(Begun::New(key, digest)) => {
                self.until_work_may_begin().await;
                let key_of = IdempotencyKey::of(self.id(), &key);
                let running = Running::of(self);
                let result = attempts(key_of, retry, work).await.map_err(record);
                let outcome = self.record(&key, digest, result).await;
                drop(running);
                (key, outcome)
            }
        };
        self.read_result(key, outcome).await
    }

    /// Does `work`, which must never be done twice, and records its result.
    ///
    /// That it begins is recorded first. A process that dies before the result is recorded leaves it open whether the work was
    /// done: the handler, run again, gets an error that says so ([`StepError::is_outcome_unknown`]), and can ask somebody or
    /// look for itself. The error is recorded too.
    ///
    /// # Errors
    /// The error of the work, which is not tried again, or that its outcome is unknown.
    ///
    /// # Cancel safety
    /// Dropping the future drops the work. Once it has begun, its outcome is unknown from then on, and a replay gives that.
    pub async fn step_at_most_once<T, E, Fut>(
        &self,
        name: &str,
        work: impl FnOnce(Attempt) -> Fut,
        record: impl FnOnce(E) -> StepError,
    ) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned,
        Fut: Future<Output = Result<T, E>>,
    {
        let begun = Raw::of(&"at most once").ok();
        let begun = begun.and_then(|request| self.begin(Kind::Step, name, &request));
        let (key, outcome) = match begun {
            None => return pending().await,
            Some(Begun::Recorded(key, _, digest, Outcome::Started)) => {
                let entry = Entry::of_step(&key, digest, Outcome::Unknown);
                let outcome = self.learn(entry).await;
                (key, outcome)
            }
            Some(Begun::Recorded(key, at, _, outcome)) => {
                self.turn(at).await;
                (key, outcome)
            }
            Some(Begun::New(key, digest)) => {
                self.until_work_may_begin().await;
                let attempt = Attempt {
                    number: 1,
                    key: IdempotencyKey::of(self.id(), &key),
                };
                let running = Running::of(self);
                let mut started =
                    Marked::begin(self, Entry::of_step(&key, digest, Outcome::Started));
                self.until_moves_are_kept().await;
                self.until_learned().await;
                started.stays();
                let result = work(attempt).await.map_err(record);
                let outcome = self.outcome_of(&key, result).await;
                let entry = Entry::of_step(&key, digest, outcome.clone());
                let at = self.lock().end_mark(entry);
                drop(started);
                self.turn(Some(at)).await;
                drop(running);
                (key, outcome)
            }
        };
        self.read_result(key, outcome).await
    }

    /// Records what the work came to.
    async fn record<T: Serialize>(
        &self,
        key: &Key,
        digest: Digest,
        result: Result<T, StepError>,
    ) -> Outcome {
        let outcome = self.outcome_of(key, result).await;
        self.learn(Entry::of_step(key, digest, outcome)).await
    }

    /// What the work came to, as it is recorded.
    async fn outcome_of<T: Serialize>(&self, key: &Key, result: Result<T, StepError>) -> Outcome {
        match result.map(|result| Raw::of(&result)) {
            Ok(Ok(result)) => Outcome::Done(result),
            Ok(Err(error)) => {
                let problem = format!("the result of `{key}` cannot be written as JSON: {error}");
                return self.halt(Failure::Other(problem)).await;
            }
            Err(StepError { message, error, .. }) => Outcome::Failed {
                code: None,
                message,
                error,
            },
        }
    }

    /// What the handler gets of a step's outcome.
    async fn read_result<T: DeserializeOwned>(
        &self,
        key: Key,
        outcome: Outcome,
    ) -> Result<T, StepError> {
        let problem = match outcome {
            Outcome::Failed { message, error, .. } => {
                return Err(StepError {
                    error,
                    ..StepError::new(message)
                });
            }
            Outcome::Unknown => return Err(StepError::outcome_unknown(&key)),
            Outcome::Done(result) => match result.read() {
                Ok(result) => return Ok(result),
                Err(error) => error.to_string(),
            },
            Outcome::Until(_) | Outcome::Started => "it is not over".to_owned(),
        };
        let kind = Kind::Step;
        self.halt(Failure::Unreadable { key, kind, problem }).await
    }
}

impl Entry {
    fn of_step(key: &Key, digest: Digest, outcome: Outcome) -> Self {
        Self {
            key: key.clone(),
            kind: Kind::Step,
            digest,
            after: 0,
            outcome,
        }
    }
}

/// Tries until it works or `retry` has enough.
async fn attempts<T, E, F, Fut>(key: IdempotencyKey, retry: &Retry, mut work: F) -> Result<T, E>
where
    E: 'static,
    F: FnMut(Attempt) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut number = 1;
    loop {
        let attempt = Attempt {
            number,
            key: key.clone(),
        };
        let error = match work(attempt).await {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        let Some(delay) = retry.delay(number, &error) else {
            return Err(error);
        };
        tokio::time::sleep(delay).await;
        number += 1;
    }
}

/// Something that will go on by itself, counted for as long as this lives.
pub(super) struct Running<'a>(&'a Execution);

impl<'a> Running<'a> {
    pub(super) fn of(execution: &'a Execution) -> Self {
        execution.lock().running += 1;
        Self(execution)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let driver = {
            let mut state = self.0.lock();
            state.running = state.running.saturating_sub(1);
            state.driver.take()
        };
        wake(driver);
    }
}
