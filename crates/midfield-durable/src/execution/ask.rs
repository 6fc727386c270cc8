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
        let outcome = match reply {
            Reply::Answered(answer) => {
                // The check is the handler's code: it runs without the lock.
                accept(&answer).map_err(Unaccepted::Invalid)?;
                Outcome::Done(answer)
            }
            Reply::Refused(refusal) => Outcome::Failed {
                code: Some(refusal.code),
                message: refusal.message,
                error: None,
            },
        };
        let waiter = self.lock().settle(number, outcome)?;
        wake(waiter);
        Ok(())
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
        if let Some(response) = claimed
            && accept(&response).is_ok()
        {
            let (key, kind, digest) = subject;
            let outcome = Outcome::Done(response.clone());
            let entry = Entry {
                key,
                kind,
                digest,
                after: 0,
                outcome,
            };
            self.learn(entry).await;
            return Ok(response);
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
