//! Questions that have been sent to clients and not been answered yet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use midfield_durable::engine::KeptAnswer;
use midfield_durable::{Refusal, Reply, Unaccepted};
use midfield_protocol::jsonrpc::{Code, RequestId, Response};

use super::Context;
use super::tasks::{Answered, TaskQuestion};
use crate::seal::random;

/// Which session of a transport somebody is in. On a pair of pipes there is only one.
pub(crate) type SessionKey = [u8; 16];

/// The questions of one transport. An answer is taken only from the session that was asked; that the
/// session is the asked principal's was checked when it was found.
#[derive(Debug)]
pub(crate) struct Questions {
    waiting: Mutex<HashMap<(SessionKey, RequestId), Asker>>,
    /// The id of the next question.
    next: AtomicI64,
}

/// Who has asked.
#[derive(Debug)]
pub(super) enum Asker {
    /// A handler that waits for the answer where it is, and its key.
    Handler(Context, String),
    /// A task, which may run anywhere.
    Task(TaskQuestion),
}

/// What became of an answer.
pub(crate) enum Taken {
    /// Nobody waits for it.
    Nobody,
    /// The handler has it.
    Handler,
    /// It will be kept: whoever gave it is told so only when it is.
    Task(Answered),
}

impl Questions {
    /// The id of a question's request, by which its answer will find `asker`.
    pub(super) fn ask(&self, session: SessionKey, asker: Asker) -> RequestId {
        let id = RequestId::Integer(self.next.fetch_add(1, Ordering::Relaxed));
        self.waiting().insert((session, id.clone()), asker);
        id
    }

    /// Forgets a question: nobody waits for its answer any more. Says whether somebody did.
    pub(super) fn withdraw(&self, session: SessionKey, id: &RequestId) -> bool {
        self.waiting().remove(&(session, id.clone())).is_some()
    }

    /// Hands the client's answer to whoever waits for it.
    #[must_use]
    pub(crate) fn answer(&self, session: SessionKey, response: Response) -> Taken {
        let Some(id) = response.id else {
            return Taken::Nobody;
        };
        let asker = self.waiting().remove(&(session, id));
        let (context, key) = match asker {
            None => return Taken::Nobody,
            Some(Asker::Handler(context, key)) => (context, key),
            Some(Asker::Task(question)) => {
                let answer = match response.result {
                    Ok(result) => KeptAnswer::Result(result),
                    Err(error) => KeptAnswer::Error {
                        code: error.code.number().into(),
                        message: error.message.into_owned(),
                    },
                };
                return Taken::Task(question.answer(answer));
            }
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
        Taken::Handler
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(SessionKey, RequestId), Asker>> {
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
