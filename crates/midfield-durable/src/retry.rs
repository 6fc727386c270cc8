//! How often a step is tried, and what its closure is handed for each try.

use std::any::Any;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use midfield_protocol::Error;

use crate::digest::Digest;
use crate::key::Key;

/// How often a step is tried before its error counts. The default is once.
///
/// Attempts are counted within one run of the handler: a crash amid a step starts them anew.
#[derive(Clone)]
pub struct Retry {
    attempts: NonZeroU32,
    backoff: Backoff,
    classifier: Option<Arc<Classifier>>,
}

impl Retry {
    /// One attempt: the first error counts.
    pub fn once() -> Self {
        Self::attempts(NonZeroU32::MIN)
    }

    /// At most so many attempts, the first one included, whatever the error.
    pub fn attempts(attempts: NonZeroU32) -> Self {
        Self {
            attempts,
            backoff: Backoff::default(),
            classifier: None,
        }
    }

    /// How long to wait between attempts.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Tries again only after an error of type `E` for which `classify` says so. An error of another type counts at
    /// once: `E` must be the error type of the step. By default every error is tried again.
    #[must_use]
    pub fn retry_if<E: Any>(
        mut self,
        classify: impl Fn(&E) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.classifier = Some(Arc::new(move |error: &dyn Any| {
            error.downcast_ref().is_some_and(&classify)
        }));
        self
    }

    /// How long to wait before the attempt after number `attempt`, which ended with `error`; `None` when it was the last.
    pub(crate) fn delay(&self, attempt: u32, error: &dyn Any) -> Option<Duration> {
        let again = attempt < self.attempts.get()
            && self
                .classifier
                .as_ref()
                .is_none_or(|classify| classify(error));
        again.then(|| self.backoff.delay(attempt))
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self::once()
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("attempts", &self.attempts)
            .field("backoff", &self.backoff)
            .field("retry_if", &self.classifier.is_some())
            .finish()
    }
}

/// How long to wait between attempts: 200 ms, then twice as long each time, up to 30 s, unless set otherwise.
#[derive(Clone)]
pub struct Backoff {
    initial: Duration,
    factor: u32,
    max: Duration,
    jitter: Option<Arc<Jitter>>,
}

impl Backoff {
    /// Waits `initial` before the second attempt, then twice as long each time, up to 30 s.
    pub fn new(initial: Duration) -> Self {
        Self {
            initial,
            ..Self::default()
        }
    }

    /// By what each wait is longer than the one before. Default 2; 1 waits equally long each time.
    #[must_use]
    pub fn factor(mut self, factor: u32) -> Self {
        self.factor = factor;
        self
    }

    /// The longest wait, before jitter. Default 30 s.
    #[must_use]
    pub fn max(mut self, max: Duration) -> Self {
        self.max = max;
        self
    }

    /// Changes each wait, so that callers that failed together do not come back together. `jitter` gets the number of
    /// the attempt that failed and the wait, and gives the wait to use. Default: none.
    #[must_use]
    pub fn jitter(
        mut self,
        jitter: impl Fn(u32, Duration) -> Duration + Send + Sync + 'static,
    ) -> Self {
        self.jitter = Some(Arc::new(jitter));
        self
    }

    /// How long to wait after attempt number `attempt`, of which the first is 1.
    pub fn delay(&self, attempt: u32) -> Duration {
        let factor = self.factor.saturating_pow(attempt.saturating_sub(1));
        let delay = self.initial.saturating_mul(factor).min(self.max);
        match &self.jitter {
            None => delay,
            Some(jitter) => jitter(attempt, delay),
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(200),
            factor: 2,
            max: Duration::from_secs(30),
            jitter: None,
        }
    }
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backoff")
            .field("initial", &self.initial)
            .field("factor", &self.factor)
            .field("max", &self.max)
            .field("jitter", &self.jitter.is_some())
            .finish()
    }
}

/// What a step's closure gets for each attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Which attempt of this run of the handler it is, from 1.
    pub number: u32,
    /// The same for all attempts of the step, also after a crash.
    pub key: IdempotencyKey,
}

impl Attempt {
    /// The attempt of work that is part of the step with the key `outer`, as the `occurrence`th use of `name` there, from
    /// 1. Such work is not recorded, and so not tried again by itself.
    pub fn within(outer: &IdempotencyKey, name: &str, occurrence: u32) -> Self {
        Self {
            number: 1,
            key: IdempotencyKey::within(outer, name, occurrence),
        }
    }
}

/// A key by which another service can tell that it has seen this very request before.
///
/// A step computes *at least* once: a process that dies after the work and before the record does it again. Pass the
/// key on to services that take one (payments, mail, job queues: often a header `Idempotency-Key`), and the work counts
/// once. It is 22 characters of `A-Z a-z 0-9 - _`, made of the id of the execution and the key of the step, and so the
/// same for each attempt and each replay, and another for each step and each execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key of a step of an execution.
    pub(crate) fn of(execution: &str, step: &Key) -> Self {
        Self(Digest::parts(&["idempotency", execution, &step.to_string()]).to_string())
    }

    /// The key of work that is part of a step: as the step's it is the same for each attempt and each replay, and
    /// another in each execution.
    fn within(outer: &Self, name: &str, occurrence: u32) -> Self {
        let parts = ["within", outer.as_str(), name, &occurrence.to_string()];
        Self(Digest::parts(&parts).to_string())
    }

    /// The text to pass on.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The final error of a step, as it is recorded. A replay gives the same.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct StepError {
    /// The text of the error with which the last attempt ended.
    pub message: String,
    /// With what the call is to be answered, where the attempt ended with that.
    pub error: Option<Box<Error>>,
    /// Whether it is not known what the work came to, or whether it was done at all: see
    /// [`Execution::step_at_most_once`](crate::Execution::step_at_most_once).
    pub is_outcome_unknown: bool,
}

impl StepError {
    /// An error that is no more than a text.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            error: None,
            is_outcome_unknown: false,
        }
    }

    /// The error of a step that had begun when its process died.
    pub(crate) fn outcome_unknown(key: &Key) -> Self {
        Self {
            is_outcome_unknown: true,
            ..Self::new(format!(
                "outcome unknown: the process ended while `{key}` was at work, and it must not be done twice"
            ))
        }
    }
}

/// An error with which the call is to be answered.
impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self {
            message: error.to_string(),
            error: Some(Box::new(error)),
            is_outcome_unknown: false,
        }
    }
}

type Classifier = dyn Fn(&dyn Any) -> bool + Send + Sync;
type Jitter = dyn Fn(u32, Duration) -> Duration + Send + Sync;
