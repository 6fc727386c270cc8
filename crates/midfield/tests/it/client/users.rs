//! Those who answer for the tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use midfield::client::{AnswerElicitation, Asker, Refusal, Sample};
use midfield::types::{Action, CreateMessage, ElicitResult, Elicitation, SampleResult};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::soon;

/// A user who is asked, and answers when the test says so.
#[derive(Clone, Debug)]
pub(crate) struct Patient(Arc<Signals>);

#[derive(Debug)]
struct Signals {
    asked: Semaphore,
    released: Semaphore,
    dropped: Semaphore,
    count: AtomicUsize,
}

impl Default for Patient {
    fn default() -> Self {
        Self(Arc::new(Signals {
            asked: Semaphore::new(0),
            released: Semaphore::new(0),
            dropped: Semaphore::new(0),
            count: AtomicUsize::new(0),
        }))
    }
}

/// Says that nobody waits for the answer any more.
struct Dropped<'a>(&'a Signals, bool);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.dropped.add_permits(1);
        }
    }
}

impl Patient {
    /// One who answers at once.
    pub(crate) fn prompt() -> Self {
        let user = Self::default();
        user.0.released.add_permits(1_000);
        user
    }

    /// Waits until there was one more question.
    pub(crate) async fn asked(&self) {
        let asked = soon(self.0.asked.acquire()).await;
        asked.expect("it is never closed").forget();
    }

    /// Waits until one more question was taken back.
    pub(crate) async fn dropped(&self) {
        let dropped = soon(self.0.dropped.acquire()).await;
        dropped.expect("it is never closed").forget();
    }

    /// Lets one question be answered.
    pub(crate) fn release(&self) {
        self.0.released.add_permits(1);
    }

    /// How many questions there were.
    pub(crate) fn count(&self) -> usize {
        self.0.count.load(Ordering::SeqCst)
    }

    async fn wait(&self) {
        self.0.count.fetch_add(1, Ordering::SeqCst);
        self.0.asked.add_permits(1);
        let mut dropped = Dropped(&self.0, false);
        let released = self.0.released.acquire().await;
        released.expect("it is never closed").forget();
        dropped.1 = true;
    }
}

impl AnswerElicitation for Patient {
    async fn answer(&self, asked: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        self.wait().await;
        if matches!(&asked, Elicitation::Form { message, .. } if message == "refuse") {
            return Err(Refusal::rejected("the policy says no"));
        }
        let mut result = ElicitResult::new(Action::Accept);
        result.content = json!({"name": "Ada"}).as_object().cloned();
        Ok(result)
    }
}

impl Sample for Patient {
    async fn sample(&self, _: CreateMessage, _: Asker) -> Result<SampleResult, Refusal> {
        self.wait().await;
        let content = json!({"type": "text", "text": "Hello."});
        let result = json!({"role": "assistant", "content": content, "model": "a model"});
        Ok(serde_json::from_value(result).expect("a result"))
    }
}

/// A policy that answers nothing.
pub(crate) struct Refusing;

impl AnswerElicitation for Refusing {
    async fn answer(&self, _: Elicitation, _: Asker) -> Result<ElicitResult, Refusal> {
        Err(Refusal::rejected("the policy says no"))
    }
}
