//! What a handler knows of its call, and how it speaks and asks while it works.

mod agent;
mod ask;
mod step;
mod task;
mod within;

pub use agent::{Agent, AgentResult};
pub use ask::Answer;
pub(super) use task::TaskSide;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use midfield_durable::{Execution, Failure};
use midfield_protocol::types::{
    ClientCapabilities, Implementation, LogLevel, LogMessage, Progress, TraceContext,
};
use midfield_protocol::wire::{self, Codec};
use midfield_protocol::{Caller, Error, Principal, Raw};
use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::Service;
use super::ask::Asking;
use super::extract::{State, States};
use crate::seal::Purpose;
use within::Within;

/// The context of one call. Clones are handles to the same call.
///
/// What a handler waits for by it (answers of users and models, steps, sleeps) is recorded in the call's
/// journal. Everything between two such waits may run again: a call that needs an answer may be run anew,
/// from its journal, when the answer comes.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    service: Service,
    codec: Codec,
    caller: Caller,
    asking: Asking,
    target: Arc<str>,
    /// Kept where the call may be run again.
    arguments: Option<Box<RawValue>>,
    execution: Execution,
    /// Only where the call is a task.
    task: Option<TaskSide>,
    /// Whether the call may become a task.
    may_become_task: bool,
    /// Its handler wants it to be one.
    becomes_task: AtomicBool,
    /// The client may go and come back for the rest.
    lets_go: AtomicBool,
    /// Who hears what it says; only where somebody does.
    audience: Option<Audience>,
}

/// What a context is made from.
pub(super) struct Setting {
    pub(super) service: Service,
    pub(super) codec: Codec,
    pub(super) caller: Caller,
    pub(super) asking: Asking,
    pub(super) target: Arc<str>,
    pub(super) arguments: Option<Box<RawValue>>,
    pub(super) execution: Execution,
    /// Only where the call is a task.
    pub(super) task: Option<TaskSide>,
    /// Whether the call may become a task.
    pub(super) becomes_task: bool,
}

/// The client, as far as it hears what a handler says while it works.
struct Audience {
    events: mpsc::Sender<Vec<u8>>,
    /// How far the client was told that the work has come.
    told: Mutex<Option<f64>>,
}

/// Events that wait for a slow reader before the handler waits with them.
const QUEUED_EVENTS: usize = 32;

impl Context {
    /// The context of a call, and what it will say where somebody listens.
    pub(super) fn new(setting: Setting) -> (Self, Option<mpsc::Receiver<Vec<u8>>>) {
        let caller = &setting.caller;
        let is_task = setting.task.is_some();
        let listens = !is_task && (caller.progress_token.is_some() || caller.log_level.is_some());
        let (audience, events) = if listens {
            let (tx, rx) = mpsc::channel(QUEUED_EVENTS);
            (
                Some(Audience {
                    events: tx,
                    told: Mutex::new(None),
                }),
                Some(rx),
            )
        } else {
            (None, None)
        };
        let context = Self(Arc::new(Inner {
            service: setting.service,
            codec: setting.codec,
            caller: setting.caller,
            asking: setting.asking,
            target: setting.target,
            arguments: setting.arguments,
            execution: setting.execution,
            task: setting.task,
            may_become_task: setting.becomes_task,
            becomes_task: AtomicBool::new(false),
            lets_go: AtomicBool::new(false),
            audience,
        }));
        (context, events)
    }

    /// Tells the client how far the work has come, as `done` of `total`. Does nothing when it does not
    /// listen, and when `done` is no more than what it was told before
    /// ([progress](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/progress)).
    ///
    /// Waits while the client reads more slowly than the handler speaks.
    pub async fn progress(&self, done: impl Amount, total: impl Amount) {
        self.report(Progress::new(done.to_number()).total(total.to_number()))
            .await;
    }

    /// Tells the client how far the work has come, in full; see [`Context::progress`].
    pub async fn report(&self, progress: Progress) {
        if let Some(task) = &self.0.task {
            return task.report(self, &progress);
        }
        let (Some(audience), Some(token)) = (&self.0.audience, &self.0.caller.progress_token)
        else {
            return;
        };
        if !audience.advances(progress.progress) {
            return;
        }
        match wire::progress(self.0.codec, token, &progress) {
            Ok(event) => audience.say(event).await,
            Err(error) => tracing::error!(%error, "a progress notification cannot be written"),
        }
    }

    /// Sends a log message to the client. Does nothing when it does not want messages of this level.
    ///
    /// The message must hold no secret and no personal data
    /// ([logging](https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/logging#security)).
    pub async fn log<T: Serialize + ?Sized>(&self, level: LogLevel, data: &T) {
        if self.0.caller.log_level.is_none_or(|wanted| level < wanted) {
            return;
        }
        if let Some(task) = &self.0.task {
            return task.log(self, level, data);
        }
        let Some(audience) = &self.0.audience else {
            return;
        };
        match Raw::of(data).and_then(|data| wire::log(&LogMessage::new(level, data))) {
            Ok(event) => audience.say(event).await,
            Err(error) => tracing::error!(%error, "a log message cannot be written"),
        }
    }

