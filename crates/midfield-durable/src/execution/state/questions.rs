//! What the handler asks of the peer: what is open, what came back, and what was asked in the run before.

use std::cmp::Ordering;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use midfield_protocol::Raw;

use super::State;
use crate::digest::Digest;
use crate::journal::{Entry, Outcome};
use crate::key::Key;
use crate::kind::Kind;
use crate::question::{Asked, Question, Reply, Unaccepted};

/// Decides whether an answer is what was asked for.
pub(in crate::execution) type Accept = dyn Fn(&Raw) -> Result<(), String> + Send + Sync;

/// A question that the handler waits for.
#[derive(Clone)]
pub(in crate::execution) struct Open {
    /// What will become its entry.
    key: Key,
    kind: Kind,
    digest: Digest,
    text: String,
    request: Raw,
    accept: Arc<Accept>,
    taken: bool,
    outcome: Option<Outcome>,
    waiter: Option<Waker>,
}

impl State {
    /// What came back for the question `key`, if it was this very question.
    pub(in crate::execution) fn claim(&mut self, key: &Key, digest: Digest) -> Option<Reply> {
        let key = key.to_string();
        self.moves += 1;
        match self.unclaimed.remove(&key) {
            Some((asked, response)) => response.filter(|_| asked == digest),
            None => self.volunteered.remove(&key).map(Reply::Answered),
        }
    }

    /// Opens a question, and gives the number by which it is known from then on.
    pub(in crate::execution) fn open_question(
        &mut self,
        (key, kind, digest): (Key, Kind, Digest),
        request: Raw,
        accept: Arc<Accept>,
    ) -> u64 {
        let number = self.next_question;
        self.next_question += 1;
        let question = Open {
            text: key.to_string(),
            key,
            kind,
            digest,
            request,
            accept,
            taken: false,
            outcome: None,
            waiter: None,
        };
        self.questions.insert(number, question);
        self.moves += 1;
        number
    }

    /// The question that is open under a key, and who decides about its answer.
    pub(in crate::execution) fn find_open(&self, key: &str) -> Option<(u64, Arc<Accept>)> {
        let mut questions = self.questions.iter();
        let (number, open) = questions.find(|(_, open)| open.is_open() && open.text == key)?;
        Some((*number, Arc::clone(&open.accept)))
    }

    /// Puts an answer on its way, and gives who waits for it.
    pub(in crate::execution) fn settle(
        &mut self,
        number: u64,
        outcome: Outcome,
    ) -> Result<Option<Waker>, Unaccepted> {
        let open = self.questions.get_mut(&number);
        let open = open
            .filter(|open| open.is_open())
            .ok_or(Unaccepted::NotOpen)?;
        open.outcome = Some(outcome);
        Ok(open.waiter.take())
    }

    /// Gives the answer to the handler with its place in the order, and only then records it: what the handler dropped
    /// without having seen leaves no trace.
    pub(in crate::execution) fn poll_answer(
        &mut self,
        number: u64,
        cx: &Context<'_>,
    ) -> Poll<(Entry, usize)> {
        if self.failure.is_some() {
            return Poll::Pending;
        }
        let Some(open) = self.questions.get_mut(&number) else {
            return Poll::Pending;
        };
        if open.is_open() {
            open.waiter = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.moves += 1;
        let entry = self.questions.remove(&number).and_then(Open::into_entry);
        entry.map_or(Poll::Pending, |entry| {
            let at = self.push(entry.clone());
            Poll::Ready((entry, at))
        })
    }

    /// Forgets a question that nobody waits for. Gives the driver to wake, if there was one to forget.
    pub(in crate::execution) fn withdraw(&mut self, number: u64) -> Option<Waker> {
        let open = self.questions.remove(&number)?;
        self.moves += 1;
        if open.taken && open.is_open() {
            self.withdrawn.push(open.text);
        }
        self.driver.take()
    }

    pub(in crate::execution) fn take_new_questions(&mut self) -> Vec<Question> {
        let new = self
            .questions
            .values_mut()
            .filter(|open| open.is_open() && !open.taken);
        new.map(|open| {
            open.taken = true;
            open.question()
        })
        .collect()
    }

    pub(in crate::execution) fn open(&self) -> impl Iterator<Item = &Open> {
        self.questions.values().filter(|open| open.is_open())
    }

    /// What was asked in the run before and not yet again. What the handler has not asked again when it has come as far as it
    /// had then, and waits, it has passed by. As its branches may come to their questions in another order than before, this is a
    /// guess: what is answered already stays.
    fn to_come(&self) -> impl Iterator<Item = (&String, &Digest)> {
        let may_come = match self.begun.cmp(&self.begun_before) {
            Ordering::Less => true,
            Ordering::Equal => !self.is_at_rest(),
            Ordering::Greater => false,
        };
        let unclaimed = self.unclaimed.iter();
        unclaimed
            .filter(move |(_, (_, reply))| may_come || reply.is_some())
            .map(|(key, (digest, _))| (key, digest))
    }

    /// Notes what came back for a question that was asked before and not yet again; `false` when there is no such question.
    pub(in crate::execution) fn reply_ahead(&mut self, key: &str, reply: Reply) -> bool {
        let unclaimed = self.unclaimed.get_mut(key);
        let Some((_, place @ None)) = unclaimed else {
            return false;
        };
        *place = Some(reply);
        true
    }

    pub(in crate::execution) fn asked_and_answered(&self) -> Vec<Asked> {
        let after = self.horizon();
        let questions = self.questions.values();
        let questions = questions.map(|question| (&question.text, &question.digest));
        let asked = self.to_come().chain(questions);
        let asked = asked.map(|(key, digest)| Asked {
            key: key.clone(),
            digest: *digest,
            after,
        });
        asked.collect()
    }

    pub(in crate::execution) fn asked(&self) -> Vec<Asked> {
        let after = self.horizon();
        let unclaimed = self.unclaimed.iter().map(|(key, (digest, _))| Asked {
            key: key.clone(),
            digest: *digest,
            after,
        });
        let open = self.open().map(|open| Asked {
            key: open.text.clone(),
            digest: open.digest,
            after,
        });
        unclaimed.chain(open).collect()
    }
}

impl Open {
    pub(in crate::execution) fn question(&self) -> Question {
        Question {
            key: self.text.clone(),
            kind: self.kind,
            request: self.request.clone(),
            digest: self.digest,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    pub(super) fn into_entry(self) -> Option<Entry> {
        Some(Entry {
            key: self.key,
            kind: self.kind,
            digest: self.digest,
            after: 0,
            outcome: self.outcome?,
        })
    }
}
