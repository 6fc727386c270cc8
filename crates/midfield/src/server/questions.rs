//! Questions that have been sent to clients and not been answered yet.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use midfield_durable::{Refusal, Reply, Unaccepted};
use midfield_protocol::jsonrpc::{Code, RequestId, Response};

use super::Context;
use crate::seal::random;

/// Which session of a transport somebody is in. On a pair of pipes there is only one.
pub(crate) type SessionKey = [u8; 16];

/// The questions of one transport. An answer is taken only from the session that was asked; that the
/// session is the asked principal's was checked when it was found.
#[derive(Debug)]
pub(crate) struct Questions {
    waiting: Mutex<HashMap<(SessionKey, RequestId), Waiting>>,
    /// The id of the next question.
    next: AtomicI64,
}

/// A handler that waits for an answer.
struct Waiting {
    context: Context,
    key: String,
}

impl Questions {
    /// The id of a question's request, by which its answer will find `context`.
    pub(super) fn ask(&self, session: SessionKey, context: Context, key: String) -> RequestId {
        let id = RequestId::Integer(self.next.fetch_add(1, Ordering::Relaxed));
        self.waiting()
            .insert((session, id.clone()), Waiting { context, key });
        id
    }

    /// Forgets a question: nobody waits for its answer any more. Says whether somebody did.
    pub(super) fn withdraw(&self, session: SessionKey, id: &RequestId) -> bool {
        self.waiting().remove(&(session, id.clone())).is_some()
    }

    /// Hands the client's answer to the handler that waits for it; `false` where none does.
    pub(crate) fn answer(&self, session: SessionKey, response: Response) -> bool {
        let Some(id) = response.id else {
            return false;
        };
        let Some(Waiting { context, key }) = self.waiting().remove(&(session, id)) else {
            return false;
        };
        let execution = context.execution();
        let reply = match response.result {
            Ok(result) => Reply::Answered(result),
            Err(error) => Reply::Refused(Refusal {
                code: error.code.number().into(),
                message: error.message.into_owned(),
            }),
        };
        if let Err(Unaccepted::Invalid(detail)) = execution.answer(&key, reply) {
            let refusal = Refusal {
                code: Code::INVALID_PARAMS.number().into(),
                message: format!("the client's answer does not fit what was asked: {detail}"),
            };
            // It was open a moment ago; if the handler has gone meanwhile, nobody needs it.
            let _ = execution.answer(&key, Reply::Refused(refusal));
        }
        true
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(SessionKey, RequestId), Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Questions {
    /// No questions yet. A session may outlive the process that asked in it, and be served by several at once,
    /// and no id is used twice in a session: each begins somewhere else.
    fn default() -> Self {
        let number = u64::from_be_bytes(random().unwrap_or_default());
        // Far below 2^53: to some clients integers are no more than doubles.
        let first = i64::try_from(number >> 16).unwrap_or_default();
        Self {
            waiting: Mutex::default(),
            next: AtomicI64::new(first),
        }
    }
}

impl fmt::Debug for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