    /// Lets the client close its stream and come back for the rest after a while, where its transport has
    /// streams that can be resumed. Work that takes long and says little need not hold a connection
    /// ([SEP-1699](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#sending-messages-to-the-server)).
    pub async fn let_go(&self) {
        self.0.lets_go.store(true, Ordering::Relaxed);
        self.execution().call_driver();
        // The exchange looks when the handler waits.
        tokio::task::yield_now().await;
    }

    /// Who asks, as far as that was proven.
    pub fn principal(&self) -> &Principal {
        &self.0.caller.principal
    }

    /// What the client offers.
    pub fn capabilities(&self) -> &ClientCapabilities {
        &self.0.caller.capabilities
    }

    /// What the client says it is: for display and logs only. `None` where it does not say it with its request, as in
    /// sessions over HTTP, of which nothing is kept but what the work needs.
    pub fn client(&self) -> Option<&Implementation> {
        self.0.caller.client.as_ref()
    }

    /// The trace that the request belongs to, to be passed on to other services
    /// ([SEP-414](https://modelcontextprotocol.io/specification/2026-07-28/basic/index#meta)).
    pub fn trace(&self) -> Option<&TraceContext> {
        self.0.caller.trace.as_ref()
    }

    /// What the call is about: the name of the tool, prompt, method or argument, or the URI of the resource.
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// The server, whose lists and resources the handler may change.
    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// The state of type `T` that the server was given, for code that is no handler with parameters, such as
    /// a completer.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        State::find(self.states())
    }

    /// A cursor for the next page of a list, which begins after `position`. It is good for requests about the
    /// same [`Context::target`] by the same principal, and tells them nothing.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn cursor(&self, position: u64) -> Result<String, crate::Error> {
        self.0
            .service
            .sealer()
            .seal(Purpose::Cursor, self.principal(), &self.place(position))
            .map_err(|_| crate::Error::protocol(Error::Internal))
    }

    /// The position after which the page at `cursor` begins.
    ///
    /// # Errors
    /// An invalid cursor, `-32602`, for one that [`Context::cursor`] did not make for such a request.
    pub fn position(&self, cursor: &str) -> Result<u64, crate::Error> {
        let sealer = self.0.service.sealer();
        sealer
            .open(Purpose::Cursor, self.principal(), cursor)
            .and_then(|content| {
                let (_, position) = content.split_last_chunk()?;
                let position = u64::from_be_bytes(*position);
                (content == self.place(position)).then_some(position)
            })
            .ok_or_else(|| crate::Error::protocol(Error::InvalidCursor))
    }

    /// What a cursor holds. The first byte is of no list of the protocol's own. Of the target, which may be
    /// long, there is a digest, as a cursor has to be short.
    fn place(&self, position: u64) -> Vec<u8> {
        let mut place = vec![u8::MAX];
        place.extend_from_slice(&Sha256::digest(self.0.target.as_bytes()));
        place.extend_from_slice(&position.to_be_bytes());
        place
    }

    pub(super) fn states(&self) -> &States {
        self.0.service.states()
    }

    pub(super) fn execution(&self) -> &Execution {
        &self.0.execution
    }

    pub(super) fn asking(&self) -> &Asking {
        &self.0.asking
    }

    pub(super) fn arguments(&self) -> Option<&RawValue> {
        self.0.arguments.as_deref()
    }

    /// Which call it is, among those that there are now.
    fn number(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Whether a step of the call is being polled on this thread.
    fn is_within_step(&self) -> bool {
        Within::here(self.number()).is_some()
    }

    /// Whether the client may go now; asked once, it is as if nothing had been said.
    pub(super) fn take_let_go(&self) -> bool {
        self.0.lets_go.swap(false, Ordering::Relaxed)
    }

    /// Ends the call with `error`, whatever its handler makes of it. The first reason counts.
    pub(super) fn refuse(&self, error: Error) {
        self.execution().fail(Failure::Refused(Box::new(error)));
    }
}

impl Audience {
    /// Whether `progress` goes beyond what was told, and takes it as told if so.
    fn advances(&self, progress: f64) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        advances(&mut told, progress)
    }

    async fn say(&self, event: Vec<u8>) {
        // Nobody listens any more: that is not the handler's error.
        let _ = self.events.send(event).await;
    }
}

/// Whether `progress` goes beyond what was `told`, and takes it as told if so.
fn advances(told: &mut Option<f64>, progress: f64) -> bool {
    let advances = progress.is_finite() && told.is_none_or(|told| progress > told);
    if advances {
        *told = Some(progress);
    }
    advances
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("caller", &self.0.caller)
            .finish_non_exhaustive()
    }
}

/// A number of things done: any integer or float.
pub trait Amount {
    /// The number as JSON has it. Integers beyond 2^53 lose their last digits.
    fn to_number(self) -> f64;
}

macro_rules! amount {
    ($($type:ty)*) => {$(
        impl Amount for $type {
            #[allow(clippy::cast_precision_loss, clippy::cast_lossless, reason = "see the trait")]
            fn to_number(self) -> f64 {
                self as f64
            }
        }
    )*};
}

amount!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64);
