//! A request that is described, and sent when it is awaited.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::Call;
use midfield_protocol::types::{Meta, MetaKey, Progress, TraceContext};
use midfield_protocol::wire::client::{FromResult, InvalidAnswer};

use super::core::Core;
use super::run::{Done, Settings, run, unsayable};
use super::{Client, Error};

/// A request that is sent when it is awaited. Dropping the future that is awaited cancels the request.
///
/// ```
/// # use std::time::Duration;
/// # use midfield::prelude::*;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Server::new("demo", "1.0.0").prompt(Prompt::new("greet", async || "Hello".to_string()));
/// # let client = midfield::Client::connect(server).await?;
/// let prompt = client.get_prompt("greet").timeout(Duration::from_secs(5)).await?;
/// # assert_eq!(prompt.messages.len(), 1);
/// # Ok(())
/// # }
/// ```
#[must_use = "it is sent when it is awaited"]
pub struct Request<T> {
    pub(super) core: Arc<Core>,
    pub(super) call: Result<Call<'static>, Error>,
    pub(super) settings: Settings,
    pub(super) finish: Finish<T>,
}

/// What is made of what a request came to.
pub(super) type Finish<T> =
    Box<dyn FnOnce(Arc<Core>, Call<'static>, Settings) -> Finishing<T> + Send>;

pub(super) type Finishing<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

impl<T: FromResult + Send + 'static> Request<T> {
    /// A request whose answer comes at once.
    pub(super) fn new(client: &Client, call: Result<Call<'static>, Error>) -> Self {
        Self {
            core: client.0.clone(),
            call,
            settings: Settings::default(),
            finish: Box::new(|core, call, settings| {
                Box::pin(async move {
                    let method = call.method().to_owned();
                    match run(&core, call, &settings).await? {
                        Done::Complete { result, codec } => read(&method, codec, &result),
                        Done::Task { .. } => Err(Error::Broken {
                            server: core.server.clone(),
                            detail: format!("it answered `{method}` with a task"),
                        }),
                    }
                })
            }),
        }
    }
}

impl<T> Request<T> {
    /// Sets how long it may take without a sign of life. Default: what the client says, 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Sets how long it may take whatever progress it makes. Default: what the client says, 30 min.
    pub fn max_time(mut self, max_time: Duration) -> Self {
        self.settings.max_time = Some(max_time);
        self
    }

    /// Hears how far it has come. Steps that lead nowhere are passed over.
    pub fn on_progress(mut self, hear: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.settings.on_progress = Some(Arc::new(hear));
        self
    }

    /// Sends on the distributed trace that it belongs to.
    pub fn trace(mut self, trace: TraceContext) -> Self {
        self.settings.trace = Some(trace);
        self
    }

    /// Attaches something. Keys that the protocol has itself are left out, and a request with one that is no [`MetaKey`] is not sent.
    pub fn meta(mut self, meta: Meta) -> Self {
        let bad = meta.iter().find(|(key, _)| MetaKey::parse(key).is_none());
        if let Some((key, _)) = bad {
            self.call = Err(unsayable(&format!("{key:?} is no key of `_meta`")));
        }
        self.settings.meta = Some(meta);
        self
    }

    /// Names a call of a tool, so that the server can tell its repetition from another call, and sends it again when a connection
    /// breaks before the answer. A string of 1 to 256 bytes, which no other call has. What is no call of a tool has no such name.
    ///
    /// Only for servers that heed the key `midfield.dev/idempotencyKey` in `_meta`: those of this library do where the call becomes a
    /// task, and answer with the task that the first one made. Others carry it out again.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        if let Ok(Call::CallTool(call)) = &mut self.call {
            if (1..=MAX_KEY).contains(&key.len()) {
                call.idempotency_key = Some(key.into());
                self.settings.is_safe = true;
            } else {
                let detail = format!(
                    "an idempotency key has 1 to {MAX_KEY} bytes, not {}",
                    key.len()
                );
                self.call = Err(unsayable(&detail));
            }
        }
        self
    }

    /// Says that it may be carried out twice without harm, so that it is sent again when a connection breaks before the answer.
    /// What only reads is always sent again.
    pub fn idempotent(mut self) -> Self {
        self.settings.is_safe = true;
        self
    }
}

impl<T: 'static> IntoFuture for Request<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Finishing<T>;

    fn into_future(self) -> Self::IntoFuture {
        match self.call {
            Ok(call) => (self.finish)(self.core, call, self.settings),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }
}

impl<T> fmt::Debug for Request<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.call.as_ref().map(|call| call.method().to_owned());
        f.debug_struct("Request")
            .field("method", &method)
            .finish_non_exhaustive()
    }
}

/// Reads what `method` was answered with.
pub(super) fn read<T: FromResult>(
    method: &str,
    codec: midfield_protocol::wire::Codec,
    result: &midfield_protocol::Raw,
) -> Result<T, Error> {
    T::from_result(codec, result)
        .map_err(|detail| Error::InvalidAnswer(InvalidAnswer::new(method, detail)))
}

/// Longest name of a call, in bytes.
const MAX_KEY: usize = 256;
