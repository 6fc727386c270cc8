//! One client on one pair of pipes, or on what is like one.

use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::FutureExt as _;
use midfield_protocol::jsonrpc::{
    self, Code, ErrorObject, Incoming, Message, Notification, Request as Frame,
};
use midfield_protocol::session::Session;
use midfield_protocol::wire::{Codec, RequestMeta, legacy, modern};
use midfield_protocol::{Call, Caller, Error, Principal, Revision};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::lines::{Line, Lines};
use super::requests::{Ids, Requests, Said};
use crate::seal::random;
use crate::server::{
    Answering, Asking, Listener, News, Piece, Questions, Request, Response, Service, SessionKey,
    Taken, written,
};
use crate::transport::work::{Batch, Work};

/// The state of one connection.
pub(in crate::transport) struct Connection {
    service: Service,
    /// Who asks.
    principal: Principal,
    /// Longest line that is read.
    max_line: usize,
    session: Session,
    /// The number of the session, for questions that are asked in it.
    key: SessionKey,
    questions: Arc<Questions>,
    /// What the session hears of changes, once it is open.
    changes: Option<Listener>,
    /// Ends subscriptions when the input has ended.
    stop: CancellationToken,
    requests: Requests,
    /// What is written next.
    out: BytesMut,
}

impl Connection {
    /// A connection of the process that started this one.
    pub(in crate::transport) fn new(service: Service) -> Self {
        Self {
            service,
            principal: Principal::Parent,
            max_line: MAX_LINE,
            session: Session::default(),
            // Without randomness the one session of this pair of pipes has a number all the same.
            key: random().unwrap_or_default(),
            questions: Arc::default(),
            changes: None,
            stop: CancellationToken::new(),
            requests: Requests::new(),
            out: BytesMut::new(),
        }
    }

    /// Answers `principal` instead.
    pub(in crate::transport) fn principal(mut self, principal: Principal) -> Self {
        self.principal = principal;
        self
    }

    /// Reads lines of at most this many bytes.
    pub(in crate::transport) fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// Takes a permit for each call.
    pub(in crate::transport) fn calls(mut self, calls: Arc<Semaphore>) -> Self {
        self.requests.share(calls);
        self
    }

    /// Answers until the input ends, then for a while longer, so that what was asked is answered.
    pub(in crate::transport) async fn run<R, W>(self, input: R, output: W) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        self.run_until(input, output, pending()).await
    }

    /// The same, until `shutdown` completes, if that is earlier.
    pub(super) async fn run_until<R, W>(
        mut self,
        mut input: R,
        mut output: W,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut shutdown = pin!(shutdown);
        let mut lines = Lines::new(self.max_line);
        self.service.begin_tasks();
        let has_ended = loop {
            while let Some(line) = lines.next() {
                self.line(&line);
                if self.out.len() >= WRITE_SIZE {
                    self.flush(&mut output).await?;
                }
            }
            while let Some(said) = self.requests.try_next() {
                self.take(said);
            }
            self.flush(&mut output).await?;
            tokio::select! {
                read = input.read_buf(lines.buffer()) => if read? == 0 { break true },
                () = &mut shutdown => break false,
                Some(said) = self.requests.next() => self.take(said),
                news = next_news(self.changes.as_ref()) => self.tell(&news),
            }
        };
        // Where more may come, what was read of a line is none yet.
        if has_ended && let Some(line) = lines.last() {
            self.line(&line);
        }
        self.changes = None;
        self.stop.cancel();
        // When the time is over the tasks end with the connection.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, self.drain(&mut output)).await;
        // A client that has ended its side may not read any more either.
        let flushed = tokio::time::timeout(DRAIN_TIMEOUT, self.flush(&mut output)).await;
        flushed.unwrap_or_else(|elapsed| Err(elapsed.into()))
    }

    async fn drain<W: AsyncWrite + Unpin>(&mut self, output: &mut W) -> io::Result<()> {
        while !self.requests.is_empty() {
            self.flush(output).await?;
            match self.requests.next().await {
                Some(said) => self.take(said),
                None => break,
            }
        }
        Ok(())
    }

    /// Writes what there is to write.
    ///
    /// # Cancel safety
    /// What is written already is not written again.
    async fn flush<W: AsyncWrite + Unpin>(&mut self, output: &mut W) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let size = self.out.len();
        output.write_all_buf(&mut self.out).await?;
        if size > KEPT_SIZE {
            self.out = BytesMut::new();
        }
        output.flush().await
    }

    fn take(&mut self, said: Said) {
        if let Some(message) = self.requests.take(said) {
            self.write(&message);
        }
    }

    fn write(&mut self, message: &[u8]) {
        self.out.extend_from_slice(message);
        self.out.extend_from_slice(b"\n");
    }

    fn line(&mut self, line: &Line) {
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

    /// Tells the client what has changed.
    fn tell(&mut self, news: &News) {
        let codec = Codec::new(self.session.revision());
        match written(codec, news, None) {
            Ok(message) => self.write(&message),
            Err(error) => tracing::error!(%error, "a notification cannot be written as JSON"),
        }
    }

    fn notification(&mut self, notification: &Notification<'_>) {
        if notification.method == legacy::CANCELLED
            && let Some(id) = legacy::cancelled_request(notification)
        {
            self.requests.cancel(&id);
        }
    }

    /// Writes an answer, or sees to the work on it.
    fn see_to(&mut self, answering: Answering) {
        match answering {
            Answering::Done(response) => self.write(&response.bytes),
            Answering::Running(exchange) => {
                self.work_on(Ids::One(exchange.id().clone()), Work::One(exchange));
            }
        }
    }

    /// Works on what was asked: what can be done without waiting is done here. The rest gets a task, and is
    /// among what is at work: at the end of the input it is waited for.
    fn work_on(&mut self, ids: Ids, mut work: Work) {
        loop {
            match work.next().now_or_never() {
                Some(Piece::Event(event)) => self.write(&event),
                // There is no stream to close.
                Some(Piece::LetGo) => {}
                Some(Piece::Response(response)) => {
                    self.requests.end(&ids);
                    return self.write(&response.bytes);
                }
                Some(Piece::Cancelled) => return self.requests.end(&ids),
                None => return self.requests.spawn(ids, work),
            }
        }
    }
}

/// What has changed next; never, where nobody listens.
async fn next_news(changes: Option<&Listener>) -> News {
    match changes {
        Some(changes) => poll_fn(|task| changes.poll_news(task)).await,
        None => pending().await,
    }
}

/// Longest line that is read.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// Output is written once there is this much of it, or nothing more to read.
const WRITE_SIZE: usize = 64 * 1024;

/// Largest buffer of output that is kept for what comes next.
const KEPT_SIZE: usize = 2 * WRITE_SIZE;

/// How long calls may go on after the input has ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
