//! A server that is ready to answer, and may change while it does.

mod lists;

use std::sync::{Arc, PoisonError, RwLock};

use midfield_durable::engine::Engine;
use midfield_protocol::jsonrpc::RequestId;
use midfield_protocol::types::{ClientCapabilities, Filter, ServerCapabilities};
use midfield_protocol::wire::{self, Codec, Encoder};
use midfield_protocol::{Answer, Call, Caller, Error, Principal, Raw};
use serde_json::value::RawValue;

use super::ask::Asking;
use super::catalog::{Catalog, ListKind, PageSize, Seen, Writing};
use super::dispatch::{Request, Started, dispatch};
use super::elicitations::Elicitations;
use super::exchange::{Answering, Exchange, Response};
use super::extract::States;
use super::hub::{Hub, Interest, Listener, TooMany};
use super::questions::SessionKey;
use super::request_state::Travel;
use super::running::Limits;
use super::tasks::TaskEngine;
use crate::extension::Extensions;
use crate::seal::Sealer;

/// A server that is ready to answer, on any number of transports at once. Clones are handles to the same.
///
/// Its lists may change while it serves; clients that listen are told so.
#[derive(Clone, Debug)]
pub struct Service(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) encoder: Encoder,
    pub(super) catalog: RwLock<Arc<Catalog>>,
    pub(super) states: States,
    pub(super) sealer: Sealer,
    pub(super) extensions: Extensions,
    pub(super) hub: Arc<Hub>,
    pub(super) page_size: PageSize,
    pub(super) limits: Limits,
    pub(super) travel: Travel,
    pub(super) elicitations: Elicitations,
    pub(super) tasks: Option<TaskEngine>,
}

