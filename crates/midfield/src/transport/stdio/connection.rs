//! One client on one pair of pipes.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::FutureExt as _;
use futures_util::future::AbortHandle;
use midfield_protocol::jsonrpc::{
    self, Code, ErrorObject, Incoming, Message, Notification, Request, RequestId,
};
use midfield_protocol::session::Session;
use midfield_protocol::wire::{Codec, RequestMeta, legacy, modern};
use midfield_protocol::{Call, Caller, Error, Revision};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::lines::{Line, Lines};
use crate::server::{Answering, Piece, Service};
use crate::transport::work::{Batch, Work};

/// The state of one connection.
pub(super) struct Connection {
    service: Service,
    session: Session,
    /// How the requests at work can be cancelled.
    at_work: HashMap<RequestId, AbortHandle>,
    tasks: JoinSet<()>,
    /// What the tasks say.
    said: mpsc::Receiver<Said>,
    say: mpsc::Sender<Said>,
    /// What is written next.
    out: BytesMut,
}

/// What a task says.
enum Said {
    /// A notification; more will come.
    Event(Arc<Requests>, Vec<u8>),
    /// The requests are no longer at work. With the last message, unless they were cancelled.
    Done(Arc<Requests>, Option<Vec<u8>>),
}

/// What a task works on.
enum Requests {
    One(RequestId),
    Batch(Vec<RequestId>),
}

impl Requests {
    fn ids(&self) -> &[RequestId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Batch(ids) => ids,
        }
    }
}

impl Connection {
    pub(super) fn new(service: Service) -> Self {
        let (say, said) = mpsc::channel(QUEUED_MESSAGES);
        Self {
            service,
            session: Session::default(),
            at_work: HashMap::new(),
            tasks: JoinSet::new(),
            said,
            say,
            out: BytesMut::new(),
        }
    }

