//! A question becomes a task, and what its server asks about it is answered.

use std::time::Duration;

use midfield_durable::engine::{NewCall, View};
use midfield_durable::task::State;
use midfield_protocol::jsonrpc::{Code, ErrorObject, RequestId};
use midfield_protocol::types::{InputRequest, Task, TaskRequest};
use midfield_protocol::wire::Codec;
use midfield_protocol::wire::client::{self as wire, Asked};
use midfield_protocol::{Error, Principal, Raw};

use super::run::Kept;
use super::{Receiving, Shared};
use crate::seal::Purpose;
use crate::server::{Ending, bare_task, refuse, task_id, unknown_task};

/// What a server asks about its tasks.
pub(in crate::client) enum About {
    /// That its question becomes one.
    Create {
        request: Box<InputRequest>,
        wish: Result<TaskRequest, Error>,
        on_behalf_of: Option<String>,
    },
    /// How one is.
    Get { id: String },
    /// What came of one, when it is over.
    Result { id: String },
    /// Which there are.
    List { cursor: Option<String> },
    /// That one ends.
    Cancel { id: String },
}

impl About {
    /// What is asked about a task that there is; `None` for all else.
    pub(in crate::client) fn of(asked: Asked) -> Option<Self> {
        Some(match asked {
            Asked::GetTask { id } => Self::Get { id },
            Asked::TaskResult { id } => Self::Result { id },
            Asked::ListTasks { cursor } => Self::List { cursor },
            Asked::CancelTask { id } => Self::Cancel { id },
            _ => return None,
        })
    }

    /// Whether the answer comes when a task is over.
    pub(in crate::client) fn is_waiting(&self) -> bool {
        matches!(self, Self::Result { .. })
    }
}

/// A response, or why there is none.
type Answered = Result<Result<Vec<u8>, serde_json::Error>, Error>;

impl Receiving {
    /// The response to what is asked.
    pub(in crate::client) async fn answer(
        &self,
        codec: Codec,
        id: &RequestId,
        about: About,
    ) -> Result<Vec<u8>, serde_json::Error> {
        let answered = match about {
            About::Create {
                request,
                wish,
                on_behalf_of,
            } => {
                let kept = Kept {
                    codec,
                    request: *request,
                    on_behalf_of,
                };
                match wish {
                    Ok(wish) => self.create(id, &kept, wish).await,
                    Err(error) => Err(error),
                }
            }
            About::Get { id: task } => self.state(id, &task).await,
            About::Result { id: task } => self.result(id, &task).await,
            About::List { cursor } => self.list(id, cursor.as_deref()).await,
            About::Cancel { id: task } => self.cancel(codec, id, &task).await,
        };
        answered.unwrap_or_else(|error| Ok(wire::refusal(id, &error)))
    }

    fn shared(&self) -> &Shared {
        &self.receiver.0
    }

    /// Keeps the question as a task first, and says so then.
    async fn create(&self, id: &RequestId, kept: &Kept, wish: TaskRequest) -> Answered {
        let request = Raw::of(kept).map_err(|_| Error::Internal)?;
        let mut call = NewCall::new(self.owner, kept.request.method(), request);
        call.lifetime = wish.ttl;
        let view = self.shared().engine.create(call).await.map_err(refuse)?;
        Ok(wire::task_created(id, &self.task(&view)))
    }

    async fn state(&self, id: &RequestId, text: &str) -> Answered {
        let view = self.view(text).await?;
        Ok(wire::task_state(id, &self.task(&view)))
    }

    async fn view(&self, text: &str) -> Result<View, Error> {
        let id = task_id(text)?;
        let view = self.shared().engine.view(self.owner, id).await;
        view.map_err(refuse)?.ok_or_else(|| unknown_task(text))
    }

    async fn result(&self, id: &RequestId, text: &str) -> Answered {
        let task = task_id(text)?;
        let has_ended = |view: &View| view.state.has_ended();
        let view = self.shared().engine.wait(self.owner, task, has_ended).await;
        let view = view.map_err(refuse)?.ok_or_else(|| unknown_task(text))?;
        let outcome = outcome(&view).ok_or(Error::Internal)?;
        Ok(wire::task_answer(id, text, outcome.as_ref()))
    }

    async fn cancel(&self, codec: Codec, id: &RequestId, text: &str) -> Answered {
        let view = self.view(text).await?;
        codec.check_cancel(&self.task(&view))?;
        let cancelled = self.shared().engine.cancel(self.owner, view.id).await;
        let view = cancelled
            .map_err(refuse)?
            .ok_or_else(|| unknown_task(text))?;
        let task = self.task(&view);
        if view.state != State::Cancelled {
            // It ended by itself between the two looks.
            codec.check_cancel(&task)?;
        }
        Ok(wire::task_state(id, &task))
    }

    async fn list(&self, id: &RequestId, cursor: Option<&str>) -> Answered {
        let after = match cursor {
            Some(cursor) => self.place_of(cursor).ok_or(Error::InvalidCursor)?,
            None => 0,
        };
        let views = self.shared().engine.list(self.owner, after, PAGE + 1).await;
        let mut views = views.map_err(refuse)?;
        let has_more = views.len() > PAGE;
        views.truncate(PAGE);
        let next = match views.last() {
            Some(last) if has_more => Some(self.cursor_after(last.place)?),
            _ => None,
        };
        let tasks: Vec<Task> = views.iter().map(|view| self.task(view)).collect();
        Ok(wire::task_page(id, &tasks, next.as_deref()))
    }

    /// A cursor that leads on, for this server alone.
    fn cursor_after(&self, place: u64) -> Result<String, Error> {
        let content = [&self.owner.0[..], &place.to_be_bytes()].concat();
        let sealer = &self.shared().sealer;
        sealer
            .seal(Purpose::Cursor, &Principal::Anonymous, &content)
            .map_err(|_| Error::Internal)
    }

    fn place_of(&self, cursor: &str) -> Option<u64> {
        let sealer = &self.shared().sealer;
        let content = sealer.open(Purpose::Cursor, &Principal::Anonymous, cursor)?;
        let place = content.strip_prefix(&self.owner.0[..])?;
        Some(u64::from_be_bytes(place.try_into().ok()?))
    }

    fn task(&self, view: &View) -> Task {
        task(view, self.shared().poll_interval)
    }
}

/// What a server is told of a task.
pub(super) fn task(view: &View, poll_interval: Duration) -> Task {
    let mut task = bare_task(view, poll_interval);
    task.message = match outcome(view) {
        Some(Err(error)) => Some(error.message.into_owned()),
        _ => None,
    };
    task
}

/// What a question came to; `None` while there is no answer.
fn outcome(view: &View) -> Option<Result<Raw, ErrorObject>> {
    let failed = |why: &'static str| ErrorObject::new(Code::INTERNAL_ERROR, why);
    Some(match Ending::of(view)? {
        Ending::Completed(answer) => Ok(answer.clone()),
        Ending::Failed(error) => Err(error.read().unwrap_or_else(|_| failed("internal error"))),
        Ending::Nothing(why) => Err(failed(why)),
        Ending::Lost => Err(failed("internal error")),
    })
}

/// How many tasks stand on one page of a list.
const PAGE: usize = 50;
