//! What a handler knows of its call, and how it speaks while it works.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use midfield_protocol::Caller;
use midfield_protocol::Raw;
use midfield_protocol::types::{
    ClientCapabilities, Implementation, LogLevel, LogMessage, Progress,
};
use midfield_protocol::wire::{self, Codec};
use serde::Serialize;
use tokio::sync::mpsc;

use super::extract::States;

/// The context of one call. Clones are handles to the same call.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    codec: Codec,
    caller: Caller,
    states: Arc<States>,
    /// Present only while somebody listens.
    listener: Option<Listener>,
}

struct Listener {
    events: mpsc::Sender<Vec<u8>>,
    /// How far the client was told that the work has come.
    told: Mutex<Option<f64>>,
}

/// Events that wait for a slow reader before the handler waits with them.
const QUEUED_EVENTS: usize = 32;

impl Context {
    /// The context of a call, and what it will say where somebody listens.
    pub(super) fn new(
        codec: Codec,
        caller: Caller,
        states: Arc<States>,
    ) -> (Self, Option<mpsc::Receiver<Vec<u8>>>) {
        let listens = caller.progress_token.is_some() || caller.log_level.is_some();
        let (listener, events) = if listens {
            let (tx, rx) = mpsc::channel(QUEUED_EVENTS);
            (
                Some(Listener {
                    events: tx,
                    told: Mutex::new(None),
                }),
                Some(rx),
            )
        } else {
            (None, None)
        };
        (
            Self(Arc::new(Inner {
                codec,
                caller,
                states,
                listener,
            })),
            events,
        )
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
        let (Some(listener), Some(token)) = (&self.0.listener, &self.0.caller.progress_token)
        else {
            return;
        };
        if !listener.advances(progress.progress) {
            return;
        }
        match wire::progress(self.0.codec, token, &progress) {
            Ok(event) => listener.say(event).await,
            Err(error) => tracing::error!(%error, "a progress notification cannot be written"),
        }
    }

    /// Sends a log message to the client. Does nothing when it does not want messages of this level.
    ///
    /// The message must hold no secret and no personal data
    /// ([logging](https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/logging#security)).
    pub async fn log<T: Serialize + ?Sized>(&self, level: LogLevel, data: &T) {
        let (Some(listener), Some(wanted)) = (&self.0.listener, self.0.caller.log_level) else {
            return;
        };
        if level < wanted {
            return;
        }
        match Raw::of(data).and_then(|data| wire::log(&LogMessage::new(level, data))) {
            Ok(event) => listener.say(event).await,
            Err(error) => tracing::error!(%error, "a log message cannot be written"),
        }
    }

    /// What the client offers.
    pub fn capabilities(&self) -> &ClientCapabilities {
        &self.0.caller.capabilities
    }

    /// What the client says it is: for display and logs only.
    pub fn client(&self) -> Option<&Implementation> {
        self.0.caller.client.as_ref()
    }

    pub(super) fn states(&self) -> &States {
        &self.0.states
    }
}

impl Listener {
    /// Whether `progress` goes beyond what was told, and takes it as told if so.
    fn advances(&self, progress: f64) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let advances = progress.is_finite() && told.is_none_or(|told| progress > told);
        if advances {
            *told = Some(progress);
        }
        advances
    }

    async fn say(&self, event: Vec<u8>) {
        // Nobody listens any more: that is not the handler's error.
        let _ = self.events.send(event).await;
    }
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
