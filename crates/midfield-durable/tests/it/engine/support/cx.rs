//! What handlers of tests are given, and what they do with it.

use std::sync::Arc;
use std::time::Duration;

use midfield_durable::engine::TaskCall;
use midfield_durable::{Attempt, Execution, Kind, Refusal, Retry, StepError};

use super::line::Gate;
use super::{Effect, World, raw};

/// What a handler is given.
#[derive(Clone, Debug)]
pub(crate) struct Cx {
    pub(crate) call: TaskCall,
    pub(crate) execution: Arc<Execution>,
    pub(crate) gate: Gate,
    pub(crate) world: World,
}

impl Cx {
    /// Does something outside of the task.
    pub(crate) async fn effect(&self, name: &str, key: &str) {
        self.gate.pass().await;
        self.world.note(Effect {
            name: name.to_owned(),
            key: key.to_owned(),
        });
    }

    /// A step that takes `time`, does something, and has its own name as its result.
    pub(crate) async fn slow_step(&self, name: &str, time: Duration) -> String {
        let work = async |attempt: Attempt| {
            tokio::time::sleep(time).await;
            self.effect(name, attempt.key.as_str()).await;
            Ok::<_, String>(name.to_owned())
        };
        let done = self.execution.step(name, &Retry::once(), work).await;
        done.expect("it cannot fail")
    }

    pub(crate) async fn step(&self, name: &str) -> String {
        self.slow_step(name, Duration::ZERO).await
    }

    /// A step that must not be done twice: it does something, and then takes `time`.
    pub(crate) async fn once(&self, name: &str, time: Duration) -> Result<String, StepError> {
        let work = async |attempt: Attempt| {
            self.effect(name, attempt.key.as_str()).await;
            tokio::time::sleep(time).await;
            Ok::<_, StepError>(name.to_owned())
        };
        self.execution
            .step_at_most_once(name, work, |error| error)
            .await
    }

    /// Asks for a text.
    pub(crate) async fn ask(&self, name: &str) -> Result<String, Refusal> {
        let is_text = |answer: &midfield_protocol::Raw| {
            let text = answer.read::<String>();
            text.map(|_| ()).map_err(|error| error.to_string())
        };
        let request = raw(&format!("{name}?"));
        let answer = self
            .execution
            .ask(Kind::Elicitation, name, request, is_text);
        Ok(answer.await?.read().expect("a text"))
    }

    pub(crate) async fn sleep(&self, name: &str, time: Duration) {
        self.execution.sleep(name, time).await;
    }
}
