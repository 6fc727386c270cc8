//! The server's own requests: each is answered, unless the server withdraws it or the client is closed.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Abortable};
use midfield_protocol::jsonrpc::{self, Code, ErrorObject, Request, RequestId};
use midfield_protocol::types::InputRequest;
use midfield_protocol::wire::client::{self as wire, Asked};

use super::{Hearing, lock};
use crate::client::Refusal;
use crate::client::link::Outlet;
use crate::client::receiver::{About, Receiving};
use crate::client::shown::shown;

impl Hearing {
    /// Answers a request of the server, which goes back through `outlet`.
    pub(in crate::client) fn request(
        self: &Arc<Self>,
        request: &Request<'_>,
        outlet: Arc<dyn Outlet>,
        of: Option<&str>,
    ) {
        let codec = self.codec();
        if !codec.has_sessions() {
            return self.note(format!(
                "it sent the request `{}`, where its revision has none",
                shown(&request.method, 60)
            ));
        }
        let id = request.id.clone();
        match wire::read_question(codec, request) {
            Ok(Asked::Ping) => self.reply(outlet, jsonrpc::result(&id, &serde_json::Map::new())),
            Ok(Asked::Input {
                request,
                task,
                related,
            }) => match (&self.receiving, task) {
                (Some(receiving), Some(wish)) if receiving.takes(&request) => {
                    let about = About::Create {
                        request,
                        wish,
                        on_behalf_of: of.map(str::to_owned),
                    };
                    self.about_task(id, about, receiving.clone(), outlet);
                }
                _ => self.question(id, *request, related, outlet, of),
            },
            Ok(asked) => {
                if let Some(receiving) = &self.receiving
                    && let Some(about) = About::of(asked)
                {
                    return self.about_task(id, about, receiving.clone(), outlet);
                }
                let error = ErrorObject::new(
                    Code::METHOD_NOT_FOUND,
                    format!(
                        "method not found: {}; this client runs no tasks",
                        request.method
                    ),
                );
                self.reply(outlet, Ok(jsonrpc::error(Some(&id), &error)));
            }
            Err(error) => {
                let code = match error {
                    midfield_protocol::Error::MethodNotFound { .. } => Code::METHOD_NOT_FOUND,
                    _ => Code::INVALID_PARAMS,
                };
                let error = ErrorObject::new(code, error.to_string());
                self.reply(outlet, Ok(jsonrpc::error(Some(&id), &error)));
            }
        }
    }

    fn question(
        self: &Arc<Self>,
        id: RequestId,
        request: InputRequest,
        related: Option<String>,
        outlet: Arc<dyn Outlet>,
        of: Option<&str>,
    ) {
        let (handle, registration) = AbortHandle::new_pair();
        let opened = match self.handlers.undeclared(&request) {
            Some(refusal) => Err(refusal),
            None => lock(&self.questions).open(&id, handle, related.clone()),
        };
        if let Err(refusal) = opened {
            return self.reply(outlet, Ok(jsonrpc::error(Some(&id), refusal.error())));
        }
        let hearing = self.clone();
        let asker = self.asker(of);
        let answering = async move {
            let answering = AssertUnwindSafe(hearing.handlers.answer(request, asker));
            // A question that stayed open would let the clocks of all requests stand still for ever.
            let answer = answering.catch_unwind().await.unwrap_or_else(|_| {
                tracing::error!(server = %hearing.server, "what answers the server's questions panicked");
                Err(Refusal::failed("the client failed to answer"))
            });
            let written = wire::reply(
                hearing.codec(),
                &id,
                answer.as_ref().map_err(Refusal::error),
                related.as_deref(),
            );
            if hearing.close(&id).is_some() {
                hearing.send(outlet.as_ref(), written).await;
            }
        };
        self.spawn(Abortable::new(answering, registration));
    }

    /// Works on an answer. A question that was withdrawn, or a client that was closed, answers nothing.
    fn spawn(&self, answering: Abortable<impl Future<Output = ()> + Send + 'static>) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            let _ = stop.run_until_cancelled(answering).await;
        });
    }

    /// Answers a request about tasks of the server.
    fn about_task(
        self: &Arc<Self>,
        id: RequestId,
        about: About,
        receiving: Receiving,
        outlet: Arc<dyn Outlet>,
    ) {
        let (handle, registration) = AbortHandle::new_pair();
        // What makes or changes a task is done to its end: tasks are ended by their ids.
        let handle = about.is_waiting().then_some(handle);
        if let Err(refusal) = lock(&self.questions).open_about_task(&id, handle) {
            return self.reply(outlet, Ok(jsonrpc::error(Some(&id), refusal.error())));
        }
        let hearing = self.clone();
        let answering = async move {
            let written = receiving.answer(hearing.codec(), &id, about).await;
            lock(&hearing.questions).close_about_task(&id);
            hearing.send(outlet.as_ref(), written).await;
        };
        self.spawn(Abortable::new(answering, registration));
    }

    fn reply(
        self: &Arc<Self>,
        outlet: Arc<dyn Outlet>,
        written: Result<Vec<u8>, serde_json::Error>,
    ) {
        let hearing = self.clone();
        let mut sending = Box::pin(async move { hearing.send(outlet.as_ref(), written).await });
        // Over a pipe that is all.
        if sending.as_mut().now_or_never().is_some() {
            return;
        }
        let Ok(permit) = self.replies.clone().try_acquire_owned() else {
            tracing::warn!(server = %self.server, "left a request of the server without an answer: it does not take those that it has asked for");
            return;
        };
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            let _ = stop.run_until_cancelled(sending).await;
            drop(permit);
        });
    }

    async fn send(&self, outlet: &dyn Outlet, written: Result<Vec<u8>, serde_json::Error>) {
        let sent = match written {
            Ok(message) => outlet
                .send(message)
                .await
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = sent {
            tracing::warn!(server = %self.server, error, "an answer to the server could not be sent");
        }
    }

    /// The server no longer waits for the answer to a request of its own.
    pub(super) fn withdraw(&self, request: &RequestId) -> bool {
        let about_task = lock(&self.questions).withdraw_about_task(request);
        let handle = about_task.or_else(|| self.close(request));
        if let Some(handle) = &handle {
            handle.abort();
        }
        handle.is_some()
    }

    /// Nobody wants to know any more what comes of a task: what it asks is not answered.
    pub(in crate::client) fn withdraw_of_task(&self, task: &str) {
        for handle in lock(&self.questions).close_of_task(task) {
            handle.abort();
        }
    }

    /// The connection is gone, and with it whoever waits for answers to what was asked over it.
    pub(in crate::client) fn withdraw_all(&self) {
        for handle in lock(&self.questions).close_all() {
            handle.abort();
        }
        self.your_turn();
    }

    fn close(&self, request: &RequestId) -> Option<AbortHandle> {
        let handle = lock(&self.questions).close(request);
        if handle.is_some() {
            self.your_turn();
        }
        handle
    }

    /// The server has its answer: from now on it is its turn again.
    pub(super) fn your_turn(&self) {
        for slot in lock(&self.progress).values() {
            slot.touch();
        }
    }
}
