//! What a server says unasked: progress, changes, messages of its log, and in legacy revisions its own requests.

mod questions;
mod requests;
mod slot;

pub(super) use slot::{Registered, Slot};

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use midfield_protocol::jsonrpc::{Notification, RequestId};
use midfield_protocol::types::{
    Implementation, InputReply, InputRequest, LogMessage, Progress, ProgressToken,
};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{self as wire, Told};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::questions::{AtWork, Questions, UnderWay};
use super::cache::Cache;
use super::inputs::{Asker, Handlers, Refusal};
use super::receiver::Receiving;

/// What hears of progress.
pub(in crate::client) type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// What hears of a server's log.
pub(in crate::client) type OnLog = Arc<dyn Fn(LogMessage) + Send + Sync>;

/// Hears what one server says.
pub(in crate::client) struct Hearing {
    server: Arc<str>,
    handlers: Handlers,
    on_log: Option<OnLog>,
    cache: Arc<Cache>,
    /// Where the tasks are that the server asks for.
    receiving: Option<Receiving>,
    /// How the server writes, as soon as that is known.
    codec: Mutex<Option<Codec>>,
    implementation: Mutex<Option<Implementation>>,
    /// What came last that nobody has asked for, and when.
    stray: Mutex<Option<(Instant, String)>>,
    progress: Mutex<HashMap<i64, Arc<Slot>>>,
    subscriptions: Mutex<HashMap<i64, mpsc::Sender<Told>>>,
    news: broadcast::Sender<Told>,
    questions: Mutex<Questions>,
    /// How many answers to the server may be on their way at once.
    replies: Arc<Semaphore>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

/// A subscription that is heard of until this is dropped.
pub(in crate::client) struct Subscribed {
    hearing: Arc<Hearing>,
    id: i64,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        lock(&self.hearing.subscriptions).remove(&self.id);
    }
}

impl Hearing {
    pub(in crate::client) fn new(
        server: Arc<str>,
        handlers: Handlers,
        on_log: Option<OnLog>,
        cache: Arc<Cache>,
        receiving: Option<Receiving>,
    ) -> Arc<Self> {
        Arc::new(Self {
            server,
            handlers,
            on_log,
            cache,
            receiving,
            codec: Mutex::default(),
            implementation: Mutex::default(),
            stray: Mutex::default(),
            progress: Mutex::default(),
            subscriptions: Mutex::default(),
            news: broadcast::Sender::new(NEWS),
            questions: Mutex::default(),
            replies: Arc::new(Semaphore::new(MAX_REPLIES)),
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
        })
    }

    /// The tasks that belong to the client.
    pub(in crate::client) fn tasks(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Ends with the client.
    pub(in crate::client) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// From now on it is known how the server writes, and what it says it is.
    pub(in crate::client) fn speak(&self, codec: Codec, implementation: Option<&Implementation>) {
        *lock(&self.codec) = Some(codec);
        *lock(&self.implementation) = implementation.cloned();
    }

    /// Something came that nobody has asked for: it may explain why somebody waits in vain.
    pub(in crate::client) fn note(&self, stray: String) {
        tracing::debug!(server = %self.server, "{stray}");
        *lock(&self.stray) = Some((Instant::now(), stray));
    }

    /// What came since then that nobody has asked for, for a person; empty where nothing did.
    pub(in crate::client) fn stray(&self, since: Instant) -> String {
        match &*lock(&self.stray) {
            Some((at, stray)) if *at >= since => stray.clone(),
            _ => String::new(),
        }
    }

    fn codec(&self) -> Codec {
        let first = Codec::new(midfield_protocol::Revision::NEWEST_LEGACY);
        lock(&self.codec).unwrap_or(first)
    }

    /// Who asks, on behalf of what the client had asked.
    pub(in crate::client) fn asker(&self, on_behalf_of: Option<&str>) -> Asker {
        Asker {
            server: self.server.to_string(),
            implementation: lock(&self.implementation).clone(),
            on_behalf_of: on_behalf_of.map(str::to_owned),
        }
    }

    /// Hears of progress under a token.
    pub(in crate::client) fn register(self: &Arc<Self>, token: i64, slot: Arc<Slot>) -> Registered {
        lock(&self.progress).insert(token, slot);
        Registered {
            hearing: self.clone(),
            token,
        }
    }

    /// Hears of what a subscription tells.
    pub(in crate::client) fn subscribe(
        self: &Arc<Self>,
        id: i64,
        sender: mpsc::Sender<Told>,
    ) -> Subscribed {
        lock(&self.subscriptions).insert(id, sender);
        Subscribed {
            hearing: self.clone(),
            id,
        }
    }

    /// What a session tells by itself.
    pub(in crate::client) fn news(&self) -> broadcast::Receiver<Told> {
        self.news.subscribe()
    }

    /// A request of ours is under way until the guard is dropped.
    pub(in crate::client) fn under_way(&self) -> UnderWay<'_> {
        UnderWay::begin(self)
    }

