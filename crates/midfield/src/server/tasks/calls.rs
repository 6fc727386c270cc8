//! What is asked about tasks: how they are, which there are, that one is to end, and here are its answers.

use std::collections::BTreeMap;
use std::pin::Pin;

use midfield_durable::engine::KeptAnswer;
use midfield_durable::task::{Owner, State};
use midfield_protocol::wire::Codec;
use midfield_protocol::{Answer, Call, Error, Principal, Raw};
use serde_json::value::RawValue;

use super::super::dispatch::{Request, Started, StartedWork};
use super::super::exchange::Work;
use super::view::{id, unknown};
use super::{TaskEngine, owner, refuse, result};
use crate::seal::Purpose;
use crate::server::Service;

/// An answer that takes a look into the store.
pub(in crate::server) type Answering = Pin<Box<dyn Future<Output = Result<Answer, Error>> + Send>>;

/// Answers a call about tasks.
///
/// # Errors
/// When the client may not ask, or what it asks is about no task.
pub(in crate::server) fn ask(
    service: &Service,
    request: Request<'_>,
    call: &Call<'_>,
) -> Result<Started, Error> {
    request.codec.check_tasks(call, &request.caller)?;
    let principal = &request.caller.principal;
    let owner = owner(principal);
    let codec = request.codec;
    let service = service.clone();
    let answering: Answering = match call {
        Call::GetTask { id } => {
            let id = id.clone().into_owned();
            Box::pin(async move { service.tasks()?.get(owner, &id).await })
        }
        Call::CancelTask { id } => {
            let id = id.clone().into_owned();
            Box::pin(async move { service.tasks()?.cancel(codec, owner, &id).await })
        }
        Call::UpdateTask { id, responses } => {
            let id = id.clone().into_owned();
            let answers = read_answers(responses)?;
            Box::pin(async move { service.tasks()?.update(owner, &id, answers).await })
        }
        Call::ListTasks { cursor } if *principal != Principal::Anonymous => {
            let after = match cursor {
                Some(cursor) => place_of(&service, principal, cursor)?,
                None => 0,
            };
            let principal = principal.clone();
            Box::pin(async move { list(&service, &principal, after).await })
        }
        Call::TaskResult { id } => return result::begin(service, request, owner, id),
        // Who cannot be told apart from others sees no list.
        other => {
            return Err(Error::MethodNotFound {
                method: other.method().to_owned(),
            });
        }
    };
    Ok(Started::Running(StartedWork {
        work: Work::Task(answering),
        events: None,
    }))
}

impl TaskEngine {
    async fn get(&self, owner: Owner, text: &str) -> Result<Answer, Error> {
        let view = self.engine.view(owner, id(text)?).await.map_err(refuse)?;
        let view = view.ok_or_else(|| unknown(text))?;
        Ok(Answer::TaskState(Box::new(self.task_view(&view)?)))
    }

    async fn cancel(&self, codec: Codec, owner: Owner, text: &str) -> Result<Answer, Error> {
        let id = id(text)?;
        let view = self.engine.view(owner, id).await.map_err(refuse)?;
        let view = view.ok_or_else(|| unknown(text))?;
        codec.check_cancel(&self.task(&view))?;
        let view = self.engine.cancel(owner, id).await.map_err(refuse)?;
        let view = view.ok_or_else(|| unknown(text))?;
        let task = self.task(&view);
        if view.state != State::Cancelled {
            // It ended by itself between the two looks.
            codec.check_cancel(&task)?;
        }
        Ok(Answer::TaskCancelled(task))
    }

    async fn update(
        &self,
        owner: Owner,
        text: &str,
        answers: Vec<(String, KeptAnswer)>,
    ) -> Result<Answer, Error> {
        let answered = self.engine.answer(owner, id(text)?, answers).await;
        answered.map_err(refuse)?.ok_or_else(|| unknown(text))?;
        Ok(Answer::Empty)
    }
}

fn read_answers(responses: &RawValue) -> Result<Vec<(String, KeptAnswer)>, Error> {
    let answers: BTreeMap<String, Raw> =
        serde_json::from_str(responses.get()).map_err(|error| Error::InvalidParams {
            detail: format!("`inputResponses`: {error}"),
        })?;
    let kept = |(key, answer)| (key, KeptAnswer::Result(answer));
    Ok(answers.into_iter().map(kept).collect())
}

async fn list(service: &Service, principal: &Principal, after: u64) -> Result<Answer, Error> {
    let tasks = service.tasks()?;
    let size = service.page_size().get();
    let views = tasks.engine.list(owner(principal), after, size + 1).await;
    let mut views = views.map_err(refuse)?;
    let has_more = views.len() > size;
    views.truncate(size);
    let next_cursor = match views.last() {
        Some(last) if has_more => Some(cursor_after(service, principal, last.place)?),
        _ => None,
    };
    Ok(Answer::Tasks {
        tasks: views.iter().map(|view| tasks.task(view)).collect(),
        next_cursor,
    })
}

fn cursor_after(service: &Service, principal: &Principal, place: u64) -> Result<String, Error> {
    let mut content = vec![OF_TASKS];
    content.extend_from_slice(&place.to_be_bytes());
    let sealed = service.sealer().seal(Purpose::Cursor, principal, &content);
    sealed.map_err(|_| Error::Internal)
}

fn place_of(service: &Service, principal: &Principal, cursor: &str) -> Result<u64, Error> {
    let content = service.sealer().open(Purpose::Cursor, principal, cursor);
    match content.as_deref() {
        Some([OF_TASKS, place @ ..]) => {
            let place = place.try_into().map_err(|_| Error::InvalidCursor)?;
            Ok(u64::from_be_bytes(place))
        }
        _ => Err(Error::InvalidCursor),
    }
}

/// The first byte of a cursor of the list of tasks: no other list has it.
const OF_TASKS: u8 = u8::MAX - 1;
