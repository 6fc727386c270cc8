//! What a server says unasked: progress, changes, messages of its log, and in legacy revisions its own requests.

mod questions;
mod slot;

pub(super) use slot::{Registered, Slot};

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Abortable};
use midfield_protocol::jsonrpc::{self, Code, ErrorObject, Notification, Request, RequestId};
use midfield_protocol::types::{
    Implementation, InputReply, InputRequest, LogMessage, Progress, ProgressToken,
};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{self as wire, Asked, Told};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::questions::{AtWork, Questions, UnderWay};
use super::cache::Cache;
use super::inputs::{Asker, Handlers, Refusal};
use super::link::Outlet;
use super::receiver::{About, Receiving};
use super::shown::shown;

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

    /// The server no longer waits for the answer to a request of its own.
    fn withdraw(&self, request: &RequestId) -> bool {
        let about_task = lock(&self.questions).withdraw_about_task(request);
        let handle = about_task.or_else(|| self.close(request));
        if let Some(handle) = &handle {
            handle.abort();
        }
        handle.is_some()
    }

    /// Nobody wants to know any more what comes of a task: what it asks is not answered.
    pub(in crate::client) fn withdraw_of_task(&self, task: &str) {
        for handle in lock(&self.questions).close_of_task(task) {
            handle.abort();
        }
    }

    fn close(&self, request: &RequestId) -> Option<AbortHandle> {
        let handle = lock(&self.questions).close(request);
        if handle.is_some() {
            self.your_turn();
        }
        handle
    }

    /// The server has its answer: from now on it is its turn again.
    fn your_turn(&self) {
        for slot in lock(&self.progress).values() {
            slot.touch();
        }
    }

    /// Answers a request of the server, which goes back through `outlet`.
    pub(in crate::client) fn request(
        self: &Arc<Self>,
        request: &Request<'_>,
        outlet: Arc<dyn Outlet>,
        of: Option<&str>,
    ) {
        let codec = self.codec();
        if !codec.has_sessions() {
            return self.note(format!(
                "it sent the request `{}`, where its revision has none",
                shown(&request.method, 60)
            ));
        }
        let id = request.id.clone();
        match wire::read_question(codec, request) {
            Ok(Asked::Ping) => self.reply(outlet, jsonrpc::result(&id, &serde_json::Map::new())),
            Ok(Asked::Input {
                request,
                task,
                related,
            }) => match (&self.receiving, task) {
                (Some(receiving), Some(wish)) if receiving.takes(&request) => {
                    let about = About::Create {
                        request,
                        wish,
                        on_behalf_of: of.map(str::to_owned),
                    };
                    self.about_task(id, about, receiving.clone(), outlet);
                }
                _ => self.question(id, *request, related, outlet, of),
            },
            Ok(asked) => {
                if let Some(receiving) = &self.receiving
                    && let Some(about) = About::of(asked)
                {
                    return self.about_task(id, about, receiving.clone(), outlet);
                }
                let error = ErrorObject::new(
                    Code::METHOD_NOT_FOUND,
                    format!(
                        "method not found: {}; this client runs no tasks",
                        request.method
                    ),
                );
                self.reply(outlet, Ok(jsonrpc::error(Some(&id), &error)));
            }
            Err(error) => {
                let code = match error {
                    midfield_protocol::Error::MethodNotFound { .. } => Code::METHOD_NOT_FOUND,
                    _ => Code::INVALID_PARAMS,
                };
                let error = ErrorObject::new(code, error.to_string());
                self.reply(outlet, Ok(jsonrpc::error(Some(&id), &error)));
            }
        }
    }

    fn question(
        self: &Arc<Self>,
        id: RequestId,
        request: InputRequest,
        related: Option<String>,
        outlet: Arc<dyn Outlet>,
        of: Option<&str>,
    ) {
        let (handle, registration) = AbortHandle::new_pair();
        if let Err(refusal) = lock(&self.questions).open(&id, handle, related.clone()) {
            return self.reply(outlet, Ok(jsonrpc::error(Some(&id), refusal.error())));
        }
        let hearing = self.clone();
        let asker = self.asker(of);
        let answering = async move {
            let answering = AssertUnwindSafe(hearing.handlers.answer(request, asker));
            // A question that stayed open would let the clocks of all requests stand still for ever.
            let answer = answering.catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!(server = %hearing.server, "what answers the server's questions panicked");
                Err(Refusal::failed("the client failed to answer"))
            });
            let written = wire::reply(
                hearing.codec(),
                &id,
                answer.as_ref().map_err(Refusal::error),
                related.as_deref(),
            );
            if hearing.close(&id).is_some() {
                hearing.send(outlet.as_ref(), written).await;
            }
        };
        self.spawn(Abortable::new(answering, registration));
    }

    /// Works on an answer. A question that was withdrawn, or a client that was closed, answers nothing.
    fn spawn(&self, answering: Abortable<impl Future<Output = ()> + Send + 'static>) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            let _ = stop.run_until_cancelled(answering).await;
        });
    }

    /// Answers a request about tasks of the server.
    fn about_task(
        self: &Arc<Self>,
        id: RequestId,
        about: About,
        receiving: Receiving,
        outlet: Arc<dyn Outlet>,
    ) {
        let (handle, registration) = AbortHandle::new_pair();
        // What makes or changes a task is done to its end: tasks are ended by their ids.
        let handle = about.is_waiting().then_some(handle);
        if let Err(refusal) = lock(&self.questions).open_about_task(&id, handle) {
            return self.reply(outlet, Ok(jsonrpc::error(Some(&id), refusal.error())));
        }
        let hearing = self.clone();
        let answering = async move {
            let written = receiving.answer(hearing.codec(), &id, about).await;
            lock(&hearing.questions).close_about_task(&id);
            hearing.send(outlet.as_ref(), written).await;
        };
        self.spawn(Abortable::new(answering, registration));
    }

    fn reply(
        self: &Arc<Self>,
        outlet: Arc<dyn Outlet>,
        written: Result<Vec<u8>, serde_json::Error>,
    ) {
        let hearing = self.clone();
        let mut sending = Box::pin(async move { hearing.send(outlet.as_ref(), written).await });
        // Over a pipe that is all.
        if sending.as_mut().now_or_never().is_some() {
            return;
        }
        let Ok(permit) = self.replies.clone().try_acquire_owned() else {
            tracing::warn!(server = %self.server, "left a request of the server without an answer: it does not take those that it has asked for");
            return;
        };
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            let _ = stop.run_until_cancelled(sending).await;
            drop(permit);
        });
    }

    async fn send(&self, outlet: &dyn Outlet, written: Result<Vec<u8>, serde_json::Error>) {
        let sent = match written {
            Ok(message) => outlet
                .send(message)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = sent {
            tracing::warn!(server = %self.server, error, "an answer to the server could not be sent");
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
