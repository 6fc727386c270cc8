//! A world of one store, any number of processes that run tasks over it, and what the tasks have done outside of themselves.

pub(crate) mod cx;
pub(crate) mod line;
pub(crate) mod site;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use midfield_durable::Clock;
use midfield_durable::engine::{Ended, EngineOptions, NewCall, Renewal};
use midfield_durable::store::Memory;
use midfield_durable::task::Owner;
use midfield_protocol::Raw;
use serde::Serialize;

use cx::Cx;
use line::{Fate, Fates};
use site::Site;

pub(crate) const OWNER: Owner = Owner([1; 32]);
pub(crate) const STRANGER: Owner = Owner([2; 32]);

type Handler =
    Arc<dyn Fn(Cx) -> std::pin::Pin<Box<dyn Future<Output = Ended> + Send>> + Send + Sync>;

/// What all processes share.
#[derive(Clone)]
pub(crate) struct World(Arc<Shared>);

struct Shared {
    memory: Memory,
    changes: Arc<AtomicU64>,
    handlers: Mutex<HashMap<String, Handler>>,
    effects: Mutex<Vec<Effect>>,
    clock: Clock,
}

/// Something that a task did outside of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) name: String,
    /// The idempotency key that the work was handed.
    pub(crate) key: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let day = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_000);
        Self(Arc::new(Shared {
            memory: Memory::new(),
            changes: Arc::default(),
            handlers: Mutex::default(),
            effects: Mutex::default(),
            clock: Clock::starting_at(day),
        }))
    }

    /// What tasks of the lane `name` do.
    pub(crate) fn handler<F>(
        self,
        name: &str,
        handler: impl Fn(Cx) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Ended> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |cx| Box::pin(handler(cx)));
        let mut handlers = self.0.handlers.lock().unwrap();
        handlers.insert(name.to_owned(), handler);
        drop(handlers);
        self
    }

    pub(crate) fn find_handler(&self, name: &str) -> Handler {
        let handlers = self.0.handlers.lock().unwrap();
        Arc::clone(handlers.get(name).expect("a handler of this name"))
    }

    pub(crate) fn memory(&self) -> Memory {
        self.0.memory.clone()
    }

    pub(crate) fn changes(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.changes)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.0.clock
    }

    /// A process with an engine that runs tasks.
    pub(crate) fn site(&self) -> Site {
        self.site_with(options())
    }

    pub(crate) fn site_with(&self, options: EngineOptions) -> Site {
        self.site_of(options, Arc::new(|_| Fate::Happens))
    }

    pub(crate) fn site_of(&self, options: EngineOptions, fates: Fates) -> Site {
        Site::begin(self, options, self.clock(), fates)
    }

    pub(crate) fn note(&self, effect: Effect) {
        self.0.effects.lock().unwrap().push(effect);
    }

    /// What tasks have done, in order.
    pub(crate) fn effects(&self) -> Vec<Effect> {
        self.0.effects.lock().unwrap().clone()
    }

    /// The names of what tasks have done, in order.
    pub(crate) fn deeds(&self) -> Vec<String> {
        self.effects().into_iter().map(|it| it.name).collect()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

pub(crate) fn options() -> EngineOptions {
    let mut options = EngineOptions::default();
    options.renewal = Renewal::Task;
    options
}

pub(crate) fn raw<T: Serialize + ?Sized>(value: &T) -> Raw {
    Raw::of(value).unwrap()
}

/// A task of the lane `what`, that is asked for nothing else.
pub(crate) fn call(what: &str) -> NewCall {
    NewCall::new(OWNER, what, raw(what))
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}
