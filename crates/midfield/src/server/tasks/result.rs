//! `tasks/result` of revision 2025-11-25: waits for the end of a task, and asks its questions meanwhile, as requests on the
//! stream of the waiting one
//! ([input required](https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#input-required-status)).

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use midfield_durable::engine::{Engine, KeptAnswer, OpenQuestion, View};
use midfield_durable::task::{Owner, TaskId};
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{ClientCapabilities, InputRequest};
use midfield_protocol::wire::{self, Codec};
use midfield_protocol::{Answer, Error};
use tokio::sync::mpsc;

use super::super::ask::Asking;
use super::super::dispatch::{Request, Started, StartedWork};
use super::super::exchange::Work;
use super::super::questions::{Asker, Questions, SessionKey};
use super::refuse;
use super::view::{id, outcome, unknown};
use crate::server::Service;

/// Begins to wait for what came of a task.
///
/// # Errors
/// When the id is none.
pub(super) fn begin(
    service: Service,
    request: Request<'_>,
    owner: Owner,
    text: &str,
) -> Result<Started, Error> {
    let id = id(text)?;
    let (events, said) = mpsc::channel(QUEUED_EVENTS);
    let stop = request.stop.clone();
    let mut waiting = Waiting {
        codec: request.codec,
        capabilities: request.caller.capabilities,
        asking: request.asking,
        owner,
        id,
        asked: Vec::new(),
        events,
    };
    Ok(Started::Running(StartedWork {
        work: Work::Task(Box::pin(async move {
            let engine = service.tasks()?.engine.clone();
            tokio::select! {
                answer = waiting.until_end(&engine) => answer,
                () = stop.cancelled() => Err(refuse(midfield_durable::engine::Error::ShuttingDown)),
            }
        })),
        events: Some(said),
    }))
}

/// Somebody who waits for what comes of a task.
struct Waiting {
    codec: Codec,
    capabilities: ClientCapabilities,
    asking: Asking,
    owner: Owner,
    id: TaskId,
    /// The questions that were sent, by their keys.
    asked: Vec<(String, RequestId)>,
    events: mpsc::Sender<Vec<u8>>,
}

impl Waiting {
    async fn until_end(&mut self, engine: &Engine) -> Result<Answer, Error> {
        let mut seen = None;
        loop {
            let is_new = |view: &View| view.state.has_ended() || seen != Some(view.version);
            let view = engine.wait(self.owner, self.id, is_new).await;
            let view = view.map_err(refuse)?;
            let view = view.ok_or_else(|| unknown(&self.id.to_string()))?;
            self.withdraw(&view.questions).await;
            if let Some(outcome) = outcome(&view) {
                return outcome.map(|result| Answer::TaskResult {
                    id: self.id.to_string(),
                    result,
                });
            }
            for question in &view.questions {
                self.ask(engine, question).await?;
            }
            seen = Some(view.version);
        }
    }

    /// Asks what was not asked yet on this stream.
    async fn ask(&mut self, engine: &Engine, question: &OpenQuestion) -> Result<(), Error> {
        if self.asked.iter().any(|(key, _)| *key == question.key) {
            return Ok(());
        }
        self.asking
            .check(&format!("the question `{}`", question.key))?;
        let Asking::Live { questions, session } = &self.asking else {
            return Ok(());
        };
        let request: InputRequest = question.request.read().map_err(|_| Error::Internal)?;
        if !request.is_covered_by(&self.capabilities) {
            // Another client of the same principal may be able to answer it.
            return Ok(());
        }
        let asker = Asker::Task(TaskQuestion {
            engine: engine.clone(),
            owner: self.owner,
            id: self.id,
            key: question.key.clone(),
        });
        let id = questions.ask(*session, asker);
        match wire::task_question(self.codec, &id, &request, &self.id.to_string()) {
            Ok(bytes) => {
                self.asked.push((question.key.clone(), id));
                // Nobody listens any more: then nobody waits either.
                let _ = self.events.send(bytes).await;
                Ok(())
            }
            Err(error) => {
                questions.withdraw(*session, &id);
                Err(error)
            }
        }
    }

    /// Takes back what is not open any more.
    async fn withdraw(&mut self, open: &[OpenQuestion]) {
        let is_over =
            |(key, _): &mut (String, RequestId)| !open.iter().any(|question| question.key == *key);
        let over: Vec<_> = self.asked.extract_if(.., is_over).collect();
        for (_, id) in over {
            if let Some((questions, session)) = self.live()
                && questions.withdraw(session, &id)
                && let Ok(bytes) = wire::cancelled(&id, None)
            {
                let _ = self.events.send(bytes).await;
            }
        }
    }

    fn live(&self) -> Option<(&Arc<Questions>, SessionKey)> {
        match &self.asking {
            Asking::Live { questions, session } => Some((questions, *session)),
            _ => None,
        }
    }
}

/// The questions stay with the task: whoever asks for its result next is asked them.
impl Drop for Waiting {
    fn drop(&mut self) {
        for (_, id) in std::mem::take(&mut self.asked) {
            if let Some((questions, session)) = self.live() {
                questions.withdraw(session, &id);
            }
        }
    }
}

/// A question of a task that was sent to a client.
pub(in crate::server) struct TaskQuestion {
    engine: Engine,
    owner: Owner,
    id: TaskId,
    key: String,
}

/// An answer to a question of a task that is being kept.
pub(crate) struct Answered(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl Answered {
    /// Waits until the answer is kept: then the peer may be told so.
    pub(crate) async fn kept(self) -> Result<(), Error> {
        self.0.await
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answered")
    }
}

impl TaskQuestion {
    /// Keeps the answer.
    pub(in crate::server) fn answer(self, answer: KeptAnswer) -> Answered {
        Answered(Box::pin(async move {
            let answers = vec![(self.key, answer)];
            let answered = self.engine.answer(self.owner, self.id, answers).await;
            answered.map(drop).map_err(refuse)
        }))
    }
}

impl fmt::Debug for TaskQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.key, self.id)
    }
}

/// Questions that wait for a slow reader.
const QUEUED_EVENTS: usize = 8;
