//! How an engine works.

use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// How an engine works. All settings have defaults that suit a server on one machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineOptions {
    /// How long a worker that says nothing keeps what it holds. Default: 5 s.
    ///
    /// It says something three times as often, from a thread of its own. A process that is stopped for longer loses its tasks
    /// to others, and what it still writes for them is refused. Shorter leases recover sooner from machines that are gone;
    /// processes that die on the same machine are found out at once.
    pub lease: Duration,
    /// From where a worker says that it lives. Default: a thread of its own, so that a handler that blocks the runtime does not
    /// lose its lease.
    pub renewal: Renewal,
    /// How often a task is begun that gets nowhere, before it fails: so that one which kills its process does not do so for ever.
    /// What records a step, an answer or a sleep has got somewhere. Default: 5.
    pub deliveries: NonZeroU32,
    /// How many tasks run at once in this process. Those that wait for answers, or sleep, do not run. Default: 256.
    pub concurrency: NonZeroUsize,
    /// How many tasks of one owner run at once in this process. Default: 64.
    pub concurrency_per_owner: NonZeroUsize,
    /// How many tasks of some lanes run at once in this process; of others as many as may run at all. Default: none.
    pub concurrency_per_lane: Vec<(String, usize)>,
    /// How many tasks that have not ended one owner may have. Default: 1,000.
    pub unfinished_per_owner: NonZeroUsize,
    /// How long a task that waits only for answers or sleeps stays in memory before it is put away. It is run again from its
    /// journal when it goes on. Default: 1 s.
    pub park_after: Duration,
    /// How long a task is kept, from its making, when its maker does not say. Default: 7 days.
    pub lifetime: Duration,
    /// The longest that its maker may ask for; more is cut to this. Default: 30 days.
    pub max_lifetime: Duration,
    /// How long a task stays whose time was over before it had ended, so that who asks for it is told. Default: 1 h.
    pub expired_grace: Duration,
    /// How long the handler of a task that was cancelled may clean up. Default: 5 s.
    pub cancel_grace: Duration,
    /// How long steps that are at work may take to end when the engine shuts down. Default: 5 s.
    pub shutdown_grace: Duration,
    /// How often a message of a task that says how far it is reaches the store, at most. Default: every 250 ms.
    pub message_interval: Duration,
    /// The largest result, in bytes of its JSON; a larger one makes the task fail. Default: 16 MiB.
    pub max_result: usize,
    /// How often the engine looks whether other processes have changed something. Default: 100 ms.
    pub look_interval: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        fn nonzero(number: usize) -> NonZeroUsize {
            NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
        }
        Self {
            lease: Duration::from_secs(5),
            renewal: Renewal::Thread,
            deliveries: NonZeroU32::new(5).unwrap_or(NonZeroU32::MIN),
            concurrency: nonzero(256),
            concurrency_per_owner: nonzero(64),
            concurrency_per_lane: Vec::new(),
            unfinished_per_owner: nonzero(1_000),
            park_after: Duration::from_secs(1),
            lifetime: 7 * DAY,
            max_lifetime: 30 * DAY,
            expired_grace: Duration::from_hours(1),
            cancel_grace: Duration::from_secs(5),
            shutdown_grace: Duration::from_secs(5),
            message_interval: Duration::from_millis(250),
            max_result: 16 * 1024 * 1024,
            look_interval: Duration::from_millis(100),
        }
    }
}

/// From where a worker says that it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Renewal {
    /// From a thread of its own.
    Thread,
    /// From a task of the runtime that the engine runs in: for tests whose time is not real.
    Task,
}
