//! What comes in, message by message: in which era it is asked, and what begins.

use midfield_protocol::jsonrpc::{
    self, Code, ErrorObject, Incoming, Message, Notification, Request as Frame,
};
use midfield_protocol::wire::{Codec, RequestMeta, legacy, modern};
use midfield_protocol::{Call, Caller, Error, Revision};

use super::Connection;
use crate::server::{Answering, Asking, Request, Response, Taken};
use crate::transport::stdio::lines::Line;
use crate::transport::stdio::requests::Ids;
use crate::transport::work::{Batch, Work};

impl Connection {
    pub(super) fn line(&mut self, line: &Line) {
        let Line::Text(text) = line else {
            let message = format!(
                "invalid request: the line is longer than {} bytes",
                self.max_line
            );
            let error = ErrorObject::new(Code::INVALID_REQUEST, message);
            return self.write(&jsonrpc::error(None, &error));
        };
        match Incoming::parse(text) {
            Ok(Incoming::Single(message)) => {
                if let Some(answering) = self.message(message) {
                    self.see_to(answering);
                }
            }
            Ok(Incoming::Batch(messages)) if self.session.revision().rules().accepts_batches => {
                self.batch(messages);
            }
            Ok(Incoming::Batch(_)) => {
                let message =
                    "invalid request: this revision has no batches; send one message in each line";
                let error = ErrorObject::new(Code::INVALID_REQUEST, message);
                self.write(&jsonrpc::error(None, &error));
            }
            Err(rejected) => {
                self.write(&jsonrpc::error(rejected.id.as_ref(), &rejected.error));
            }
        }
    }

    fn batch(&mut self, messages: Vec<Result<Message<'_>, jsonrpc::Rejected>>) {
        let mut answers = Vec::new();
        for message in messages {
            match message {
                Ok(message) => answers.extend(self.message(message)),
                Err(rejected) => {
                    let refusal = jsonrpc::error(rejected.id.as_ref(), &rejected.error);
                    answers.push(Answering::Done(Response::answered(refusal)));
                }
            }
        }
        if !answers.is_empty() {
            let batch = Batch::new(answers);
            let running = batch.running().iter();
            let ids = running.map(|exchange| exchange.id().clone()).collect();
            self.work_on(Ids::Batch(ids), Work::Batch(batch));
        }
    }

    /// Begins to answer a message; `None` where there is nothing to answer.
    fn message(&mut self, message: Message<'_>) -> Option<Answering> {
        match message {
            Message::Request(request) => Some(self.request(request)),
            Message::Notification(notification) => {
                self.notification(&notification);
                None
            }
            Message::Response(response) => {
                // What nobody has asked for is passed over.
                if let Taken::Task(keeping) = self.questions.answer(self.key, response) {
                    self.requests.keep(keeping);
                }
                None
            }
        }
    }

    /// Decides the era of a request and begins to answer it.
    fn request(&mut self, request: Frame<'_>) -> Answering {
        let meta = RequestMeta::read(&request);
        let is_modern = meta.as_ref().is_ok_and(RequestMeta::is_modern);
        let codec = Codec::new(if is_modern {
            Revision::V2026_07_28
        } else {
            self.session.revision()
        });
        let id = request.id.clone();
        let begun = if is_modern {
            self.modern(meta, request)
        } else if request.method == legacy::INITIALIZE {
            self.initialize(&request)
        } else {
            self.legacy(meta, request)
        };
        begun.unwrap_or_else(|error| Answering::Done(self.service.write(codec, &id, &Err(error))))
    }

    fn modern(
        &mut self,
        meta: Result<RequestMeta<'_>, Error>,
        request: Frame<'_>,
    ) -> Result<Answering, Error> {
        let meta = meta?;
        let codec = Codec::new(modern::revision(&meta)?);
        let caller = modern::caller(meta)?;
        self.begin(codec, caller, Asking::Retried, request)
    }

    fn legacy(
        &mut self,
        meta: Result<RequestMeta<'_>, Error>,
        request: Frame<'_>,
    ) -> Result<Answering, Error> {
        let (revision, mut caller) = self.session.admit(&request.method)?;
        let meta = meta?;
        caller.trace = meta.trace();
        caller.progress_token = meta.progress_token;
        let asking = Asking::Live {
            questions: self.questions.clone(),
            session: self.key,
        };
        self.begin(Codec::new(revision), caller, asking, request)
    }

    fn initialize(&mut self, request: &Frame<'_>) -> Result<Answering, Error> {
        let initialize = legacy::decode_initialize(request)?;
        let capabilities = initialize.capabilities.clone();
        self.session = self.session.clone().open(initialize)?;
        let revision = self.session.revision();
        let listener = self.service.listen_for_session(
            self.key,
            Codec::new(revision),
            &self.principal,
            &capabilities,
        );
        self.changes = Some(listener?);
        let written = self
            .service
            .encoder()
            .initialized(revision, &self.principal, &request.id);
        written
            .map(|bytes| Answering::Done(Response::answered(bytes)))
            .map_err(|_| Error::Internal)
    }

    fn begin(
        &mut self,
        codec: Codec,
        mut caller: Caller,
        asking: Asking,
        request: Frame<'_>,
    ) -> Result<Answering, Error> {
        caller.principal = self.principal.clone();
        self.requests.check_id(&request.id)?;
        let call = codec.decode(&request)?;
        self.remember(&call)?;
        self.requests.check_room()?;
        let request = Request {
            codec,
            caller,
            asking,
            id: request.id,
            mirror: None,
            stop: &self.stop,
        };
        let answering = self.service.answer(request, call);
        if let Answering::Running(exchange) = &answering {
            self.requests.begin(exchange)?;
        }
        Ok(answering)
    }

    /// Remembers what a call changes in the session.
    fn remember(&mut self, call: &Call<'_>) -> Result<(), Error> {
        if !self.service.offers(call) {
            // It is answered that there is no such method.
            return Ok(());
        }
        match call {
            Call::SetLogLevel(level) => self.session.listen_from(*level),
            Call::Subscribe { uri } => {
                self.service.check_resource(uri)?;
                if let Some(changes) = &self.changes {
                    changes.subscribe(uri)?;
                }
            }
            Call::Unsubscribe { uri } => {
                if let Some(changes) = &self.changes {
                    changes.unsubscribe(uri);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn notification(&mut self, notification: &Notification<'_>) {
        if notification.method == legacy::CANCELLED
            && let Some(id) = legacy::cancelled_request(notification)
        {
            self.requests.cancel(&id);
        }
    }
}
