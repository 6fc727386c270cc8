//! A process that runs tasks.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use midfield_durable::engine::{
    Ended, Engine, EngineOptions, KeptAnswer, Run, Runner, Seal, TaskCall, Unsealed, View,
};
use midfield_durable::task::{State, TaskId};
use midfield_durable::{Clock, Execution, Failure};
use midfield_protocol::Raw;

use super::cx::Cx;
use super::line::{Fates, Gate, Line};
use super::{OWNER, World, raw};

/// A process that runs tasks.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) engine: Engine,
    pub(crate) gate: Gate,
}

impl Site {
    pub(crate) fn begin(world: &World, options: EngineOptions, clock: Clock, fates: Fates) -> Self {
        Self::sealed(world, options, clock, fates, Arc::new(Unsealed))
    }

    pub(crate) fn sealed(
        world: &World,
        options: EngineOptions,
        clock: Clock,
        fates: Fates,
        seal: Arc<dyn Seal>,
    ) -> Self {
        let gate = Gate::default();
        let line = Line::new(world.memory(), world.changes(), gate.clone(), fates);
        let engine = Engine::with_clock(Arc::new(line), seal, options, clock).unwrap();
        engine.start(Arc::new(Hands {
            world: world.clone(),
            gate: gate.clone(),
        }));
        Self { engine, gate }
    }

    pub(crate) async fn see(&self, id: TaskId) -> View {
        self.view(OWNER, id).await.unwrap().expect("it is there")
    }

    /// Waits until it is so, for half an hour at most.
    pub(crate) async fn until(&self, id: TaskId, is_so: impl FnMut(&View) -> bool) -> View {
        let wait = self.wait(OWNER, id, is_so);
        let view = tokio::time::timeout(Duration::from_mins(30), wait).await;
        let view = view.expect("it does not become so");
        view.unwrap().expect("it is there")
    }

    pub(crate) async fn until_ended(&self, id: TaskId) -> View {
        self.until(id, |view| view.state.has_ended()).await
    }

    pub(crate) async fn until_ended_within(&self, id: TaskId, time: Duration) -> View {
        let wait = self.wait(OWNER, id, |view| view.state.has_ended());
        let view = tokio::time::timeout(time, wait).await;
        view.expect("it does not end")
            .unwrap()
            .expect("it is there")
    }

    /// Waits until there are as many questions, and gives their keys.
    pub(crate) async fn until_asked(&self, id: TaskId, count: usize) -> Vec<String> {
        let view = self.until(id, |view| view.questions.len() == count).await;
        assert_eq!(view.state, State::InputRequired);
        view.questions.into_iter().map(|it| it.key).collect()
    }

    pub(crate) async fn say_to(&self, id: TaskId, key: &str, answer: &str) -> View {
        self.give(id, key, KeptAnswer::Result(raw(answer))).await
    }

    pub(crate) async fn give(&self, id: TaskId, key: &str, answer: KeptAnswer) -> View {
        let answered = self.answer(OWNER, id, vec![(key.to_owned(), answer)]).await;
        answered.unwrap().expect("it is there")
    }
}

impl Deref for Site {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

/// The text that a task ended with.
pub(crate) fn result(view: &View) -> String {
    let result = view.result.as_ref().expect("it has a result");
    result.read().expect("a text")
}

/// Runs handlers of the world in one process.
struct Hands {
    world: World,
    gate: Gate,
}

impl Runner for Hands {
    fn begin(&self, call: TaskCall, execution: Execution) -> Box<dyn Run> {
        let execution = Arc::new(execution);
        let handler = self.world.find_handler(&call.lane);
        let limit: Option<u64> = call
            .lane
            .strip_prefix("limit ")
            .and_then(|it| it.parse().ok());
        let future = handler(Cx {
            call,
            execution: Arc::clone(&execution),
            gate: self.gate.clone(),
            world: self.world.clone(),
        });
        Box::new(Handled {
            execution,
            future,
            limit: limit.map(Duration::from_secs),
        })
    }

    fn failed(&self, failure: &Failure) -> Raw {
        raw(&failure.to_string())
    }
}

struct Handled {
    execution: Arc<Execution>,
    future: Pin<Box<dyn Future<Output = Ended> + Send>>,
    limit: Option<Duration>,
}

impl Run for Handled {
    fn execution(&self) -> &Execution {
        &self.execution
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.future.as_mut().poll(cx)
    }

    fn limit(&self) -> Option<Duration> {
        self.limit
    }
}
