//! What a server says unasked: progress, changes, messages of its log, and in legacy revisions its own requests.

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

use super::cache::Cache;
use super::inputs::{Asker, Handlers, Refusal};
use super::link::Outlet;

/// What hears of progress.
pub(super) type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// What hears of a server's log.
pub(super) type OnLog = Arc<dyn Fn(LogMessage) + Send + Sync>;

/// Hears what one server says.
pub(super) struct Hearing {
    server: Arc<str>,
    handlers: Handlers,
    on_log: Option<OnLog>,
    cache: Arc<Cache>,
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

/// The server's own requests.
#[derive(Default)]
struct Questions {
    /// Those that are being answered.
    open: HashMap<RequestId, AbortHandle>,
    /// How many came since requests of ours were last under way, or since they are.
    since: usize,
    /// Requests of ours that are under way.
    under_way: usize,
    /// When the first of those that are open came.
    begun: Option<Instant>,
    /// How long there were questions open, up to the last time that none was.
    spent: Duration,
    /// Pages that the user was sent to, by their ids.
    pages: HashMap<String, Arc<Notify>>,
}

/// A request of ours that hears of its progress.
pub(super) struct Slot {
    state: Mutex<SlotState>,
    on_progress: Option<OnProgress>,
}

struct SlotState {
    last: Instant,
    furthest: f64,
}

impl Slot {
    pub(super) fn new(on_progress: Option<OnProgress>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(SlotState {
                last: Instant::now(),
                furthest: f64::NEG_INFINITY,
            }),
            on_progress,
        })
    }

    /// When it was last heard of.
    pub(super) fn last(&self) -> Instant {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last
    }

    /// Starts the clock anew.
    pub(super) fn touch(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last = Instant::now();
    }

    /// Takes a step, unless it leads nowhere: progress increases, or it is none.
    fn step(&self, progress: Progress) {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if progress.progress <= state.furthest {
                return;
            }
            state.furthest = progress.progress;
            state.last = Instant::now();
        }
        if let Some(on_progress) = &self.on_progress {
            shielded("progress", || on_progress(progress));
        }
    }
}

/// A slot under its token; heard of until this is dropped.
pub(super) struct Registered<'a> {
    hearing: &'a Hearing,
    token: i64,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        lock(&self.hearing.progress).remove(&self.token);
    }
}

/// A subscription that is heard of until this is dropped.
pub(super) struct Subscribed {
    hearing: Arc<Hearing>,
    id: i64,
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        lock(&self.hearing.subscriptions).remove(&self.id);
    }
}

/// A request of ours that is under way.
pub(super) struct UnderWay<'a>(&'a Hearing);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut questions = lock(&self.0.questions);
        questions.under_way -= 1;
        if questions.under_way == 0 {
            questions.since = 0;
        }
    }
}

