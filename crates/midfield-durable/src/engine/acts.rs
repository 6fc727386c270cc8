//! What others do to a task: they answer its questions, and end it.

use super::audit::{self, Act};
use super::seal::Place;
use super::{Engine, Error, KeptAnswer, View};
use crate::store::{Answer, StoreError};
use crate::task::{Owner, State, TaskId};

impl Engine {
    /// Keeps answers to questions of a task, by their keys, and lets it go on. What is not asked, or is answered already, is passed
    /// over. `None` as for [`Engine::view`].
    ///
    /// # Errors
    /// See [`Error`].
    ///
    /// # Cancel safety
    /// Dropped, the answers may have been kept or not.
    pub async fn answer(
        &self,
        owner: Owner,
        id: TaskId,
        answers: Vec<(String, KeptAnswer)>,
    ) -> Result<Option<View>, Error> {
        let Some(view) = self.view(owner, id).await? else {
            return Ok(None);
        };
        let is_open = |key: &str| view.questions.iter().any(|question| question.key == key);
        let answers: Vec<_> = answers
            .into_iter()
            .filter(|(key, _)| is_open(key))
            .collect();
        if answers.is_empty() {
            return Ok(Some(view));
        }
        let sealed = answers.iter().map(|(key, answer)| {
            Ok(Answer {
                key: key.clone(),
                answer: self.seal(id, Place::Answer(key), answer)?,
            })
        });
        let sealed = sealed.collect::<Result<Vec<_>, Error>>()?;
        let answered = self.0.store.answer(id, self.now(), sealed).await;
        if answered.as_ref().is_err_and(StoreError::is_unknown) {
            // They may be kept: a new run reads them.
            if let Some(live) = self.0.lives.find(id) {
                live.answered_elsewhere(answers.iter().map(|(key, _)| key));
            }
            self.0.wake.notify_one();
        }
        let Some(answered) = answered? else {
            return Ok(None);
        };
        match self.0.lives.find(id) {
            Some(live) => {
                let taken = answers.into_iter();
                live.answer(taken.filter(|(key, _)| answered.taken.contains(key)));
            }
            None => self.0.wake.notify_one(),
        }
        if !answered.taken.is_empty() {
            audit::tell(Act::Answered, Some(view.state), &answered.record);
            self.changed(&answered.record);
        }
        self.view(owner, id).await
    }

    /// Ends a task that has not ended, and gives it as it is then: its result, should there be one yet, does not count. `None` as
    /// for [`Engine::view`].
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn cancel(&self, owner: Owner, id: TaskId) -> Result<Option<View>, Error> {
        // Also a task whose contents cannot be read can be ended.
        let seen = self.0.store.get(id).await?;
        let Some(seen) = seen.filter(|seen| seen.record.owner == owner) else {
            return Ok(None);
        };
        let before = seen.record.state;
        if before.has_ended() {
            return View::of(&*self.0.seal, seen).map(Some);
        }
        let record = self.0.store.cancel(id, self.now()).await?;
        if let Some(record) = record
            && record.state == State::Cancelled
        {
            if let Some(live) = self.0.lives.find(id) {
                live.cancelled.cancel();
            }
            self.transitioned(Some(before), &record);
        }
        self.view(owner, id).await
    }
}