    /// Whether the server waits for an answer of ours, so that we cannot expect one of it.
    pub(in crate::client) fn is_asked(&self) -> bool {
        lock(&self.questions).is_our_turn()
    }

    /// A task of the server is being worked on until the guard is dropped.
    pub(in crate::client) fn at_work(&self) -> AtWork<'_> {
        AtWork::begin(self)
    }

    /// How long the server had to wait for answers of ours, altogether.
    pub(in crate::client) fn time_asked(&self) -> Duration {
        lock(&self.questions).time()
    }

    /// Answers a question that came within a result, or with a task.
    pub(in crate::client) async fn answer(
        &self,
        request: InputRequest,
        on_behalf_of: Option<&str>,
    ) -> Result<InputReply, Refusal> {
        self.handlers
            .answer(request, self.asker(on_behalf_of))
            .await
    }

    /// Waits until the user is done with a page; the wait begins before the user is sent there.
    pub(in crate::client) fn page(&self, elicitation_id: &str) -> Arc<Notify> {
        lock(&self.questions).page(elicitation_id)
    }

    /// Hears a notification; `of` is the request on whose own stream it came.
    pub(in crate::client) fn notification(&self, notification: &Notification<'_>, of: Option<i64>) {
        let Some((told, subscription)) = wire::read_told(self.codec(), notification) else {
            tracing::debug!(server = %self.server, method = %notification.method, "passed over a malformed notification");
            return;
        };
        match told {
            Told::Progress { token, progress } => self.progressed(&token, progress),
            Told::Log(message) => {
                if let Some(on_log) = &self.on_log {
                    shielded("the log", || on_log(message));
                }
            }
            Told::Cancelled { request, .. }
                if subscription.is_none() && self.withdraw(&request) => {}
            Told::ElicitationComplete { elicitation_id } => {
                lock(&self.questions).visited(&elicitation_id);
            }
            told => self.tell(told, subscription.as_ref(), of),
        }
    }

    /// Something may have changed of which nobody was told.
    pub(in crate::client) fn missed(&self) {
        self.cache.clear();
    }

    fn progressed(&self, token: &ProgressToken, progress: Progress) {
        let ProgressToken(RequestId::Integer(token)) = token else {
            return;
        };
        let slot = lock(&self.progress).get(token).cloned();
        if let Some(slot) = slot {
            slot.step(progress);
        }
    }

    /// Passes on what has changed: to the cache first, so that whoever hears of it finds nothing outdated.
    fn tell(&self, told: Told, subscription: Option<&RequestId>, of: Option<i64>) {
        match &told {
            Told::Changed(which) => self.cache.list_changed(*which),
            Told::ResourceUpdated { uri } => self.cache.resource_updated(uri),
            _ => {}
        }
        let id = match (subscription, &told, of) {
            (Some(RequestId::Integer(id)), ..)
            | (
                None,
                Told::Cancelled {
                    request: RequestId::Integer(id),
                    ..
                },
                _,
            ) => Some(*id),
            (_, _, of) => of,
        };
        let sender = id.and_then(|id| lock(&self.subscriptions).get(&id).cloned());
        match sender {
            // Whoever is too slow to take changes misses some; the cache knows of them all.
            Some(sender) => drop(sender.try_send(told)),
            // What only an extension may know is for nobody here.
            None if matches!(told, Told::Other { .. }) => {}
            // That nobody listens is no error.
            None => drop(self.news.send(told)),
        }
    }
}

impl fmt::Debug for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hearing")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// Lets somebody else's code hear something: when it panics, that ends no connection.
fn shielded(what: &str, hear: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(hear)).is_err() {
        tracing::error!("what hears of {what} panicked");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Changes that wait for a slow listener.
const NEWS: usize = 256;

/// Most answers to a server that are on their way at once.
const MAX_REPLIES: usize = 64;