impl Service {
    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(super) fn from_inner(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    /// Begins to run tasks, also those that processes before this one have left. To be called within a runtime; a server does
    /// it when it begins to serve, and the second call does nothing.
    pub fn begin_tasks(&self) {
        if let Some(tasks) = &self.0.tasks {
            tasks.start(Arc::downgrade(&self.0));
        }
    }

    /// Hands back the tasks that run here, so that another process, or the next one, goes on with them at once. Steps that are
    /// at work have a while to end. No tasks are made any more. [`http::serve`](crate::transport::http::serve) and
    /// [`stdio::serve`](crate::transport::stdio::serve) do it when the last of them has stopped to serve.
    pub async fn shut_down_tasks(&self) {
        if let Some(tasks) = &self.0.tasks {
            tasks.shut_down().await;
        }
    }

    /// What makes and runs the tasks of the server, for whoever watches over it: see [`Engine::figures`] and
    /// [`Engine::counts`]. `None` without [`Server::tasks`](super::Server::tasks).
    pub fn task_engine(&self) -> Option<&Engine> {
        self.0.tasks.as_ref().map(TaskEngine::engine)
    }

    /// Begins to run tasks for a transport: they are handed back when the last one has ended.
    pub(crate) fn serve_tasks(&self) -> ServedTasks {
        self.begin_tasks();
        if let Some(tasks) = &self.0.tasks {
            tasks.enter();
        }
        ServedTasks(self.clone())
    }

    /// The tasks of the server.
    pub(super) fn tasks(&self) -> Result<&TaskEngine, Error> {
        self.0.tasks.as_ref().ok_or(Error::Internal)
    }

    /// Tells clients that are subscribed to it that the contents of the resource at `uri` have changed.
    pub fn resource_updated(&self, uri: &str) {
        self.0.hub.resource_updated(uri);
    }

    /// Tells the client whose user was sent to a page that the page is done. `id` is what
    /// [`Context::elicit_url_with`](crate::Context::elicit_url_with) made the URL with. Nobody else is told; an
    /// unknown id is passed over.
    pub fn elicitation_complete(&self, id: &str) {
        if let Some(session) = self.0.elicitations.take(id)
            && let Ok(message) = wire::elicitation_complete(id)
        {
            self.0.hub.tell_session(session, message);
        }
    }

    /// Sends a notification of an extension to the clients that listen and have negotiated it.
    ///
    /// # Errors
    /// When `params` cannot be written as JSON.
    pub fn notify(
        &self,
        extension: &str,
        method: &str,
        params: &impl serde::Serialize,
    ) -> Result<(), serde_json::Error> {
        self.0
            .hub
            .tell_extension(extension, method, &Raw::of(params)?);
        Ok(())
    }

    /// Begins to answer `call`.
    pub(crate) fn answer(&self, mut request: Request<'_>, call: Call<'_>) -> Answering {
        let codec = request.codec;
        let id = request.id.clone();
        let declared = &mut request.caller.capabilities;
        self.encoder().leave_out_extensions(codec, declared);
        match dispatch(self, request, call) {
            Ok(Started::Done(answer)) => Answering::Done(self.write(codec, &id, &Ok(answer))),
            Ok(Started::Running(started)) => Answering::Running(Box::new(Exchange::new(
                self.clone(),
                codec,
                id,
                started.work,
                started.events,
            ))),
            Err(error) => Answering::Done(self.write(codec, &id, &Err(error))),
        }
    }

    /// Writes the response to the request `id`.
    pub(crate) fn write(
        &self,
        codec: Codec,
        id: &RequestId,
        answer: &Result<Answer, Error>,
    ) -> Response {
        let error = match answer {
            Ok(answer) => match self.encoder().answer(codec, id, answer) {
                Ok(bytes) => {
                    return Response::answered(bytes);
                }
                Err(error) => {
                    tracing::error!(%error, "a result cannot be written as JSON");
                    &Error::Internal
                }
            },
            Err(error) => error,
        };
        Response {
            bytes: self.encoder().error(codec, Some(id), error),
            http_status: codec.http_status(error),
        }
    }

    /// A page of a list, as `caller` sees it.
    pub(super) fn page(
        &self,
        codec: Codec,
        caller: &Caller,
        kind: ListKind,
        cursor: Option<&str>,
    ) -> Result<Arc<RawValue>, Error> {
        let catalog = self.catalog();
        let extensions = &self.0.extensions;
        match kind {
            ListKind::Tools => {
                let view = extensions.view(&caller.capabilities);
                let seen = move |tool: &midfield_protocol::types::Tool| extensions.show(tool, view);
                let writing = self.writing(codec, caller, kind, view, Some(&seen));
                catalog.tools.page(&writing, cursor)
            }
            ListKind::Prompts => {
                let writing = self.writing(codec, caller, kind, 0, None);
                catalog.prompts.page(&writing, cursor)
            }
            ListKind::Resources => {
                let view = extensions.view(&caller.capabilities);
                let seen = move |resource: &midfield_protocol::types::Resource| {
                    extensions.show_resource(resource, view)
                };
                let writing = self.writing(codec, caller, kind, view, Some(&seen));
                catalog.resources.page(&writing, cursor)
            }
            ListKind::ResourceTemplates => {
                let writing = self.writing(codec, caller, kind, 0, None);
                catalog.templates.page(&writing, cursor)
            }
        }
    }

    fn writing<'a, D>(
        &'a self,
        codec: Codec,
        caller: &'a Caller,
        kind: ListKind,
        view: u64,
        seen: Option<Seen<'a, D>>,
    ) -> Writing<'a, D> {
        Writing {
            codec,
            page_size: self.0.page_size,
            encoder: &self.0.encoder,
            sealer: &self.0.sealer,
            principal: &caller.principal,
            kind,
            view,
            seen,
        }
    }

    /// Whether the server has what the call is about; if not, it does not have the method.
    pub(crate) fn offers(&self, call: &Call<'_>) -> bool {
        let capabilities = self.capabilities();
        match call {
            Call::ListPrompts { .. } | Call::GetPrompt(_) => capabilities.prompts.is_some(),
            Call::ListResources { .. }
            | Call::ListResourceTemplates { .. }
            | Call::ReadResource(_)
            | Call::Subscribe { .. }
            | Call::Unsubscribe { .. } => capabilities.resources.is_some(),
            Call::Complete(_) => capabilities.completions.is_some(),
            Call::GetTask { .. }
            | Call::TaskResult { .. }
            | Call::ListTasks { .. }
            | Call::CancelTask { .. }
            | Call::UpdateTask { .. } => self.0.tasks.is_some(),
            _ => true,
        }
    }

    fn capabilities(&self) -> &ServerCapabilities {
        &self.encoder().description().capabilities
    }

    /// What of `filter` the server can honour.
    pub(crate) fn honoured(&self, mut filter: Filter) -> Filter {
        let capabilities = self.capabilities();
        filter.tools_list_changed &= capabilities.tools.is_some();
        filter.prompts_list_changed &= capabilities.prompts.is_some();
        filter.resources_list_changed &= capabilities.resources.is_some();
        if capabilities.resources.is_none() {
            filter.resource_subscriptions.clear();
        }
        if self.0.tasks.is_none() {
            filter.task_ids.clear();
        }
        filter
    }

    /// Begins to listen for a session: to all lists, to what its extensions say, and to what concerns it
    /// alone. Resources it subscribes to as it goes.
    ///
    /// # Errors
    /// Never, as long as it begins without any.
    pub(crate) fn listen_for_session(
        &self,
        session: SessionKey,
        codec: Codec,
        principal: &Principal,
        capabilities: &ClientCapabilities,
    ) -> Result<Listener, TooMany> {
        let mut capabilities = capabilities.clone();
        self.encoder()
            .leave_out_extensions(codec, &mut capabilities);
        let mut filter = Filter::default();
        filter.tools_list_changed = true;
        filter.prompts_list_changed = true;
        filter.resources_list_changed = true;
        self.hub().listen(Interest {
            codec,
            principal: principal.clone(),
            filter: self.honoured(filter),
            extensions: self.0.extensions.heard_by(&capabilities),
            session: Some(session),
        })
    }

    /// Checks that a resource is, or could be, at `uri`.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn check_resource(&self, uri: &str) -> Result<(), Error> {
        let catalog = self.catalog();
        if catalog.resource(uri).is_some() || catalog.template(uri).is_some() {
            return Ok(());
        }
        Err(Error::ResourceNotFound {
            uri: uri.to_owned(),
        })
    }

    /// Remembers whom to tell when the page of an elicitation is done.
    pub(super) fn remember_elicitation(&self, id: &str, asking: &Asking) {
        if let Asking::Live { session, .. } = asking {
            self.0.elicitations.insert(id, *session);
        }
    }

    pub(crate) fn encoder(&self) -> &Encoder {
        &self.0.encoder
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    pub(super) fn catalog(&self) -> Arc<Catalog> {
        self.0
            .catalog
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    pub(super) fn states(&self) -> &States {
        &self.0.states
    }

    pub(super) fn page_size(&self) -> PageSize {
        self.0.page_size
    }

    pub(super) fn limits(&self) -> Limits {
        self.0.limits
    }

    pub(super) fn travel(&self) -> Travel {
        self.0.travel
    }
}

/// The tasks of a server for as long as a transport serves it.
pub(crate) struct ServedTasks(Service);

impl ServedTasks {
    /// Hands the tasks back, unless another transport still serves the server.
    pub(crate) async fn end(self) {
        let Some(tasks) = &self.0.0.tasks else { return };
        if tasks.is_last() {
            tasks.shut_down().await;
        }
    }
}

impl Drop for ServedTasks {
    fn drop(&mut self) {
        if let Some(tasks) = &self.0.0.tasks {
            tasks.leave();
        }
    }
}
