//! A runner whose tasks are named by their request, and what they did.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use midfield_durable::engine::{
    Ended, Engine, EngineOptions, NewCall, Renewal, Run, Runner, TaskCall, Unsealed,
};
use midfield_durable::store::{Memory, Store};
use midfield_durable::task::Owner;
use midfield_durable::{Execution, Failure, Kind, Retry};
use midfield_protocol::Raw;
use serde::Serialize;

pub(super) const OWNER: Owner = Owner([1; 32]);

/// What tasks have done outside of themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    store: Memory,
    effects: Arc<Mutex<Vec<String>>>,
}

pub(super) fn world() -> World {
    World::default()
}

pub(super) fn raw<T: Serialize + ?Sized>(value: &T) -> Raw {
    Raw::of(value).expect("JSON")
}

pub(super) fn call(what: &str) -> NewCall {
    NewCall::new(OWNER, what, raw(what))
}

impl World {
    /// An engine over the world's store, begun.
    pub(super) fn engine(&self) -> Engine {
        let mut options = EngineOptions::default();
        options.renewal = Renewal::Task;
        let store: Arc<dyn Store> = Arc::new(self.store.clone());
        let engine = Engine::new(store, Arc::new(Unsealed), options).expect("random bytes");
        engine.start(Arc::new(self.clone()));
        engine
    }

    pub(super) fn effects(&self) -> Vec<String> {
        self.effects.lock().expect("no panic").clone()
    }
}

impl Runner for World {
    fn begin(&self, call: TaskCall, execution: Execution) -> Box<dyn Run> {
        let execution = Arc::new(execution);
        let future = Box::pin(handle(call, Arc::clone(&execution), self.clone()));
        Box::new(Handled { execution, future })
    }

    fn failed(&self, failure: &Failure) -> Raw {
        raw(&failure.to_string())
    }
}

struct Handled {
    execution: Arc<Execution>,
    future: Pin<Box<dyn Future<Output = Ended> + Send>>,
}

impl Run for Handled {
    fn execution(&self) -> &Execution {
        &self.execution
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.future.as_mut().poll(cx)
    }
}

async fn handle(call: TaskCall, execution: Arc<Execution>, world: World) -> Ended {
    let what: String = call.request.read().expect("a text");
    match what.as_str() {
        "ask" => {
            let effects = Arc::clone(&world.effects);
            let count = async |_| {
                tokio::time::sleep(Duration::from_millis(10)).await;
                effects.lock().expect("no panic").push("count".to_owned());
                Ok::<u32, String>(3)
            };
            let rows = execution.step("count", &Retry::once(), count).await;
            let answer = execution.ask(Kind::Elicitation, "confirm", raw("Go on?"), |_| Ok(()));
            let answer = answer.await.expect("an answer").read::<String>();
            let text = format!("{} {}", rows.expect("counted"), answer.expect("a text"));
            Ended::Completed(raw(&text))
        }
        other => Ended::Failed(raw(&format!("{other} is unknown"))),
    }
}
