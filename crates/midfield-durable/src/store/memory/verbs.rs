//! The verbs that change one task, or those whose time is over.

use super::tables::{Tables, Task};
use crate::store::{Answer, Answered, Created, Expired, NewTask, Next, StoreError, Write};
use crate::task::{Record, TaskId};

impl Tables {
    pub(super) fn create(&mut self, new: NewTask) -> Result<Created, StoreError> {
        let NewTask {
            mut record,
            request,
            key,
            digest,
            worker,
            most,
        } = new;
        if let Some(key) = key
            && let Some(place) = self.keys.get(&(record.owner, key))
            && let Some(task) = self.at(*place)
        {
            return Ok(if task.digest == digest {
                Created::Again(task.seen())
            } else {
                Created::KeyReused
            });
        }
        if self.place(record.id).is_some() {
            return Err(StoreError::new(format!(
                "could not keep the task {}: there is one with this id",
                record.id
            )));
        }
        if self.active(&record.owner) >= most {
            return Ok(Created::TooMany);
        }
        if let Some(worker) = worker
            && self.meet(worker, record.created)
        {
            record.claim(worker, u32::MAX, record.created);
        }
        let task = self.push(Task {
            record,
            request,
            journal: Vec::new(),
            notes: Vec::new(),
            result: None,
            answers: Vec::new(),
            key,
            digest,
        });
        Ok(Created::New(task.record.clone()))
    }

    pub(super) fn write(&mut self, id: TaskId, fence: u64, write: Write) -> Option<Record> {
        let place = self.place(id)?;
        if !self.at(place)?.record.is_held(fence) {
            return None;
        }
        self.change(place, |task| {
            task.record.write(&write);
            task.journal.extend(write.append);
            if let Some(notes) = write.notes {
                task.notes = notes;
            }
            if let Next::Complete { result } | Next::Fail { result } = write.next {
                task.result = Some(result);
            }
            task.record.clone()
        })
    }

    pub(super) fn answer(
        &mut self,
        id: TaskId,
        now: u64,
        answers: Vec<Answer>,
    ) -> Option<Answered> {
        let place = self.place(id)?;
        self.change(place, |task| {
            let keys = answers.iter().map(|answer| answer.key.as_str());
            let mut taken = task.record.answer(keys, now);
            let said = taken.clone();
            for answer in answers {
                // The first answer under a key counts.
                if let Some(index) = taken.iter().position(|key| *key == answer.key) {
                    taken.remove(index);
                    task.answers.push(answer);
                }
            }
            Answered {
                record: task.record.clone(),
                taken: said,
            }
        })
    }

    pub(super) fn cancel(&mut self, id: TaskId, now: u64) -> Option<Record> {
        let place = self.place(id)?;
        self.change(place, |task| {
            task.record.cancel(now);
            task.record.clone()
        })
    }

    pub(super) fn expire(&mut self, now: u64, grace: u64, most: usize) -> Expired {
        let over: Vec<u64> = self
            .expiring
            .range(..=(now, u64::MAX))
            .take(most)
            .map(|(_, place)| *place)
            .collect();
        let mut expired = Expired::default();
        for place in over {
            let change = |task: &mut Task| {
                let is_gone = task.record.expire(now, grace);
                (is_gone, task.record.clone())
            };
            match self.change(place, change) {
                Some((true, record)) => {
                    self.remove(place);
                    expired.gone.push(record.id);
                }
                Some((false, record)) => expired.failed.push(record),
                None => {}
            }
        }
        expired
    }

    pub(super) fn next_due(&self) -> Option<u64> {
        let due = self.waiting.first().map(|(due, _)| *due);
        let expires = self.expiring.first().map(|(expires, _)| *expires);
        let until = self.ends.first().map(|(until, _)| *until);
        [due, expires, until].into_iter().flatten().min()
    }
}
