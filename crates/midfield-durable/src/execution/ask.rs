//! Questions to the peer: the handler waits, the driver sends and answers.

use std::future::{pending, poll_fn};
use std::sync::Arc;

use midfield_protocol::Raw;

use super::state::{Accept, Begun};
use super::{Execution, wake};
use crate::digest::Digest;
use crate::failure::Failure;
use crate::journal::{Entry, Outcome};
use crate::key::Key;
use crate::kind::Kind;
use crate::question::{Refusal, Reply, Unaccepted};

impl Execution {
    /// Asks the peer, and waits for its answer, or gives the answer that was recorded.
    ///
    /// The question is open from the first poll on. Dropping the future withdraws it. `accept` says whether an answer
    /// is what was asked for, and if not, why; only an answer that it accepts is recorded and given.
    ///
    /// # Errors
    /// When the peer answered with an error, which is recorded as well.
    pub async fn ask(
        &self,
        kind: Kind,
        name: &str,
        request: Raw,
        accept: impl Fn(&Raw) -> Result<(), String> + Send + Sync + 'static,
    ) -> Result<Raw, Refusal> {
        match self.begin(kind, name, &request) {
            None => pending().await,
            Some(Begun::Recorded(key, at, _, outcome)) => {
                self.turn(at).await;
                self.read_answer(key, kind, outcome, &accept).await
            }
            Some(Begun::New(key, digest)) => {
                let subject = (key, kind, digest);
                self.answer_to(subject, request, Arc::new(accept)).await
            }
        }
    }

    /// Hands in what came back for the question that is open under `key`, and wakes the handler.
    ///
    /// # Errors
    /// When no such question is open, or when the answer does not fit, which leaves the question open.
    pub fn answer(&self, key: &str, reply: Reply) -> Result<(), Unaccepted> {
        let (number, accept) = self.lock().find_open(key).ok_or(Unaccepted::NotOpen)?;
        // The check is the handler's code: it runs without the lock.
        accept_reply(&reply, &*accept).map_err(Unaccepted::Invalid)?;
        let waiter = self.lock().settle(number, reply.into())?;
        wake(waiter);
        Ok(())
    }

    /// Hands in what came back for a question that was asked before, and that the handler has not come to again; `false` when
    /// there is no such question, or it has an answer.
    pub(crate) fn answer_ahead(&self, key: &str, reply: Reply) -> bool {
        self.lock().reply_ahead(key, reply)
    }

    /// The answer that an entry holds.
    async fn read_answer(
        &self,
        key: Key,
        kind: Kind,
        outcome: Outcome,
        accept: &(impl Fn(&Raw) -> Result<(), String> + Sync),
    ) -> Result<Raw, Refusal> {
        let problem = match outcome {
            Outcome::Done(answer) => match accept(&answer) {
                Ok(()) => return Ok(answer),
                Err(problem) => problem,
            },
            Outcome::Failed {
                code: Some(code),
                message,
                ..
            } => return Err(Refusal { code, message }),
            Outcome::Failed { code: None, .. } => "its error has no code".to_owned(),
            Outcome::Until(_) | Outcome::Started | Outcome::Unknown => NOT_AN_ANSWER.to_owned(),
        };
        self.halt(Failure::Unreadable { key, kind, problem }).await
    }

    /// The response that came with the journal, or else the one that the peer will give.
    async fn answer_to(
        &self,
        subject: (Key, Kind, Digest),
        request: Raw,
        accept: Arc<Accept>,
    ) -> Result<Raw, Refusal> {
        let claimed = self.lock().claim(&subject.0, subject.2);
        if let Some(reply) = claimed
            && accept_reply(&reply, &*accept).is_ok()
        {
            let (key, kind, digest) = subject;
            let entry = Entry {
                key: key.clone(),
                kind,
                digest,
                after: 0,
                outcome: reply.into(),
            };
            let outcome = self.learn(entry).await;
            return self.read_answer(key, kind, outcome, &|_| Ok(())).await;
        }
        let (number, driver) = {
            let mut state = self.lock();
            let number = state.open_question(subject, request, accept);
            (number, state.driver.take())
        };
        let withdraw = Withdraw {
            execution: self,
            number,
        };
        wake(driver);
        let (entry, at) = poll_fn(|cx| self.lock().poll_answer(number, cx)).await;
        drop(withdraw);
        self.turn(Some(at)).await;
        self.read_answer(entry.key, entry.kind, entry.outcome, &|_| Ok(()))
            .await
    }
}

/// Whether what came back fits. Every error does.
fn accept_reply(reply: &Reply, accept: &Accept) -> Result<(), String> {
    match reply {
        Reply::Answered(answer) => accept(answer),
        Reply::Refused(_) => Ok(()),
    }
}

/// As it is recorded.
impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Answered(answer) => Self::Done(answer),
            Reply::Refused(Refusal { code, message }) => Self::Failed {
                code: Some(code),
                message,
                error: None,
            },
        }
    }
}

/// What an entry of a question is that is neither an answer nor an error.
const NOT_AN_ANSWER: &str = "it is neither an answer nor an error";

/// Withdraws a question when its future is dropped before it gave the answer.
struct Withdraw<'a> {
    execution: &'a Execution,
    number: u64,
}

impl Drop for Withdraw<'_> {
    fn drop(&mut self) {
        let driver = self.execution.lock().withdraw(self.number);
        wake(driver);
    }
}
