//! Work that is done once, and waiting for time.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use midfield_durable::{Attempt, Retry, StepError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Context;
use super::within::Within;
use crate::{Error, Result};

impl Context {
    /// Does `work` and records its result under `name`: when the call is run again, the result is there and
    /// the work is not done a second time. It is done at least once; its result is recorded exactly once.
    ///
    /// A step cannot ask questions: ask before it. A step within a step is part of the outer one: it is not recorded,
    /// and not tried again by itself.
    ///
    /// # Errors
    /// As the work. Its error is recorded too: as text, or with what the call is to be answered where it is of that
    /// kind, as [`Error::resource_not_found`] is.
    pub async fn step<T, E, F, Fut>(&self, name: &str, work: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        E: Into<Error> + Display + 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let mut work = Some(work);
        self.step_with(name, &Retry::once(), |_| {
            let running = work.take().map(|work| work());
            async move {
                match running {
                    Some(running) => running.await.map_err(Into::into),
                    // There is one attempt.
                    None => Err(Error::tool("the step ran already")),
                }
            }
        })
        .await
    }

    /// Does `work`, several times where `retry` says so, and records its result under `name`; see
    /// [`Context::step`]. The work is told which attempt it is, with a key that is the same for all of them,
    /// to be passed on to services that do nothing twice under one key. Within another step the key is made of
    /// the outer one's, `name`, and how often the outer attempt has used the name.
    ///
    /// # Errors
    /// As the last attempt.
    pub async fn step_with<T, E, F, Fut>(&self, name: &str, retry: &Retry, mut work: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        E: Into<Error> + Display + 'static,
        F: FnMut(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let call = self.number();
        if let Some(outer) = Within::here(call) {
            return work(outer.attempt(name)).await.map_err(Into::into);
        }
        let marked = |attempt: Attempt| {
            let key = attempt.key.clone();
            Within::mark(call, key, work(attempt))
        };
        self.execution()
            .step_recording(name, retry, marked, |error: E| recorded(error.into()))
            .await
            .map_err(given)
    }

    /// Does `work`, which must never be done twice, and records its result under `name`.
    ///
    /// That it begins is recorded first. If the process dies before the result is recorded, nobody knows whether the work was
    /// done: run again, the handler gets an error for which [`Error::is_outcome_unknown`] is `true`, instead of the work being
    /// done a second time. It can then ask somebody, or look for itself. Only a call that is a task survives its process.
    ///
    /// The work is not tried again. Within a step it is part of that, as is a step.
    ///
    /// # Errors
    /// As the work, or that its outcome is unknown. The error is recorded too.
    pub async fn step_at_most_once<T, E, F, Fut>(&self, name: &str, work: F) -> Result<T>
    where
        T: Serialize + DeserializeOwned,
        E: Into<Error>,
        F: FnOnce(Attempt) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let call = self.number();
        if let Some(outer) = Within::here(call) {
            return work(outer.attempt(name)).await.map_err(Into::into);
        }
        let marked = |attempt: Attempt| {
            let key = attempt.key.clone();
            Within::mark(call, key, work(attempt))
        };
        self.execution()
            .step_at_most_once(name, marked, |error: E| recorded(error.into()))
            .await
            .map_err(given)
    }

    /// Waits for `duration`, counted from the first time that the call came here: run again, it waits only
    /// for what is left. Within a step, which is done as a whole, it is not recorded.
    pub async fn sleep(&self, name: &str, duration: Duration) {
        if self.is_within_step() {
            return tokio::time::sleep(duration).await;
        }
        self.execution().sleep(name, duration).await;
    }
}

/// The error of a step as its journal keeps it.
fn recorded(error: Error) -> StepError {
    let message = error.to_string();
    match error.into_tool_answer() {
        Ok(_) => StepError::new(message),
        Err(error) => StepError::from(error),
    }
}

/// The error of a step as its handler gets it.
fn given(error: StepError) -> Error {
    if error.is_outcome_unknown {
        return Error::outcome_unknown(error.message);
    }
    match error.error {
        Some(error) => Error::protocol(*error),
        None => Error::tool(error.message),
    }
}