    /// Answers until the input ends, then for a while longer, so that what was asked is answered.
    pub(super) async fn run<R, W>(mut self, mut input: R, mut output: W) -> io::Result<()>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let mut lines = Lines::new(MAX_LINE);
        loop {
            while let Some(line) = lines.next() {
                self.line(&line);
                if self.out.len() >= WRITE_SIZE {
                    self.flush(&mut output).await?;
                }
            }
            while let Ok(said) = self.said.try_recv() {
                self.take(said);
            }
            self.flush(&mut output).await?;
            tokio::select! {
                read = input.read_buf(lines.buffer()) => if read? == 0 { break },
                Some(said) = self.said.recv() => self.take(said),
            }
        }
        if let Some(line) = lines.last() {
            self.line(&line);
        }
        // When the time is over the tasks end with the connection.
        let _ = tokio::time::timeout(DRAIN_TIMEOUT, self.drain(&mut output)).await;
        // A client that has ended its side may not read any more either.
        let flushed = tokio::time::timeout(DRAIN_TIMEOUT, self.flush(&mut output)).await;
        flushed.unwrap_or_else(|elapsed| Err(elapsed.into()))
    }

    async fn drain<W: AsyncWrite + Unpin>(&mut self, output: &mut W) -> io::Result<()> {
        while !self.at_work.is_empty() {
            self.flush(output).await?;
            match self.said.recv().await {
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
        match said {
            Said::Event(requests, message) => {
                if !self.is_cancelled(&requests) {
                    self.write(&message);
                }
            }
            Said::Done(requests, message) => {
                if let Some(message) = message.filter(|_| !self.is_cancelled(&requests)) {
                    self.write(&message);
                }
                for id in requests.ids() {
                    self.at_work.remove(id);
                }
                // Reaps the task that said so.
                while self.tasks.try_join_next().is_some() {}
            }
        }
    }

    /// Whether nothing more may be written about the request: its cancellation was read, perhaps after
    /// its task has spoken. A batch answers for those of its requests that were not cancelled.
    fn is_cancelled(&self, requests: &Requests) -> bool {
        match requests {
            Requests::One(id) => self.at_work.get(id).is_some_and(AbortHandle::is_aborted),
            Requests::Batch(_) => false,
        }
    }

    fn write(&mut self, message: &[u8]) {
        self.out.extend_from_slice(message);
        self.out.extend_from_slice(b"\n");
    }

    fn line(&mut self, line: &Line) {
        let Line::Text(text) = line else {
            let message = format!("invalid request: the line is longer than {MAX_LINE} bytes");
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
                Err(rejected) => answers.push(Answering::Done(jsonrpc::error(
                    rejected.id.as_ref(),
                    &rejected.error,
                ))),
            }
        }
        if !answers.is_empty() {
            let batch = Batch::new(answers);
            let ids = batch
                .running()
                .iter()
                .map(|exchange| exchange.id().clone())
                .collect();
            self.spawn(Requests::Batch(ids), Work::Batch(batch));
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
            // We have asked nothing.
            Message::Response(_) => None,
        }
    }

    /// Decides the era of a request and begins to answer it.
    fn request(&mut self, request: Request<'_>) -> Answering {
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
        begun.unwrap_or_else(|error| {
            Answering::Done(self.service.encoder().error(codec, Some(&id), &error))
        })
    }

    fn modern(
        &mut self,
        meta: Result<RequestMeta<'_>, Error>,
        request: Request<'_>,
    ) -> Result<Answering, Error> {
        let meta = meta?;
        let codec = Codec::new(modern::revision(&meta)?);
        let caller = modern::caller(meta)?;
        self.begin(codec, caller, request)
    }

    fn legacy(
        &mut self,
        meta: Result<RequestMeta<'_>, Error>,
        request: Request<'_>,
    ) -> Result<Answering, Error> {
        let (revision, mut caller) = self.session.admit(&request.method)?;
        caller.progress_token = meta?.progress_token;
        self.begin(Codec::new(revision), caller, request)
    }

    fn initialize(&mut self, request: &Request<'_>) -> Result<Answering, Error> {
        let initialize = legacy::decode_initialize(request)?;
        self.session = self.session.clone().open(initialize)?;
        let written = self
            .service
            .encoder()
            .initialized(self.session.revision(), &request.id);
        written.map(Answering::Done).map_err(|_| Error::Internal)
    }

    fn begin(
        &mut self,
        codec: Codec,
        caller: Caller,
        request: Request<'_>,
    ) -> Result<Answering, Error> {
        if self.at_work.contains_key(&request.id) {
            let detail = "a request with this id is at work already".to_owned();
            return Err(Error::InvalidRequest { detail });
        }
        let call = codec.decode(&request)?;
        if let Call::SetLogLevel(level) = call {
            self.session.listen_from(level);
        }
        if self.at_work.len() >= MAX_AT_WORK {
            let detail = format!("more than {MAX_AT_WORK} requests are at work; wait for answers");
            return Err(Error::InvalidRequest { detail });
        }
        let answering = self.service.answer(codec, caller, request.id, call);
        if let Answering::Running(exchange) = &answering {
            self.at_work
                .insert(exchange.id().clone(), exchange.cancel_handle());
        }
        Ok(answering)
    }

    fn notification(&mut self, notification: &Notification<'_>) {
        if notification.method == legacy::CANCELLED
            && let Some(id) = legacy::cancelled_request(notification)
            && let Some(handle) = self.at_work.get(&id)
        {
            handle.abort();
        }
    }

    /// Writes an answer, or sees to the work on it: what can be done without waiting is done here.
    fn see_to(&mut self, answering: Answering) {
        let mut exchange = match answering {
            Answering::Done(response) => return self.write(&response),
            Answering::Running(exchange) => exchange,
        };
        loop {
            match exchange.next().now_or_never() {
                Some(Piece::Event(event)) => self.write(&event),
                Some(Piece::Response(response)) => {
                    self.at_work.remove(exchange.id());
                    return self.write(&response);
                }
                Some(Piece::Cancelled) => {
                    self.at_work.remove(exchange.id());
                    return;
                }
                None => break,
            }
        }
        self.spawn(Requests::One(exchange.id().clone()), Work::One(exchange));
    }

    /// Gives work a task of its own.
    fn spawn(&mut self, requests: Requests, mut work: Work) {
        let requests = Arc::new(requests);
        let say = self.say.clone();
        self.tasks.spawn(async move {
            let last = loop {
                match work.next().await {
                    Piece::Event(message) => {
                        let event = Said::Event(requests.clone(), message);
                        // When the connection has ended nobody is left to hear it.
                        if say.send(event).await.is_err() {
                            return;
                        }
                    }
                    Piece::Response(message) => break Some(message),
                    Piece::Cancelled => break None,
                }
            };
            // In one with the end, so that the ids are free when their answer is written.
            let _ = say.send(Said::Done(requests, last)).await;
        });
    }
}

/// Longest line that is read.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// Most requests at work at once.
const MAX_AT_WORK: usize = 1_000;

/// Messages that wait to be written before their tasks wait too.
const QUEUED_MESSAGES: usize = 64;

/// Output is written once there is this much of it, or nothing more to read.
const WRITE_SIZE: usize = 64 * 1024;

/// Largest buffer of output that is kept for what comes next.
const KEPT_SIZE: usize = 2 * WRITE_SIZE;

/// How long calls may go on after the input has ended.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