impl Hearing {
    pub(super) fn new(
        server: Arc<str>,
        handlers: Handlers,
        on_log: Option<OnLog>,
        cache: Arc<Cache>,
    ) -> Arc<Self> {
        Arc::new(Self {
            server,
            handlers,
            on_log,
            cache,
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
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Ends with the client.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// From now on it is known how the server writes, and what it says it is.
    pub(super) fn speak(&self, codec: Codec, implementation: Option<&Implementation>) {
        *lock(&self.codec) = Some(codec);
        *lock(&self.implementation) = implementation.cloned();
    }

    /// Something came that nobody has asked for: it may explain why somebody waits in vain.
    pub(super) fn note(&self, stray: String) {
        tracing::debug!(server = %self.server, "{stray}");
        *lock(&self.stray) = Some((Instant::now(), stray));
    }

    /// What came since then that nobody has asked for, for a person; empty where nothing did.
    pub(super) fn stray(&self, since: Instant) -> String {
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
    pub(super) fn asker(&self, on_behalf_of: Option<&str>) -> Asker {
        Asker {
            server: self.server.to_string(),
            implementation: lock(&self.implementation).clone(),
            on_behalf_of: on_behalf_of.map(str::to_owned),
        }
    }

    /// Hears of progress under a token.
    pub(super) fn register(&self, token: i64, slot: Arc<Slot>) -> Registered<'_> {
        lock(&self.progress).insert(token, slot);
        Registered {
            hearing: self,
            token,
        }
    }

    /// Hears of what a subscription tells.
    pub(super) fn subscribe(self: &Arc<Self>, id: i64, sender: mpsc::Sender<Told>) -> Subscribed {
        lock(&self.subscriptions).insert(id, sender);
        Subscribed {
            hearing: self.clone(),
            id,
        }
    }

    /// What a session tells by itself.
    pub(super) fn news(&self) -> broadcast::Receiver<Told> {
        self.news.subscribe()
    }

    /// A request of ours is under way until the guard is dropped.
    pub(super) fn under_way(&self) -> UnderWay<'_> {
        let mut questions = lock(&self.questions);
        if questions.under_way == 0 {
            questions.since = 0;
        }
        questions.under_way += 1;
        UnderWay(self)
    }

    /// Whether the server waits for an answer of ours, so that we cannot expect one of it.
    pub(super) fn is_asked(&self) -> bool {
        !lock(&self.questions).open.is_empty()
    }

    /// How long the server had to wait for answers of ours, altogether.
    pub(super) fn time_asked(&self) -> Duration {
        let questions = lock(&self.questions);
        questions.spent
            + questions
                .begun
                .map(|begun| begun.elapsed())
                .unwrap_or_default()
    }

    /// Answers a question that came within a result, or with a task.
    pub(super) async fn answer(
        &self,
        request: InputRequest,
        on_behalf_of: Option<&str>,
    ) -> Result<InputReply, Refusal> {
        self.handlers
            .answer(request, self.asker(on_behalf_of))
            .await
    }

    /// Waits until the user is done with a page; the wait begins before the user is sent there.
    pub(super) fn page(&self, elicitation_id: &str) -> Arc<Notify> {
        let mut questions = lock(&self.questions);
        if questions.pages.len() >= MAX_PAGES {
            questions.pages.clear();
        }
        questions
            .pages
            .entry(elicitation_id.to_owned())
            .or_default()
            .clone()
    }

    /// Hears a notification; `of` is the request on whose own stream it came.
    pub(super) fn notification(&self, notification: &Notification<'_>, of: Option<i64>) {
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
                // One that nobody was sent to is passed over.
                if let Some(page) = lock(&self.questions).pages.remove(&elicitation_id) {
                    page.notify_waiters();
                }
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
        let handle = self.close(request);
        if let Some(handle) = &handle {
            handle.abort();
        }
        handle.is_some()
    }

    fn close(&self, request: &RequestId) -> Option<AbortHandle> {
        let mut questions = lock(&self.questions);
        let handle = questions.open.remove(request);
        if questions.open.is_empty()
            && let Some(begun) = questions.begun.take()
        {
            questions.spent += begun.elapsed();
        }
        drop(questions);
        if handle.is_some() {
            // The server has its answer: from now on it is its turn again.
            for slot in lock(&self.progress).values() {
                slot.touch();
            }
        }
        handle
    }

    /// Answers a request of the server, which goes back through `outlet`.
    pub(super) fn request(
        self: &Arc<Self>,
        request: &Request<'_>,
        outlet: Arc<dyn Outlet>,
        of: Option<&str>,
    ) {
        let codec = self.codec();
        let id = request.id.clone();
        match wire::read_question(codec, request) {
            Ok(Asked::Ping) => self.reply(outlet, jsonrpc::result(&id, &serde_json::Map::new())),
            Ok(Asked::Input { request, .. }) => self.question(id, *request, outlet, of),
            Ok(_) => {
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
        outlet: Arc<dyn Outlet>,
        of: Option<&str>,
    ) {
        let (handle, registration) = AbortHandle::new_pair();
        if let Err(refusal) = self.open(&id, handle) {
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
            );
            if hearing.close(&id).is_some() {
                hearing.send(outlet.as_ref(), written).await;
            }
        };
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            // A question that was withdrawn, or a client that was closed, answers nothing.
            let _ = stop
                .run_until_cancelled(Abortable::new(answering, registration))
                .await;
        });
    }

    /// Makes room for a question.
    fn open(&self, id: &RequestId, handle: AbortHandle) -> Result<(), Refusal> {
        let mut questions = lock(&self.questions);
        if questions.open.contains_key(id) {
            return Err(Refusal::invalid(
                "the id of the request is that of another one which is still open",
            ));
        }
        if questions.open.len() >= MAX_OPEN {
            return Err(Refusal::failed(format!(
                "more than {MAX_OPEN} questions at once"
            )));
        }
        if questions.since >= MAX_SINCE {
            return Err(Refusal::failed(format!(
                "more than {MAX_SINCE} questions while {}",
                if questions.under_way > 0 {
                    "the client's requests are under way"
                } else {
                    "no request of the client is under way"
                }
            )));
        }
        questions.since += 1;
        questions.begun.get_or_insert_with(Instant::now);
        questions.open.insert(id.clone(), handle);
        Ok(())
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

/// Most questions of a server that are answered at once.
const MAX_OPEN: usize = 16;

/// Most questions of a server while requests of ours are under way, and between them.
const MAX_SINCE: usize = 256;

/// Most answers to a server that are on their way at once.
const MAX_REPLIES: usize = 64;

/// Most pages that users were sent to and have not come back from.
const MAX_PAGES: usize = 256;
